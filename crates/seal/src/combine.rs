//! Combining t replies and opening the entries: optimistic, and exact about whose fault a failure is.

use crate::cell::{Binding, CellKey, Content, Opened, open_blob};
use crate::group::{Element, encode_doubled, half};
use crate::hash::Salt;
use crate::lagrange;
use crate::partial::{
    Ask, ClassReply, PartialError, Reply, ReplyContext, Statement, asked_classes, capsules_of, check_asks, verify,
};
use crate::record::SealedRecord;
use crate::ring::{ConfirmedRing, VerifyingShares};
use crate::sigma::ClassSigma;
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::{Digest, RecordId};
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// One record of a package: its checked capsule and sealed entries, the classes released, their sigma_c.
pub struct Released<'a> {
    /// The ask, as every trustee was asked it.
    pub ask: Ask<'a>,
    /// The sealed record.
    pub record: &'a SealedRecord,
    /// sigma_c of every class released; a missing one means that the client was erased.
    pub sigmas: &'a BTreeMap<Class, ClassSigma>,
}

/// Everything that a recipient combines, and what it is bound to.
pub struct Package<'a> {
    /// The ring.
    pub ring: &'a ConfirmedRing,
    /// Verifying shares of the epoch that answered.
    pub shares: &'a VerifyingShares,
    /// Digest of the order.
    pub order: Digest,
    /// The records, in the order of the request.
    pub records: &'a [Released<'a>],
}

/// One opened class of one record.
pub struct OpenedCell {
    /// The record.
    pub record: RecordId,
    /// The class.
    pub class: Class,
    /// The content, or why it did not open.
    pub content: Result<CellContent, CellFault>,
}

/// Content of a cell.
pub enum CellContent {
    /// The content itself.
    Inline(Content),
    /// The content lies in a blob.
    Blob(BlobOpener),
}

/// What a cell's blob must be, and its key. Has no `Debug`.
pub struct BlobOpener {
    ring: Digest,
    class: Class,
    prefix: Vec<u8>,
    u: [u8; 32],
    key: Zeroizing<[u8; 32]>,
    length: u64,
}

impl BlobOpener {
    /// Length of the content in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Opens the sealed blob.
    ///
    /// # Errors
    /// [`CellFault::Tampered`] when it is not exactly the blob that was sealed.
    pub fn open(&self, sealed: &[u8]) -> Result<Content, CellFault> {
        let salt = Salt::new(self.ring.as_bytes());
        let binding = Binding { salt: &salt, ring: &self.ring, class: self.class, u: &self.u, prefix: &self.prefix };
        open_blob(&self.key, &binding, self.length, sealed).map_err(|_| CellFault::Tampered)
    }
}

/// Why one cell did not open although enough trustees answered honestly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CellFault {
    /// sigma_c is not in the package.
    #[error("the client's secret was erased: nobody can open this entry any more")]
    Erased,
    /// Every proof is valid and the commitment still differs.
    #[error(
        "the trustees' proofs are valid but the key does not match the sealed commitment: the custodian sealed or handed over something else"
    )]
    Custodian,
    /// The key is right and the ciphertext is not.
    #[error("the key matches but the sealed content does not open: it was altered or badly sealed by the custodian")]
    Tampered,
}

/// What came out of a package.
pub struct Outcome {
    /// Every released cell: by record in the order given, then by class.
    pub cells: Vec<OpenedCell>,
    /// Trustees whose reply was malformed or whose proof fails, ascending.
    pub liars: Vec<u16>,
}

/// Why nothing could be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// The list of records is not one that trustees answer.
    #[error(transparent)]
    Asks(#[from] PartialError),
    /// Verifying shares of another ring.
    #[error("the verifying shares belong to another ring")]
    Shares,
    /// A sealed record that is not the one of the capsule.
    #[error("the sealed record {0} is not the record of the checked capsule")]
    Record(RecordId),
    /// A trustee that the share epoch does not have, or two replies of one trustee.
    #[error("trustee {0} is not in the share epoch or appears twice")]
    Trustee(u16),
    /// Not enough usable replies.
    #[error("{have} usable replies for `{class}`, {need} are needed (unusable: trustees {liars:?})")]
    TooFew {
        /// Which class.
        class: Class,
        /// Usable replies.
        have: usize,
        /// Threshold t.
        need: u16,
        /// Trustees whose reply is malformed or whose proof fails.
        liars: Vec<u16>,
    },
}

