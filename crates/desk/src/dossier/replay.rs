//! A case rebuilt from its folder: every event must be backed by a leaf of the journal and by the document it names.

use super::{Documents, event_path, life_of, second_review};
use crate::case_file::kind;
use crate::documents::{CaseFolder, Contact, Decision, Intake, Notice, NoticeForm, Refusal, Scoping, SenderCheck};
use crate::release::RELEASE;
use crate::second_review::Drawn;
use countersign_approve::verify_approval;
use countersign_core::approval::Approval;
use countersign_core::case::step::{Step, StepRecord};
use countersign_core::case::{Event, EventRecord, Life, Stage};
use countersign_core::digest;
use countersign_core::facts::Facts;
use countersign_core::id::{CaseId, Digest, PersonId};
use countersign_core::json::{Document, Exact};
use countersign_core::leaf::{CheckOutcome, LeafKind};
use countersign_core::order::Order;
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::TICK_SECONDS;
use countersign_verify::evidence::{DisclosedLeaf, Fault, Files, LEAVES, SUMS, disclosed_leaves};
use countersign_verify::manifest::Manifest;
use countersign_verify::state::ControlState;
use std::collections::BTreeMap;

/// A case as its folder shows it.
pub struct Replayed {
    /// What the desk says of it.
    pub says: CaseFolder,
    /// Digest of genesis: to be compared with the one pinned.
    pub genesis: Digest,
    /// What the events compute.
    pub life: Life,
    /// What happened, in order.
    pub timeline: Vec<Moment>,
    /// Trustees' receipts among the leaves.
    pub receipts: usize,
    /// What draws the case for a second review.
    pub drawn: Option<Drawn>,
}

/// One event of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: PersonId,
    /// What.
    pub event: &'static str,
    /// The leaf that backs it.
    pub leaf: Option<u64>,
    /// The stage after it.
    pub stage: &'static str,
}

impl Replayed {
    /// How what the desk says differs from what its own events and leaves show; nothing when it does not.
    pub fn differs(&self) -> Option<String> {
        let says = &self.says;
        let last = self.life.stage.name();
        let preserved = self.life.is_preserved(says.at);
        let protested = self.life.aside.protest.is_some_and(|protest| self.order() == Some(protest.order));
        let mut differences = Vec::new();
        if says.stage != last {
            differences.push(format!("the desk says {}, the events and leaves say {last}", says.stage));
        }
        for (what, desk, shown) in
            [("preserved", says.preserved, preserved), ("under protest", says.protested, protested)]
        {
            if desk != shown {
                differences.push(format!("the desk says {what}: {desk}, the events and leaves say {shown}"));
            }
        }
        (!differences.is_empty()).then(|| differences.join("; "))
    }

    /// The order that the case stands at.
    fn order(&self) -> Option<Digest> {
        match &self.life.stage {
            Stage::Proposed { order, .. }
            | Stage::Approved { order, .. }
            | Stage::Logged { order, .. }
            | Stage::Hold { order, .. }
            | Stage::Releasing { order, .. }
            | Stage::Delivered { order, .. }
            | Stage::Notified { order } => Some(*order),
            _ => self.life.aside.protest.filter(|_| self.says.protested).map(|protest| protest.order),
        }
    }
}

