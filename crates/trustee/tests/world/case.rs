//! One case on its way: facts, order, manifest, approvals, the order's leaf, the signed request.

use super::*;
use countersign_core::approval::{Approval, ApprovalV1, SignerRole, Verdict, approval_message};
use countersign_core::class::{Class, ClassSet};
use countersign_core::facts::{Asked, Factor, Facts, FactsV1};
use countersign_core::finding::{Finding, Question};
use countersign_core::id::{Handle, OrderId, Salt};
use countersign_core::order::{
    Instrument, InstrumentRef, Kind, Mode, Order, OrderV1, Recipient, Scope, salted_request_digest,
};
use countersign_core::time::HOUR;
use countersign_seal::label::Head;
use countersign_seal::record::SealedRecord;
use countersign_seal::sealer::{Randomness, Sealer};
use countersign_seal::sigma::Sigma;
use countersign_tlog::leaf::{Disclosure, SealedLeaf, seal_disclosures};
use countersign_verify::manifest::{Manifest, ManifestEntry, ManifestV1};
use countersign_verify::order_leaf::order_leaf_fields;
use countersign_verify::wire::{HexBytes, LeafEvidence, ReleaseRequest, RequestV1};

/// A published order with what belongs to it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) order: Exact<Order>,
    pub(crate) records: Vec<SealedRecord>,
    facts: String,
    manifest: String,
    approvals: Vec<String>,
    pub(crate) leaf: LeafEvidence,
}

pub(crate) fn sigma(client: u8) -> Sigma {
    Sigma::from_bytes(seed(&format!("sigma {client}")))
}

pub(crate) fn content(client: u8) -> String {
    format!("client {client} of Example Exchange")
}

/// One record of a client: revisions are records of their own.
pub(crate) fn record(client: u8, revision: u64, classes: &[Class]) -> SealedRecord {
    let head = Head {
        custodian: CUSTODIAN,
        handle: Handle([client; 32]),
        client_key: None,
        period: None,
        revision,
        schema: 1,
    };
    let text = content(client);
    let contents: Vec<_> = classes.iter().map(|class| (*class, text.as_bytes())).collect();
    let fresh =
        [seed(&format!("{client} {revision} a")), seed(&format!("{client} {revision} b"))].concat().try_into().unwrap();
    let randomness = Randomness { fresh, local: seed("local") };
    Sealer::new(&founded().ring).seal(head, &contents, &sigma(client), &randomness).unwrap().record
}

impl World {
    /// The home court's order number `order` for one client: signed by two approvers of two states, its leaf public and
    /// witnessed now.
    pub(crate) fn case(&mut self, order: u8, client: u8) -> Case {
        self.case_with(order, client, None)
    }

    /// As [`case`](Self::case), signed by these two.
    pub(crate) fn case_signed(&mut self, order: u8, client: u8, signers: [&str; 2]) -> Case {
        let mut case = self.case(order, client);
        case.approvals = signers.map(|id| approval(&case.order, id, self.now.plus(-HOUR - 60))).to_vec();
        case
    }

    /// As [`case`](Self::case); the order's leaf also commits to something that the order does not say.
    pub(crate) fn case_with(&mut self, order: u8, client: u8, beside: Option<Disclosure>) -> Case {
        self.case_of(order, vec![record(client, 1, &CLASSES)], &CLASSES, beside)
    }

    /// As [`case`](Self::case), over so many records of one client and one class.
    pub(crate) fn large_case(&mut self, order: u8, records: u64) -> Case {
        let classes = [Class::Name];
        self.case_of(order, (1..=records).map(|revision| record(1, revision, &classes)).collect(), &classes, None)
    }

    fn case_of(
        &mut self,
        order: u8,
        records: Vec<SealedRecord>,
        classes: &[Class],
        beside: Option<Disclosure>,
    ) -> Case {
        let classes = || classes.iter().copied().collect::<ClassSet>();
        let not_before = self.now.plus(-2 * HOUR);
        let facts = self.facts();
        let entry = |record: &SealedRecord| ManifestEntry {
            record: record.id(),
            label: HexBytes(record.label().encode()),
            u: Digest(*record.capsule().header.u().bytes()),
            classes: classes(),
        };
        let mut records = records;
        records.sort_by_cached_key(SealedRecord::id);
        let manifest = Manifest { v: ManifestV1, entries: records.iter().map(entry).collect() };
        let order = Order {
            v: OrderV1,
            id: OrderId([order; 16]),
            custodian: CUSTODIAN,
            case: facts.value().case,
            kind: Kind::Disclosure,
            authority: authority_id(COURT),
            instrument: InstrumentRef {
                form: facts.value().instrument,
                request: salted_request_digest(&Salt([9; 16]), b"the letter"),
            },
            policy: founded().bundle.digest(),
            facts: facts.digest(),
            scope: Scope {
                manifest: manifest.root().unwrap(),
                subjects: 1,
                records: records.len() as u32,
                classes: classes(),
                from: None,
                to: None,
            },
            recipient: Recipient { mode: Mode::Authority, key: court_secret().public().unwrap().digest() },
            not_before,
            expires: not_before.plus(72 * HOUR),
            latest_opening: not_before.plus(72 * HOUR).quarter_end(),
            delay: None,
            notice_due: Some(not_before.plus(96 * HOUR)),
            ring: founded().ring.id(),
        };
        let order = Exact::write(order).unwrap();
        let approvals = ["anna-berg", "bruno-costa"].map(|id| approval(&order, id, self.now.plus(-HOUR - 60))).to_vec();
        let name = format!("leaf of {}", order.digest());
        let id = LeafId(seed(&name)[..16].try_into().unwrap());
        let mut rng = random::named(&name);
        let fields = order_leaf_fields(&order);
        let disclosures: Vec<Disclosure> =
            fields.into_iter().map(|(name, value)| Disclosure::new(name, value, &mut rng).unwrap()).collect();
        let leaf = seal_disclosures(id, 5_984_000, &disclosures, &mut rng).unwrap();
        let leaf = beside.map_or(leaf.clone(), |beside| in_place_of_a_decoy(&leaf, &disclosures, &beside));
        let index = self.log.append_disclosed(leaf.clone(), &disclosures);
        // The order was public an hour ago.
        let seasoned = Some(self.log.proof(index, &[self.now.plus(-HOUR); 2]));
        self.log.append_dummies(1);
        self.log.publish(self.now);
        let leaf = LeafEvidence {
            leaf: String::from_utf8(leaf).unwrap(),
            disclosures: disclosures.iter().map(|one| one.as_str().to_owned()).collect(),
            proof: self.log.proof(index, &[self.now, self.now.plus(-60)]),
            seasoned,
        };
        let manifest = Exact::write(manifest).unwrap().text().to_owned();
        Case { order, records, facts: facts.text().to_owned(), manifest, approvals, leaf }
    }

