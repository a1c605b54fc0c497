//! Combinations: requests in which several things are otherwise at once, where rules look at several at once: who asks by
//! what for what kind of order, who signed, how authentic it is, how many people, who lists them.
//!
//! A neighbour of a worked case differs from it in one thing; a fault in a rule about three things may show in none.

use crate::corpus::{Case, Corpus, Release};
use crate::generate::Generated;
use countersign_approve::VerifiedApproval;
use countersign_core::approval::SignerRole;
use countersign_core::class::{Class, ClassSet};
use countersign_core::country::Country;
use countersign_core::directory::AuthorityKind;
use countersign_core::facts::Factor;
use countersign_core::finding::{Finding, Question};
use countersign_core::id::Digest;
use countersign_core::order::{Instrument, Kind};
use countersign_core::time::Timestamp;
use countersign_policy::QuorumFacts;
use std::collections::{BTreeMap, BTreeSet};

/// Combinations, in an order that does not change.
#[derive(Debug, Default)]
pub struct Combinations {
    /// Of what a proposal looks at.
    pub proposed: Vec<Generated>,
    /// Of what only a release looks at.
    pub released: Vec<Generated>,
}

/// Every combination.
pub fn combinations(corpus: &Corpus) -> Combinations {
    let mut out = Combinations::default();
    let released = |case: &Case| Some((case.clone(), case.releases.iter().find(|step| step.expect.allowed)?.clone()));
    let bases: Vec<(Case, Release)> = corpus.cases.iter().filter_map(released).collect();
    let Some((case, step)) = bases.first() else { return out };
    let open = open(corpus, case, start(case, step));
    askers(corpus, case, &open, &mut out);
    senders(&open, &mut out.proposed);
    let mut seen = BTreeSet::new();
    for (case, step) in &bases {
        if seen.insert((case.propose.lane.clone(), case.facts.kind)) {
            signers(corpus, case, &start(case, step), &mut out.released);
            crowds(&start(case, step), &mut out.released);
        }
    }
    for made in out.proposed.iter_mut().chain(&mut out.released) {
        made.facts.findings.sort_by_key(Finding::question);
        (made.context.kind, made.context.instrument) = (made.facts.kind, made.facts.instrument);
    }
    out
}

fn start(case: &Case, step: &Release) -> Generated {
    Generated {
        facts: case.facts.clone(),
        authority: case.authority.clone(),
        seat: case.seat,
        context: step.context.clone(),
    }
}

/// Answers with which nothing stands in the way of any lane.
const OPEN: [(&str, &str); 27] = [
    ("D01", "formal"),
    ("D02", "verified"),
    ("D03", "yes"),
    ("D06", "yes"),
    ("D07", "entity"),
    ("D09", "yes"),
    ("D10", "yes"),
    ("D11", "yes"),
    ("D12", "yes"),
    ("D13", "none"),
    ("D14", "none"),
    ("D17", "no"),
    ("D18", "no"),
    ("D19", "named"),
    ("D20", "1"),
    ("D21", "0"),
    ("D23", "yes"),
    ("D24", "no"),
    ("D25", "no"),
    ("D26", "yes"),
    ("D27", "yes"),
    ("D28", "none"),
    ("D29", "no"),
    ("D30", "yes"),
    ("D31", "yes"),
    ("D33", "no"),
    ("D34", "no"),
];

/// A request that every lane could answer: what is changed about it is all that stands in its way.
fn open(corpus: &Corpus, case: &Case, mut made: Generated) -> Generated {
    made.facts.findings.clear();
    OPEN.iter().for_each(|(question, value)| answer(&mut made, question, value));
    made.facts.listed_by.clear();
    made.facts.factors = Factor::ALL.to_vec();
    let classes: ClassSet = [Class::Name, Class::Address].into_iter().collect();
    (made.facts.necessary, made.facts.allowed) = (classes.clone(), classes.clone());
    (made.facts.asked.subjects, made.facts.asked.classes) = (1, classes.clone());
    (made.context.subjects, made.context.records, made.context.classes) = (1, 1, classes);
    (made.context.call_back_confirmed, made.context.delayed) = (true, false);
    made.context.quorum = quorum(corpus, case, made.authority.state, &signed_from_afar(corpus, made.authority.state));
    made
}

fn answer(made: &mut Generated, question: &str, value: &str) {
    let Ok(question) = Question::parse(question) else { return };
    made.facts.findings.retain(|finding| finding.question() != question);
    let by = made.facts.author.clone();
    made.facts.findings.extend(Finding::new(question, value, "combination", by, Timestamp::MIN));
}

