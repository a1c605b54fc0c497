//! Who counts: quorum facts from really signed approvals.

use crate::corpus::{corpus, corpus_of, pack};
use countersign_approve::VerifiedApproval;
use countersign_core::control::REACH_VALID;
use countersign_core::country::Country;
use countersign_core::id::{Digest, PersonId};
use countersign_core::time::Timestamp;
use countersign_policy::{Bundle, QuorumFacts, Requirement, release};
use countersign_review::{Cast, Corpus};
use std::collections::BTreeSet;

const ORDER: Digest = Digest([9; 32]);

fn cast() -> Cast {
    corpus().cast
}

fn signed(texts: &[&str]) -> Vec<VerifiedApproval> {
    let cast = cast();
    texts.iter().map(|text| cast.approve(&ORDER, text).unwrap()).collect()
}

fn count(requester: &str, texts: &[&str]) -> QuorumFacts {
    count_at(requester, texts, cast().now)
}

fn count_at(requester: &str, texts: &[&str], now: Timestamp) -> QuorumFacts {
    let author = PersonId::parse("lena-moor").unwrap();
    QuorumFacts::compute(&ORDER, &signed(texts), Country::parse(requester).unwrap(), &author, &cast().people, now)
}

#[test]
fn distinct_people_in_distinct_states() {
    let facts =
        count("XG", &["anna-berg approver", "fred-gale approver", "bruno-costa approver", "anna-berg approver"]);
    assert_eq!((facts.approvals(), facts.states(), facts.out_of_reach(), facts.domestic()), (3, 2, 3, 0));
    assert_eq!((facts.independent(), facts.outside_line(), facts.within_reach()), (0, 1, 0));
    let facts = count("XA", &["anna-berg approver", "clara-dietz approver"]);
    assert_eq!((facts.domestic(), facts.out_of_reach(), facts.within_reach(), facts.independent()), (1, 1, 1, 1));
}

#[test]
fn nobody_counts_from_nothing() {
    assert_eq!(count("XA", &[]), QuorumFacts::default());
}

#[test]
fn the_regional_head_never_counts_for_the_region() {
    let facts = count("XR", &["emil-fox approver", "anna-berg approver"]);
    assert_eq!((facts.approvals(), facts.within_reach(), facts.not_counted()), (1, 1, 1));
    let elsewhere = count("XG", &["emil-fox approver"]);
    assert_eq!((elsewhere.approvals(), elsewhere.out_of_reach()), (1, 1));
}

#[test]
fn whom_the_requester_reaches_is_named() {
    let facts = count("XR", &["gina-hall approver", "anna-berg approver"]);
    assert_eq!((facts.approvals(), facts.out_of_reach(), facts.within_reach()), (2, 1, 1));
}

#[test]
fn a_statement_of_reach_expires() {
    let stated = cast().people[0].reach.at;
    let at = |age: i64| count_at("XG", &["anna-berg approver"], stated.plus(age)).out_of_reach();
    assert_eq!((at(0), at(REACH_VALID), at(REACH_VALID + 1)), (1, 1, 0));
    // Slightly ahead of a verifier's clock is tolerated, the future is not.
    assert_eq!((at(-120), at(-121)), (1, 0));
    let stale = count("XG", &["hugo-ives approver"]);
    assert_eq!(
        (stale.approvals(), stale.out_of_reach(), stale.within_reach()),
        (1, 0, 1),
        "what is unknown is no distance"
    );
}

#[test]
fn one_role_and_one_verdict_per_person() {
    let author = count("XG", &["lena-moor author"]);
    assert!(author.author() && author.approvals() == 0);
    // ole-quist may sign as approver and as author, but is not the author of this case.
    assert!(!count("XG", &["ole-quist author"]).author());
    let both = count("XG", &["ole-quist approver", "ole-quist author"]);
    assert_eq!((both.approvals(), both.author(), both.not_counted()), (0, false, 1));
    let undecided = count("XG", &["anna-berg approver", "anna-berg approver refuse"]);
    assert_eq!((undecided.approvals(), undecided.not_counted()), (0, 1));
    let refused = count("XG", &["anna-berg approver refuse"]);
    assert_eq!((refused.approvals(), refused.refusals()), (0, 1));
}

#[test]
fn the_author_never_counts_as_approver() {
    let cast = cast();
    let author = PersonId::parse("ole-quist").unwrap();
    let facts = QuorumFacts::compute(
        &ORDER,
        &signed(&["ole-quist approver", "anna-berg approver"]),
        Country::parse("XG").unwrap(),
        &author,
        &cast.people,
        cast.now,
    );
    assert_eq!((facts.approvals(), facts.not_counted()), (1, 1));
}

