//! What an authority, or a worker, does with a package: verify everything, then combine.
//!
//! Folder: `docs/formats/package.md`: `evidence/` (checked by [`verify_evidence`]), `sealed/`, `replies/`, and the list
//! of digests over all of it.

use super::files::{Fault, Files, SUMS, check_sums, file, under};
use super::{Evidence, plain_json, verify_evidence};
use countersign_core::class::{Class, ClassSet};
use countersign_core::duty::Output;
use countersign_core::encoding::unhex;
use countersign_core::id::{Digest, Handle, RecordId};
use countersign_seal::Content;
use countersign_seal::combine::{CellContent, Package, Released, open};
use countersign_seal::header::{CheckedCapsule, check_batch};
use countersign_seal::partial::{Ask, Reply, ReplyContext};
use countersign_seal::record::SealedRecord;
use countersign_seal::reply::{self, OpenReplyError};
use countersign_seal::sigma::ClassSigma;
use countersign_seal::transport::{EnvelopeError, TransportSecret};
use std::collections::{BTreeMap, BTreeSet};

/// Folders of a package beside the list of digests.
pub const OPENING_FILES: [&str; 3] = ["evidence/", "sealed/", "replies/"];

/// Where the ring lies to which a run seals records anew, and its clients' sigmas.
const RESEAL: &str = "reseal/";

/// One opened class of one client's record.
pub struct OpenedCell {
    /// The record.
    pub record: RecordId,
    /// The client.
    pub handle: Handle,
    /// The class.
    pub class: Class,
    /// The content. Has no `Debug`.
    pub content: Content,
}

/// An opened package.
pub struct Opening {
    /// The evidence it rests on.
    pub evidence: Evidence,
    /// Every cell, by record, then class.
    pub cells: Vec<OpenedCell>,
    /// Trustees whose reply was wrong although t others sufficed.
    pub liars: Vec<u16>,
}

/// Verifies a package and opens it with the recipient's key. `seed` are 32 fresh bytes for the batch check of headers.
///
/// # Errors
/// [`Fault`] naming the first file that does not hold; nothing is opened unless everything holds.
pub fn open_package(
    files: &Files,
    recipient: &TransportSecret,
    pinned: Option<&Digest>,
    seed: &[u8; 32],
) -> Result<Opening, Fault> {
    check_sums(files)?;
    let known =
        |path: &str| path == SUMS || OPENING_FILES.iter().chain([&RESEAL]).any(|folder| path.starts_with(folder));
    if let Some(path) = files.keys().find(|path| !known(path)) {
        return Err(Fault::new(path, "does not belong to a package"));
    }
    let evidence = verify_evidence(&subfolder(files, "evidence"), pinned)
        .map_err(|fault| Fault { file: format!("evidence/{}", fault.file), reason: fault.reason })?;
    let anew = evidence.duty.as_ref().is_some_and(|duty| matches!(duty.value().output, Output::Sealed { .. }));
    if let Some((path, _)) = under(files, "reseal").next().filter(|_| !anew) {
        return Err(Fault::new(path, "belongs to a run that seals records anew, and this is none"));
    }
    let own = recipient.public().map_err(|error| Fault::new("your key", error))?.digest();
    if own != evidence.reader {
        return Err(Fault::new("evidence/order.json", "this order is for another recipient's key than yours"));
    }
    let records = sealed_records(files, &evidence)?;
    let sigmas = sigmas(files, &evidence)?;
    let capsules = records.iter().map(|record| record.capsule().clone()).collect();
    let checked = check_batch(evidence.ring.id(), capsules, seed).map_err(|bad| {
        let path = bad.0.first().and_then(|at| records.get(*at)).map(|record| sealed_path(&record.id()));
        Fault::new(path.unwrap_or_default(), "the header's proof does not hold")
    })?;
    let Replies { readable, unreadable } = replies(files, &evidence, recipient)?;
    let (cells, wrong) =
        combine(&evidence, &records, &checked, &sigmas, &readable).map_err(|fault| also_named(fault, &unreadable))?;
    let liars = unreadable.into_iter().chain(wrong).collect::<BTreeSet<u16>>().into_iter().collect();
    Ok(Opening { evidence, cells, liars })
}

fn subfolder(files: &Files, folder: &str) -> Files {
    under(files, folder)
        .filter_map(|(path, bytes)| Some((path.strip_prefix(folder)?.strip_prefix('/')?.to_owned(), bytes.to_vec())))
        .collect()
}

fn sealed_path(record: &RecordId) -> String {
    format!("sealed/{record}.bin")
}

/// The records of the manifest, in its order, each exactly the one that label and u name; nothing besides.
fn sealed_records(files: &Files, evidence: &Evidence) -> Result<Vec<SealedRecord>, Fault> {
    let entries = &evidence.manifest.value().entries;
    let listed: BTreeSet<String> = entries.iter().map(|entry| sealed_path(&entry.record)).collect();
    if let Some((path, _)) = under(files, "sealed").find(|(path, _)| *path != SIGMAS && !listed.contains(*path)) {
        return Err(Fault::new(path, "is not in the manifest"));
    }
    let records = entries.iter().map(|entry| {
        let path = sealed_path(&entry.record);
        let record = SealedRecord::decode(file(files, &path)?).map_err(|error| Fault::new(&path, error))?;
        let same = record.id() == entry.record
            && record.label().encode() == entry.label.0
            && record.ring() == evidence.ring.id();
        if same { Ok(record) } else { Err(Fault::new(&path, "is not the record of the manifest")) }
    });
    records.collect()
}

