//! The arithmetic of a scope: which records, which classes of each.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::propose::NO_RING;
use countersign_core::class::ClassSet;
use countersign_core::id::{Digest, Handle};
use countersign_core::time::Timestamp;
use countersign_seal::label::{Head, Label, Period};
use countersign_store::SealedRecord;
use countersign_verify::manifest::{Manifest, ManifestEntry, ManifestV1};
use countersign_verify::wire::HexBytes;
use std::collections::{BTreeMap, BTreeSet};

impl Desk {
    /// The manifest of the wanted classes of these clients: wanted ∩ existing, per record.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn manifest(&self, subjects: &[Handle], wanted: &ClassSet) -> Result<Manifest> {
        self.manifest_in(subjects, wanted, None).await
    }

    /// As [`manifest`](Self::manifest), with the months that a window touches, the end excluded.
    pub(crate) async fn manifest_in(
        &self,
        subjects: &[Handle],
        wanted: &ClassSet,
        window: Option<(Timestamp, Timestamp)>,
    ) -> Result<Manifest> {
        let mut entries = Vec::new();
        for handle in subjects {
            if self.custodian.ring.is_none() {
                entries.extend(self.outside(*handle, wanted)?);
                continue;
            }
            for record in current(self.store.records_of(handle).await?, window) {
                let sealed: ClassSet = record.entries.iter().map(|entry| entry.class).collect();
                let classes = wanted.intersection(&sealed);
                let Some((u, _)) = record.header.split_first_chunk::<32>() else { continue };
                if !classes.is_empty() {
                    let (record, label) = (record.record, HexBytes(record.label.clone()));
                    entries.push(ManifestEntry { record, label, u: Digest(*u), classes });
                }
            }
        }
        entries.sort_by_key(|entry| entry.record);
        Ok(Manifest { v: ManifestV1, entries })
    }

    /// The ring to which all records of a manifest are sealed: an order names one.
    ///
    /// # Errors
    /// [`DeskError::Input`] when some are still sealed to the ring before the one in force.
    pub(crate) async fn ring_of(&self, manifest: &Manifest) -> Result<Digest> {
        let Some(in_force) = &self.custodian.ring else { return Ok(NO_RING) };
        let Some(former) = &self.custodian.former else { return Ok(in_force.ring.id()) };
        let mut old = 0;
        for entry in &manifest.entries {
            let record = self.store.record(&entry.record).await?;
            let record = record.ok_or_else(|| DeskError::not_found("record", entry.record))?;
            old += usize::from(record.ring == former.ring.id());
        }
        match manifest.entries.len() {
            _ if old == 0 => Ok(in_force.ring.id()),
            all if old == all => Ok(former.ring.id()),
            all => Err(DeskError::Input(format!(
                "{old} of {all} records are still sealed to the ring before the one in force: seal these clients anew first, or \
                 make one order for those and one for the others"
            ))),
        }
    }

    /// At ladder level L0 the data lie outside: the entry names client and classes, with a zero body digest and a zero u that no
    /// trustee would accept.
    fn outside(&self, handle: Handle, wanted: &ClassSet) -> Result<Option<ManifestEntry>> {
        if wanted.is_empty() {
            return Ok(None);
        }
        let custodian = self.custodian.genesis.value().custodian.id;
        let head = Head { custodian, handle, client_key: None, period: None, revision: 0, schema: 0 };
        let label =
            Label::new(head, wanted.clone(), Digest([0; 32])).ok_or_else(|| DeskError::internal("no classes"))?;
        let u = Digest([0; 32]);
        let record = label.record_id(u.as_bytes());
        Ok(Some(ManifestEntry { record, label: HexBytes(label.encode()), u, classes: wanted.clone() }))
    }
}

/// The standing record and that of every month which the window touches, each in its latest revision.
fn current(records: Vec<SealedRecord>, window: Option<(Timestamp, Timestamp)>) -> Vec<SealedRecord> {
    let touched = |number: u32| {
        let month = Period::from_number(number);
        window.zip(month).is_some_and(|((from, to), month)| from < month.end() && month.start() < to)
    };
    let mut latest: BTreeMap<u32, SealedRecord> = BTreeMap::new();
    for record in records.into_iter().filter(|record| record.period == 0 || touched(record.period)) {
        match latest.get(&record.period) {
            Some(other) if other.revision >= record.revision => {}
            _ => drop(latest.insert(record.period, record)),
        }
    }
    latest.into_values().collect()
}

/// Classes opened per client.
///
/// # Errors
/// [`DeskError::Input`] when nothing is left to release.
pub(crate) fn granted(manifest: &Manifest) -> Result<BTreeMap<Handle, BTreeSet<u8>>> {
    if manifest.entries.is_empty() {
        return Err(DeskError::Input(
            "the scope leaves nothing to release: asked, necessary, allowed and existing data do not meet".into(),
        ));
    }
    let mut granted: BTreeMap<Handle, BTreeSet<u8>> = BTreeMap::new();
    for entry in &manifest.entries {
        let label = Label::decode(&entry.label.0).map_err(DeskError::internal)?;
        granted.entry(label.head().handle).or_default().extend(entry.classes.iter().map(|class| class.number()));
    }
    Ok(granted)
}