/// Combines any t of the replies and opens every released cell.
///
/// Lagrange over the first t replies and the commitments decide; proofs are checked only when a commitment differs, and
/// then every trustee whose proof fails is named and replaced by another reply.
///
/// # Errors
/// [`CombineError`]; faults of single cells are in the [`Outcome`].
pub fn open(package: &Package<'_>, replies: &[(u16, Reply)]) -> Result<Outcome, CombineError> {
    let asks: Vec<Ask<'_>> = package.records.iter().map(|released| released.ask).collect();
    check_asks(package.ring.id(), &asks)?;
    if package.shares.ring() != package.ring.id() {
        return Err(CombineError::Shares);
    }
    for released in package.records {
        let capsule = released.ask.capsule;
        if released.record.ring() != capsule.ring() || released.record.id() != capsule.record() {
            return Err(CombineError::Record(capsule.record()));
        }
    }
    let mut seen = BTreeSet::new();
    for (trustee, _) in replies {
        if !(1..=package.shares.trustees()).contains(trustee) || !seen.insert(*trustee) {
            return Err(CombineError::Trustee(*trustee));
        }
    }

    let mut liars = BTreeSet::new();
    let mut keys: BTreeMap<Class, Vec<Result<CellKey, CellFault>>> = BTreeMap::new();
    let classes = asked_classes(&asks);
    for class in classes.iter() {
        let found = ClassCombiner::new(package, &asks, class, replies, &classes, &mut liars).keys(&mut liars)?;
        keys.insert(class, found);
    }
    let mut keys: BTreeMap<Class, std::vec::IntoIter<_>> =
        keys.into_iter().map(|(class, list)| (class, list.into_iter())).collect();

    let mut cells = Vec::new();
    for released in package.records {
        for class in released.ask.classes.iter() {
            let key = keys.get_mut(&class).and_then(Iterator::next).unwrap_or(Err(CellFault::Custodian));
            let content = key.and_then(|key| open_cell(package, released, class, &key));
            cells.push(OpenedCell { record: released.ask.capsule.record(), class, content });
        }
    }
    Ok(Outcome { cells, liars: liars.into_iter().collect() })
}

fn open_cell(
    package: &Package<'_>,
    released: &Released<'_>,
    class: Class,
    key: &CellKey,
) -> Result<CellContent, CellFault> {
    let entry = released.record.entry(class).ok_or(CellFault::Custodian)?;
    let ring = package.ring.id();
    let (u, prefix) = (*released.ask.capsule.u().bytes(), released.record.label().prefix());
    let binding = Binding { salt: package.ring.salt(), ring: &ring, class, u: &u, prefix: &prefix };
    match key.open(&binding, &entry.ciphertext).map_err(|_| CellFault::Tampered)? {
        Opened::Inline(content) => Ok(CellContent::Inline(content)),
        Opened::Blob { length } => {
            let key = key.blob_key();
            Ok(CellContent::Blob(BlobOpener { ring, class, prefix, u, key, length }))
        }
    }
}

/// The usable replies of one class.
struct ClassCombiner<'a> {
    package: &'a Package<'a>,
    class: Class,
    u: Vec<&'a Element>,
    cells: Vec<&'a Released<'a>>,
    usable: Vec<Usable<'a>>,
}

struct Usable<'a> {
    trustee: u16,
    reply: &'a ClassReply,
    z: Vec<RistrettoPoint>,
}

