//! Sealing the register anew after a rotation: runs of a duty whose worker opens records under the ring before and seals them
//! under the ring in force (`docs/operations/workers.md`).
//!
//! A record is old or new, never neither: what a worker gives back is checked against the run's manifest and kept in one
//! transaction, as the next revision beside the old one. Which clients are left is asked of the register itself, so there is
//! no list of progress that could be wrong.

use crate::desk::Desk;
use crate::duty::{RunFile, StandingFile};
use crate::error::{DeskError, Result};
use crate::register::stored_record;
use countersign_core::duty::Output;
use countersign_core::id::{Digest, Handle, OrderId, RecordId};
use countersign_seal::label::Period;
use countersign_store::{ImportStart, NewRecord, SealedRecord};
use countersign_verify::evidence::Files;
use countersign_verify::manifest::{Manifest, ManifestEntry, ManifestV1};
use countersign_verify::resealed::{Expected, RESEALED, check_resealed};
use countersign_verify::wire::HexBytes;
use rand_core::Rng as _;
use std::collections::BTreeMap;

/// Clients looked at in one statement.
const PAGE: u32 = 500;

/// What lies where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByRing {
    /// Records in their latest revision, by the ring to which they are sealed.
    pub records: Vec<(Digest, u64)>,
    /// Clients of whom records are sealed to the ring before the one in force and can still be opened.
    pub left: u64,
    /// Clients of whom such records are there, and who are erased: nobody opens these.
    pub erased: u64,
}

/// What a worker's file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Records of the run.
    pub records: usize,
    /// They were taken before; nothing changed now.
    pub before: bool,
}

impl Desk {
    /// How far the register is sealed anew.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn sealed_by_ring(&self) -> Result<ByRing> {
        let records = self.store.counts_by_ring().await?;
        let (mut left, mut erased) = (0, 0);
        if let Some(former) = &self.custodian.former {
            let mut after = None;
            loop {
                let page = self.store.clients_under(&former.ring.id(), after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(*last);
                for handle in &page {
                    let gone = self.sigmas.sigma(handle).await?.is_none();
                    *(if gone { &mut erased } else { &mut left }) += 1;
                }
            }
        }
        Ok(ByRing { records, left, erased })
    }

    /// Begins the next run of a duty that seals records anew, over the next clients whose records are sealed to the ring before:
    /// as many as a run may have, whole clients. `None` when none are left. A run that was begun and never ended is simply
    /// overtaken: its clients are still there.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the duty is for something else, is not public, or seals to another ring than that in force.
    pub async fn begin_resealing(&self, id: &OrderId) -> Result<Option<(u32, RunFile)>> {
        let file = self.public_duty(id).await?;
        self.new_ring_of(&file)?;
        if let Some(begun) = self.half_begun(id, &file).await? {
            return Ok(Some(begun));
        }
        let former = self.custodian.former.as_ref();
        let former =
            former.ok_or_else(|| DeskError::Input("no ring before the one in force is read any more".into()))?;
        let former = former.ring.id();
        let cap = file.duty.value().run;
        let (mut entries, mut months, mut people) = (Vec::new(), Vec::new(), 0);
        let mut after = None;
        'clients: loop {
            let page = self.store.clients_under(&former, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            for handle in &page {
                if self.sigmas.sigma(handle).await?.is_none() {
                    continue;
                }
                let records = self.old_records(handle, &former).await?;
                if people == cap.subjects || entries.len() + records.len() > cap.records as usize {
                    if people == 0 {
                        return Err(DeskError::Input(format!(
                            "client {handle} has {} records, a run may have {}: propose a duty with larger runs",
                            records.len(),
                            cap.records
                        )));
                    }
                    break 'clients;
                }
                people += 1;
                months.extend(records.iter().filter_map(|record| Period::from_number(record.period)));
                entries.extend(records.iter().filter_map(entry));
            }
        }
        if entries.is_empty() {
            return Ok(None);
        }
        entries.sort_by_key(|entry| entry.record);
        let window = months.iter().map(|month| month.start()).min().zip(months.iter().map(|month| month.end()).max());
        self.begin(id, &file, Manifest { v: ManifestV1, entries }, window).await.map(Some)
    }