#[test]
fn counsel_and_expert_must_be_independent() {
    assert!(count("XA", &["karl-noor counsel"]).counsel());
    assert!(!count("XA", &["nils-oak counsel"]).counsel());
    assert!(!count("XA", &["karl-noor counsel refuse"]).counsel());
    assert!(count("XG", &["rita-park rights_expert"]).rights_expert());
    assert!(!count("XE", &["rita-park rights_expert"]).rights_expert(), "within reach of the requester");
    assert_eq!(count("XG", &["karl-noor counsel", "rita-park rights_expert"]).approvals(), 0);
}

#[test]
fn another_order_or_another_roster_counts_nothing() {
    let cast = cast();
    let author = PersonId::parse("lena-moor").unwrap();
    let state = Country::parse("XG").unwrap();
    let approvals = signed(&["anna-berg approver"]);
    let count =
        |order: &Digest, people: &[_]| QuorumFacts::compute(order, &approvals, state, &author, people, cast.now);
    assert_eq!(count(&ORDER, &cast.people).approvals(), 1);
    assert_eq!(count(&Digest([8; 32]), &cast.people), QuorumFacts::default());
    assert_eq!(count(&ORDER, &cast.people[1..]), QuorumFacts::default(), "removed from the roster");
    let mut moved = cast.people.clone();
    moved[0].reach.states.push(state);
    assert_eq!(count(&ORDER, &moved), QuorumFacts::default(), "the roster entry is no longer the one verified against");
}

/// An empty set of states means that nobody knows, never that nobody can reach the person.
#[test]
fn an_empty_statement_of_reach_is_unknown() {
    let mut cast = cast();
    let anna = cast.people.iter_mut().find(|person| person.id.as_str() == "anna-berg").unwrap();
    anna.reach.states.clear();
    let author = PersonId::parse("lena-moor").unwrap();
    let approvals = vec![cast.approve(&ORDER, "anna-berg approver").unwrap()];
    let state = Country::parse("XG").unwrap();
    let facts = QuorumFacts::compute(&ORDER, &approvals, state, &author, &cast.people, cast.now);
    assert_eq!((facts.approvals(), facts.out_of_reach(), facts.within_reach()), (1, 0, 1));
}

fn meets(need: &Requirement, requester: Country, quorum: &QuorumFacts) -> bool {
    quorum.approvals() >= need.approvals
        && quorum.states() >= need.states
        && (quorum.out_of_reach() >= need.out_of_reach || (need.counsel_instead && quorum.counsel()))
        && quorum.outside_line() >= need.outside_line
        && (!need.author || quorum.author())
        && (!need.counsel || quorum.counsel())
        && (!need.rights_expert || quorum.rights_expert())
        && !(need.bans_within_reach(requester) && quorum.within_reach() > 0)
}

/// What is displayed as the quorum of a lane is what its policies demand: every set of approvals of the corpus, under
/// every lane and kind.
#[test]
fn the_displayed_requirement_is_that_of_the_policies() {
    displayed_is_demanded(&Bundle::builtin_eea_custodian().unwrap(), &corpus());
}

#[test]
fn the_displayed_requirement_is_that_of_the_policies_of_the_stricter_pack() {
    displayed_is_demanded(&pack("max-protection"), &corpus_of("max-protection"));
}

fn displayed_is_demanded(bundle: &Bundle, corpus: &Corpus) {
    let (cast, cases) = (&corpus.cast, &corpus.cases);
    let lists: BTreeSet<&Vec<String>> =
        cases.iter().flat_map(|case| &case.releases).map(|step| &step.approvals).collect();
    assert!(lists.len() >= 12, "{}", lists.len());
    let mut seen = BTreeSet::new();
    for case in cases.iter().filter(|case| case.propose.allowed && !case.releases.is_empty()) {
        let requester = case.authority.state;
        if !seen.insert((case.propose.lane.clone(), case.facts.kind, requester.in_eea())) {
            continue;
        }
        let released = case.releases.iter().find(|step| step.expect.allowed).unwrap();
        let need = bundle.requirement(case.propose.lane.as_deref().unwrap(), case.facts.kind).unwrap();
        for list in &lists {
            let mut context = released.context.clone();
            let approvals: Vec<VerifiedApproval> =
                list.iter().map(|text| cast.approve(&ORDER, text).unwrap()).collect();
            context.quorum = QuorumFacts::compute(
                &ORDER,
                &approvals,
                case.authority.state,
                &case.facts.author,
                &cast.people,
                cast.now,
            );
            let decision = release(bundle, &case.facts, &case.authority, case.seat, &context);
            assert_eq!(
                decision.allowed,
                meets(&need, requester, &context.quorum),
                "{} with {list:?}: {decision:?}",
                case.name
            );
            assert_eq!(decision.requirement, Some(need));
        }
    }
    let displayed: usize = bundle.lanes().iter().map(|lane| lane.requirements.len()).sum();
    let answered: BTreeSet<_> = seen.iter().map(|(lane, kind, _)| (lane, kind)).collect();
    assert_eq!(answered.len(), displayed, "a lane and kind without an answered case");
}