    fn facts(&self) -> Exact<Facts> {
        let finding = |(question, value): (Question, &str)| {
            Finding::new(question, value, "court file 7 C 12", person_id("emil-fuchs"), self.now.plus(-HOUR)).unwrap()
        };
        let mut findings: Vec<Finding> = [
            (Question::Form, "formal"),
            (Question::Authentic, "verified"),
            (Question::Competence, "yes"),
            (Question::InstrumentForm, "court_order"),
            (Question::FormallyValid, "yes"),
            (Question::Political, "none"),
            (Question::Targets, "named"),
            (Question::Window, "yes"),
        ]
        .map(finding)
        .to_vec();
        findings.sort_by_key(Finding::question);
        let asked = Asked { subjects: 2, classes: ClassSet::new(CLASSES) };
        let facts = Facts {
            v: FactsV1,
            case: digest("case commitment"),
            authority: authority_id(COURT),
            directory: founded().directory.digest(),
            kind: Kind::Disclosure,
            instrument: Instrument::CourtOrder,
            author: person_id("emil-fuchs"),
            factors: vec![Factor::Directory, Factor::CallBack],
            necessary: asked.classes.clone(),
            allowed: asked.classes.clone(),
            asked,
            listed_by: Vec::new(),
            matter: digest("matter"),
            addresses: Vec::new(),
            findings,
        };
        Exact::write(facts).unwrap()
    }

    /// The same order later: a fresh proof of its leaf under the present checkpoint.
    pub(crate) fn refresh(&self, case: &Case) -> Case {
        let index = self.log.leaves.iter().position(|leaf| leaf == case.leaf.leaf.as_bytes()).unwrap() as u64;
        let mut case = case.clone();
        case.leaf.proof = self.log.proof(index, &[self.now, self.now.plus(-60)]);
        case
    }
}

impl Case {
    /// The same order with other signatures.
    pub(crate) fn signed_by(mut self, approvals: Vec<String>) -> Self {
        self.approvals = approvals;
        self
    }

    /// The request as the desk signs it, in share epoch 1.
    pub(crate) fn request(&self, trustee: u16, now: Timestamp) -> Vec<u8> {
        self.request_in(1, trustee, now)
    }

    pub(crate) fn request_in(&self, share_epoch: u32, trustee: u16, now: Timestamp) -> Vec<u8> {
        let request = ReleaseRequest {
            v: RequestV1,
            custodian: CUSTODIAN,
            trustee,
            at: now,
            ring: founded().ring.id(),
            share_epoch,
            order: self.order.text().to_owned(),
            facts: self.facts.clone(),
            manifest: self.manifest.clone(),
            approvals: self.approvals.clone(),
            leaf: self.leaf.clone(),
            delay: None,
            headers: self.records.iter().map(|one| HexBytes(one.capsule().header.bytes().to_vec())).collect(),
            binding: None,
            standing: None,
        };
        Signed::sign(request, &signing_key("desk")).unwrap().text().as_bytes().to_vec()
    }
}

pub(crate) fn approval(order: &Exact<Order>, id: &str, when: Timestamp) -> String {
    approval_by(order, id, id, when)
}

/// As [`approval`], by another key of the same person.
pub(crate) fn approval_by(order: &Exact<Order>, id: &str, key: &str, when: Timestamp) -> String {
    let mut approval = Approval {
        v: ApprovalV1,
        order: order.digest(),
        approver: person_id(id),
        role: SignerRole::Approver,
        verdict: Verdict::Approve,
        at: when,
        key: roster_key(key),
        signature: String::new(),
    };
    approval.signature = plain_signature(key, &approval_message(&approval.signed_digest()));
    Exact::write(approval).unwrap().text().to_owned()
}

/// A leaf that commits to one field more than it should: our own code makes none with two fields of one name.
fn in_place_of_a_decoy(leaf: &[u8], disclosures: &[Disclosure], beside: &Disclosure) -> Vec<u8> {
    let own: Vec<String> = disclosures.iter().map(Disclosure::digest).collect();
    let before = SealedLeaf::parse(leaf).unwrap().digests().to_vec();
    let mut digests = before.clone();
    *digests.iter_mut().find(|digest| !own.contains(digest)).unwrap() = beside.digest();
    digests.sort();
    let text = std::str::from_utf8(leaf).unwrap();
    text.replace(&before.join("\",\""), &digests.join("\",\"")).into_bytes()
}