/// Rebuilds a case from its folder.
///
/// # Errors
/// [`Fault`] naming the first file that does not hold.
pub fn replay(files: &Files, pinned: Option<&Digest>) -> Result<Replayed, Fault> {
    let disclosed = disclosed_leaves(files, pinned)?;
    let says: Exact<CaseFolder> = read(files, "case.json")?;
    let says = says.value().clone();
    if says.custodian != disclosed.custodian {
        return Err(Fault::new("case.json", "is of another custodian"));
    }
    let records = events(files, &says.case)?;
    let life = life_of(&records).map_err(|reason| Fault::new("events", reason))?;
    let documents = documents(files, &says.case)?;
    let mut leaves = Backing {
        says: &says,
        control: &disclosed.control,
        documents,
        rest: BTreeMap::new(),
        effects: Vec::new(),
        orders: BTreeMap::new(),
    };
    for leaf in disclosed.leaves {
        match leaf.kind {
            LeafKind::Intent | LeafKind::Receipt | LeafKind::Release => leaves.effects.push(leaf),
            _ => drop(leaves.rest.insert(leaf.index, leaf)),
        }
    }
    let mut timeline = Vec::new();
    for (position, record) in records.iter().enumerate() {
        let value = record.value();
        let path = event_path(value.number);
        let leaf = leaves.of(value).map_err(|reason| Fault::new(&path, reason))?;
        let so_far = records.get(..=position).unwrap_or_default();
        let stage = life_of(so_far).map_err(|reason| Fault::new(&path, reason))?.stage.name();
        timeline.push(Moment { at: value.at, by: value.by.clone(), event: value.event.name(), leaf, stage });
    }
    let receipts = leaves.finish(&records)?;
    let drawn = second_review::drawn(&receipts, leaves.control)?;
    second_review::check(&records, drawn, leaves.control, |event| leaves.signer(event))?;
    let receipts = receipts.len();
    Ok(Replayed { says, genesis: disclosed.genesis, life, timeline, receipts, drawn })
}

fn read<T: Document>(files: &Files, path: &str) -> Result<Exact<T>, Fault> {
    let bytes = files.get(path).ok_or_else(|| Fault::new(path, "is missing"))?;
    Exact::parse(bytes).map_err(|error| Fault::new(path, error))
}

fn events(files: &Files, case: &CaseId) -> Result<Vec<Exact<EventRecord>>, Fault> {
    let mut records: Vec<Exact<EventRecord>> = Vec::new();
    for path in files.keys() {
        let belongs = path == "case.json"
            || path == SUMS
            || ["control/", "documents/", "leaves/"].iter().any(|folder| path.starts_with(folder));
        if belongs {
            continue;
        }
        let record: Exact<EventRecord> = read(files, path)?;
        if *path != event_path(record.value().number) || record.value().case != *case {
            return Err(Fault::new(path, "is not an event of this case under its number"));
        }
        records.push(record);
    }
    Ok(records)
}

/// Reads `documents/KIND-DIGEST.json`: each has the digest of its name and is of this case.
fn documents<'f>(files: &'f Files, case: &CaseId) -> Result<Documents<'f>, Fault> {
    let mut found = Documents::new();
    for (path, bytes) in files.range("documents/".to_owned()..).take_while(|(path, _)| path.starts_with("documents/")) {
        let fault = |reason: String| Fault::new(path, reason);
        let name = path.strip_prefix("documents/").and_then(|name| name.strip_suffix(".json"));
        let (kind, digest) =
            name.and_then(|name| name.rsplit_once('-')).ok_or_else(|| fault("is not named KIND-DIGEST.json".into()))?;
        let digest = Digest::parse(digest).map_err(|error| fault(error.to_string()))?;
        if digest_of(kind, bytes, case).map_err(&fault)? != digest {
            return Err(fault("does not have the digest of its name".into()));
        }
        if found.insert(digest, (kind, bytes.as_slice())).is_some() {
            return Err(fault("stands twice".into()));
        }
    }
    Ok(found)
}

fn parsed<T: Document>(bytes: &[u8]) -> Result<Exact<T>, String> {
    Exact::parse(bytes).map_err(|error| error.to_string())
}

