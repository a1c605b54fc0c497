//! Sealing: needs the public keys of a confirmed ring and nothing else, so it can run in the client's own app.

use crate::cell::{Binding, CellKey, MAX_BLOB, body_digest};
use crate::group::{GBAR_TABLE, SUITE, encode_doubled, half};
use crate::hash::{Salt, Transcript, domain};
use crate::header::{Capsule, Header, challenge};
use crate::label::{Head, Label, encode_prefix};
use crate::record::{SealedEntry, SealedRecord};
use crate::ring::ConfirmedRing;
use crate::sigma::Sigma;
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::Digest;
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_TABLE as G_TABLE;
use curve25519_dalek::ristretto::{RistrettoBasepointTable, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Why nothing was sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The ring has no key for a class.
    #[error("the ring has no key for class `{0}`")]
    NoKey(Class),
    /// No classes, or not in ascending order.
    #[error("contents must be 1 or more, by ascending class, each class once")]
    Classes,
    /// Content beyond the limit.
    #[error("content of `{class}` has {length} bytes, the limit is {MAX_BLOB}")]
    TooLong {
        /// Which class.
        class: Class,
        /// Length found.
        length: usize,
    },
    /// The randomness cannot be used; try again with fresh bytes.
    #[error("the randomness leads to an unusable capsule; use fresh bytes")]
    Randomness,
}

/// Randomness of one sealing: 64 fresh bytes, hedged with a long-lived local seed. Wiped when dropped; has no `Debug`.
///
/// If the generator fails, r still differs for every ring, label, plaintext and sigma, and stays secret through the local
/// seed and sigma.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Randomness {
    /// 64 bytes of the system's generator, used once.
    pub fresh: [u8; 64],
    /// 32 secret bytes that stay with the sealer.
    pub local: [u8; 32],
}

/// The sealed content of one class that is longer than an entry holds; stored beside the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// The class.
    pub class: Class,
    /// Sealed segments.
    pub bytes: Vec<u8>,
}

/// A sealed record and its blobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The record.
    pub record: SealedRecord,
    /// Blobs, by ascending class.
    pub blobs: Vec<Blob>,
}

/// Seals records to one ring. Holds fixed-base tables of the ring's keys (30 KiB each).
pub struct Sealer {
    ring: Digest,
    salt: Salt,
    tables: Vec<(Class, RistrettoBasepointTable)>,
}

impl Sealer {
    /// Prepares the tables of a ring's keys.
    pub fn new(ring: &ConfirmedRing) -> Self {
        let tables = ring
            .keys()
            .filter_map(|class| ring.point(class).map(|key| (class, RistrettoBasepointTable::create(&key.point))))
            .collect();
        Self { ring: ring.id(), salt: ring.salt().clone(), tables }
    }

    /// The ring it seals to.
    pub fn ring(&self) -> Digest {
        self.ring
    }

    /// Seals the contents (by ascending class) of one record.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(
        &self,
        head: Head,
        contents: &[(Class, &[u8])],
        sigma: &Sigma,
        randomness: &Randomness,
    ) -> Result<Sealed, SealError> {
        let tables = self.tables_of(contents)?;
        let classes: ClassSet = contents.iter().map(|(class, _)| *class).collect();
        let prefix = encode_prefix(&head, &classes);
        let (r, s) = self.scalars(&prefix, contents, sigma, randomness);
        if *r == Scalar::ZERO {
            return Err(SealError::Randomness);
        }
        let Products { points, elements, shared } = multiply(&r, &s, &tables);
        let [u, ..] = elements;

        let sigma_prk = sigma.extracted();
        let mut entries = Vec::with_capacity(contents.len());
        let mut blobs = Vec::new();
        for ((class, content), shared) in contents.iter().zip(shared.iter()) {
            let binding = Binding { salt: &self.salt, ring: &self.ring, class: *class, u: &u, prefix: &prefix };
            let key = CellKey::derive(&binding, shared, &sigma_prk.of_class(*class, &u));
            let (ciphertext, blob) = key.seal(&binding, content);
            blobs.extend(blob.map(|bytes| Blob { class: *class, bytes }));
            entries.push(SealedEntry { class: *class, commitment: key.commitment, ciphertext });
        }
        let hashes: Vec<Digest> = entries.iter().map(SealedEntry::hash).collect();
        let label = Label::new(head, classes, body_digest(&hashes)).ok_or(SealError::Classes)?;

        let e = challenge(&self.ring, &label.encode(), &elements);
        let header = Header::known(points, elements, *s + e * *r);
        let record = SealedRecord::known(self.ring, Capsule { label, header }, entries);
        Ok(Sealed { record, blobs })
    }

    fn tables_of(&self, contents: &[(Class, &[u8])]) -> Result<Vec<&RistrettoBasepointTable>, SealError> {
        if contents.is_empty() || !contents.is_sorted_by(|(left, _), (right, _)| left < right) {
            return Err(SealError::Classes);
        }
        contents
            .iter()
            .map(|(class, content)| {
                if content.len() > MAX_BLOB {
                    return Err(SealError::TooLong { class: *class, length: content.len() });
                }
                let table = self.tables.iter().find(|(own, _)| own == class).map(|(_, table)| table);
                table.ok_or(SealError::NoKey(*class))
            })
            .collect()
    }

    /// Step 1: r and s, each from the randomness, the suite, the ring, its own name, L without d, the plaintext and sigma.
    fn scalars(
        &self,
        prefix: &[u8],
        contents: &[(Class, &[u8])],
        sigma: &Sigma,
        randomness: &Randomness,
    ) -> (Zeroizing<Scalar>, Zeroizing<Scalar>) {
        let mut plaintext = Transcript::new(domain!("plaintext"));
        for (class, content) in contents {
            plaintext.add(&[class.number()]);
            plaintext.add(content);
        }
        let plaintext = Zeroizing::new(plaintext.bytes());
        let prk = Salt::new(&[]).extract(&[&randomness.fresh, &randomness.local]);
        let scalar = |name: &[u8]| {
            let info = [&[SUITE], self.ring.as_bytes().as_slice(), name, prefix, plaintext.as_slice(), sigma.expose()];
            Zeroizing::new(Scalar::from_bytes_mod_order_wide(&prk.expand::<64>(domain!("nonce"), &info)))
        };
        (scalar(b"r"), scalar(b"s"))
    }
}

/// Step 2: u, ubar, w, wbar and the encoded P_c.
struct Products {
    points: [RistrettoPoint; 4],
    elements: [[u8; 32]; 4],
    shared: Zeroizing<Vec<[u8; 32]>>,
}

/// Multiplies by halves and encodes the doubles, so that one inversion encodes all products.
fn multiply(r: &Scalar, s: &Scalar, tables: &[&RistrettoBasepointTable]) -> Products {
    let (r, s) = (Zeroizing::new(half(r)), Zeroizing::new(half(s)));
    let halves = [&*r * G_TABLE, &*r * &*GBAR_TABLE, &*s * G_TABLE, &*s * &*GBAR_TABLE];
    let mut points = Zeroizing::new(Vec::with_capacity(halves.len() + tables.len()));
    points.extend(halves);
    points.extend(tables.iter().map(|table| &*r * *table));
    let mut encoded = Zeroizing::new(encode_doubled(&points));
    let shared = Zeroizing::new(encoded.split_off(halves.len()));
    let mut elements = [[0u8; 32]; 4];
    elements.iter_mut().zip(encoded.iter()).for_each(|(slot, bytes)| *slot = *bytes);
    Products { points: halves.map(|half| half + half), elements, shared }
}
