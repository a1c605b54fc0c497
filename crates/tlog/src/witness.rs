//! The witness protocol as bytes and as one pure decision. C2SP tlog-witness, `add-checkpoint`.
//!
//! Servers and in-process witnesses call [`decide`], persist the checkpoint it returns, and only then cosign.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::encoding;
use crate::hash::{Hash, empty_root};
use crate::merkle::{MAX_PROOF_HASHES, verify_consistency};
use crate::note::{KeyKind, MAX_NOTE_BYTES, MAX_SIGNATURES, NoteError, SignatureLine, VerifierKey};

/// Largest `add-checkpoint` body in bytes: old size, 63 hashes, blank line, the largest note.
pub const MAX_REQUEST_BYTES: usize = MAX_NOTE_BYTES + MAX_PROOF_HASHES * 45 + 32;

/// Content type of a 409 answer.
pub const SIZE_CONTENT_TYPE: &str = "text/x.tlog.size";

/// Body of `POST <submission prefix>/add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the checkpoint that the witness is believed to have cosigned last.
    pub old_size: u64,
    /// Consistency proof from that size, at most 63 hashes.
    pub proof: Vec<Hash>,
    /// The new checkpoint with the log's signature.
    pub checkpoint: SignedCheckpoint,
}

/// Why a witness does not cosign; the variants are the protocol's statuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400: the body cannot be read, or the old size is above the new one.
    #[error("bad request: {0}")]
    BadRequest(&'static str),
    /// 403: not signed by a key trusted for this origin, or wrongly signed.
    #[error("checkpoint is not signed by a key trusted for `{0}`")]
    Forbidden(String),
    /// 404: the witness does not follow this log.
    #[error("log `{0}` is not followed by this witness")]
    UnknownLog(String),
    /// 409: the witness has cosigned another size last.
    #[error("latest cosigned size is {0}")]
    Conflict(u64),
    /// 422: the consistency proof does not hold, or an equal size has another root.
    #[error("checkpoint is not consistent with the one cosigned last")]
    Inconsistent,
}

/// A status and body as they go over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Body.
    pub body: String,
}