/// The digest under which events and leaves name a document of this kind.
fn digest_of(kind: &str, bytes: &[u8], case: &CaseId) -> Result<Digest, String> {
    let of_case = |found: &CaseId, digest: Digest| {
        if found == case { Ok(digest) } else { Err("is of another case".to_owned()) }
    };
    match kind {
        kind::CONTACT => parsed::<Contact>(bytes).map(|found| found.digest()),
        // Named by the salted digest of the letter, which is not here.
        kind::INTAKE => parsed::<Intake>(bytes).and_then(|found| of_case(&found.value().case, found.value().request)),
        kind::CHECK => parsed::<SenderCheck>(bytes).and_then(|found| of_case(&found.value().case, found.digest())),
        kind::SCOPING => parsed::<Scoping>(bytes).and_then(|found| of_case(&found.value().case, found.digest())),
        kind::FINDING => Ok(digest::parts("countersign/finding/v1", &[case.as_bytes(), bytes])),
        kind::DECISION => parsed::<Decision>(bytes).and_then(|found| of_case(&found.value().case, found.digest())),
        kind::FACTS => parsed::<Facts>(bytes).map(|found| found.digest()),
        kind::MANIFEST => parsed::<Manifest>(bytes)?.value().root().map_err(|error| error.to_string()),
        kind::ORDER => parsed::<Order>(bytes).map(|found| found.digest()),
        kind::APPROVAL => parsed::<Approval>(bytes).map(|found| found.digest()),
        kind::REFUSAL => parsed::<Refusal>(bytes).and_then(|found| of_case(&found.value().case, found.digest())),
        kind::NOTICE => parsed::<Notice>(bytes).map(|found| found.digest()),
        kind::STEP => parsed::<StepRecord>(bytes).and_then(|found| of_case(&found.value().case, found.digest())),
        other => Err(format!("documents of kind `{other}` do not belong to a case folder")),
    }
}

/// What is left to back events with.
struct Backing<'f> {
    says: &'f CaseFolder,
    control: &'f ControlState,
    documents: Documents<'f>,
    /// Leaves that events brought, by index: each event that has one has the next.
    rest: BTreeMap<u64, DisclosedLeaf>,
    /// Intents, receipts and releases.
    effects: Vec<DisclosedLeaf>,
    /// Where the leaf of each approved order stands.
    orders: BTreeMap<Digest, u64>,
}

