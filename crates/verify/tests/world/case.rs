//! One case on its way: facts, order and manifest; approvals; the order's leaf; the request to a trustee.

use super::*;
use countersign_core::approval::{Approval, ApprovalV1, SignerRole, Verdict, approval_message};
use countersign_core::class::{Class, ClassSet};
use countersign_core::facts::{Asked, Factor, Facts, FactsV1};
use countersign_core::finding::{Finding, Question};
use countersign_core::id::{Digest, Handle, OrderId, Salt};
use countersign_core::order::{
    Instrument, InstrumentRef, Kind, Mode, Order, OrderV1, Recipient, Scope, salted_request_digest,
};
use countersign_core::time::{DAY, HOUR};
use countersign_seal::label::{Head, Period};
use countersign_seal::record::SealedRecord;
use countersign_seal::sealer::{Randomness, Sealer};
use countersign_seal::sigma::Sigma;
use countersign_tlog::leaf::{Disclosure, LeafId, seal_fields};
use countersign_verify::manifest::{Manifest, ManifestEntry, ManifestV1};
use countersign_verify::order_leaf::order_leaf_fields;
use countersign_verify::wire::{DelayOrder, DelayV1, HexBytes, LeafEvidence, RequestV1, StandingEvidence};

pub(crate) const LETTER: &[u8] = b"%PDF-1.7 order of the district court";

/// Everything before anybody signs; tests change it as an attacker would.
pub(crate) struct Draft {
    pub(crate) facts: Facts,
    pub(crate) order: Order,
    pub(crate) manifest: Manifest,
    pub(crate) records: Vec<SealedRecord>,
    pub(crate) delay: Option<Signed<DelayOrder>>,
}

/// A published order with what belongs to it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) order: Exact<Order>,
    pub(crate) facts: String,
    pub(crate) manifest: Exact<Manifest>,
    pub(crate) approvals: Vec<String>,
    pub(crate) leaf: LeafEvidence,
    pub(crate) delay: Option<String>,
    pub(crate) records: Vec<SealedRecord>,
    pub(crate) index: u64,
    /// Of an order that names a worker: its binding.
    pub(crate) binding: Option<String>,
    /// Of a run: its standing order.
    pub(crate) standing: Option<StandingEvidence>,
}

pub(crate) fn name_and_address() -> ClassSet {
    ClassSet::new([Class::Name, Class::Address])
}

pub(crate) fn sigma(client: u8) -> Sigma {
    Sigma::from_bytes(seed(&format!("sigma {client}")))
}

pub(crate) fn content(client: u8, class: Class) -> Vec<u8> {
    format!("{class} of client {client}").into_bytes()
}

pub(crate) fn head(client: u8) -> Head {
    Head { custodian: CUSTODIAN, handle: Handle([client; 32]), client_key: None, period: None, revision: 1, schema: 1 }
}

impl World {
    pub(crate) fn record_of(&self, head: Head, classes: &[Class]) -> SealedRecord {
        let client = head.handle.0[0];
        let contents: Vec<(Class, Vec<u8>)> = classes.iter().map(|class| (*class, content(client, *class))).collect();
        let contents: Vec<(Class, &[u8])> = contents.iter().map(|(class, bytes)| (*class, bytes.as_slice())).collect();
        let fresh = [seed(&format!("{head:?} a")), seed(&format!("{head:?} b"))].concat().try_into().unwrap();
        let randomness = Randomness { fresh, local: seed("local") };
        Sealer::new(&self.ring).seal(head, &contents, &sigma(client), &randomness).unwrap().record
    }

    /// A month of transfers.
    pub(crate) fn month_of(&self, client: u8, year: u16, month: u8) -> SealedRecord {
        self.record_of(Head { period: Period::new(year, month), ..head(client) }, &[Class::Transfers])
    }

    /// The home court's order: two accounts asked, narrowed to the name and address of client 1.
    pub(crate) fn draft(&self) -> Draft {
        self.draft_for(&[1])
    }

    pub(crate) fn draft_for(&self, clients: &[u8]) -> Draft {
        let records: Vec<SealedRecord> =
            clients.iter().map(|client| self.record_of(head(*client), &[Class::Name, Class::Address])).collect();
        self.draft_of(records)
    }

