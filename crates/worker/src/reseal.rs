//! Sealing records anew: what was opened under the ring before goes, class by class and record by record, under the ring in
//! force, and nothing of it leaves the worker in the clear.

use crate::error::WorkerError;
use crate::pack::archive;
use crate::work::Job;
use countersign_core::id::{Digest, RecordId};
use countersign_core::resealed::{Replaced, Resealed, ResealedV1};
use countersign_seal::combine::{CellContent, OpenedCell};
use countersign_seal::handover;
use countersign_seal::identity::IdentityKey;
use countersign_seal::record::SealedRecord;
use countersign_seal::reseal::reseal;
use countersign_seal::sealer::{Randomness, Sealer};
use countersign_verify::evidence::{Fault, Files, Opening, new_ring};
use countersign_verify::resealed::RESEALED;
use countersign_verify::wire::Signed;
use rand_core::CryptoRng;
use std::collections::BTreeMap;

const SIGMAS: &str = "reseal/sigmas.sealed";

/// The file for the custodian: the signed list, and every record sealed anew. Every record of the run is opened whole and
/// sealed, or nothing is given back.
pub(crate) fn resealed(
    job: &Job<'_>,
    opening: Opening,
    ring: &Digest,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, WorkerError> {
    let evidence = &opening.evidence;
    let ring = new_ring(job.files, evidence, ring)?;
    let order = evidence.order.digest();
    let desk =
        IdentityKey::from_digest(&evidence.desk_key).ok_or_else(|| Fault::new("control", "has no usable desk key"))?;
    let sealed = job.files.get(SIGMAS).ok_or_else(|| Fault::new(SIGMAS, "is missing"))?;
    let sigmas = handover::open(sealed, &order, job.secret, &desk).map_err(|error| Fault::new(SIGMAS, error))?;
    let mut opened: BTreeMap<RecordId, Vec<OpenedCell>> = BTreeMap::new();
    for cell in opening.cells {
        let (record, class) = (cell.record, cell.class);
        let cell = OpenedCell { record, class, content: Ok(CellContent::Inline(cell.content)) };
        opened.entry(record).or_default().push(cell);
    }
    let sealer = Sealer::new(&ring);
    let (mut files, mut records) = (Files::new(), Vec::new());
    for entry in &evidence.manifest.value().entries {
        let path = format!("sealed/{}.bin", entry.record);
        let wrong = |reason: &dyn std::fmt::Display| WorkerError::from(Fault::new(&path, reason));
        let bytes = job.files.get(&path).ok_or_else(|| wrong(&"is missing"))?;
        let old = SealedRecord::decode(bytes).map_err(|error| wrong(&error))?;
        let sigma = sigmas.get(&old.label().head().handle).ok_or_else(|| wrong(&"its client has no sigma"))?;
        let mut randomness = Randomness { fresh: [0; 64], local: [0; 32] };
        rng.fill_bytes(&mut randomness.fresh);
        rng.fill_bytes(&mut randomness.local);
        let cells = opened.remove(&entry.record).unwrap_or_default();
        let new = reseal(&old, &cells, &[], &sealer, sigma, &randomness).map_err(|error| wrong(&error))?;
        // Blobs beside the record are not served: they would have been refused when the package was opened.
        if !new.blobs.is_empty() {
            return Err(wrong(&"a class is too long to lie in the record"));
        }
        let id = new.record.id();
        files.insert(format!("sealed/{id}.bin"), new.record.encode());
        records.push(Replaced { old: entry.record, new: id });
    }
    let list = Resealed {
        v: ResealedV1,
        custodian: evidence.order.value().custodian,
        order,
        worker: job.worker.digest(),
        ring: ring.id(),
        records,
    };
    files.insert(RESEALED.into(), Signed::sign(list, job.identity)?.text().as_bytes().to_vec());
    Ok(archive(files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())))?.to_vec())
}
