//! Receiving bytes of an authority: hashed and encrypted to the case officers before anything reads them, and what the sender is told.
//!
//! Formats: `docs/formats/inbound.md`. [`Received`] has no public constructor: holding one is the proof that its bytes are kept, so a parser
//! that takes its bytes from there cannot come first.

use crate::case_file::{CaseFile, kind};
use crate::desk::{Desk, stored};
use crate::documents::{Arrival, ArrivalV1, AskedWindow, Came, CameV1};
use crate::error::{DeskError, Result};
use crate::intake::{MAX_RAW, seal_to_officers};
use countersign_core::digest;
use countersign_core::id::{AuthorityId, CaseId, Digest, PersonId, Salt};
use countersign_core::json::Exact;
use countersign_core::order::salted_request_digest;
use countersign_core::time::Timestamp;
use countersign_intake::Refusal;
use countersign_intake::authenticity::Channel;
use countersign_intake::message::TaskKind;
use countersign_intake::status::{Generation, Outward, Status, StatusV1, generations};
use countersign_store::StoredDocument;
use countersign_verify::wire::Signed;
use rand_core::Rng;

/// What is known of a request beside its scope when it is filed.
#[derive(Debug, Clone)]
pub(crate) struct Along {
    pub(crate) transaction: Option<String>,
    pub(crate) kind: TaskKind,
    pub(crate) delay_asked: bool,
    pub(crate) window: Option<AskedWindow>,
    pub(crate) key: Option<String>,
    /// What must never be taken again, each with a word that says what it is.
    pub(crate) marks: Vec<(Digest, &'static str)>,
}

impl Along {
    /// A letter in an officer's words.
    pub(crate) fn letter() -> Self {
        Self {
            transaction: None,
            kind: TaskKind::Disclosure,
            delay_asked: false,
            window: None,
            key: None,
            marks: Vec::new(),
        }
    }

    /// The documents that are kept with the first request of a case. What completes it later changes nothing of what it asks to be done.
    pub(crate) fn documents(self, case: CaseId, first: bool) -> Result<Vec<StoredDocument>> {
        let Self { transaction, kind: task, delay_asked, window, key, marks } = self;
        let mut documents = marked(marks, case);
        if first {
            let came = Exact::write(Came { v: CameV1, case, transaction, kind: task, delay_asked, key, window })?;
            documents.push(StoredDocument { digest: came_at(&case), ..stored(kind::CAME, &came) });
        }
        Ok(documents)
    }
}

/// Marks of what was taken with a case. The store refuses the digest of a mark for another case, so two messages cannot both be taken.
pub(crate) fn marked(marks: Vec<(Digest, &'static str)>, case: CaseId) -> Vec<StoredDocument> {
    let document = |(digest, what)| StoredDocument {
        digest,
        kind: kind::MARK.to_owned(),
        bytes: format!("{case} {what}").into_bytes(),
    };
    marks.into_iter().map(document).collect()
}

/// Bytes that are kept, encrypted to the case officers, and may be read now.
pub struct Received {
    arrival: Exact<Arrival>,
    sealed: Vec<u8>,
    raw: Vec<u8>,
}

impl Received {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.raw
    }

    /// That they arrived.
    pub fn arrival(&self) -> &Arrival {
        self.arrival.value()
    }

    pub(crate) fn sealed(&self) -> &[u8] {
        &self.sealed
    }
}

impl Desk {
    /// Takes bytes in: hashes and encrypts them, and keeps that they arrived. Nothing has read them when this returns.
    ///
    /// # Errors
    /// [`DeskError::Input`] for no bytes, too many, or a time later than now.
    pub async fn receive(
        &self,
        raw: Vec<u8>,
        channel: Channel,
        received_at: Option<Timestamp>,
        by: &PersonId,
    ) -> Result<Received> {
        let now = self.now();
        let received_at = received_at.unwrap_or(now);
        if raw.is_empty() || raw.len() > MAX_RAW {
            return Err(DeskError::Input(format!("{} bytes arrived; 1 to {MAX_RAW} are taken", raw.len())));
        }
        if received_at > now {
            return Err(DeskError::Input(format!("it cannot have arrived at {received_at}, later than now ({now})")));
        }
        let sealed = seal_to_officers(&self.custodian.officers, &raw)?;
        let mut salt = [0; 16];
        self.rng().fill_bytes(&mut salt);
        let salt = Salt(salt);
        let sealed_raw = digest::plain(&sealed);
        let arrival = Exact::write(Arrival {
            v: ArrivalV1,
            request: salted_request_digest(&salt, &raw),
            salt,
            sealed_raw,
            raw_bytes: raw.len() as u64,
            channel,
            received_at,
            by: by.clone(),
        })?;
        let documents = vec![
            stored(kind::ARRIVAL, &arrival),
            StoredDocument { digest: sealed_raw, kind: kind::SEALED_REQUEST.to_owned(), bytes: sealed.clone() },
        ];
        self.store.append_leaves(documents, Vec::new()).await?;
        Ok(Received { arrival, sealed, raw })
    }

