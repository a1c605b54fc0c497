//! Taking in a request: the raw bytes are sealed and hashed before anything reads them.

use crate::case_file::kind;
use crate::desk::{Attached, Desk, keyed_digest, stored};
use crate::documents::{Intake, IntakeV1, Targets};
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use crate::receive::Along;
use countersign_core::case::{Event, Stage};
use countersign_core::class::ClassSet;
use countersign_core::id::{AuthorityId, CaseId, Digest, Handle, PersonId, Salt};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::order::{Instrument, salted_request_digest};
use countersign_core::time::Timestamp;
use countersign_store::StoredDocument;
use countersign_verify::wire::{DelayOrder, Signed};
use rand_core::Rng;
use serde_json::Value;

/// Largest raw request in bytes.
pub const MAX_RAW: usize = 64 * 1024 * 1024;

/// A request as it comes from the officer's entry, with accounts already turned into handles.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Who asks, by the directory.
    pub authority: AuthorityId,
    /// The authority's own reference.
    pub reference: String,
    /// Legal form.
    pub instrument: Instrument,
    /// Whether a threat to life is claimed.
    pub emergency: bool,
    /// Whom it aims at.
    pub targets: Targets,
    /// People asked about.
    pub people_asked: u32,
    /// Named clients that exist.
    pub found: Vec<Handle>,
    /// Named clients that do not.
    pub not_found: u32,
    /// Traced addresses, as digests.
    pub addresses: Vec<Digest>,
    /// Classes asked.
    pub classes: ClassSet,
    /// How it arrived.
    pub channel: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Exact text of the authority's signed delay order.
    pub delay: Option<String>,
    /// The raw request, exactly as it arrived.
    pub raw: Vec<u8>,
}

impl Desk {
    /// Files a request. `contact` is the case that it belongs to: of the informal approach that led to it, or one whose authority was
    /// asked to complete its request.
    ///
    /// # Errors
    /// [`DeskError::Input`] for an empty or oversized letter, a time in the future, a delay order that is not the authority's;
    /// [`DeskError::NotFound`] for an unknown authority.
    pub async fn file_request(&self, request: NewRequest, contact: Option<&CaseId>, by: &PersonId) -> Result<CaseId> {
        self.authority(&request.authority)?;
        check(&request, self.now())?;
        let sealed = seal_to_officers(&self.custodian.officers, &request.raw)?;
        self.file(request, sealed, Along::letter(), contact, by).await
    }

    /// Files a request whose bytes are encrypted already, with what came along.
    pub(crate) async fn file(
        &self,
        request: NewRequest,
        sealed: Vec<u8>,
        along: Along,
        contact: Option<&CaseId>,
        by: &PersonId,
    ) -> Result<CaseId> {
        let authority = self.authority(&request.authority)?;
        let now = self.now();
        check(&request, now)?;
        let delay = match &request.delay {
            None => None,
            Some(text) => {
                let signed = Signed::<DelayOrder>::open_by(text.as_bytes(), |_| authority.signing_key)
                    .map_err(|error| DeskError::Input(format!("delay order: {error}")))?;
                if signed.value().authority != request.authority {
                    return Err(DeskError::Input("the delay order is of another authority".into()));
                }
                Some(signed)
            }
        };
        let file = match contact {
            None => None,
            Some(case) => Some(self.case(case).await?),
        };
        let matter = self.matter(&request.authority, &request.reference)?;
        let (salt, case) = {
            let mut rng = self.rng();
            let (mut salt, mut case) = ([0; 16], [0; 16]);
            rng.fill_bytes(&mut salt);
            rng.fill_bytes(&mut case);
            (Salt(salt), contact.copied().unwrap_or(CaseId(case)))
        };
        // A delay order was signed over the authority's own salt, so that salt names the request.
        let salt = delay.as_ref().map_or(salt, |delay| delay.value().salt);
        let digest = salted_request_digest(&salt, &request.raw);
        if delay.as_ref().is_some_and(|delay| delay.value().request != digest) {
            return Err(DeskError::Input("the delay order belongs to another letter than this one".into()));
        }
        let sealed_raw = countersign_core::digest::plain(&sealed);
        let intake = Exact::write(to_intake(&request, case, matter, digest, salt, sealed_raw))?;
        let values = vec![
            Value::from(digest.to_hex()),
            Value::from(request.authority.as_str()),
            Value::from(request.instrument.as_str()),
            Value::from(request.people_asked),
            request.classes.iter().map(|class| class.as_str()).collect(),
            Value::from(request.received_at.to_string()),
        ];
        let leaf = leaf(LeafKind::Request, now, values, &mut *self.rng())?;
        let first = file.as_ref().is_none_or(|file| file.intake.is_none());
        let mut documents = along.documents(case, first)?;
        documents.extend([
            // The intake record is found by the digest that events and orders name: that of the raw request.
            StoredDocument { digest, ..stored(kind::INTAKE, &intake) },
            StoredDocument { digest: sealed_raw, kind: kind::SEALED_REQUEST.to_owned(), bytes: sealed },
        ]);
        let event = match file.as_ref().map(|file| (&file.stage, &file.intake)) {
            Some((Stage::Clarify { .. }, before)) => {
                if before.as_ref().is_some_and(|before| before.value().authority != request.authority) {
                    return Err(DeskError::Input(
                        "the request is completed by another authority than the one that was asked".into(),
                    ));
                }
                Event::Completed { document: digest }
            }
            _ => Event::Request { document: digest, authority: request.authority.clone() },
        };
        let attached = Attached { documents, leaves: vec![leaf], ..Attached::default() };
        self.append(file.as_ref(), case, by, event, attached).await?;
        Ok(case)
    }

