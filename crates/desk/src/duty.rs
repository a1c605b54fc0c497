//! Duties: a standing order that several people sign once, and runs under it (`docs/formats/duty.md`).
//!
//! A duty belongs to no case. Its documents lie with the others, its place in a few settings; every step may be repeated after
//! a crash: what becomes a leaf is kept as it will be written before it is written.

use crate::desk::{Desk, stored};
use crate::error::{DeskError, Result};
use crate::leaves::{leaf, of_fields};
use crate::opening::latest_opening_of_leaf;
use crate::propose::NO_RING;
use crate::scope::granted;
use countersign_approve::{VerifiedApproval, verify_approval};
use countersign_core::approval::Approval;
use countersign_core::class::ClassSet;
use countersign_core::duty::{Cap, Duty, DutyV1, MAX_RUN_LIFETIME, Output, Purpose, Run, RunV1, destination_digest};
use countersign_core::encoding::{hex, unhex};
use countersign_core::id::{AuthorityId, Digest, Handle, OrderId, PersonId, Salt};
use countersign_core::json::{Document, Exact};
use countersign_core::leaf::LeafKind;
use countersign_core::order::{
    Instrument, InstrumentRef, Kind, Mode, Order, OrderV1, Recipient, Scope, salted_request_digest,
};
use countersign_core::time::{DAY, Seconds, Timestamp};
use countersign_store::{NewLeaf, StoredDocument};
use countersign_verify::manifest::Manifest;
use countersign_verify::order_leaf::order_leaf_fields;
use countersign_verify::request::{SKEW, standing_quorum};
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a duty is proposed with.
pub struct DutyEntry {
    /// Who receives the output.
    pub authority: AuthorityId,
    /// What for.
    pub purpose: Purpose,
    /// The law or decision that asks for it.
    pub basis: String,
    /// The worker in force that runs it.
    pub worker: PersonId,
    /// What leaves the worker.
    pub output: Output,
    /// Classes that a run may open.
    pub classes: ClassSet,
    /// Most of one run.
    pub run: Cap,
    /// Most people of all runs together.
    pub total: u32,
    /// For how many days, at most 90.
    pub days: u16,
}

/// A standing order as the desk has it.
pub struct StandingFile {
    /// The standing order.
    pub order: Exact<Order>,
    /// What it is for.
    pub duty: Exact<Duty>,
    /// Approvals, in the order in which they came.
    pub approvals: Vec<Exact<Approval>>,
    /// Key of its leaf, once enough have signed.
    pub leaf: Option<[u8; 32]>,
    /// Number and order of the last run.
    pub last: Option<(u32, Digest)>,
}

/// One run as the desk has it.
pub struct RunFile {
    /// The run's order.
    pub order: Exact<Order>,
    /// The run.
    pub run: Exact<Run>,
    /// Its manifest.
    pub manifest: Exact<Manifest>,
    /// Key of its leaf.
    pub leaf: [u8; 32],
}

/// A leaf as it will be written, kept before it is.
#[derive(Serialize, Deserialize)]
struct KeptLeaf {
    key: String,
    leaf: String,
    disclosures: Vec<String>,
    /// Digest of the order's document, of a run that of its run too.
    order: Digest,
    run: Option<Digest>,
}

const ORDER: &str = "order";
const DUTY: &str = "duty";
const RUN: &str = "run";
const APPROVAL: &str = "approval";
const MANIFEST: &str = "manifest";
const LIST: &str = "duties";