    /// Tells the sender that its message was not taken, and keeps what it was told.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn not_taken(
        &self,
        received: &Received,
        authority: Option<&AuthorityId>,
        transaction: Option<&str>,
        refusal: &Refusal,
    ) -> Result<Signed<Status>> {
        // INVARIANT: problems name what the message itself says; nothing of the register was read when a message is refused.
        let problems = refusal.problems().iter().map(ToString::to_string).collect();
        let status = Signed::sign(
            Status {
                v: StatusV1,
                custodian: self.custodian.genesis.value().custodian.id,
                authority: authority.cloned(),
                transaction: transaction.map(str::to_owned),
                request: received.arrival().request,
                salt: received.arrival().salt,
                generation: 0,
                status: Outward::NotTaken,
                at: self.now(),
                problems,
            },
            &self.custodian.desk_key,
        )?;
        self.store.append_leaves(vec![stored(kind::STATUS, status.document())], Vec::new()).await?;
        Ok(status)
    }

    /// The generations of a case that its sender can see, the first one first.
    pub fn generations(&self, file: &CaseFile) -> Vec<Generation> {
        generations(file.events.iter().map(Exact::value))
    }

    /// The status message of each generation, the acknowledgement first. They are computed: asked again, the same bytes come.
    ///
    /// # Errors
    /// [`DeskError::Input`] for a case without a request.
    pub async fn status_messages(&self, file: &CaseFile) -> Result<Vec<Signed<Status>>> {
        let intake = file.intake.as_ref().ok_or_else(|| DeskError::Input("the case has no request".into()))?;
        let came = self.came(&file.id).await?;
        let sign = |generation: Generation| {
            let status = Status {
                v: StatusV1,
                custodian: self.custodian.genesis.value().custodian.id,
                authority: Some(intake.value().authority.clone()),
                transaction: came.as_ref().and_then(|came| came.transaction.clone()),
                request: intake.value().request,
                salt: intake.value().salt,
                generation: generation.number,
                status: generation.status,
                at: generation.at,
                problems: Vec::new(),
            };
            Signed::sign(status, &self.custodian.desk_key).map_err(DeskError::from)
        };
        self.generations(file).into_iter().map(sign).collect()
    }

    /// A message that asks to keep data is never answered with them.
    pub(crate) async fn asked_to_disclose(&self, case: &CaseId) -> Result<()> {
        match self.came(case).await?.map(|came| came.kind) {
            Some(TaskKind::Preservation) => Err(DeskError::Refused {
                code: "PRESERVATION_ONLY",
                detail: "the message asks to keep the data, not to disclose them: hold the clients instead".into(),
            }),
            Some(TaskKind::Disclosure) | None => Ok(()),
        }
    }

    /// What came with the request of a case; `None` in cases of an older version.
    ///
    /// # Errors
    /// [`DeskError::Store`], [`DeskError::Document`].
    pub async fn came(&self, case: &CaseId) -> Result<Option<Came>> {
        let Some(document) = self.store.document(&came_at(case)).await? else { return Ok(None) };
        Ok(Some(Exact::<Came>::parse(&document.bytes)?.value().clone()))
    }
}

/// Where the record of what came with a case is found.
fn came_at(case: &CaseId) -> Digest {
    digest::parts(CameV1::TEXT, &[case.as_bytes()])
}

#[cfg(test)]
mod tests;
