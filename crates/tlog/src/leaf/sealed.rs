use std::collections::BTreeMap;

use rand_core::CryptoRng;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::encoding;
use crate::leaf::disclosure::digest;
use crate::leaf::frame::{Stamp, canonical, decode, encode, head};
use crate::leaf::{DIGESTS_PER_LEAF, Disclosure, DisclosureError, LeafError, LeafId, LeafKind, SEALED_LEAF_BYTES};

/// A digest in base64url without padding.
const DIGEST_CHARS: usize = 43;

/// A sealed leaf: sixteen digests, of disclosures or of nothing; nobody can tell which.
///
/// `{"v":1,"kind":"sealed","id":"..","tick":..,"_sd":["..", 16 in all],"pad":"0.."}`, digests strictly ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedLeaf {
    stamp: Stamp,
    // INVARIANT: 16 base64url SHA-256 digests, strictly ascending.
    digests: Vec<String>,
}

impl SealedLeaf {
    /// Parses the bytes of a sealed leaf.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        match Self::read(bytes) {
            Some(leaf) => Ok(leaf),
            None => Self::examine(bytes),
        }
    }

    /// Reads the one spelling that a leaf has, from left to right; `None` for anything else. Whoever recomputes a log reads millions.
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() == SEALED_LEAF_BYTES)?;
        let (id, rest) = text.strip_prefix(head(LeafKind::Sealed))?.split_at_checked(32)?;
        let (tick, mut rest) = rest.strip_prefix("\",\"tick\":")?.split_once(",\"_sd\":[\"")?;
        let stamp = Stamp::read(1, id, encoding::decimal(tick)?).ok()?;
        let mut digests: Vec<String> = Vec::with_capacity(DIGESTS_PER_LEAF);
        while digests.len() < DIGESTS_PER_LEAF {
            if !digests.is_empty() {
                rest = rest.strip_prefix("\",\"")?;
            }
            let (digest, others) = rest.split_at_checked(DIGEST_CHARS)?;
            if !encoding::is_base64url_hash(digest) || digests.last().is_some_and(|last| last.as_str() >= digest) {
                return None;
            }
            digests.push(digest.to_owned());
            rest = others;
        }
        let padding = rest.strip_prefix("\"],\"pad\":\"")?.strip_suffix("\"}")?;
        padding.bytes().all(|zero| zero == b'0').then_some(Self { stamp, digests })
    }

    /// Says what is wrong with bytes that [`SealedLeaf::read`] does not read.
    fn examine(bytes: &[u8]) -> Result<Self, LeafError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Members<'b> {
            v: u8,
            #[serde(rename = "kind")]
            _kind: &'b str,
            id: &'b str,
            tick: u64,
            #[serde(borrow)]
            _sd: Vec<&'b str>,
            #[serde(rename = "pad")]
            _pad: &'b str,
        }
        let read: Members<'_> = decode(bytes, SEALED_LEAF_BYTES)?;
        let stamp = Stamp::read(read.v, read.id, read.tick)?;
        if read._sd.len() != DIGESTS_PER_LEAF {
            return Err(LeafError::Form("a sealed leaf has exactly 16 digests"));
        }
        if read._sd.iter().any(|text| encoding::base64url_decode(text).is_none_or(|digest| digest.len() != 32)) {
            return Err(LeafError::Form("a digest is not base64url of 32 bytes"));
        }
        if !read._sd.is_sorted_by(|a, b| a < b) {
            return Err(LeafError::Form("digests are not strictly ascending"));
        }
        let leaf = Self { stamp, digests: read._sd.into_iter().map(str::to_owned).collect() };
        canonical(bytes, &leaf.to_bytes()?)?;
        Ok(leaf)
    }

    /// The leaf's 1,024 bytes.
    ///
    /// # Errors
    /// None in practice: sixteen digests always fit.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LeafError> {
        let members = format!("\"_sd\":[\"{}\"]", self.digests.join("\",\""));
        encode(LeafKind::Sealed, self.stamp, &members)
    }

    /// Random id.
    pub fn id(&self) -> LeafId {
        self.stamp.id
    }

    /// Five-minute time.
    pub fn tick(&self) -> u64 {
        self.stamp.tick
    }

    /// The sixteen digests, ascending.
    pub fn digests(&self) -> &[String] {
        &self.digests
    }

    /// Whether this leaf commits to the given disclosure.
    pub fn holds(&self, disclosure: &Disclosure) -> bool {
        self.digests.binary_search(&disclosure.digest()).is_ok()
    }

    /// Checks disclosures of this leaf and returns the fields by name.
    ///
    /// # Errors
    /// [`DisclosureError`] for one that is not canonical, not of this leaf, or for a name that comes twice.
    pub fn check<T: AsRef<str>>(&self, disclosures: &[T]) -> Result<BTreeMap<String, Value>, DisclosureError> {
        let mut fields = BTreeMap::new();
        for text in disclosures {
            let disclosure = Disclosure::parse(text.as_ref())?;
            let name = disclosure.name().to_owned();
            if !self.holds(&disclosure) {
                return Err(DisclosureError::NotInLeaf(name));
            }
            if fields.insert(name.clone(), disclosure.value().clone()).is_some() {
                return Err(DisclosureError::Twice(name));
            }
        }
        Ok(fields)
    }
}