impl Backing<'_> {
    /// Takes the leaf that backs an event; `None` for events that bring none.
    fn of(&mut self, record: &EventRecord) -> Result<Option<u64>, String> {
        if let Some(document) = record.event.document() {
            self.document(&document)?;
        }
        match &record.event {
            Event::Closed => return Ok(None),
            Event::Logged { order, index } => return self.logged(order, *index).map(Some),
            Event::ReleaseStarted { order, intent } => return self.intent(order, *intent).map(Some),
            Event::Delivered { order, package } => return self.delivered(order, package).map(Some),
            _ => {}
        }
        let (index, leaf) = self.rest.pop_first().ok_or("no leaf of the folder backs it")?;
        self.backs(record, &leaf).map_err(|reason| format!("leaf {index} does not back it: {reason}"))?;
        if let Event::Approved { order } = &record.event {
            self.orders.insert(*order, index);
        }
        Ok(Some(index))
    }

    fn document(&self, digest: &Digest) -> Result<(&str, &[u8]), String> {
        self.documents.get(digest).copied().ok_or_else(|| format!("the document {digest} is missing"))
    }

    fn read<T: Document>(&self, digest: &Digest) -> Result<Exact<T>, String> {
        parsed(self.document(digest)?.1)
    }

    fn backs(&self, record: &EventRecord, leaf: &DisclosedLeaf) -> Result<(), String> {
        let (kind, word) = expected(&record.event);
        if leaf.kind != kind {
            return Err(format!("it is of kind `{}`, not `{kind}`", leaf.kind));
        }
        if let Some((field, word)) = word
            && leaf.text(field) != Some(word)
            && !(kind == LeafKind::Verified && self.is_emergency() && leaf.text(field) == emergency(word))
        {
            return Err(format!("its field `{field}` is not `{word}`"));
        }
        // Leaves are stamped in ticks; the event follows its leaf at once.
        let tick = i64::try_from(TICK_SECONDS).unwrap_or(i64::MAX);
        if record.at < leaf.tick || record.at >= leaf.tick.plus(2 * tick) {
            return Err(format!("it is stamped {}, the event {}", leaf.tick, record.at));
        }
        let same = |field: &str, digest: &Digest| {
            if leaf.digest(field) == Some(*digest) {
                Ok(())
            } else {
                Err(format!("its field `{field}` is another digest"))
            }
        };
        match &record.event {
            Event::Proposed { order } => {
                let decision = leaf.digest("document").ok_or("its decision is no digest")?;
                let (order, decision) = (self.read::<Order>(order)?, self.read::<Decision>(&decision)?);
                self.document(&order.value().facts)?;
                self.document(&order.value().scope.manifest)?;
                if decision.value().facts != order.value().facts || decision.value().policy != order.value().policy {
                    return Err("the decision is about another order".into());
                }
                Ok(())
            }
            Event::Signed { order, approval } => {
                same("document", approval)?;
                same("order", order)?;
                let approval = self.read::<Approval>(approval)?;
                let (value, state) = (approval.value(), self.control.at(record.at));
                let person = state.people().get(&value.approver);
                let person = person.ok_or_else(|| format!("`{}` was not in force in the roster", value.approver))?;
                verify_approval(value, order, person).map(drop).map_err(|error| error.to_string())
            }
            Event::Approved { order } => same("order", order),
            Event::Notified { document } => self.notice(document, leaf, NoticeForm::Due),
            Event::Delayed { document, until } => {
                self.notice(document, leaf, NoticeForm::Delayed)?;
                if leaf.text("until") == Some(&until.to_string()) {
                    Ok(())
                } else {
                    Err("it ends at another time".into())
                }
            }
            event => event.document().map_or(Ok(()), |document| same("document", &document)),
        }
    }

    /// Whether the request of the case claims a threat to life.
    fn is_emergency(&self) -> bool {
        let intakes = self.documents.values().filter(|(name, _)| *name == kind::INTAKE);
        intakes.into_iter().any(|(_, bytes)| parsed::<Intake>(bytes).is_ok_and(|intake| intake.value().emergency))
    }

    fn notice(&self, document: &Digest, leaf: &DisclosedLeaf, form: NoticeForm) -> Result<(), String> {
        let notice = self.read::<Notice>(document)?;
        let order = leaf.digest("order").ok_or("its order is no digest")?;
        let order = self.read::<Order>(&order)?;
        if notice.value().form != form || notice.value().order != order.value().id {
            return Err("the notice is another one".into());
        }
        Ok(())
    }

    /// The order's leaf came with its approval: its place is looked at here.
    fn logged(&self, order: &Digest, index: u64) -> Result<u64, String> {
        match self.orders.get(order) {
            Some(found) if *found == index => Ok(index),
            Some(found) => Err(format!("the order's leaf stands at {found}, not at {index}")),
            None => Err("the order has no leaf".to_owned()),
        }
    }

    fn intent(&self, order: &Digest, index: u64) -> Result<u64, String> {
        let there = self.effects.iter().any(|leaf| {
            leaf.kind == LeafKind::Intent
                && leaf.index == index
                && leaf.text("effect") == Some(RELEASE)
                && leaf.digest("subject") == Some(*order)
        });
        if there { Ok(index) } else { Err(format!("leaf {index} is no intent to release this order")) }
    }

    fn delivered(&self, order: &Digest, package: &Digest) -> Result<u64, String> {
        let release = self.effects.iter().find(|leaf| {
            leaf.kind == LeafKind::Release
                && leaf.digest("order") == Some(*order)
                && leaf.digest("package") == Some(*package)
        });
        release.map(|leaf| leaf.index).ok_or_else(|| "no leaf says that this package was handed over".to_owned())
    }

    /// Who signed the approval that an event brought.
    fn signer(&self, event: &Event) -> Option<PersonId> {
        let Event::Signed { approval, .. } = event else { return None };
        self.read::<Approval>(approval).ok().map(|approval| approval.value().approver.clone())
    }

    /// The receipts. Nothing may be left over: a leaf of the case without an event is an event that was left out.
    fn finish(&self, records: &[Exact<EventRecord>]) -> Result<Vec<&DisclosedLeaf>, Fault> {
        if let Some((index, leaf)) = self.rest.first_key_value() {
            let reason = format!("is of kind `{}`, and no event of the case brought it", leaf.kind);
            return Err(Fault::new(format!("{LEAVES}/{index:010}.leaf"), reason));
        }
        let ordered = |order: Digest| {
            records.iter().any(|record| matches!(&record.value().event, Event::Proposed { order: o } if *o == order))
        };
        let mut receipts = Vec::new();
        for leaf in &self.effects {
            let order = leaf.digest(if leaf.kind == LeafKind::Intent { "subject" } else { "order" });
            if !order.is_some_and(ordered) {
                let path = format!("{LEAVES}/{:010}.leaf", leaf.index);
                return Err(Fault::new(path, format!("is about another order than those of case {}", self.says.case)));
            }
            receipts.extend((leaf.kind == LeafKind::Receipt).then_some(leaf));
        }
        Ok(receipts)
    }
}