    pub(crate) fn draft_of(&self, records: Vec<SealedRecord>) -> Draft {
        let case = Digest(seed("case commitment"));
        let classes: ClassSet = records.iter().flat_map(|record| record.label().classes().iter()).collect();
        let asked = Asked { subjects: (records.len() as u32).max(2), classes: classes.union(&name_and_address()) };
        let finding = |question, value: &str| {
            Finding::new(question, value, "court file 7 C 12", person_id("emil-fuchs"), self.now.plus(-HOUR)).unwrap()
        };
        let mut findings = vec![
            finding(Question::Form, "formal"),
            finding(Question::Authentic, "verified"),
            finding(Question::Competence, "yes"),
            finding(Question::InstrumentForm, "court_order"),
            finding(Question::FormallyValid, "yes"),
            finding(Question::Political, "none"),
            finding(Question::Targets, "named"),
            finding(Question::Window, "yes"),
        ];
        findings.sort_by_key(Finding::question);
        let facts = Facts {
            v: FactsV1,
            case,
            authority: authority_id(COURT),
            directory: self.directory.digest(),
            kind: Kind::Disclosure,
            instrument: Instrument::CourtOrder,
            author: person_id("emil-fuchs"),
            factors: vec![Factor::Directory, Factor::CallBack],
            necessary: asked.classes.clone(),
            allowed: asked.classes.clone(),
            asked,
            listed_by: Vec::new(),
            matter: Digest(seed("matter")),
            addresses: Vec::new(),
            findings,
        };
        let not_before = self.now.plus(-2 * HOUR);
        let order = Order {
            v: OrderV1,
            id: OrderId([3; 16]),
            custodian: CUSTODIAN,
            case,
            kind: Kind::Disclosure,
            authority: facts.authority.clone(),
            instrument: InstrumentRef {
                form: facts.instrument,
                request: salted_request_digest(&Salt([9; 16]), LETTER),
            },
            policy: self.bundle.digest(),
            facts: Digest([0; 32]),
            scope: Scope {
                manifest: Digest([0; 32]),
                subjects: 0,
                records: 0,
                classes: ClassSet::default(),
                from: None,
                to: None,
            },
            recipient: Recipient { mode: Mode::Authority, key: authority_secret(COURT).public().unwrap().digest() },
            not_before,
            expires: not_before.plus(72 * HOUR),
            latest_opening: not_before.plus(72 * HOUR).quarter_end(),
            delay: None,
            notice_due: Some(not_before.plus(96 * HOUR)),
            ring: self.ring.id(),
        };
        let manifest = Manifest { v: ManifestV1, entries: Vec::new() };
        let mut draft = Draft { facts, order, manifest, records, delay: None };
        draft.list();
        draft.link();
        draft
    }

    /// Signed by two approvers of two states, public and witnessed one hour ago and again now.
    pub(crate) fn publish(&mut self, draft: Draft) -> Case {
        self.publish_signed(draft, &["anna-berg", "bruno-costa"])
    }

    pub(crate) fn publish_signed(&mut self, draft: Draft, approvers: &[&str]) -> Case {
        let order = Exact::write(draft.order).unwrap();
        let approvals = approvers
            .iter()
            .map(|id| approval(&order, id, SignerRole::Approver, Verdict::Approve, self.now.plus(-HOUR - 60)))
            .collect();
        let (index, evidence) = self.publish_order(&order);
        Case {
            order,
            facts: Exact::write(draft.facts).unwrap().text().to_owned(),
            manifest: Exact::write(draft.manifest).unwrap(),
            approvals,
            leaf: evidence,
            delay: draft.delay.map(|signed| signed.text().to_owned()),
            records: draft.records,
            index,
            binding: None,
            standing: None,
        }
    }