/// Everybody's signature of worked cases in this role, over the order of all combinations, by name.
fn signatures(corpus: &Corpus, role: &str) -> Vec<VerifiedApproval> {
    let known = corpus.cases.iter().flat_map(|case| &case.releases).flat_map(|step| &step.approvals);
    let texts: BTreeSet<&String> = known.filter(|text| text.ends_with(role)).collect();
    texts.into_iter().filter_map(|text| corpus.cast.approve(&order(), text).ok()).collect()
}

fn order() -> Digest {
    countersign_core::digest::plain(b"combination")
}

/// Whoever signs somewhere, but nobody who manages a region.
fn signed_by_all(corpus: &Corpus) -> Vec<VerifiedApproval> {
    let roles = [" approver", " author", " counsel", " rights_expert"];
    let all = roles.iter().flat_map(|role| signatures(corpus, role));
    all.filter(|approval| approval.person().manages.is_empty()).collect()
}

/// The same without approvers within this state's reach: one of them can forbid a release.
fn signed_from_afar(corpus: &Corpus, requester: Country) -> Vec<VerifiedApproval> {
    let near = |approval: &VerifiedApproval| {
        approval.role() == SignerRole::Approver && !approval.person().is_out_of_reach_of(requester, corpus.cast.now)
    };
    signed_by_all(corpus).into_iter().filter(|approval| !near(approval)).collect()
}

fn quorum(corpus: &Corpus, case: &Case, requester: Country, list: &[VerifiedApproval]) -> QuorumFacts {
    QuorumFacts::compute(&order(), list, requester, &case.facts.author, &corpus.cast.people, corpus.cast.now)
}

/// Kinds of orders by instruments, each pair otherwise to some rule.
const ORDERS: [(Kind, Instrument); 9] = [
    (Kind::Disclosure, Instrument::CourtOrder),
    (Kind::Disclosure, Instrument::Subpoena),
    (Kind::Disclosure, Instrument::Mla),
    (Kind::Answer, Instrument::CourtOrder),
    (Kind::Compelled, Instrument::CourtOrder),
    (Kind::Compelled, Instrument::Warrant),
    (Kind::Compelled, Instrument::Subpoena),
    (Kind::Emergency, Instrument::Emergency),
    (Kind::Emergency, Instrument::Warrant),
];

/// Answers that some rule reads together with who asks.
const TURNS: [(&str, &str); 10] = [
    ("D07", "client"),
    ("D11", "no"),
    ("D12", "no"),
    ("D18", "yes"),
    ("D18", "unknown"),
    ("D24", "yes"),
    ("D25", "yes"),
    ("D31", "no"),
    ("D33", "unknown"),
    ("D34", "yes"),
];

/// Orders of which it matters what else was answered.
const TURNED: [(Kind, Instrument); 5] = [
    (Kind::Disclosure, Instrument::CourtOrder),
    (Kind::Disclosure, Instrument::Mla),
    (Kind::Answer, Instrument::CourtOrder),
    (Kind::Compelled, Instrument::CourtOrder),
    (Kind::Emergency, Instrument::Emergency),
];

/// Every sort of authority, of the seat, of the bloc and of elsewhere, by the instruments and for the kinds that matter.
fn askers(corpus: &Corpus, case: &Case, open: &Generated, out: &mut Combinations) {
    use AuthorityKind::{Court, Fiu, Police, Prosecutor};
    let others = || corpus.cast.authorities.iter().map(|authority| authority.state).filter(|state| *state != open.seat);
    let (inside, outside) = (others().find(Country::in_eea), others().find(|state| !state.in_eea()));
    for state in [Some(open.seat), inside, outside].into_iter().flatten() {
        let [all, afar] =
            [signed_by_all(corpus), signed_from_afar(corpus, state)].map(|signed| quorum(corpus, case, state, &signed));
        for kind in AuthorityKind::ALL {
            for independence in 1..=3 {
                for service in [None, Some(true), Some(false)] {
                    let mut asked = open.clone();
                    let asker = &mut asked.authority;
                    (asker.state, asker.kind, asker.independence) = (state, *kind, independence);
                    asker.security_service = service;
                    asked.context.quorum = afar.clone();
                    out.proposed.extend(ORDERS.iter().map(|order| ordered(&asked, *order)));
                    if (service == Some(false) || *kind == Court) && independence > 1 {
                        // With every signature there is: what keeps it from another lane's release is the lane.
                        for quorum in [&all, &afar] {
                            asked.context.quorum = quorum.clone();
                            out.released.extend(TURNED.iter().map(|order| ordered(&asked, *order)));
                        }
                    }
                    if service == Some(false) && independence > 1 && [Court, Prosecutor, Police, Fiu].contains(kind) {
                        turned(&asked, &mut out.proposed);
                    }
                    if [Court, Police].contains(kind) {
                        suspected(&asked, inside, &mut out.proposed);
                    }
                }
            }
        }
    }
}