const SIGMAS: &str = "sealed/sigmas.json";

type Sigmas = Vec<BTreeMap<Class, ClassSigma>>;

/// `sealed/sigmas.json`: an object from record id to an object from class to 64 hexadecimal digits.
fn sigmas(files: &Files, evidence: &Evidence) -> Result<Sigmas, Fault> {
    const PATH: &str = SIGMAS;
    let mut raw: BTreeMap<RecordId, BTreeMap<Class, String>> = plain_json(files, PATH)?;
    let mut list = Vec::new();
    for entry in &evidence.manifest.value().entries {
        let mut classes = BTreeMap::new();
        for (class, text) in raw.remove(&entry.record).unwrap_or_default() {
            let bytes = unhex(&text).ok_or_else(|| Fault::new(PATH, "a sigma is not 64 hexadecimal digits"))?;
            if !entry.classes.contains(class) {
                return Err(Fault::new(PATH, format!("has a sigma for `{class}`, which the order does not open")));
            }
            classes.insert(class, ClassSigma::from_bytes(bytes));
        }
        list.push(classes);
    }
    if raw.is_empty() { Ok(list) } else { Err(Fault::new(PATH, "names a record that the order does not open")) }
}

struct Replies {
    readable: Vec<(u16, Reply)>,
    /// Trustees that signed something that is no reply to this recipient.
    unreadable: Vec<u16>,
}

/// Replies of trustees that gave a receipt. What a trustee did not sign as it lies here is the fault of whoever carried
/// it; what it signed and nobody can read is its own, and others may suffice.
fn replies(files: &Files, evidence: &Evidence, recipient: &TransportSecret) -> Result<Replies, Fault> {
    let mut replies = Replies { readable: Vec::new(), unreadable: Vec::new() };
    for (path, bytes) in under(files, "replies") {
        let trustee: u16 = path
            .strip_prefix("replies/")
            .and_then(|name| name.strip_suffix(".bin"))
            .and_then(|number| number.parse().ok())
            .filter(|trustee: &u16| path == format!("replies/{trustee}.bin"))
            .ok_or_else(|| Fault::new(path, "is not named by a trustee's index"))?;
        let identity = evidence.identities.get(&trustee).ok_or_else(|| Fault::new(path, "no such trustee"))?;
        if !evidence.receipts.contains_key(&trustee) {
            return Err(Fault::new(path, "comes without the trustee's receipt"));
        }
        let context = ReplyContext {
            order: evidence.order.digest(),
            ring: evidence.ring.id(),
            trustee,
            share_epoch: evidence.shares.epoch(),
        };
        match reply::open(bytes, &context, recipient, identity) {
            Ok(reply) => replies.readable.push((trustee, reply)),
            Err(OpenReplyError::Content { .. } | OpenReplyError::Envelope { reason: EnvelopeError::Sealed, .. }) => {
                replies.unreadable.push(trustee)
            }
            Err(error) => return Err(Fault::new(path, error)),
        }
    }
    Ok(replies)
}

fn also_named(mut fault: Fault, unreadable: &[u16]) -> Fault {
    if !unreadable.is_empty() {
        fault.reason.push_str(&format!("; unreadable: trustees {unreadable:?}"));
    }
    fault
}

fn combine(
    evidence: &Evidence,
    records: &[SealedRecord],
    checked: &[CheckedCapsule],
    sigmas: &Sigmas,
    replies: &[(u16, Reply)],
) -> Result<(Vec<OpenedCell>, Vec<u16>), Fault> {
    let classes: Vec<&ClassSet> = evidence.manifest.value().entries.iter().map(|entry| &entry.classes).collect();
    let released: Vec<Released<'_>> = records
        .iter()
        .zip(checked)
        .zip(sigmas)
        .zip(classes)
        .map(|(((record, capsule), sigmas), classes)| Released { ask: Ask { capsule, classes }, record, sigmas })
        .collect();
    let package =
        Package { ring: &evidence.ring, shares: &evidence.shares, order: evidence.order.digest(), records: &released };
    let outcome = open(&package, replies).map_err(|error| Fault::new("replies", error))?;
    let handles: BTreeMap<RecordId, Handle> =
        records.iter().map(|record| (record.id(), record.label().head().handle)).collect();
    let mut cells = Vec::with_capacity(outcome.cells.len());
    for cell in outcome.cells {
        let path = sealed_path(&cell.record);
        let content = match cell.content {
            Ok(CellContent::Inline(content)) => content,
            Ok(CellContent::Blob(_)) => {
                return Err(Fault::new(path, format!("`{}` lies in a blob that is not here", cell.class)));
            }
            Err(fault) => return Err(Fault::new(path, format!("`{}`: {fault}", cell.class))),
        };
        let handle = handles.get(&cell.record).copied().ok_or_else(|| Fault::new(path, "is not in the manifest"))?;
        cells.push(OpenedCell { record: cell.record, handle, class: cell.class, content });
    }
    Ok((cells, outcome.liars))
}