impl AddCheckpoint {
    /// Parses a request body.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let bad = Refusal::BadRequest;
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(bad("body is too large"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| bad("body is not utf-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(bad("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old_size = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(encoding::decimal)
            .ok_or(bad("first line is not `old <size>`"))?;
        let proof =
            lines.map(Hash::from_base64).collect::<Option<Vec<_>>>().ok_or(bad("a proof line is not a base64 hash"))?;
        if proof.len() > MAX_PROOF_HASHES {
            return Err(bad("more than 63 proof lines"));
        }
        let checkpoint = SignedCheckpoint::parse(note.as_bytes()).map_err(|_| bad("checkpoint is malformed"))?;
        Ok(Self { old_size, proof, checkpoint })
    }

    /// The request body.
    pub fn to_body(&self) -> String {
        let mut body = format!("old {}\n", self.old_size);
        for hash in &self.proof {
            let _ = writeln!(body, "{hash}");
        }
        let _ = write!(body, "\n{}", self.checkpoint);
        body
    }
}

impl Refusal {
    /// The HTTP answer of the protocol.
    pub fn response(&self) -> Response {
        let status = match self {
            Self::BadRequest(_) => 400,
            Self::Forbidden(_) => 403,
            Self::UnknownLog(_) => 404,
            Self::Conflict(_) => 409,
            Self::Inconsistent => 422,
        };
        match self {
            Self::Conflict(size) => Response { status, content_type: SIZE_CONTENT_TYPE, body: format!("{size}\n") },
            other => Response { status, content_type: "text/plain; charset=utf-8", body: format!("{other}\n") },
        }
    }
}

/// Decides on a request. `logs` are the keys the witness trusts (key name = origin), `latest` gives the checkpoint it
/// has cosigned last for an origin. `Ok` is the checkpoint to persist, without signatures of unknown keys; after
/// that, and not before, it may be cosigned. Reading `latest` and persisting must be one atomic step.
///
/// # Errors
/// [`Refusal`].
pub fn decide<'s>(
    request: &AddCheckpoint,
    logs: &[VerifierKey],
    latest: impl FnOnce(&str) -> Option<&'s SignedCheckpoint>,
) -> Result<SignedCheckpoint, Refusal> {
    let new = request.checkpoint.checkpoint();
    let origin = new.origin.as_str();
    let trusted: Vec<&VerifierKey> =
        logs.iter().filter(|key| key.name() == &new.origin && key.kind() == KeyKind::Ed25519).collect();
    if trusted.is_empty() {
        return Err(Refusal::UnknownLog(origin.to_owned()));
    }
    if request.checkpoint.note().verify(trusted.iter().copied()).is_err() {
        return Err(Refusal::Forbidden(origin.to_owned()));
    }
    if request.old_size > new.size {
        return Err(Refusal::BadRequest("old size is above the checkpoint's size"));
    }
    let (size, root) = match latest(origin) {
        Some(latest) => (latest.checkpoint().size, latest.checkpoint().root),
        None => (0, empty_root()),
    };
    if request.old_size != size {
        return Err(Refusal::Conflict(size));
    }
    new.check_empty().map_err(|_| Refusal::Inconsistent)?;
    verify_consistency(size, root, new.size, new.root, &request.proof).map_err(|_| Refusal::Inconsistent)?;

    let mut accepted = request.checkpoint.clone();
    accepted.retain(|line| trusted.iter().any(|key| line.is_by(key)));
    Ok(accepted)
}

/// Body of a 200 answer: the cosignature lines.
pub fn cosignature_body(lines: &[SignatureLine]) -> String {
    lines.iter().fold(String::new(), |mut body, line| {
        let _ = writeln!(body, "{line}");
        body
    })
}

/// Reads a 200 answer: the line of `witness` over `checkpoint`, of several the one with the latest time. Lines of other
/// keys are ignored. One line only, so that no witness can fill up a checkpoint.
///
/// # Errors
/// [`NoteError`] when a line is malformed or a line of this witness is wrong or missing.
pub fn parse_cosignature(
    body: &[u8],
    checkpoint: &SignedCheckpoint,
    witness: &VerifierKey,
) -> Result<SignatureLine, NoteError> {
    if body.len() > MAX_NOTE_BYTES {
        return Err(NoteError::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| NoteError::Form)?;
    let lines = text.strip_suffix('\n').ok_or(NoteError::Form)?;
    if lines.split('\n').count() > MAX_SIGNATURES {
        return Err(NoteError::TooLarge);
    }
    let mut latest: Option<(u64, SignatureLine)> = None;
    for line in lines.split('\n') {
        let line = SignatureLine::parse(line)?;
        if !line.is_by(witness) {
            continue;
        }
        let Some(time) = witness.check(checkpoint.note().text(), &line.signature).flatten() else {
            return Err(NoteError::Signature { name: line.name, id: line.id });
        };
        if latest.as_ref().is_none_or(|(before, _)| *before < time) {
            latest = Some((time, line));
        }
    }
    latest.map(|(_, line)| line).ok_or(NoteError::Unsigned)
}

/// Reads a 409 answer: the size that the witness has cosigned last.
///
/// # Errors
/// [`Refusal::BadRequest`] for anything but a decimal and a newline.
pub fn parse_conflict(body: &[u8]) -> Result<u64, Refusal> {
    std::str::from_utf8(body)
        .ok()
        .and_then(|text| text.strip_suffix('\n'))
        .and_then(encoding::decimal)
        .ok_or(Refusal::BadRequest("a conflict answer is not a size"))
}

/// Path under the monitoring prefix of a witness's latest checkpoint: `<hex SHA-256 of the origin>/checkpoint`.
pub fn monitoring_path(origin: &str) -> String {
    format!("{}/checkpoint", encoding::hex(&Sha256::digest(origin)))
}

/// Checks a witness's stored or served checkpoint: signed by the log and cosigned by the witness.
///
/// # Errors
/// [`CheckpointError`].
pub fn verify_latest(
    bytes: &[u8],
    log: &VerifierKey,
    witness: &VerifierKey,
) -> Result<SignedCheckpoint, CheckpointError> {
    let signed = SignedCheckpoint::parse(bytes)?;
    signed.verify_log(log)?;
    signed.note().verify([witness])?;
    Ok(signed)
}
