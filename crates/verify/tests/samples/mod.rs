//! One good document of every format.

use crate::world::*;
use base64ct::{Base64, Encoding};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::case::{Event, EventRecord, EventV1};
use countersign_core::class::{Class, ClassSet};
use countersign_core::control::{Action, Genesis, Person, RingRef, Role};
use countersign_core::directory::Directory;
use countersign_core::duty::{Cap, Duty, DutyV1, Output, Purpose, Run, RunV1};
use countersign_core::finding::Question;
use countersign_core::id::{CaseId, Digest, RecordId};
use countersign_core::json::{Document, Exact};
use countersign_core::reading::{Lane, Reading, ReadingV1, Reason};
use countersign_core::time::Date;
use countersign_core::totals::{ClosedUntil, DailyTotals, Figures, TotalsV1};
use countersign_core::worker::{Binding, BindingV1, Worker};
use countersign_verify::manifest::{Manifest, ManifestEntry, ManifestV1};
use countersign_verify::totals::TotalsCode;
use countersign_verify::wire::{
    Answer, AnswerV1, DisclosedLeaf, HexBytes, Outcome, Receipt, ReceiptV1, ReleaseRequest, TotalsAnswer,
    TotalsAnswerV1, TotalsRequest, TotalsRequestV1,
};

fn text<T: Document>(value: T) -> String {
    Exact::write(value).unwrap().text().to_owned()
}

/// The directory with short keys, so that vectors stay readable.
fn small_directory() -> Directory {
    let mut directory = directory();
    directory.authorities.retain(|authority| ["xa-fiu", "xr-fms"].contains(&authority.id.as_str()));
    for authority in &mut directory.authorities {
        let keys = authority.recipient.as_mut().unwrap();
        (keys.xwing, keys.xwing_key) = (Digest([0x77; 32]), Base64::encode_string(b"not a real key"));
        authority.sanctioned_in = Vec::new();
    }
    directory.authorities[1].recipient = None;
    directory.authorities[1].signing_key = None;
    directory.authorities[1].call_back = None;
    directory.authorities[1].sanctioned_in = vec![state("XB"), state("XC")];
    directory
}

/// Genesis that names nothing which other crates may change.
pub(crate) fn fixed_genesis() -> Genesis {
    let mut genesis = genesis();
    (genesis.policy, genesis.directory) = (Digest([0x50; 32]), Digest([0x60; 32]));
    genesis.ring = Some(RingRef { id: Digest([0x70; 32]), share_epoch: 1, shares: Digest([0x71; 32]) });
    for member in &mut genesis.trustees.as_mut().unwrap().members {
        member.transport = Digest([member.index as u8; 32]);
    }
    genesis
}

pub(crate) fn manifest() -> Manifest {
    let entry = |byte: u8, classes: &[Class]| ManifestEntry {
        record: RecordId([byte; 32]),
        label: HexBytes(vec![byte; 129]),
        u: Digest([byte; 32]),
        classes: ClassSet::new(classes.iter().copied()),
    };
    Manifest { v: ManifestV1, entries: vec![entry(1, &[Class::Name, Class::Address]), entry(2, &[Class::Notes])] }
}

fn reading() -> Reading {
    Reading {
        v: ReadingV1,
        case: Digest([1; 32]),
        lane: Lane::Case,
        agent: person_id("ida-holt"),
        reason: Reason::AccountRecovery,
        key: Base64::encode_string(b"not a real key"),
    }
}

pub(crate) fn receipt(outcome: Outcome) -> Receipt {
    let refused = outcome == Outcome::Refused;
    Receipt {
        v: ReceiptV1,
        custodian: CUSTODIAN,
        trustee: 3,
        nonce: Digest([1; 32]),
        order: Digest([2; 32]),
        outcome,
        code: refused.then(|| "POLICY_DENIED".to_owned()),
        reasons: if refused { vec!["DRAGNET".into(), "NO_LEGAL_INSTRUMENT".into()] } else { Vec::new() },
        share_epoch: 1,
        state: Digest([4; 32]),
        journal_size: 812,
        journal_root: Digest([5; 32]),
        records: u32::from(!refused),
        at: at("2026-11-20T13:00:00Z"),
    }
}

