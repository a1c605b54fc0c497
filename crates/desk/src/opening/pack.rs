//! Disclosures into opening leaves, as few as they fit into.

use crate::error::{DeskError, Result};
use crate::leaves::{key, tick};
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_core::time::Timestamp;
use countersign_store::{LeafKey, NewLeaf, NewOpening, SealedLeaf as StoredLeaf};
use countersign_tlog::leaf::{Disclosure, LeafError, LeafId, Opened, OpeningLeaf, SealedLeaf};
use rand_core::CryptoRng;
use std::collections::BTreeSet;

/// Kind of an opening leaf in the store.
const OPENING: &str = "opening";

/// A leaf that is about to be opened, checked.
pub(crate) struct Shown {
    key: LeafKey,
    opened: Opened,
}

impl Shown {
    /// Checks that the disclosures are the leaf's and exactly the fields of its kind: a wrong opening could never be taken back.
    ///
    /// # Errors
    /// [`DeskError::Internal`] naming the leaf.
    pub(crate) fn of(leaf: StoredLeaf) -> Result<Self> {
        let StoredLeaf { index, leaf, disclosures } = leaf;
        let damaged = |reason: String| DeskError::internal(format!("leaf {index} cannot be opened: {reason}"));
        let kind = LeafKind::parse(&disclosures.kind).map_err(|error| damaged(error.to_string()))?;
        let sealed = SealedLeaf::parse(&leaf).map_err(|error| damaged(error.to_string()))?;
        let fields = sealed.check(&disclosures.list).map_err(|error| damaged(error.to_string()))?;
        let expected: BTreeSet<&str> = kind.fields().iter().copied().chain([KIND_FIELD]).collect();
        let found: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
        if found != expected || fields.get(KIND_FIELD).and_then(|value| value.as_str()) != Some(kind.as_str()) {
            return Err(damaged(format!("its disclosures are not those of a leaf of kind `{kind}`")));
        }
        let list = disclosures.list.iter().map(|text| Disclosure::parse(text)).collect::<std::result::Result<_, _>>();
        let list = list.map_err(|error| damaged(error.to_string()))?;
        Ok(Self { key: disclosures.key, opened: Opened { index, disclosures: list } })
    }
}

/// Packs leaves into opening leaves. One whose disclosures do not fit into a single leaf goes on in the next.
///
/// # Errors
/// [`DeskError::Internal`] for a disclosure that no opening leaf can hold, which no leaf of ours has.
pub(crate) fn pack(mut shown: Vec<Shown>, now: Timestamp, rng: &mut impl CryptoRng) -> Result<Vec<NewOpening>> {
    shown.sort_by_key(|one| one.opened.index);
    let mut openings = Vec::new();
    let tick = tick(now);
    let (mut open, mut keys): (Vec<Opened>, Vec<LeafKey>) = (Vec::new(), Vec::new());
    for one in shown {
        for (place, piece) in pieces(one.opened, tick)?.into_iter().enumerate() {
            open.push(piece);
            if place > 0 || !fits(&open, tick)? {
                let piece = open.split_off(open.len().saturating_sub(1));
                openings.push(opening(std::mem::replace(&mut open, piece), std::mem::take(&mut keys), now, rng)?);
            }
            if place == 0 {
                keys.push(one.key);
            }
        }
    }
    if !open.is_empty() {
        openings.push(opening(open, keys, now, rng)?);
    }
    Ok(openings)
}

/// One leaf's disclosures in as few pieces as fit into an opening leaf each: nearly always one.
fn pieces(whole: Opened, tick: u64) -> Result<Vec<Opened>> {
    let Opened { index, disclosures } = whole;
    let mut pieces: Vec<Opened> = Vec::new();
    for disclosure in disclosures {
        if let Some(last) = pieces.last_mut() {
            last.disclosures.push(disclosure.clone());
            if fits(std::slice::from_ref(last), tick)? {
                continue;
            }
            last.disclosures.pop();
        }
        pieces.push(Opened { index, disclosures: vec![disclosure] });
    }
    Ok(pieces)
}

fn fits(openings: &[Opened], tick: u64) -> Result<bool> {
    match OpeningLeaf::new(LeafId([0; 16]), tick, openings.to_vec()).and_then(|leaf| leaf.to_bytes()) {
        Ok(_) => Ok(true),
        Err(LeafError::TooLarge(_)) => Ok(false),
        Err(error) => Err(DeskError::internal(error)),
    }
}

fn opening(opened: Vec<Opened>, opens: Vec<LeafKey>, now: Timestamp, rng: &mut impl CryptoRng) -> Result<NewOpening> {
    let leaf = OpeningLeaf::new(LeafId::random(rng), tick(now), opened).and_then(|leaf| leaf.to_bytes());
    let leaf = leaf.map_err(DeskError::internal)?;
    Ok(NewOpening {
        leaf: NewLeaf { key: key(now, rng), kind: OPENING.to_owned(), leaf, disclosures: Vec::new() },
        opens,
    })
}
