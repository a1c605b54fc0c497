//! Taking a message of an authority's program: who sent it, whether it is new, and the case that comes of it.
//!
//! The bytes were received before ([`Received`]). A message is taken whole or not at all; one that was taken is never taken again.

use crate::desk::Desk;
use crate::documents::AskedWindow;
use crate::entry::{ChainAddress, Entry};
use crate::error::{DeskError, Result};
use crate::receive::{Along, Received};
use crate::register::ReferenceKey;
use crate::step::StepEntry;
use countersign_core::case::step::Step;
use countersign_core::digest;
use countersign_core::directory::Authority;
use countersign_core::id::{AuthorityId, CaseId, Digest, PersonId};
use countersign_core::time::Timestamp;
use countersign_intake::authenticity::Channel;
use countersign_intake::http::SignedRequest;
use countersign_intake::key::RequestKey;
use countersign_intake::message::{Body, Change, Header, Request, Target, TaskKind};
use countersign_intake::{Message, Problem, Refusal, api, ts103120};

/// A message as it was read, with what is known of its sender.
pub struct Inbound {
    message: Message,
    authority: AuthorityId,
    /// The key of the directory under which the bytes are signed.
    key: Option<String>,
    /// Used once by this sender, besides the transaction.
    nonce: Option<String>,
}

/// A message that is not taken, with as much of its sender as could be read.
#[derive(Debug)]
pub struct NotTaken {
    /// Who claims to have sent it, if the directory knows such an authority.
    pub authority: Option<AuthorityId>,
    /// The sender's id of the message.
    pub transaction: Option<String>,
    /// Why it is not taken.
    pub refusal: Refusal,
}

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// A case was opened.
    Opened {
        /// The case.
        case: CaseId,
        /// What is asked to be done.
        kind: TaskKind,
        /// Whether the sender asks that nobody is told yet.
        delay_asked: bool,
        /// The time that the data lie in, as asked.
        window: Option<(Timestamp, Timestamp)>,
        /// Documents that came along; they lie in the sealed message.
        enclosures: usize,
    },
    /// A request was withdrawn by its sender.
    Withdrawn {
        /// Its case.
        case: CaseId,
    },
}

impl Taken {
    /// The case that it opened or ended.
    pub fn case(&self) -> CaseId {
        match self {
            Self::Opened { case, .. } | Self::Withdrawn { case } => *case,
        }
    }
}

impl Inbound {
    /// Who sent it, by the directory.
    pub fn authority(&self) -> &AuthorityId {
        &self.authority
    }

    /// Its header.
    pub fn header(&self) -> &Header {
        &self.message.header
    }

    /// Whether a key of the directory signed it.
    pub fn is_signed(&self) -> bool {
        self.key.is_some()
    }
}

impl Desk {
    /// Reads a message that was received: a signed HTTP request for the channel `api`, else a message in a file, perhaps with a detached
    /// signature beside it.
    ///
    /// # Errors
    /// [`NotTaken`] for everything that does not hold; nothing was begun.
    pub fn read_message(
        &self,
        received: &Received,
        signature: Option<&str>,
    ) -> std::result::Result<Inbound, Box<NotTaken>> {
        let unread = |refusal| Box::new(NotTaken { authority: None, transaction: None, refusal });
        let bytes = received.bytes();
        let at = received.arrival().received_at;
        if received.arrival().channel == Channel::Api {
            let signed = SignedRequest::parse(bytes).map_err(|problem| unread(problem.into()))?;
            let message = content(&signed).map_err(unread)?;
            let authority = self.sender(&message)?;
            let refused = |problem: Problem| Box::new(refused(authority, &message, problem));
            let key = request_key(authority, signed.head().key_id()).map_err(refused)?;
            signed.head().verify(&key, at).map_err(refused)?;
            let (authority, nonce) = (authority.id.clone(), Some(signed.head().nonce().to_owned()));
            return Ok(Inbound { message, authority, key: Some(key.spelled()), nonce });
        }
        let message = match bytes.trim_ascii_start().first() {
            Some(b'{') => ts103120::from_json_bytes(bytes),
            _ => ts103120::from_xml_bytes(bytes),
        };
        let message = message.map_err(unread)?;
        let authority = self.sender(&message)?;
        let key = match signature {
            None => None,
            Some(armour) => {
                let key = signer(authority, bytes, armour);
                Some(key.map_err(|problem| Box::new(refused(authority, &message, problem)))?)
            }
        };
        let authority = authority.id.clone();
        Ok(Inbound { message, authority, key, nonce: None })
    }

    /// The key of an authority under which a detached signature over bytes verifies.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it is none of them.
    pub fn signed_by(&self, authority: &AuthorityId, bytes: &[u8], armour: &str) -> Result<String> {
        signer(self.authority(authority)?, bytes, armour).map_err(|problem| DeskError::Input(problem.to_string()))
    }