fn request() -> ReleaseRequest {
    use countersign_verify::wire::{LeafEvidence, RequestV1};
    let [order, facts, manifest] = ["{order}", "{facts}", "{manifest}"].map(str::to_owned);
    ReleaseRequest {
        v: RequestV1,
        custodian: CUSTODIAN,
        trustee: 3,
        at: at("2026-11-20T13:00:00Z"),
        ring: Digest([7; 32]),
        share_epoch: 1,
        order,
        facts,
        manifest,
        approvals: vec!["{approval \"1\"}".into(), "{approval 2}".into()],
        leaf: LeafEvidence {
            leaf: "{leaf}".into(),
            disclosures: vec!["WyJhIl0".into()],
            proof: "c2sp.org/tlog-proof@v1\nindex 1\n".into(),
            seasoned: None,
        },
        delay: None,
        headers: vec![HexBytes(vec![9; 160])],
        binding: None,
        standing: None,
    }
}

fn totals() -> DailyTotals {
    let closed = |until: &str, orders: u64, people: u64| ClosedUntil { until: at(until), orders, people };
    DailyTotals {
        v: TotalsV1,
        custodian: CUSTODIAN,
        genesis: Digest([0xa0; 32]),
        number: 12,
        day: Date::parse("2026-11-20").unwrap(),
        size: 4_031,
        root: Digest([0xb0; 32]),
        figures: Figures {
            orders: 9,
            people: 14,
            cells: 31,
            closed: vec![closed("2026-12-31T23:59:59Z", 2, 2), closed("2027-03-31T23:59:59Z", 1, 5)],
            kept_closed: Vec::new(),
        },
    }
}

fn totals_request() -> TotalsRequest {
    let leaf = |index, disclosures: &[&str]| DisclosedLeaf {
        index,
        disclosures: disclosures.iter().map(|text| (*text).to_owned()).collect(),
    };
    TotalsRequest {
        v: TotalsRequestV1,
        custodian: CUSTODIAN,
        trustee: 3,
        at: at("2026-11-20T13:00:00Z"),
        totals: "{totals}".into(),
        from: 10,
        to: 13,
        leaves: vec![leaf(10, &["WyJhIl0", "WyJiIl0"]), leaf(12, &["WyJjIl0"])],
    }
}

fn totals_answer(code: Option<TotalsCode>) -> TotalsAnswer {
    let signature = "VNxGMpbz/NjxD+S7pnBJBrri/L9qVEE5Asut+C4BfDzXfidlfiI9vXKJb4pV8Or6ENORE9EDvNazwfL1zK8pAg==";
    TotalsAnswer {
        v: TotalsAnswerV1,
        custodian: CUSTODIAN,
        trustee: 3,
        totals: Digest([0xc0; 32]),
        held: if code.is_none() { 4_031 } else { 1_024 },
        signature: code.is_none().then(|| signature.to_owned()),
        code,
        leaf: code.map(|_| 1_030),
        at: at("2026-11-20T13:00:00Z"),
    }
}

fn small_worker() -> Worker {
    Worker { identity: Digest([0xa1; 32]), ..worker() }
}

fn binding() -> Binding {
    Binding {
        v: BindingV1,
        custodian: CUSTODIAN,
        order: Digest([2; 32]),
        worker: Digest([3; 32]),
        index: 812,
        key: Base64::encode_string(&[0x42; 1216]),
        at: at("2026-11-20T13:00:00Z"),
    }
}