/// The word of a check in an emergency. Leaves of older versions have the plain word there.
fn emergency(word: &str) -> Option<&'static str> {
    match CheckOutcome::parse(word).ok()? {
        CheckOutcome::Verified => Some(CheckOutcome::EmergencyVerified.as_str()),
        CheckOutcome::Fake => Some(CheckOutcome::EmergencyFake.as_str()),
        CheckOutcome::EmergencyVerified | CheckOutcome::EmergencyFake => None,
    }
}

/// The kind of leaf that an event brings, and a field with its word.
fn expected(event: &Event) -> (LeafKind, Option<(&'static str, &'static str)>) {
    let step = |step: Step| (LeafKind::Step, Some(("step", step.as_str())));
    match event {
        Event::Contact { .. } => (LeafKind::Contact, None),
        Event::Request { .. } | Event::Completed { .. } => (LeafKind::Request, None),
        Event::Authenticated { .. } => (LeafKind::Verified, Some(("outcome", CheckOutcome::Verified.as_str()))),
        Event::Fake { .. } => (LeafKind::Verified, Some(("outcome", CheckOutcome::Fake.as_str()))),
        Event::Found { .. } => (LeafKind::Finding, None),
        Event::Proposed { .. } => (LeafKind::Decision, None),
        Event::Signed { .. } => (LeafKind::Approval, None),
        Event::Approved { .. } | Event::Logged { .. } => (LeafKind::Order, None),
        Event::ReleaseStarted { .. } => (LeafKind::Intent, None),
        Event::Delivered { .. } | Event::Closed => (LeafKind::Release, None),
        Event::Delayed { .. } => (LeafKind::Delay, None),
        Event::Notified { .. } => (LeafKind::Notice, Some(("form", "due"))),
        Event::Refused { .. } => (LeafKind::Refusal, None),
        Event::Acknowledged { .. } => step(Step::Acknowledge),
        Event::AskedMore { .. } => step(Step::Ask),
        Event::Returned { .. } => step(Step::Return),
        Event::Held { .. } => step(Step::Hold),
        Event::Preserved { .. } => step(Step::Preserve),
        Event::PreservationEnded { .. } => step(Step::EndPreservation),
        Event::Challenged { .. } => step(Step::Challenge),
        Event::ChallengeDecided { .. } => step(Step::DecideChallenge),
        Event::Protested { .. } => step(Step::Protest),
        Event::Withdrawn { .. } => step(Step::Withdraw),
        Event::Expired { .. } => step(Step::Expire),
        Event::Locked { .. } => step(Step::Lock),
        Event::Confirmed { .. } => step(Step::Confirm),
        Event::Objected { .. } => step(Step::Object),
    }
}