    fn sender(&self, message: &Message) -> std::result::Result<&Authority, Box<NotTaken>> {
        let directory = self.custodian.directory.value();
        let name = message.header.sender.as_str();
        let by_id = AuthorityId::parse(name).ok().and_then(|id| directory.get(&id));
        by_id.or_else(|| directory.named(name)).ok_or_else(|| {
            let problem = problem("sender", "the directory knows no such sender: ask to be entered, by letter");
            Box::new(NotTaken {
                authority: None,
                transaction: Some(message.header.transaction.clone()),
                refusal: problem.into(),
            })
        })
    }

    /// Takes a message: opens a case for a request, or withdraws one.
    ///
    /// # Errors
    /// [`DeskError::Refused`] with `TAKEN_BEFORE` for what was taken before, `UNSIGNED_CHANGE`, `UNKNOWN_OBJECT` and `OLD_GENERATION` for
    /// changes; as [`file_request`](Self::file_request).
    pub async fn take_message(
        &self,
        received: &Received,
        inbound: &Inbound,
        references: &ReferenceKey,
        delay: Option<String>,
        by: &PersonId,
    ) -> Result<Taken> {
        let marks = marks(inbound);
        for (mark, what) in &marks {
            if let Some(before) = self.store.document(mark).await? {
                let case = String::from_utf8_lossy(&before.bytes).chars().take(32).collect::<String>();
                let detail =
                    format!("the {what} of this message was taken before, with case {case}; nothing was begun");
                return Err(DeskError::Refused { code: "TAKEN_BEFORE", detail });
            }
        }
        match &inbound.message.body {
            Body::Changes(changes) => self.withdraw_by(received, inbound, changes, marks, by).await,
            Body::Request(request) => {
                let (kind, window) = (request.kind(), request.window());
                let (delay_asked, enclosures) = (request.authorisation.delay_asked, request.enclosures.len());
                let entry = entry(&inbound.authority, request, received);
                let new = self.resolve(entry, references, received.bytes().to_vec(), delay).await?;
                let transaction = Some(inbound.message.header.transaction.clone());
                let asked = window.map(|(from, to)| AskedWindow { from, to });
                let along = Along { transaction, kind, delay_asked, window: asked, key: inbound.key.clone(), marks };
                let case = self.file(new, received.sealed().to_vec(), along, None, by).await?;
                Ok(Taken::Opened { case, kind, delay_asked, window, enclosures })
            }
        }
    }

    /// Files a letter that an officer describes, whose bytes were received; `key` is that of [`signed_by`](Self::signed_by).
    ///
    /// # Errors
    /// As [`file_request`](Self::file_request).
    pub async fn take_letter(
        &self,
        received: Received,
        entry: Entry,
        references: &ReferenceKey,
        delay: Option<String>,
        key: Option<String>,
        by: &PersonId,
    ) -> Result<CaseId> {
        let (channel, at) = (received.arrival().channel, received.arrival().received_at);
        if entry.channel != channel.as_str() || entry.received_at.is_some_and(|stated| stated != at) {
            return Err(DeskError::Input(format!(
                "the entry says channel `{}`, the bytes came by {channel} at {at}: leave `received_at` out and write that channel",
                entry.channel.chars().take(40).collect::<String>()
            )));
        }
        let entry = Entry { received_at: Some(at), ..entry };
        let new = self.resolve(entry, references, received.bytes().to_vec(), delay).await?;
        self.file(new, received.sealed().to_vec(), Along { key, ..Along::letter() }, None, by).await
    }

