//! A path of payments that proves itself: raw transactions, their branches up to the headers' roots, the headers.
//!
//! Checking needs these bytes and nothing else; what it leaves to the reader is whether the blocks it names are on the chain, which any node and
//! any public list of blocks answers. Bytes: `docs/formats/payment-path.md`.

use crate::address::Lock;
use crate::gate::Path;
use crate::network::Network;
use crate::source::{BlockFiles, SourceError};
use crate::wire::{Block, Branch, HEADER_LEN, Header, Outpoint, Reader, Transaction, Txid};
use countersign_core::encoding::hex;
use countersign_core::id::Digest;
use countersign_core::json::{Document, DocumentError, Exact};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Transactions of one path at most: the payments asked back for an exposure, and the first.
pub const MAX_STEPS: usize = 33;

countersign_core::version_tag!(
    /// Version of the format.
    PathV1 = "countersign/trace/path/v1"
);

/// The document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathDocument {
    v: PathV1,
    network: Network,
    steps: Vec<Step>,
}

/// One transaction of the path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    header: String,
    position: u32,
    siblings: Vec<Digest>,
    tx: String,
    vin: Option<u32>,
    vout: u32,
}

impl Document for PathDocument {
    const WHAT: &'static str = "path of payments";
    const DOMAIN: &'static str = PathV1::TEXT;
    const MAX_LEN: usize = 16 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let first = self.steps.first().ok_or("steps are missing")?;
        if self.steps.len() > MAX_STEPS {
            return Err("too many steps");
        }
        if first.vin.is_some() || self.steps.iter().skip(1).any(|step| step.vin.is_none()) {
            return Err("every step but the first names the input that it spends");
        }
        Ok(())
    }
}

/// What a sound path shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathFacts {
    /// The network it says it is of.
    pub network: Network,
    /// The first output.
    pub from: Outpoint,
    /// Whose it was.
    pub owner: Option<Lock>,
    /// The last output.
    pub to: Outpoint,
    /// The smallest amount on the way, in satoshi: no rule can let more of the first output arrive on this path.
    pub least: u64,
    /// The headers of the blocks, in the order of the path: to be compared with the chain.
    pub blocks: Vec<Header>,
}

/// Why a path proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Not the document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A header that is none, or does not reach the target it names.
    #[error("step {0}: the header is none, or does not reach the target it names")]
    Header(usize),
    /// A transaction that is none, has witnesses, or has the length of an inner node of a tree.
    #[error("step {0}: the transaction is none, has witnesses, or has 64 bytes")]
    Transaction(usize),
    /// The branch does not lead to the header's root.
    #[error("step {0}: the branch does not lead from the transaction to the header")]
    Branch(usize),
    /// The input does not spend the output of the step before.
    #[error("step {0}: the input does not spend the output of the step before")]
    Link(usize),
    /// There is no such output.
    #[error("step {0}: the transaction has no such output")]
    Output(usize),
}

impl PathError {
    /// A short name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Document(DocumentError::TooLong { .. }) => "too_long",
            Self::Document(DocumentError::Malformed { .. }) => "malformed",
            Self::Document(DocumentError::NotCanonical { .. }) => "not_canonical",
            Self::Document(DocumentError::Inconsistent { .. }) => "inconsistent",
            Self::Header(_) => "header",
            Self::Transaction(_) => "transaction",
            Self::Branch(_) => "branch",
            Self::Link(_) => "link",
            Self::Output(_) => "output",
        }
    }
}