impl<'a> ClassCombiner<'a> {
    /// Decodes the replies; a reply of the wrong shape or with unusable elements makes its trustee a liar, because it
    /// signed it.
    fn new(
        package: &'a Package<'a>,
        asks: &'a [Ask<'a>],
        class: Class,
        replies: &'a [(u16, Reply)],
        classes: &ClassSet,
        liars: &mut BTreeSet<u16>,
    ) -> Self {
        let u: Vec<&Element> = capsules_of(asks, class).map(|capsule| capsule.u()).collect();
        let cells = package.records.iter().filter(|released| released.ask.classes.contains(class)).collect();
        let mut usable = Vec::new();
        for (trustee, reply) in replies {
            let shape = reply.classes.iter().map(|entry| entry.class).eq(classes.iter());
            let found = reply.classes.iter().find(|entry| shape && entry.class == class && entry.z.len() == u.len());
            let decoded = found.and_then(|entry| {
                let z = entry.z.iter().map(|z| Element::decode(z).ok().map(|z| z.point)).collect::<Option<Vec<_>>>()?;
                Some(Usable { trustee: *trustee, reply: entry, z })
            });
            match decoded {
                Some(entry) if !liars.contains(trustee) => usable.push(entry),
                Some(_) => {}
                None => {
                    liars.insert(*trustee);
                }
            }
        }
        Self { package, class, u, cells, usable }
    }

    /// The key of every cell, by record.
    fn keys(mut self, liars: &mut BTreeSet<u16>) -> Result<Vec<Result<CellKey, CellFault>>, CombineError> {
        let need = self.package.ring.threshold(self.class).unwrap_or(u16::MAX);
        let first = self.combine(need, liars)?;
        if !first.iter().any(|key| matches!(key, Err(CellFault::Custodian))) {
            return Ok(first);
        }
        let honest = |entry: &Usable<'_>| self.proof_holds(entry);
        let wrong: BTreeSet<u16> =
            self.usable.iter().filter(|entry| !honest(entry)).map(|entry| entry.trustee).collect();
        if wrong.is_empty() {
            return Ok(first);
        }
        self.usable.retain(|entry| !wrong.contains(&entry.trustee));
        liars.extend(wrong);
        self.combine(need, liars)
    }

    fn combine(&self, need: u16, liars: &BTreeSet<u16>) -> Result<Vec<Result<CellKey, CellFault>>, CombineError> {
        let chosen = self.usable.get(..usize::from(need)).ok_or_else(|| CombineError::TooFew {
            class: self.class,
            have: self.usable.len(),
            need,
            liars: liars.iter().copied().collect(),
        })?;
        let trustees: Vec<u16> = chosen.iter().map(|entry| entry.trustee).collect();
        let weights: Vec<Scalar> = lagrange::at(0, &trustees).iter().map(half).collect();
        let halves: Vec<RistrettoPoint> = (0..self.u.len())
            .map(|at| {
                // INVARIANT: every usable reply has as many z as there are capsules, so weights and points match.
                let points: Vec<&RistrettoPoint> = chosen.iter().filter_map(|entry| entry.z.get(at)).collect();
                RistrettoPoint::vartime_multiscalar_mul(&weights, points)
            })
            .collect();
        let halves = Zeroizing::new(halves);
        let shared = Zeroizing::new(encode_doubled(&halves));
        Ok(self.cells.iter().zip(shared.iter()).map(|(cell, shared)| self.key(cell, shared)).collect())
    }

    fn key(&self, cell: &Released<'_>, shared: &[u8; 32]) -> Result<CellKey, CellFault> {
        let sigma = cell.sigmas.get(&self.class).ok_or(CellFault::Erased)?;
        let entry = cell.record.entry(self.class).ok_or(CellFault::Custodian)?;
        let ring = self.package.ring.id();
        let (u, prefix) = (cell.ask.capsule.u().bytes(), cell.record.label().prefix());
        let salt = self.package.ring.salt();
        let binding = Binding { salt, ring: &ring, class: self.class, u, prefix: &prefix };
        let key = CellKey::derive(&binding, shared, sigma);
        if key.commitment == entry.commitment { Ok(key) } else { Err(CellFault::Custodian) }
    }

    fn proof_holds(&self, entry: &Usable<'_>) -> bool {
        let Some(public) = self.package.shares.share(self.class, entry.trustee) else { return false };
        let context = ReplyContext {
            order: self.package.order,
            ring: self.package.ring.id(),
            trustee: entry.trustee,
            share_epoch: self.package.shares.epoch(),
        };
        let statement = Statement { context: &context, class: self.class, public, u: &self.u, z: &entry.reply.z };
        verify(&statement, &entry.z, &entry.reply.proof)
    }
}