fn duty() -> Duty {
    Duty {
        v: DutyV1,
        case: Digest([0x0c; 32]),
        authority: authority_id("xa-fiu"),
        purpose: Purpose::Screening,
        basis: "section 12, invented Sanctions Act of XA".into(),
        author: person_id("emil-fuchs"),
        code: Digest([0xc0; 32]),
        destination: Digest([0xde; 32]),
        output: Output::Hits { list: Digest([0x11; 32]) },
        classes: ClassSet::new([Class::Name, Class::Birth]),
        run: Cap { subjects: 5_000, records: 5_000 },
        total: 1_000_000,
    }
}

/// Name of the format and a good text.
pub(crate) fn samples() -> Vec<(&'static str, String)> {
    let world = World::founded_with(&genesis());
    let mut draft = world.draft();
    draft.order.policy = Digest([0x50; 32]);
    draft.order.ring = Digest([0x70; 32]);
    draft.order.facts = Digest([0x80; 32]);
    draft.order.scope.manifest = manifest().root().unwrap();
    draft.order.recipient.key = Digest([0x90; 32]);
    draft.facts.directory = Digest([0x60; 32]);
    draft.facts.listed_by = vec![state("XR")];
    draft.facts.addresses = vec![countersign_core::facts::address_digest("bitcoin", "invented")];
    draft.answer(Question::ListedBy, "1");
    draft.answer(Question::Exposed, "2");
    let order = Exact::write(draft.order).unwrap();
    let mut change = world.next_change(Action::AddPerson(person("hanna-ito", &[Role::Approver], "XF", true)));
    change.genesis = Digest([0xa0; 32]);
    let mut removal = change.clone();
    removal.action = Action::RevokeKey { person: person_id("anna-berg"), key: roster_key("anna-berg") };
    let mut agent_added = change.clone();
    let agent = Person { reader: Some(Digest([0x99; 32])), ..person("ida-holt", &[Role::Agent], "XF", false) };
    agent_added.action = Action::AddPerson(agent);
    let event = EventRecord {
        v: EventV1,
        case: CaseId([1; 16]),
        number: 0,
        previous: None,
        at: at("2026-11-20T13:00:00Z"),
        by: person_id("emil-fuchs"),
        event: Event::Request { document: Digest([1; 32]), authority: authority_id(COURT) },
    };
    let later = EventRecord { number: 7, previous: Some(Digest([2; 32])), event: Event::Closed, ..event.clone() };
    let answer = Answer {
        v: AnswerV1,
        receipt: "00\n{\"v\":\"countersign/receipt/v1\"}".into(),
        disclosure: "WyJhIl0".into(),
        reply: Some(HexBytes(vec![0xab; 4])),
    };
    vec![
        ("approval", approval(&order, "anna-berg", SignerRole::Approver, Verdict::Approve, world.now)),
        ("order", order.text().to_owned()),
        ("facts", text(draft.facts)),
        ("reading", text(reading())),
        ("consent", consent(Digest([2; 32]), 1, at("2026-11-20T13:00:00Z"))),
        ("directory", text(small_directory())),
        ("genesis", text(fixed_genesis())),
        ("change", text(change)),
        ("change", text(removal)),
        ("change", text(agent_added)),
        ("event", text(event)),
        ("event", text(later)),
        ("manifest", text(manifest())),
        ("delay", text(world.delay_order(COURT))),
        ("receipt", text(receipt(Outcome::Answered))),
        ("receipt", text(receipt(Outcome::Refused))),
        ("answer", text(answer)),
        ("request", text(request())),
        ("totals", text(totals())),
        ("totals-request", text(totals_request())),
        ("totals-answer", text(totals_answer(None))),
        ("totals-answer", text(totals_answer(Some(TotalsCode::DisclosureWrong)))),
        ("trustee-identity", text(crate::founding::identity())),
        ("ceremony-terms", text(crate::founding::terms())),
        ("ceremony-terms", text(crate::founding::terms_with_index())),
        ("ceremony-complaint", text(crate::founding::complaint())),
        ("worker", text(small_worker())),
        ("binding", text(binding())),
        ("duty", text(duty())),
        ("run", text(Run { v: RunV1, standing: Digest([0x5a; 32]), number: 1, previous: None })),
    ]
}