    /// Withdraws the one request whose authorisation the message cancels.
    async fn withdraw_by(
        &self,
        received: &Received,
        inbound: &Inbound,
        changes: &[Change],
        marks: Vec<(Digest, &'static str)>,
        by: &PersonId,
    ) -> Result<Taken> {
        let no = |code, detail: String| Err(DeskError::Refused { code, detail });
        if !inbound.is_signed() {
            return no(
                "UNSIGNED_CHANGE",
                "only a message signed by a key of the directory changes what was sent before".into(),
            );
        }
        let [change] = changes else {
            return no(
                "UNKNOWN_OBJECT",
                "a message withdraws one request: cancel its authorisation, nothing else".into(),
            );
        };
        let mark = object_mark(&inbound.authority, &change.id);
        let known = self.store.document(&mark).await?;
        let known = known.as_ref().and_then(|document| std::str::from_utf8(&document.bytes).ok()?.split_once(' '));
        let Some((case, "authorisation")) = known else {
            return no("UNKNOWN_OBJECT", format!("no authorisation `{}` was taken from this sender", change.id));
        };
        let case = CaseId::parse(case)?;
        let file = self.case(&case).await?;
        let generation = self.generations(&file).last().map_or(0, |generation| generation.number);
        if generation != change.generation {
            let seen = change.generation;
            return no(
                "OLD_GENERATION",
                format!("the request is in generation {generation}, the message speaks of {seen}"),
            );
        }
        let why = "a message signed under a key of the directory cancels the authorisation".to_owned();
        let entry = StepEntry { why, until: None, paper: Some(received.bytes().to_vec()) };
        self.append_step(&file, Step::Withdraw, entry, crate::receive::marked(marks, case), by).await?;
        Ok(Taken::Withdrawn { case })
    }
}

/// What the sender is told of a refusal by its code. The desk's own words name cases, which are nobody's business outside.
pub fn told(code: &str) -> Refusal {
    let reason = match code {
        "TAKEN_BEFORE" => "this transaction, nonce or object was taken before; nothing was begun again",
        "UNSIGNED_CHANGE" => "only a message signed by a key of the directory changes what was sent before",
        "UNKNOWN_OBJECT" => {
            "a message withdraws exactly one request, by its authorisation, and only one that this sender sent"
        }
        "OLD_GENERATION" => "the request has another generation by now: ask for its status",
        _ => "it cannot be taken; you hear from us",
    };
    problem("message", reason).into()
}

/// Media type of TS 103 120 in JSON: `application/json` is our own message.
const TS103120_JSON: &str = "application/vnd.countersign.ts103120+json";

/// The message that a signed request carries, by the media type that its signature covers.
fn content(signed: &SignedRequest<'_>) -> std::result::Result<Message, Refusal> {
    let request = signed.request();
    match request.field("content-type") {
        Some("application/json") => api::from_bytes(request.content),
        Some("application/xml") => ts103120::from_xml_bytes(request.content),
        Some(TS103120_JSON) => ts103120::from_json_bytes(request.content),
        _ => Err(problem(
            "content-type",
            format!("send `application/json` (inbound message), `application/xml` or `{TS103120_JSON}` (TS 103 120)"),
        )
        .into()),
    }
}

fn request_key(authority: &Authority, key_id: &str) -> std::result::Result<RequestKey, Problem> {
    let mut keys = authority.dossier.iter().flat_map(|dossier| &dossier.request_keys);
    let known = keys.find(|key| key.as_str() == key_id).ok_or_else(|| {
        problem("signature-input", "`keyid` is no key of this sender in the directory: have it entered, by letter")
    })?;
    RequestKey::parse(known).map_err(|error| problem("signature-input", error.to_string()))
}

fn signer(authority: &Authority, bytes: &[u8], armour: &str) -> std::result::Result<String, Problem> {
    let keys = authority.dossier.iter().flat_map(|dossier| &dossier.request_keys);
    let mut keys = keys.filter_map(|key| RequestKey::parse(key).ok());
    let found = keys.find(|key| key.verify_file(bytes, armour).is_ok());
    let wrong = "it verifies under no key of this sender in the directory (ssh-keygen -Y sign -n request@countersign)";
    found.map(|key| key.spelled()).ok_or_else(|| problem("signature", wrong))
}

fn refused(authority: &Authority, message: &Message, problem: Problem) -> NotTaken {
    let transaction = Some(message.header.transaction.clone());
    NotTaken { authority: Some(authority.id.clone()), transaction, refusal: problem.into() }
}

fn problem(place: &str, reason: impl Into<String>) -> Problem {
    Problem { action: None, place: place.to_owned(), reason: reason.into() }
}

/// What must never be taken again from this sender.
fn marks(inbound: &Inbound) -> Vec<(Digest, &'static str)> {
    let authority = inbound.authority.as_str().as_bytes();
    let transaction = transaction_mark(&inbound.authority, &inbound.message.header.transaction);
    let mut marks = vec![(transaction, "transaction")];
    let nonce = |nonce: &String| digest::parts("countersign/nonce/v1", &[authority, nonce.as_bytes()]);
    marks.extend(inbound.nonce.as_ref().map(|text| (nonce(text), "nonce")));
    if let Body::Request(request) = &inbound.message.body {
        marks.push((object_mark(&inbound.authority, &request.authorisation.id), "authorisation"));
        marks.extend(request.tasks.iter().map(|task| (object_mark(&inbound.authority, &task.id), "task")));
    }
    marks
}

/// The mark of a message by the sender's id of it.
pub(crate) fn transaction_mark(authority: &AuthorityId, transaction: &str) -> Digest {
    digest::parts("countersign/transaction/v1", &[authority.as_str().as_bytes(), transaction.as_bytes()])
}

fn object_mark(authority: &AuthorityId, id: &str) -> Digest {
    digest::parts("countersign/object/v1", &[authority.as_str().as_bytes(), id.as_bytes()])
}

/// The request in the words of an officer's entry.
fn entry(authority: &AuthorityId, request: &Request, received: &Received) -> Entry {
    let (mut accounts, mut others, mut everyone_who_paid) = (Vec::new(), 0u32, None);
    for target in request.targets() {
        match target {
            Target::Account(account) => accounts.push(account.clone()),
            Target::Person(_) => others = others.saturating_add(1),
            Target::EveryoneWhoPaid { chain, address } => {
                everyone_who_paid = Some(ChainAddress { chain: chain.clone(), address: address.clone() });
            }
        }
    }
    Entry {
        authority: authority.clone(),
        reference: request.authorisation.reference.clone(),
        instrument: request.authorisation.instrument,
        emergency: request.authorisation.emergency,
        accounts,
        others,
        everyone_who_paid,
        traced: Vec::new(),
        classes: request.classes().iter().map(|class| class.as_str().to_owned()).collect(),
        channel: received.arrival().channel.to_string(),
        received_at: Some(received.arrival().received_at),
    }
}

#[cfg(test)]
mod tests;