    /// Takes what the worker gave back of a run: every record of it in its new revision, in one transaction. Taking the same
    /// file again changes nothing.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it is not exactly the run's records sealed anew; nothing is taken then.
    pub async fn take_resealed(&self, id: &OrderId, number: u32, files: &Files) -> Result<Taken> {
        let invalid = |reason: &dyn std::fmt::Display| DeskError::Input(format!("the worker's file: {reason}"));
        let file = self.duty(id).await?;
        let ring = self.new_ring_of(&file)?;
        let run = self.run_of(id, number).await?;
        let run = run.ok_or_else(|| DeskError::not_found("run of this standing order", number))?;
        let signed = files.get(RESEALED).ok_or_else(|| invalid(&format!("{RESEALED} is missing")))?;
        let mut sealed: BTreeMap<RecordId, Vec<u8>> = BTreeMap::new();
        for (path, bytes) in files.iter().filter(|(path, _)| path.as_str() != RESEALED) {
            let record = path.strip_prefix("sealed/").and_then(|name| name.strip_suffix(".bin"));
            let record = record.and_then(|name| RecordId::parse(name).ok());
            sealed.insert(record.ok_or_else(|| invalid(&format!("`{path}` does not belong there")))?, bytes.clone());
        }
        let state = self.control().at(self.now());
        let worker = state.worker_of(run.order.value());
        let worker = worker.ok_or_else(|| invalid(&"its worker is not in force"))?;
        let expected = Expected { order: &run.order, manifest: run.manifest.value(), worker, ring };
        let mut seed = [0; 32];
        self.rng().fill_bytes(&mut seed);
        let records = check_resealed(&expected, signed, &sealed, &seed).map_err(|error| invalid(&error))?;
        let digest = countersign_core::digest::plain(signed);
        let mut writer = match self.store.begin_resealing(&digest).await? {
            ImportStart::AlreadyImported(_) => return Ok(Taken { records: records.len(), before: true }),
            ImportStart::Open(writer) => writer,
        };
        let new = |record| NewRecord { sealed: stored_record(record), references: Vec::new(), row: None };
        writer.add(records.iter().map(new).collect()).await.map_err(|error| {
            if error.is_conflict() {
                return invalid(&"a record of it was sealed anew by another run, or is there in a later revision");
            }
            error.into()
        })?;
        writer.commit(0, self.now()).await?;
        Ok(Taken { records: records.len(), before: false })
    }

    /// The ring to which a duty seals records anew, which is that in force.
    fn new_ring_of(&self, file: &StandingFile) -> Result<Digest> {
        let Output::Sealed { ring } = &file.duty.value().output else {
            return Err(DeskError::Input("this duty does not seal records anew".into()));
        };
        let in_force = self.custodian.ring.as_ref().map(|in_force| in_force.ring.id());
        if in_force == Some(*ring) {
            return Ok(*ring);
        }
        Err(DeskError::Input(format!("the duty seals to ring {ring}, which is not in force: propose it anew")))
    }

    /// A client's records in their latest revision, of those that are sealed to this ring.
    async fn old_records(&self, handle: &Handle, ring: &Digest) -> Result<Vec<SealedRecord>> {
        let mut latest: BTreeMap<u32, SealedRecord> = BTreeMap::new();
        // By period, then revision: the last of a period stays.
        for record in self.store.records_of(handle).await? {
            latest.insert(record.period, record);
        }
        Ok(latest.into_values().filter(|record| record.ring == *ring).collect())
    }
}

/// A whole record: sealing it anew needs every class.
fn entry(record: &SealedRecord) -> Option<ManifestEntry> {
    let (u, _) = record.header.split_first_chunk::<32>()?;
    let classes = record.entries.iter().map(|entry| entry.class).collect();
    Some(ManifestEntry { record: record.record, label: HexBytes(record.label.clone()), u: Digest(*u), classes })
}
