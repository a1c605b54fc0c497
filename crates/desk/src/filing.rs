//! Requests that programs of authorities send over HTTP: who speaks, what is taken, and how it stands.
//!
//! Whoever speaks is known before one byte of content is read: the signature covers the content by its digest. What a stranger sends is
//! neither read nor kept. The bytes of somebody known are kept by [`Desk::receive`] before anything parses them, as those of every channel.
//!
//! INVARIANT: a stranger learns nothing about the directory or about cases. An unknown key, a wrong signature, a message in another's name
//! are one answer; and a query looks under the name of whoever signed it, so that of another's request there is nothing to find.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::inbound::{told, transaction_mark};
use crate::register::ReferenceKey;
use countersign_core::control::Role;
use countersign_core::id::{AuthorityId, CaseId, PersonId};
use countersign_intake::authenticity::Channel;
use countersign_intake::http::SignedHead;
use countersign_intake::key::RequestKey;
use countersign_intake::status::Status;
use countersign_intake::{Problem, Refusal};
use countersign_verify::wire::Signed;

/// Whom a signature speaks for. Made by [`Desk::vouch`] only: holding one is the proof that a signature was checked.
#[derive(Debug, Clone)]
pub struct KnownSender {
    key: String,
    /// Authorities under which the directory lists the key; mostly one.
    authorities: Vec<AuthorityId>,
}

impl KnownSender {
    /// The key, as the directory spells it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The authority, where the key is of one only.
    fn only(&self) -> Option<&AuthorityId> {
        match self.authorities.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// Why a signature speaks for nobody.
#[derive(Debug)]
pub enum Unknown {
    /// Too early or too late by our clock; this much anybody may know.
    Late(Problem),
    /// A stranger.
    Stranger,
}

/// What came of a request.
#[derive(Debug)]
pub enum Filed {
    /// It was taken.
    Taken {
        /// The sender's id of the message: how it stands is asked under it.
        transaction: String,
        /// How it stands.
        status: Signed<Status>,
    },
    /// It was not taken; what its sender is told, and what happened in our words.
    NotTaken {
        /// For the sender.
        status: Signed<Status>,
        /// For us.
        inside: String,
    },
    /// It is in the name of somebody else than who signed it.
    Stranger,
}

impl Desk {
    /// Whom a signature speaks for, by the directory in force.
    ///
    /// # Errors
    /// [`DeskError::Input`] when a change has put another directory in force than this process holds.
    pub fn vouch(&self, head: &SignedHead) -> Result<std::result::Result<KnownSender, Unknown>> {
        let now = self.now();
        // A key that was taken out of the directory must not speak on until somebody restarts the server.
        if self.control().at(now).directory() != self.custodian.directory.digest() {
            return Err(DeskError::Input("a change has put another directory in force: start the server again".into()));
        }
        if let Err(problem) = head.in_time(now) {
            return Ok(Err(Unknown::Late(problem)));
        }
        // The signature is checked under the key that it names, known or not: how long that takes tells nothing.
        let key = RequestKey::parse(head.key_id()).ok().filter(|key| head.verify(key, now).is_ok());
        let known = key.and_then(|key| self.sender_with(key.spelled()));
        Ok(known.ok_or(Unknown::Stranger))
    }

    fn sender_with(&self, key: String) -> Option<KnownSender> {
        let lists = |authority: &&countersign_core::directory::Authority| {
            authority.dossier.iter().flat_map(|dossier| &dossier.request_keys).any(|known| *known == key)
        };
        let directory = self.custodian.directory.value();
        let authorities: Vec<AuthorityId> =
            directory.authorities.iter().filter(lists).map(|authority| authority.id.clone()).collect();
        (!authorities.is_empty()).then_some(KnownSender { key, authorities })
    }

    /// Whether somebody may take requests in: an officer in force. One who has fallen silent, too: to take a letter in signs nothing, and
    /// its clocks run whether it is taken or not.
    pub fn is_officer(&self, person: &PersonId) -> bool {
        let control = self.control();
        let people = control.at(self.now());
        people.people().get(person).is_some_and(|person| person.roles.contains(&Role::Officer))
    }

    /// Takes a signed request in: kept first, read then, answered with how it stands. `by` is the officer in whose name.
    ///
    /// # Errors
    /// [`DeskError::Store`] and the like: nothing was begun, and the same message may come again.
    pub async fn file_signed(
        &self,
        sender: &KnownSender,
        raw: Vec<u8>,
        references: &ReferenceKey,
        by: &PersonId,
    ) -> Result<Filed> {
        let received = self.receive(raw, Channel::Api, None, by).await?;
        let inbound = match self.read_message(&received, None) {
            Ok(inbound) => inbound,
            Err(not_taken) => {
                // Once a message could be read it names its sender, and only the one who signed it is told more.
                let own = not_taken.authority.as_ref().is_some_and(|claimed| sender.authorities.contains(claimed));
                if not_taken.transaction.is_some() && !own {
                    return Ok(Filed::Stranger);
                }
                let to = not_taken.authority.as_ref().or_else(|| sender.only());
                let transaction = not_taken.transaction.as_deref();
                let status = self.not_taken(&received, to, transaction, &not_taken.refusal).await?;
                return Ok(Filed::NotTaken { status, inside: not_taken.refusal.to_string() });
            }
        };
        if !sender.authorities.contains(inbound.authority()) {
            return Ok(Filed::Stranger);
        }
        let transaction = inbound.header().transaction.clone();
        let (refusal, inside): (Refusal, String) =
            match self.take_message(&received, &inbound, references, None, by).await {
                Ok(taken) => {
                    let status = self.newest_status(&taken.case()).await?;
                    return Ok(Filed::Taken { transaction, status });
                }
                Err(DeskError::Refused { code, detail }) => (told(code), format!("{code}: {detail}")),
                // What the sender cannot mend, such as payments that nobody has imported: an officer must look at the bytes that are kept.
                Err(DeskError::Input(reason)) => {
                    (told(""), format!("{reason}; the bytes are kept as {}", received.arrival().request))
                }
                Err(error) => return Err(error),
            };
        let status = self.not_taken(&received, Some(inbound.authority()), Some(&transaction), &refusal).await?;
        Ok(Filed::NotTaken { status, inside })
    }

    /// How a request stands, by the id under which its sender sent it; `None` when nothing was taken under that id from this sender.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn status_for(&self, sender: &KnownSender, transaction: &str) -> Result<Option<Signed<Status>>> {
        for authority in &sender.authorities {
            let Some(mark) = self.store.document(&transaction_mark(authority, transaction)).await? else { continue };
            let text = std::str::from_utf8(&mark.bytes).map_err(DeskError::internal)?;
            let case = CaseId::parse(text.split(' ').next().unwrap_or_default())?;
            return self.newest_status(&case).await.map(Some);
        }
        Ok(None)
    }

    async fn newest_status(&self, case: &CaseId) -> Result<Signed<Status>> {
        let file = self.case(case).await?;
        let newest = self.status_messages(&file).await?.pop();
        newest.ok_or_else(|| DeskError::internal("a request without a status"))
    }
}

#[cfg(test)]
mod tests;