impl Desk {
    /// Proposes a standing order. Nothing is public before enough people have signed it.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when the worker or the authority is not there; [`DeskError::Input`] when the duty breaks a rule.
    pub async fn propose_duty(&self, entry: DutyEntry, author: &PersonId) -> Result<StandingFile> {
        let worker = self.worker(&entry.worker)?;
        let authority = self.authority(&entry.authority)?;
        let destination = match &entry.output {
            Output::Sealed { ring } => destination_digest(&ring.to_hex()),
            Output::Fields(_) | Output::Hits { .. } => {
                let keys = authority.recipient.as_ref().ok_or_else(|| {
                    DeskError::Input(format!("the directory has no key of `{}` to encrypt the output to", authority.id))
                })?;
                destination_digest(&keys.age)
            }
        };
        let ring = self.custodian.ring.as_ref().map_or(NO_RING, |ring| ring.ring.id());
        let (case, salt, id) = (self.fresh::<32>(), self.fresh::<16>(), self.fresh::<16>());
        let duty = Duty {
            v: DutyV1,
            case: Digest(case),
            authority: entry.authority.clone(),
            purpose: entry.purpose,
            basis: entry.basis,
            author: author.clone(),
            code: worker.code,
            destination,
            output: entry.output,
            classes: entry.classes,
            run: entry.run,
            total: entry.total,
        };
        let request = salted_request_digest(&Salt(salt), duty.basis.as_bytes());
        let duty = Exact::write(duty).map_err(|error| DeskError::Input(error.to_string()))?;
        let not_before = self.now();
        let expires = not_before.plus(Seconds::from(entry.days) * DAY);
        let order = Order {
            v: OrderV1,
            id: OrderId(id),
            custodian: self.custodian.genesis.value().custodian.id,
            case: duty.value().case,
            kind: Kind::Duty,
            authority: entry.authority,
            instrument: InstrumentRef { form: Instrument::Regulator, request },
            policy: self.custodian.bundle.digest(),
            facts: duty.digest(),
            scope: Scope {
                manifest: Digest([0; 32]),
                subjects: 0,
                records: 0,
                classes: duty.value().classes.clone(),
                from: None,
                to: None,
            },
            recipient: Recipient { mode: Mode::Worker, key: worker.digest() },
            not_before,
            expires,
            latest_opening: latest_opening_of_leaf(expires),
            delay: None,
            notice_due: None,
            ring,
        };
        let order = Exact::write(order).map_err(|error| DeskError::Input(error.to_string()))?;
        let documents = vec![stored(ORDER, &order), stored(DUTY, &duty)];
        self.store.append_leaves(documents, Vec::new()).await?;
        self.store.set_setting_once(&name(&order.value().id, ORDER), order.digest().to_hex().as_bytes()).await?;
        let mut list = self.duties().await?;
        list.push(order.value().id);
        self.store.set_setting(LIST, &serde_json::to_vec(&list).map_err(DeskError::internal)?).await?;
        Ok(StandingFile { order, duty, approvals: Vec::new(), leaf: None, last: None })
    }