/// Checks a path, offline.
///
/// # Errors
/// [`PathError`] for the first step that does not hold.
pub fn check(bytes: &[u8]) -> Result<PathFacts, PathError> {
    let document = Exact::<PathDocument>::parse(bytes)?;
    let document = document.value();
    let mut blocks = Vec::new();
    let mut before: Option<Outpoint> = None;
    let mut begin = None;
    let mut least = u64::MAX;
    for (number, step) in (1..).zip(&document.steps) {
        let header = header(step).ok_or(PathError::Header(number))?;
        let raw = unhex(&step.tx).ok_or(PathError::Transaction(number))?;
        let transaction = transaction(&raw).ok_or(PathError::Transaction(number))?;
        let siblings = step.siblings.iter().map(|sibling| sibling.0).collect();
        let branch = Branch { position: step.position, siblings };
        if branch.root(&transaction.txid) != Some(header.merkle_root) {
            return Err(PathError::Branch(number));
        }
        let spends = step.vin.map(|vin| transaction.inputs.iter().nth(vin as usize));
        if spends.is_some_and(|spends| spends.is_none() || spends != before) {
            return Err(PathError::Link(number));
        }
        let output = transaction.outputs.iter().nth(step.vout as usize).ok_or(PathError::Output(number))?;
        let here = Outpoint { txid: transaction.txid, vout: step.vout };
        begin.get_or_insert((here, Lock::of_script(output.script)));
        least = least.min(output.value);
        before = Some(here);
        blocks.push(header);
    }
    // INVARIANT: the document has a step.
    let missing =
        || PathError::Document(DocumentError::Inconsistent { what: PathDocument::WHAT, reason: "steps are missing" });
    let ((from, owner), to) = begin.zip(before).ok_or_else(missing)?;
    Ok(PathFacts { network: document.network, from, owner, to, least, blocks })
}

fn header(step: &Step) -> Option<Header> {
    let raw = unhex(&step.header).filter(|raw| raw.len() == HEADER_LEN)?;
    Header::read(&mut Reader::new(&raw)).ok()
}

/// A transaction without witnesses. One of 64 bytes could be two hashes of a tree (CVE-2017-12842).
fn transaction(raw: &[u8]) -> Option<Transaction<'_>> {
    let mut reader = Reader::new(raw);
    let transaction = Transaction::read(&mut reader).ok()?;
    let plain = reader.end().is_ok() && transaction.stripped_len() == raw.len() && raw.len() != 64;
    plain.then_some(transaction)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// Why a path cannot be proved.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The blocks cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A transaction of the path is not in the blocks.
    #[error("transaction {0} of the path is not in these blocks")]
    Missing(Txid),
    /// The document would break a rule of its format.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// Writes the proof of a path from the blocks it lies in.
///
/// # Errors
/// [`ProveError`].
pub fn prove(path: &Path, files: &BlockFiles, network: Network) -> Result<Exact<PathDocument>, ProveError> {
    let mut wanted: BTreeMap<Txid, Option<Found>> = path.outputs().iter().map(|output| (output.txid, None)).collect();
    for found in files.headers()? {
        let bytes = files.block(&found.place)?;
        let block = Block::parse(&bytes).map_err(|wrong| files.blame(&found.place, &wrong))?;
        let txids: Vec<Txid> = block.transactions.iter().map(|transaction| transaction.txid).collect();
        for (position, transaction) in block.transactions.iter().enumerate() {
            if let Some(slot) = wanted.get_mut(&transaction.txid) {
                *slot = Branch::of(&txids, position).map(|branch| Found::new(&bytes, &block, branch, position));
            }
        }
    }
    let mut steps = Vec::new();
    let mut before: Option<Outpoint> = None;
    for output in path.outputs() {
        let missing = || ProveError::Missing(output.txid);
        let found = wanted.get(&output.txid).and_then(Option::as_ref).ok_or_else(missing)?;
        let vin = match before {
            None => None,
            Some(before) => {
                let place = found.inputs.iter().position(|input| *input == before).ok_or_else(missing)?;
                Some(u32::try_from(place).map_err(|_| missing())?)
            }
        };
        steps.push(found.step(vin, output.vout));
        before = Some(*output);
    }
    Ok(Exact::write(PathDocument { v: PathV1, network, steps })?)
}

/// One transaction as it was found in a block.
struct Found {
    header: String,
    branch: Branch,
    tx: String,
    inputs: Vec<Outpoint>,
}

impl Found {
    fn new(bytes: &[u8], block: &Block<'_>, branch: Branch, position: usize) -> Self {
        let transaction = block.transactions.get(position);
        Self {
            header: hex(bytes.get(..HEADER_LEN).unwrap_or_default()),
            branch,
            tx: transaction.map(|transaction| hex(&transaction.stripped())).unwrap_or_default(),
            inputs: transaction.map(|transaction| transaction.inputs.iter().collect()).unwrap_or_default(),
        }
    }

    fn step(&self, vin: Option<u32>, vout: u32) -> Step {
        Step {
            header: self.header.clone(),
            position: self.branch.position,
            siblings: self.branch.siblings.iter().map(|sibling| Digest(*sibling)).collect(),
            tx: self.tx.clone(),
            vin,
            vout,
        }
    }
}

#[cfg(test)]
mod tests;