/// Makes a sealed leaf of up to sixteen named fields and fills it up with decoys. Returns the leaf's bytes and the
/// disclosures in the order of the fields. `rng` must be a secure generator: salts and decoys come from it.
///
/// # Errors
/// [`LeafError::TooManyFields`], [`LeafError::Disclosure`] (also for a name that comes twice), [`LeafError::Form`] for
/// a tick above 2^53 - 1.
pub fn seal_fields(
    id: LeafId,
    tick: u64,
    fields: &[(&str, Value)],
    rng: &mut impl CryptoRng,
) -> Result<(Vec<u8>, Vec<Disclosure>), LeafError> {
    let disclosures =
        fields.iter().map(|(name, value)| Disclosure::new(name, value.clone(), rng)).collect::<Result<Vec<_>, _>>()?;
    let leaf = seal_disclosures(id, tick, &disclosures, rng)?;
    Ok((leaf, disclosures))
}

/// Makes a sealed leaf of up to sixteen ready disclosures, for fields that another party has salted, and fills it up with
/// decoys.
///
/// # Errors
/// As [`seal_fields`].
pub fn seal_disclosures(
    id: LeafId,
    tick: u64,
    disclosures: &[Disclosure],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, LeafError> {
    if disclosures.len() > DIGESTS_PER_LEAF {
        return Err(LeafError::TooManyFields(disclosures.len()));
    }
    let mut names = std::collections::BTreeSet::new();
    if let Some(twice) = disclosures.iter().find(|disclosure| !names.insert(disclosure.name())) {
        return Err(DisclosureError::Twice(twice.name().to_owned()).into());
    }
    let mut digests: Vec<String> = disclosures.iter().map(Disclosure::digest).collect();
    while digests.len() < DIGESTS_PER_LEAF {
        // Hashed like a real one, so that no property of the generator's output shows.
        let mut decoy = [0_u8; 32];
        rng.fill_bytes(&mut decoy);
        let decoy = encoding::base64url(&Sha256::digest(decoy));
        if !digests.contains(&decoy) {
            digests.push(decoy);
        }
    }
    digests.sort_unstable();
    SealedLeaf { stamp: Stamp::new(id, tick)?, digests }.to_bytes()
}

/// A sealed leaf about nothing: one disclosure `kind` = `dummy`, fifteen decoys. Same size and shape as any other.
///
/// # Errors
/// As [`seal_fields`].
pub fn seal_dummy(id: LeafId, tick: u64, rng: &mut impl CryptoRng) -> Result<(Vec<u8>, Vec<Disclosure>), LeafError> {
    seal_fields(id, tick, &[("kind", Value::from("dummy"))], rng)
}

/// Checks disclosures against the bytes of a sealed leaf and returns the fields by name.
///
/// # Errors
/// [`LeafError`] for a leaf that is not canonical or a disclosure that does not belong to it.
pub fn check_disclosures<T: AsRef<str>>(leaf: &[u8], disclosures: &[T]) -> Result<BTreeMap<String, Value>, LeafError> {
    Ok(SealedLeaf::parse(leaf)?.check(disclosures)?)
}

/// Whether the bytes of a sealed leaf commit to this disclosure string. The string is only hashed, so that a holder
/// of a document and its salt can ask.
///
/// # Errors
/// [`LeafError`] for a leaf that is not canonical.
pub fn holds_disclosure(leaf: &[u8], disclosure: &str) -> Result<bool, LeafError> {
    Ok(SealedLeaf::parse(leaf)?.digests.binary_search(&digest(disclosure)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaf::MAX_SAFE_INTEGER;
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    fn leaf(seed: u64, tick: u64) -> Vec<u8> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        seal_dummy(LeafId::random(&mut rng), tick, &mut rng).unwrap().0
    }

    /// Both ways of parsing must say the same of everything.
    fn same(bytes: &[u8]) {
        assert_eq!(SealedLeaf::read(bytes), SealedLeaf::examine(bytes).ok(), "{}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn every_byte_of_a_leaf_is_read() {
        let good = leaf(1, 5_950_000);
        assert!(SealedLeaf::read(&good).is_some());
        for at in 0..good.len() {
            for byte in [good[at] ^ 1, b'0', b'A', b'B', b'"', b',', b'\\', b' ', b'-', 0xff] {
                let mut bad = good.clone();
                bad[at] = byte;
                same(&bad);
            }
            same(&good[..at]);
        }
    }

    #[test]
    fn other_spellings_are_refused_alike() {
        let good = String::from_utf8(leaf(2, 7)).unwrap();
        let fit =
            |text: String| text.replace("0\"}", &format!("{}\"}}", "0".repeat(1 + SEALED_LEAF_BYTES - text.len())));
        let (from, digests) = good.split_once("[\"").unwrap();
        let (digests, rest) = digests.split_once("\"]").unwrap();
        let mut swapped: Vec<&str> = digests.split("\",\"").collect();
        swapped.swap(3, 4);
        same(format!("{from}[\"{}\"]{rest}", swapped.join("\",\"")).as_bytes());
        swapped[4] = swapped[3];
        same(format!("{from}[\"{}\"]{rest}", swapped.join("\",\"")).as_bytes());
        for tick in ["07", "+7", "7.0", "7e0", "-7", "", "9007199254740992", "18446744073709551616", "\"7\""] {
            let spelled = good.replace("\"tick\":7,", &format!("\"tick\":{tick},"));
            same(spelled.as_bytes());
            if spelled.len() <= SEALED_LEAF_BYTES {
                same(fit(spelled).as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn both_ways_agree(seed: u64, tick in 0..=MAX_SAFE_INTEGER, at in 0..SEALED_LEAF_BYTES, byte: u8, whole: bool) {
            let mut bytes = leaf(seed, tick);
            if !whole {
                bytes[at] = byte;
            }
            prop_assert_eq!(SealedLeaf::read(&bytes), SealedLeaf::examine(&bytes).ok());
            prop_assert!(!whole || SealedLeaf::read(&bytes).is_some());
        }
    }
}
