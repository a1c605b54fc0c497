//! Restrictions, appeals and reversals per version of a rule: counted from what the leaves say, and held against the records.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_core::restriction::{Act, Record};
use countersign_store::{RestrictionCount, SealedLeaf};
use countersign_tlog::leaf::{Leaf, check_disclosures};
use serde_json::Value;
use std::collections::BTreeMap;

/// Leaves read at once.
const PAGE: u32 = 500;

/// Everything that was done under restrictions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// By version of a rule and digest of its pack.
    pub rules: BTreeMap<(String, Digest), RuleTotals>,
    /// Leaves that were counted.
    pub leaves: u64,
}

/// What was done under one version of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleTotals {
    /// Restrictions that were applied.
    pub applied: u64,
    /// Appeals against them.
    pub appealed: u64,
    /// Appeals after which they stayed.
    pub upheld: u64,
    /// Restrictions that were taken off, on appeal or not.
    pub reversed: u64,
}

impl RuleTotals {
    /// Restrictions that stand.
    pub fn standing(&self) -> u64 {
        self.applied.saturating_sub(self.reversed)
    }

    fn count(&mut self, act: Act, number: u64) {
        let count = match act {
            Act::Apply => &mut self.applied,
            Act::Appeal => &mut self.appealed,
            Act::Uphold => &mut self.upheld,
            Act::Reverse => &mut self.reversed,
        };
        *count = count.saturating_add(number);
    }
}

impl Totals {
    /// Counts a leaf by its disclosed fields, as anybody can who has them; `false` for a leaf of another kind.
    ///
    /// # Errors
    /// Which field is withheld or has no value of its kind.
    pub fn count_leaf(&mut self, fields: &BTreeMap<String, Value>) -> std::result::Result<bool, String> {
        let text = |name: &str| {
            let value = fields.get(name).ok_or_else(|| format!("the field `{name}` is withheld"))?;
            value.as_str().ok_or_else(|| format!("the field `{name}` is no text"))
        };
        if text(KIND_FIELD)? != LeafKind::Restriction.as_str() {
            return Ok(false);
        }
        for name in LeafKind::Restriction.fields() {
            text(name)?;
        }
        let act = Act::parse(text("act")?).map_err(|error| error.to_string())?;
        let pack = Digest::parse(text("pack")?).map_err(|error| error.to_string())?;
        self.rules.entry((text("rule")?.to_owned(), pack)).or_default().count(act, 1);
        self.leaves = self.leaves.saturating_add(1);
        Ok(true)
    }
}

/// What opening leaves have published of earlier leaves: from the bytes of a log alone, as anybody can read them.
#[derive(Debug, Default)]
pub struct Opened(BTreeMap<u64, Vec<String>>);

impl Opened {
    /// Takes in what one entry of the log opens; other entries open nothing.
    ///
    /// # Errors
    /// A text for people when the entry is no leaf.
    pub fn take(&mut self, entry: &[u8]) -> std::result::Result<(), String> {
        if let Leaf::Opening(opening) = Leaf::parse(entry).map_err(|error| error.to_string())? {
            for opened in opening.openings() {
                let texts = opened.disclosures.iter().map(|disclosure| disclosure.as_str().to_owned());
                self.0.entry(opened.index).or_default().extend(texts);
            }
        }
        Ok(())
    }

    /// Counts the entry in this place of the log, when all fields of a restriction are open; `false` otherwise.
    ///
    /// # Errors
    /// A text for people when what was opened does not belong to the entry, or has no value of its kind.
    pub fn count(&self, index: u64, entry: &[u8], totals: &mut Totals) -> std::result::Result<bool, String> {
        let Some(disclosures) = self.0.get(&index) else { return Ok(false) };
        let fields = check_disclosures(entry, disclosures).map_err(|error| error.to_string())?;
        let is_open = LeafKind::Restriction.fields().iter().chain([&KIND_FIELD]).all(|name| fields.contains_key(*name));
        if is_open { totals.count_leaf(&fields) } else { Ok(false) }
    }
}

impl Desk {
    /// Counts the leaves of all restrictions, each checked against its disclosures and its record, and the whole against the number of
    /// records.
    ///
    /// # Errors
    /// [`DeskError::Internal`] when a leaf says something else than its record, or there are more or fewer of one than of the other.
    pub async fn restriction_totals(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        let mut from = 0;
        loop {
            let page = self.store.restriction_leaves(from, PAGE).await?;
            for (key, record) in &page {
                let sealed = self.store.sealed_leaf(key).await?;
                let sealed = sealed.ok_or_else(|| DeskError::internal("a leaf of a restriction is missing"))?;
                check_leaf(&mut totals, &sealed, record)?;
            }
            from += page.len() as u64;
            if page.len() < PAGE as usize {
                break;
            }
        }
        let mut records = Totals { leaves: totals.leaves, ..Totals::default() };
        for RestrictionCount { rule, pack, act, count } in self.store.restriction_counts().await? {
            records.rules.entry((rule, pack)).or_default().count(act, count);
        }
        if records != totals {
            return Err(DeskError::internal("the leaves of restrictions and their records come to different totals"));
        }
        let kind = LeafKind::Restriction.as_str();
        let all = self.store.all_disclosures().await?;
        let leaves = all.iter().filter(|leaf| leaf.kind == kind).count() as u64;
        if leaves != totals.leaves {
            let recorded = totals.leaves;
            return Err(DeskError::internal(format!("{leaves} leaves of restrictions, but {recorded} records")));
        }
        Ok(totals)
    }
}

fn check_leaf(totals: &mut Totals, sealed: &SealedLeaf, record: &Exact<Record>) -> Result<()> {
    let index = sealed.index;
    let wrong = |reason: &str| DeskError::internal(format!("leaf {index} of a restriction: {reason}"));
    let fields =
        check_disclosures(&sealed.leaf, &sealed.disclosures.list).map_err(|error| wrong(&error.to_string()))?;
    let value = record.value();
    let expected = [
        ("document", record.digest().to_hex()),
        ("act", value.act.as_str().to_owned()),
        ("rule", value.rule.clone()),
        ("pack", value.pack.to_hex()),
        ("effect", value.effect.as_str().to_owned()),
        ("at", value.at.to_string()),
    ];
    for (name, expected) in expected {
        if fields.get(name).and_then(Value::as_str) != Some(expected.as_str()) {
            return Err(wrong(&format!("`{name}` is not what the record says")));
        }
    }
    match totals.count_leaf(&fields) {
        Ok(true) => Ok(()),
        Ok(false) => Err(wrong("it is of another kind")),
        Err(reason) => Err(wrong(&reason)),
    }
}