    /// Puts an order's leaf into the journal, witnessed one hour ago and again now.
    pub(crate) fn publish_order(&mut self, order: &Exact<Order>) -> (u64, LeafEvidence) {
        let fields = order_leaf_fields(order);
        let (leaf, disclosures) = sealed_leaf(&fields, "order leaf");
        let index = self.append(leaf.clone());
        let first = self.journal.size();
        // Others write too before the next checkpoint.
        let (noise, _) = sealed_leaf(&[("kind", "dummy".into())], "dummy after the order");
        self.append(noise);
        let evidence = LeafEvidence {
            leaf: String::from_utf8(leaf).unwrap(),
            disclosures: disclosures.iter().map(|one| one.as_str().to_owned()).collect(),
            proof: self.journal.proof(index, self.journal.size(), &[self.now, self.now.plus(-60)]),
            seasoned: Some(self.journal.proof(index, first, &[self.now.plus(-HOUR); 2])),
        };
        (index, evidence)
    }

    /// A signed delay order for the letter.
    pub(crate) fn delay_order(&self, authority: &str) -> DelayOrder {
        DelayOrder {
            v: DelayV1,
            authority: authority_id(authority),
            request: salted_request_digest(&Salt([9; 16]), LETTER),
            salt: Salt([9; 16]),
            basis: "section 4, invented Code of Procedure of XA".into(),
            at: self.now.plus(-DAY),
            until: self.now.plus(90 * DAY),
        }
    }
}

pub(crate) fn sealed_leaf(fields: &[(&str, serde_json::Value)], name: &str) -> (Vec<u8>, Vec<Disclosure>) {
    let id = LeafId(seed(name)[..16].try_into().unwrap());
    seal_fields(id, 5_984_000, fields, &mut rng(name)).unwrap()
}

impl Draft {
    /// The manifest of the records, all their classes.
    pub(crate) fn list(&mut self) {
        let mut entries: Vec<ManifestEntry> = self
            .records
            .iter()
            .map(|record| ManifestEntry {
                record: record.id(),
                label: HexBytes(record.label().encode()),
                u: Digest(*record.capsule().header.u().bytes()),
                classes: record.label().classes().clone(),
            })
            .collect();
        entries.sort_by_key(|entry| entry.record);
        self.records.sort_by_key(SealedRecord::id);
        self.manifest.entries = entries;
        let handles: std::collections::BTreeSet<_> =
            self.records.iter().map(|record| record.label().head().handle).collect();
        self.order.scope.subjects = handles.len() as u32;
        self.order.scope.records = self.records.len() as u32;
        self.order.scope.classes = self.manifest.classes();
    }

    /// The order names manifest and facts.
    pub(crate) fn link(&mut self) {
        self.order.scope.manifest = self.manifest.root().unwrap();
        self.order.facts = Exact::write(self.facts.clone()).unwrap().digest();
        self.order.kind = self.facts.kind;
    }

    pub(crate) fn answer(&mut self, question: Question, value: &str) {
        let finding =
            Finding::new(question, value, "court file 7 C 12", person_id("emil-fuchs"), at("2026-11-20T12:00:00Z"))
                .unwrap();
        self.facts.findings.retain(|other| other.question() != question);
        self.facts.findings.push(finding);
        self.facts.findings.sort_by_key(Finding::question);
    }
}

pub(crate) fn approval(order: &Exact<Order>, id: &str, role: SignerRole, verdict: Verdict, when: Timestamp) -> String {
    let mut approval = Approval {
        v: ApprovalV1,
        order: order.digest(),
        approver: person_id(id),
        role,
        verdict,
        at: when,
        key: roster_key(id),
        signature: String::new(),
    };
    approval.signature = plain_signature(id, &approval_message(&approval.signed_digest()));
    Exact::write(approval).unwrap().text().to_owned()
}

impl Case {
    pub(crate) fn request(&self, trustee: u16, now: Timestamp) -> ReleaseRequest {
        ReleaseRequest {
            v: RequestV1,
            custodian: CUSTODIAN,
            trustee,
            at: now,
            ring: founded().ring.value().id(),
            share_epoch: 1,
            order: self.order.text().to_owned(),
            facts: self.facts.clone(),
            manifest: self.manifest.text().to_owned(),
            approvals: self.approvals.clone(),
            leaf: self.leaf.clone(),
            delay: self.delay.clone(),
            headers: self.records.iter().map(|record| HexBytes(record.capsule().header.bytes().to_vec())).collect(),
            binding: self.binding.clone(),
            standing: self.standing.clone(),
        }
    }
}
