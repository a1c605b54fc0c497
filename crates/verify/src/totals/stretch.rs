//! A stretch of the journal with the disclosures of its sealed leaves.

use super::said::{self, Said};
use super::{CountedOrder, Held};
use countersign_tlog::leaf::Leaf;

/// What a stretch of the journal holds. Openings are not yet joined with the leaves that they open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Its orders, ascending, none of them opened yet.
    pub orders: Vec<CountedOrder>,
    /// What its openings publish, in the order of the journal.
    pub opened: Vec<OpenedFields>,
}

/// Fields of an earlier leaf that an opening publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedFields {
    /// Index of the opening.
    pub opening: u64,
    /// Index of the leaf that it opens, before it.
    pub leaf: u64,
    /// The disclosures.
    pub disclosures: Vec<String>,
}

/// A leaf whose disclosures are missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("leaf {index}: {reason}")]
pub struct WrongLeaf {
    /// Its index.
    pub index: u64,
    /// What is wrong.
    pub reason: String,
}

/// Checks that `held` opens every sealed leaf of the stretch in full, and no other entry. `leaves` are the entries from index
/// `first` on, known to be those of the journal.
///
/// # Errors
/// [`WrongLeaf`]: the first one.
pub fn check_stretch(first: u64, leaves: &[Vec<u8>], held: &Held) -> Result<Stretch, WrongLeaf> {
    let mut stretch = Stretch::default();
    for (index, entry) in (first..).zip(leaves) {
        let disclosures = held.get(&index);
        let wrong = |reason: String| WrongLeaf { index, reason };
        match (Leaf::parse(entry), disclosures) {
            (Ok(Leaf::Sealed(_)), Some(disclosures)) => {
                let (_, said) = said::read(entry, disclosures).map_err(wrong)?;
                if let Said::Order(order) = said {
                    stretch.orders.push(CountedOrder::new(index, &order, None));
                }
            }
            (Ok(Leaf::Sealed(_)), None) => return Err(wrong("no disclosures of a sealed leaf".into())),
            (_, Some(_)) => return Err(wrong("disclosures of what is no sealed leaf".into())),
            (Ok(Leaf::Opening(opening)), None) => {
                let earlier = opening.openings().iter().filter(|one| one.index < index);
                stretch.opened.extend(earlier.map(|one| OpenedFields {
                    opening: index,
                    leaf: one.index,
                    disclosures: one.disclosures.iter().map(|disclosure| disclosure.as_str().to_owned()).collect(),
                }));
            }
            // A control leaf, or bytes that are no leaf and so no order either.
            (Ok(Leaf::Control(_)) | Err(_), None) => {}
        }
    }
    match held.keys().find(|index| **index < first || **index - first >= leaves.len() as u64) {
        Some(index) => Err(WrongLeaf { index: *index, reason: "disclosures of a leaf outside of the stretch".into() }),
        None => Ok(stretch),
    }
}