fn ordered(asked: &Generated, (kind, instrument): (Kind, Instrument)) -> Generated {
    let mut made = asked.clone();
    (made.facts.kind, made.facts.instrument) = (kind, instrument);
    made
}

/// Each answer that some rule reads together with who asks.
fn turned(asked: &Generated, out: &mut Vec<Generated>) {
    for order in TURNED {
        for (question, value) in TURNS {
            let mut made = ordered(asked, order);
            answer(&mut made, question, value);
            out.push(made);
        }
    }
}

/// A political matter is suspected, and nobody, the requester alone, or another with it lists the person.
fn suspected(asked: &Generated, other: Option<Country>, out: &mut Vec<Generated>) {
    let requester = asked.authority.state;
    let lists: [BTreeSet<Country>; 3] =
        [BTreeSet::new(), [requester].into(), other.into_iter().chain([requester]).collect()];
    for list in lists {
        for order in TURNED {
            let mut made = ordered(asked, order);
            made.facts.listed_by = list.iter().copied().collect();
            answer(&mut made, "D14", "suspected");
            out.push(made);
        }
    }
}

/// Authenticity with its factors, for kinds and instruments that treat it otherwise.
fn senders(open: &Generated, out: &mut Vec<Generated>) {
    let factors: [&[Factor]; 5] = [
        &[],
        &[Factor::Directory],
        &[Factor::CallBack],
        &[Factor::CallBack, Factor::ClientCertificate],
        &[Factor::Directory, Factor::CallBack, Factor::SecondOfficer],
    ];
    for kind in [Kind::Disclosure, Kind::Emergency, Kind::Lookup] {
        for instrument in [Instrument::CourtOrder, Instrument::Emergency] {
            for authentic in ["verified", "partly", "failed"] {
                for factors in factors {
                    let mut made = ordered(open, (kind, instrument));
                    made.facts.factors = Factor::ALL.iter().copied().filter(|known| factors.contains(known)).collect();
                    answer(&mut made, "D02", authentic);
                    out.push(made);
                }
            }
        }
    }
}

/// Approvers of whom every set is tried.
const APPROVERS: usize = 7;

/// Every three approvers, with and without author, counsel and expert; and nobody, for every kind of order.
fn signers(corpus: &Corpus, case: &Case, start: &Generated, out: &mut Vec<Generated>) {
    let mut signing = signatures(corpus, " approver");
    signing.truncate(APPROVERS);
    let approvers = signing.len();
    signing.extend(
        [" author", " counsel", " rights_expert"].iter().filter_map(|role| signatures(corpus, role).into_iter().next()),
    );
    // Sets that count differently, each by its first members.
    let mut sets: BTreeMap<String, QuorumFacts> = BTreeMap::new();
    for mask in 0_u32..1 << signing.len() {
        if (mask & ((1 << approvers) - 1)).count_ones() <= 3 {
            let chosen = (0..).zip(&signing).filter(|(at, _)| mask >> at & 1 == 1);
            let chosen: Vec<VerifiedApproval> = chosen.map(|(_, approval)| approval.clone()).collect();
            let counted = quorum(corpus, case, case.authority.state, &chosen);
            sets.entry(format!("{counted:?}")).or_insert(counted);
        }
    }
    for counted in sets.into_values() {
        let mut made = start.clone();
        made.context.quorum = counted;
        out.push(made);
    }
    for kind in Kind::ALL {
        let mut made = start.clone();
        made.facts.kind = *kind;
        made.context.quorum = QuorumFacts::default();
        out.push(made);
    }
}

/// Numbers of people at the caps, by every instrument, and beside those who are involved.
fn crowds(start: &Generated, out: &mut Vec<Generated>) {
    for instrument in Instrument::ALL {
        for subjects in [5, 6, 50, 51] {
            let mut made = start.clone();
            made.facts.instrument = *instrument;
            answer(&mut made, "D21", "0");
            (made.facts.asked.subjects, made.context.subjects, made.context.records) = (subjects, subjects, subjects);
            out.push(made);
        }
    }
    for share in ["20", "21", "50"] {
        for subjects in 1..=4 {
            let mut made = start.clone();
            (made.facts.asked.subjects, made.context.subjects, made.context.records) = (4, subjects, subjects);
            answer(&mut made, "D21", share);
            out.push(made);
        }
    }
}