    /// The standing orders, oldest first.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn duties(&self) -> Result<Vec<OrderId>> {
        Ok(self.kept(LIST).await?.unwrap_or_default())
    }

    /// A standing order by its id.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub async fn duty(&self, id: &OrderId) -> Result<StandingFile> {
        let digest = self.store.setting(&name(id, ORDER)).await?;
        let digest = digest.and_then(|bytes| Digest::parse(std::str::from_utf8(&bytes).ok()?).ok());
        let order = self.document::<Order>(&digest.ok_or_else(|| DeskError::not_found("standing order", id))?).await?;
        let duty = self.document::<Duty>(&order.value().facts).await?;
        let mut approvals = Vec::new();
        for digest in self.kept::<Vec<Digest>>(&name(id, APPROVAL)).await?.unwrap_or_default() {
            approvals.push(self.document::<Approval>(&digest).await?);
        }
        let leaf = match self.kept::<KeptLeaf>(&name(id, "leaf")).await? {
            Some(kept) => Some(self.write_leaf(&kept).await?),
            None => None,
        };
        let last = self.kept(&name(id, "last")).await?;
        Ok(StandingFile { order, duty, approvals, leaf, last })
    }

    /// Whether this is the id of a standing order.
    pub(crate) async fn is_duty(&self, id: &OrderId) -> Result<bool> {
        Ok(self.store.setting(&name(id, ORDER)).await?.is_some())
    }

    /// Takes in one approval of a standing order, or a refusal to approve. Says what is missing; nothing when the order is on its
    /// way to the journal.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it is not a valid signature of somebody in force over this order.
    pub async fn approve_duty(&self, id: &OrderId, bytes: &[u8]) -> Result<Option<String>> {
        let file = self.duty(id).await?;
        let approval = self.keep_standing_approval(&file.order.digest(), &file.approvals, bytes).await?;
        let mut digests: Vec<Digest> = file.approvals.iter().map(Exact::digest).collect();
        digests.push(approval.digest());
        let text = serde_json::to_vec(&digests).map_err(DeskError::internal)?;
        self.store.set_setting(&name(id, APPROVAL), &text).await?;
        self.settle_duty(id).await
    }

    /// Checks one signature under a standing order and keeps it with its leaf.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it is not a valid signature of somebody in force over this order, or the person has signed before.
    pub(crate) async fn keep_standing_approval(
        &self,
        order: &Digest,
        before: &[Exact<Approval>],
        bytes: &[u8],
    ) -> Result<Exact<Approval>> {
        let invalid = |error: &dyn std::fmt::Display| DeskError::Input(error.to_string());
        let approval = Exact::<Approval>::parse(bytes).map_err(|error| invalid(&error))?;
        let (value, now) = (approval.value(), self.now());
        let state = self.control().counting_at(now);
        let person = state.people().get(&value.approver);
        let person = person.ok_or_else(|| invalid(&format!("`{}` is not in force in the roster", value.approver)))?;
        verify_approval(value, order, person).map_err(|error| invalid(&error))?;
        if value.at > now.plus(SKEW) {
            return Err(invalid(&format!("the approval is dated {}, later than now ({now})", value.at)));
        }
        if before.iter().any(|before| before.value().approver == value.approver) {
            return Err(invalid(&format!("`{}` has signed already", value.approver)));
        }
        let values = vec![
            Value::from(approval.digest().to_hex()),
            Value::from(order.to_hex()),
            Value::from(value.role.as_str()),
            Value::from(value.verdict.as_str()),
            Value::from(value.at.to_string()),
        ];
        let leaf = leaf(LeafKind::Approval, now, values, &mut *self.rng())?;
        self.store.append_leaves(vec![stored(APPROVAL, &approval)], vec![leaf]).await?;
        Ok(approval)
    }

    /// Puts the standing order's leaf into the journal when enough have signed; says what is missing otherwise. Safe to call again.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn settle_duty(&self, id: &OrderId) -> Result<Option<String>> {
        let file = self.duty(id).await?;
        if file.leaf.is_some() {
            return Ok(None);
        }
        if let Err(missing) = self.signed_enough(&file) {
            return Ok(Some(missing));
        }
        let kept = self.keep_leaf(&name(id, "leaf"), &file.order, None).await?;
        self.write_leaf(&kept).await?;
        Ok(None)
    }

    fn signed_enough(&self, file: &StandingFile) -> std::result::Result<(), String> {
        let (order, author) = (file.order.value(), &file.duty.value().author);
        self.standing_signed(&file.order.digest(), author, &order.authority, &file.approvals)
    }

    /// Whether enough people who are in force now have signed a standing order; says what is missing.
    pub(crate) fn standing_signed(
        &self,
        order: &Digest,
        author: &PersonId,
        authority: &AuthorityId,
        approvals: &[Exact<Approval>],
    ) -> std::result::Result<(), String> {
        let now = self.now();
        let state = self.control().counting_at(now);
        let verified: Vec<VerifiedApproval> = approvals
            .iter()
            .filter_map(|approval| {
                let person = state.people().get(&approval.value().approver)?;
                verify_approval(approval.value(), order, person).ok()
            })
            .collect();
        let authority = self.authority(authority).map_err(|error| error.to_string())?;
        let needed = self.custodian.genesis.value().change_approvals;
        standing_quorum(&state, order, author, authority, needed, &verified, now)
            .map_err(|refusal| refusal.detail().to_owned())
    }

    /// Begins the next run over these clients: its order goes to the journal. One that was begun and never finished comes first.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the standing order is not public, or the run would be outside of it.
    pub async fn begin_run(
        &self,
        id: &OrderId,
        subjects: &[Handle],
        window: Option<(Timestamp, Timestamp)>,
    ) -> Result<(u32, RunFile)> {
        let file = self.public_duty(id).await?;
        if matches!(file.duty.value().output, Output::Sealed { .. }) {
            return Err(DeskError::Input("a duty that seals records anew finds its clients itself".into()));
        }
        if let Some(begun) = self.half_begun(id, &file).await? {
            return Ok(begun);
        }
        let manifest = self.manifest_in(subjects, &file.duty.value().classes, window).await?;
        self.begin(id, &file, manifest, window).await
    }

    /// A standing order that runs may be begun under.
    pub(crate) async fn public_duty(&self, id: &OrderId) -> Result<StandingFile> {
        let file = self.duty(id).await?;
        if file.leaf.is_none() {
            return Err(DeskError::Input("the standing order is not signed by enough people yet".into()));
        }
        Ok(file)
    }

    /// The run whose beginning was interrupted.
    pub(crate) async fn half_begun(&self, id: &OrderId, file: &StandingFile) -> Result<Option<(u32, RunFile)>> {
        let number = file.last.map_or(1, |(number, _)| number + 1);
        let Some(run) = self.run_of(id, number).await? else { return Ok(None) };
        self.set_last(id, number, &run).await?;
        Ok(Some((number, run)))
    }

    /// Begins the next run over this manifest.
    pub(crate) async fn begin(
        &self,
        id: &OrderId,
        file: &StandingFile,
        manifest: Manifest,
        window: Option<(Timestamp, Timestamp)>,
    ) -> Result<(u32, RunFile)> {
        let number = file.last.map_or(1, |(number, _)| number + 1);
        let (standing, duty) = (file.order.value(), file.duty.value());
        let handles = granted(&manifest)?;
        let ring = self.ring_of(&manifest).await?;
        let run =
            Run { v: RunV1, standing: file.order.digest(), number, previous: file.last.map(|(_, digest)| digest) };
        let run = Exact::write(run)?;
        let now = self.now();
        let expires = now.plus(MAX_RUN_LIFETIME).min(standing.expires);
        let subjects = u32::try_from(handles.len()).map_err(DeskError::internal)?;
        let records = u32::try_from(manifest.entries.len()).map_err(DeskError::internal)?;
        if subjects > duty.run.subjects || records > duty.run.records {
            return Err(DeskError::Input(format!(
                "{subjects} people and {records} records, a run may have {} and {}",
                duty.run.subjects, duty.run.records
            )));
        }
        let order = Order {
            id: OrderId(self.fresh::<16>()),
            facts: run.digest(),
            scope: Scope {
                manifest: manifest.root().map_err(DeskError::internal)?,
                subjects,
                records,
                classes: manifest.classes(),
                from: window.map(|window| window.0),
                to: window.map(|window| window.1),
            },
            not_before: now,
            expires,
            latest_opening: latest_opening_of_leaf(expires),
            ring,
            ..standing.clone()
        };
        let order = Exact::write(order).map_err(|error| DeskError::Input(error.to_string()))?;
        let manifest = Exact::write(manifest)?;
        let root = order.value().scope.manifest;
        let documents = vec![
            stored(ORDER, &order),
            stored(RUN, &run),
            StoredDocument { digest: root, ..stored(MANIFEST, &manifest) },
        ];
        self.store.append_leaves(documents, Vec::new()).await?;
        self.keep_leaf(&run_name(id, number), &order, Some(run.digest())).await?;
        let run = self.run_of(id, number).await?.ok_or_else(|| DeskError::internal("a run that was not kept"))?;
        self.set_last(id, number, &run).await?;
        Ok((number, run))
    }

    /// A run by its number; its leaf is written if it was not yet.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn run_of(&self, id: &OrderId, number: u32) -> Result<Option<RunFile>> {
        let Some(kept) = self.kept::<KeptLeaf>(&run_name(id, number)).await? else { return Ok(None) };
        let order = self.document::<Order>(&kept.order).await?;
        let run = kept.run.ok_or_else(|| DeskError::internal("a run without its document"))?;
        let run = self.document::<Run>(&run).await?;
        let manifest = self.document::<Manifest>(&order.value().scope.manifest).await?;
        let leaf = self.write_leaf(&kept).await?;
        Ok(Some(RunFile { order, run, manifest, leaf }))
    }

    async fn set_last(&self, id: &OrderId, number: u32, run: &RunFile) -> Result<()> {
        let last = serde_json::to_vec(&(number, run.order.digest())).map_err(DeskError::internal)?;
        Ok(self.store.set_setting(&name(id, "last"), &last).await?)
    }

    /// Makes the leaf of an order and keeps it as it will be written; one that was kept before stays.
    async fn keep_leaf(&self, setting: &str, order: &Exact<Order>, run: Option<Digest>) -> Result<KeptLeaf> {
        if let Some(kept) = self.kept(setting).await? {
            return Ok(kept);
        }
        let leaf = of_fields(LeafKind::Order, self.now(), &order_leaf_fields(order), &mut *self.rng())?;
        let kept = KeptLeaf {
            key: hex(&leaf.key),
            leaf: String::from_utf8(leaf.leaf).map_err(DeskError::internal)?,
            disclosures: leaf.disclosures,
            order: order.digest(),
            run,
        };
        self.store.set_setting_once(setting, &serde_json::to_vec(&kept).map_err(DeskError::internal)?).await?;
        Ok(kept)
    }

    async fn write_leaf(&self, kept: &KeptLeaf) -> Result<[u8; 32]> {
        let key = unhex(&kept.key).ok_or_else(|| DeskError::internal("the key of a kept leaf"))?;
        let leaf = NewLeaf {
            key,
            kind: LeafKind::Order.as_str().to_owned(),
            leaf: kept.leaf.clone().into_bytes(),
            disclosures: kept.disclosures.clone(),
        };
        self.store.append_leaves(Vec::new(), vec![leaf]).await?;
        Ok(key)
    }

    pub(crate) async fn kept<T: for<'de> Deserialize<'de>>(&self, setting: &str) -> Result<Option<T>> {
        let Some(bytes) = self.store.setting(setting).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(DeskError::internal)
    }

    async fn document<T: Document>(&self, digest: &Digest) -> Result<Exact<T>> {
        let stored = self.store.document(digest).await?.ok_or_else(|| DeskError::not_found("document", digest))?;
        Ok(Exact::parse(&stored.bytes)?)
    }

    pub(crate) fn fresh<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng().fill_bytes(&mut bytes);
        bytes
    }
}

fn name(id: &OrderId, what: &str) -> String {
    format!("duty/{id}/{what}")
}

fn run_name(id: &OrderId, number: u32) -> String {
    format!("duty/{id}/run/{number}")
}
