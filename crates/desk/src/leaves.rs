//! Sealed leaves for what happens at the desk.

use crate::error::{DeskError, Result};
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_core::time::Timestamp;
use countersign_store::{LeafKey, NewLeaf};
use countersign_tlog::leaf::{Disclosure, LeafId, seal_fields, tick_of};
use rand_core::CryptoRng;
use serde_json::Value;

/// Makes the leaf of `kind` with exactly the fields that the table gives it.
pub(crate) fn leaf(kind: LeafKind, at: Timestamp, values: Vec<Value>, rng: &mut impl CryptoRng) -> Result<NewLeaf> {
    let names = kind.fields();
    if names.len() != values.len() {
        return Err(DeskError::internal(format!("a leaf of kind `{kind}` has {} fields", names.len())));
    }
    let mut fields = vec![(KIND_FIELD, Value::from(kind.as_str()))];
    fields.extend(names.iter().copied().zip(values));
    of_fields(kind, at, &fields, rng)
}

/// As [`leaf`], from named fields that stand in the order of the table, `kind` first.
pub(crate) fn of_fields(
    kind: LeafKind,
    at: Timestamp,
    fields: &[(&str, Value)],
    rng: &mut impl CryptoRng,
) -> Result<NewLeaf> {
    let (bytes, disclosures) = seal_fields(LeafId::random(rng), tick(at), fields, rng).map_err(DeskError::internal)?;
    Ok(NewLeaf { key: key(at, rng), kind: kind.as_str().to_owned(), leaf: bytes, disclosures: texts(&disclosures) })
}

/// An idempotency key: 8 bytes of time in seconds, 24 random bytes. Keys stay in the custodian's own store, so nothing demands a
/// coarser time; the finer it is, the closer together the index takes them in.
pub(crate) fn key(at: Timestamp, rng: &mut impl CryptoRng) -> LeafKey {
    let mut key = [0; 32];
    rng.fill_bytes(&mut key);
    let (time, _) = key.split_at_mut(8);
    time.copy_from_slice(&u64::try_from(at.unix()).unwrap_or(0).to_be_bytes());
    key
}

pub(crate) fn tick(at: Timestamp) -> u64 {
    tick_of(u64::try_from(at.unix()).unwrap_or(0))
}

fn texts(disclosures: &[Disclosure]) -> Vec<String> {
    disclosures.iter().map(|disclosure| disclosure.as_str().to_owned()).collect()
}