    /// Whether this is the authority's own reference of a request; only its digest is kept.
    ///
    /// # Errors
    /// [`DeskError::Internal`] when the digest cannot be computed.
    pub fn is_reference_of(&self, intake: &Intake, reference: &str) -> Result<bool> {
        Ok(self.matter(&intake.authority, reference)? == intake.matter)
    }

    /// The digest of a matter under the custodian's key: equal for all requests of one authority and reference.
    pub(crate) fn matter(&self, authority: &AuthorityId, reference: &str) -> Result<Digest> {
        let reference = reference.trim();
        keyed_digest(
            &self.custodian.matter_key,
            "countersign/matter/v1",
            &[authority.as_str().as_bytes(), reference.as_bytes()],
        )
    }
}

fn to_intake(
    request: &NewRequest,
    case: CaseId,
    matter: Digest,
    digest: Digest,
    salt: Salt,
    sealed_raw: Digest,
) -> Intake {
    let mut found = request.found.clone();
    found.sort_unstable();
    found.dedup();
    let mut addresses = request.addresses.clone();
    addresses.sort_unstable();
    addresses.dedup();
    Intake {
        v: IntakeV1,
        case,
        authority: request.authority.clone(),
        matter,
        instrument: request.instrument,
        emergency: request.emergency,
        targets: request.targets,
        people_asked: request.people_asked,
        found,
        not_found: request.not_found,
        addresses,
        classes: request.classes.clone(),
        channel: request.channel.clone(),
        received_at: request.received_at,
        request: digest,
        salt,
        raw_bytes: request.raw.len() as u64,
        sealed_raw,
        delay: request.delay.clone(),
    }
}

fn check(request: &NewRequest, now: Timestamp) -> Result<()> {
    let named = request.found.len() as u64 + u64::from(request.not_found);
    let rules = [
        (!request.raw.is_empty(), "the letter is empty".to_owned()),
        (request.raw.len() <= MAX_RAW, format!("the letter has {} bytes, the limit is {MAX_RAW}", request.raw.len())),
        (request.received_at <= now, format!("`received_at` is {}, later than now ({now})", request.received_at)),
        (!request.reference.trim().is_empty(), "`reference` is empty: write the authority's own reference".to_owned()),
        (!request.classes.is_empty(), "`classes` is empty: write what is asked for".to_owned()),
        (
            request.targets != Targets::Named || named == u64::from(request.people_asked),
            "the number of people asked is not the number of people named".to_owned(),
        ),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(DeskError::Input(reason)))
}

/// Encrypts the raw request to every case officer: the custodian's folder alone cannot show it.
pub(crate) fn seal_to_officers(officers: &[String], raw: &[u8]) -> Result<Vec<u8>> {
    use std::io::Write;
    let recipients = officers
        .iter()
        .map(|text| {
            text.parse::<age::x25519::Recipient>()
                .map_err(|error| DeskError::internal(format!("officer's key: {error}")))
        })
        .collect::<Result<Vec<_>>>()?;
    let encryptor =
        age::Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as &dyn age::Recipient))
            .map_err(|error| DeskError::internal(format!("no case officer can read requests: {error}")))?;
    let mut sealed = Vec::with_capacity(raw.len() + 4096);
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(DeskError::internal)?;
    writer.write_all(raw).map_err(DeskError::internal)?;
    writer.finish().map_err(DeskError::internal)?;
    Ok(sealed)
}
