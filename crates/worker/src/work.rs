//! One job: verify, combine, select, encrypt.

use crate::error::WorkerError;
use crate::list::List;
use crate::pack::pack;
use crate::reseal::resealed;
use crate::select::{Selected, select};
use countersign_core::duty::Output;
use countersign_core::id::Digest;
use countersign_core::worker::Worker;
use countersign_seal::transport::TransportSecret;
use countersign_verify::evidence::{Files, SUMS, open_package, sums};
use ed25519_dalek::SigningKey;
use rand_core::CryptoRng;

/// One job as the worker has it.
pub struct Job<'j> {
    /// The package for the worker: evidence, sealed records, replies.
    pub files: &'j Files,
    /// The key made for this order.
    pub secret: &'j TransportSecret,
    /// The worker's own identity.
    pub worker: &'j Worker,
    /// The key of that identity: signs the list of records sealed anew.
    pub identity: &'j SigningKey,
    /// SHA-256 of the running program.
    pub program: &'j Digest,
    /// Digest of genesis that the worker has pinned.
    pub genesis: &'j Digest,
    /// The list of a screening.
    pub list: Option<&'j [u8]>,
}

/// What leaves the worker.
pub struct Product {
    /// Digest of the order.
    pub order: Digest,
    /// The file: encrypted to the authority, or records sealed anew.
    pub file: Vec<u8>,
    /// To whom: the authority of the order, or the custodian.
    pub authority: String,
    /// Clients of whom anything leaves.
    pub people: usize,
    /// Cells that were opened.
    pub cells: usize,
    /// Rows of whole months that lie outside the order's window, and stayed.
    pub left_out: usize,
    /// Trustees whose reply was wrong although t others sufficed.
    pub liars: Vec<u16>,
}

/// To whom records that were sealed anew go back.
const CUSTODIAN: &str = "the custodian";

/// Does the job. `seed` are 32 fresh bytes for the batch check of headers; `rng` is for records that are sealed anew.
///
/// # Errors
/// [`WorkerError`]; nothing leaves unless everything holds.
pub fn work(job: &Job<'_>, seed: &[u8; 32], rng: &mut impl CryptoRng) -> Result<Product, WorkerError> {
    let own = job.worker.digest();
    if *job.program != job.worker.code {
        return Err(WorkerError::OtherProgram { running: *job.program, registered: job.worker.code });
    }
    let opening = open_package(job.files, job.secret, Some(job.genesis), seed)?;
    let evidence = &opening.evidence;
    let order = evidence.order.value();
    if evidence.worker.as_ref().map(Worker::digest) != Some(own) {
        return Err(WorkerError::OtherWorker { named: order.recipient.key, own });
    }
    if let Some(Output::Sealed { ring }) = evidence.duty.as_ref().map(|duty| &duty.value().output) {
        let (ring, subjects) = (*ring, order.scope.subjects);
        let (order, cells, liars) = (evidence.order.digest(), opening.cells.len(), opening.liars.clone());
        let file = resealed(job, opening, &ring, rng)?;
        let people = usize::try_from(subjects).unwrap_or(usize::MAX);
        return Ok(Product { order, file, authority: CUSTODIAN.into(), people, cells, left_out: 0, liars });
    }
    let list = match evidence.duty.as_ref().map(|duty| &duty.value().output) {
        Some(Output::Hits { list }) => {
            let bytes = job.list.ok_or_else(|| WorkerError::List(format!("the duty needs the one `{list}`")))?;
            Some(List::read(bytes, list)?)
        }
        Some(Output::Fields(_) | Output::Sealed { .. }) | None => None,
    };
    let Selected { data, people, left_out } = select(&opening, list.as_ref())?;
    let authority = evidence.directory.value().get(&order.authority);
    let keys = authority.and_then(|authority| authority.recipient.as_ref());
    let keys = keys.ok_or_else(|| WorkerError::Package(format!("`{}` has no registered key", order.authority)))?;
    let beside = beside(job.files, evidence.duty.is_some());
    let mut listed: Files = beside.clone();
    listed.extend(data.iter().map(|(name, bytes)| (format!("data/{name}"), bytes.to_vec())));
    let list = sums(&listed);
    // The copies that the list of digests needed.
    listed.values_mut().for_each(zeroize::Zeroize::zeroize);
    let data: Vec<(String, &[u8])> =
        data.iter().map(|(name, bytes)| (format!("data/{name}"), bytes.as_slice())).collect();
    let files = data.iter().map(|(path, bytes)| (path.as_str(), *bytes));
    let files = files.chain(beside.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())));
    let file = pack(&keys.age, files.chain([(SUMS, list.as_bytes())]))?;
    Ok(Product {
        order: evidence.order.digest(),
        file,
        authority: order.authority.to_string(),
        people,
        cells: opening.cells.len(),
        left_out,
        liars: opening.liars.clone(),
    })
}

/// What goes along: of a case the evidence; of a duty the documents that say what it is, and not the manifest, which names
/// everybody who was looked at.
fn beside(files: &Files, duty: bool) -> Files {
    const OF_A_DUTY: [&str; 4] =
        ["evidence/order.json", "evidence/facts.json", "evidence/standing/order.json", "evidence/standing/duty.json"];
    let goes = |path: &str| if duty { OF_A_DUTY.contains(&path) } else { path.starts_with("evidence/") };
    files.iter().filter(|(path, _)| goes(path)).map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
}
