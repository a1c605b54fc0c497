//! Permits and gates say the same: on changed golden cases the whole pack, its permits without any gate, and its gates
//! under a permit for everything agree on what may be proposed and released.
//!
//! So a gate that errs or is lost opens nothing, and neither does a permit that somebody adds.

use crate::corpus::corpus;
use crate::traps::{added, permits_only};
use countersign_core::class::{Class, ClassSet};
use countersign_core::country::Country;
use countersign_core::directory::{Authority, AuthorityKind, Standing};
use countersign_core::facts::{Factor, Facts};
use countersign_core::finding::{Answers, Finding, Question};
use countersign_core::order::{Instrument, Kind};
use countersign_policy::{Bundle, Decision, QuorumFacts, ReleaseContext, propose, release};
use countersign_review::{Case, Cast};
use proptest::prelude::*;
use std::sync::LazyLock;

struct World {
    whole: Bundle,
    permits: Bundle,
    gates: Bundle,
    cast: Cast,
    cases: Vec<Case>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| World {
    whole: Bundle::builtin_eea_custodian().unwrap(),
    permits: permits_only().unwrap(),
    gates: added(
        "@id(\"p-everything\")\npermit (principal, action in [Action::\"propose\", Action::\"release\"], resource);",
    )
    .unwrap(),
    cast: corpus().cast,
    cases: corpus().cases.into_iter().filter(|case| !case.releases.is_empty()).collect(),
});

fn pick<T: Copy>(list: &[T], number: u16) -> T {
    list[usize::from(number) % list.len()]
}

fn classes(number: u16) -> ClassSet {
    Class::ALL.iter().copied().filter(|class| number >> class.number() & 1 == 1).collect()
}

fn answer(facts: &mut Facts, question: Question, number: u16) {
    facts.findings.retain(|finding| finding.question() != question);
    let value = match question.answers() {
        Answers::Words(words) => {
            let at = usize::from(number) % (words.len() + 1);
            let Some(word) = words.get(at) else { return };
            (*word).to_owned()
        }
        Answers::Number(most) => (u32::from(number) % (most + 1)).to_string(),
    };
    let by = facts.author.clone();
    facts.findings.push(Finding::new(question, &value, "changed", by, WORLD.cast.now).unwrap());
}

/// One small change of the case, its authority or the circumstances of the release.
fn change(facts: &mut Facts, authority: &mut Authority, context: &mut ReleaseContext, what: u8, number: u16) {
    let states = ["XA", "XB", "XG", "XR"].map(|code| Country::parse(code).unwrap());
    match what {
        0..=9 => answer(facts, pick(Question::ALL, number), number / 40),
        10 => facts.instrument = pick(Instrument::ALL, number),
        11 => facts.kind = pick(Kind::ALL, number),
        12 => {
            facts.factors = Factor::ALL
                .iter()
                .enumerate()
                .filter(|(at, _)| number >> at & 1 == 1)
                .map(|(_, factor)| *factor)
                .collect();
        }
        13 => authority.kind = pick(AuthorityKind::ALL, number),
        14 => authority.independence = u8::try_from(number % 4).unwrap(),
        15 => authority.security_service = pick(&[None, Some(true), Some(false)], number),
        16 => authority.state = pick(&states, number),
        17 => authority.standing = pick(Standing::ALL, number),
        18 => authority.sanctioned_in = vec![pick(&states, number)],
        19 => facts.asked.subjects = pick(&[0, 1, 2, 5, 6, 50, 51, 1_000, 1_001], number),
        20 => facts.asked.classes = classes(number),
        21 => facts.necessary = classes(number),
        22 => facts.allowed = classes(number),
        23 => facts.listed_by = pick(&[&[][..], &states[..1], &states[2..3], &states[..]], number).to_vec(),
        24 => context.subjects = pick(&[0, 1, 2, 5, 6, 50, 51], number),
        25 => context.records = pick(&[0, 1, 60], number),
        26 => context.classes = classes(number),
        27 => context.delayed ^= true,
        28 => context.included ^= true,
        29 => context.witness_cosignatures = u32::from(number % 4),
        30 => context.witness_quorum ^= true,
        31 => context.waited ^= true,
        32 => context.call_back_confirmed ^= true,
        33 => context.duress ^= true,
        34 => context.exceeded.authority ^= true,
        35 => context.exceeded.matter ^= true,
        36 => context.exceeded.address ^= true,
        37 => context.exceeded.volume ^= true,
        _ => context.quorum = quorum(authority, number),
    }
}

/// Quorum facts of some approvals of some other golden step.
fn quorum(authority: &Authority, number: u16) -> QuorumFacts {
    let case = &WORLD.cases[usize::from(number) % WORLD.cases.len()];
    case.quorum(&WORLD.cast, &case.releases[usize::from(number / 97) % case.releases.len()], authority.state)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn permits_gates_and_the_whole_agree(
        start in any::<u16>(),
        step in any::<u16>(),
        changes in prop::collection::vec((0u8..42, any::<u16>()), 0..5),
    ) {
        let world = &*WORLD;
        let case = &world.cases[usize::from(start) % world.cases.len()];
        let mut authority = case.authority.clone();
        let mut facts = case.facts.clone();
        let mut context = case.releases[usize::from(step) % case.releases.len()].context.clone();
        for (what, number) in changes {
            change(&mut facts, &mut authority, &mut context, what, number);
        }
        facts.findings.sort_by_key(Finding::question);
        (context.kind, context.instrument) = (facts.kind, facts.instrument);
        let proposals = [&world.whole, &world.permits, &world.gates].map(|bundle| propose(bundle, &facts, &authority, world.cast.seat));
        let releases = [&world.whole, &world.permits, &world.gates].map(|bundle| release(bundle, &facts, &authority, world.cast.seat, &context));
        for [whole, permits, gates] in [&proposals, &releases] {
            prop_assert_eq!(whole.allowed, permits.allowed, "permits alone: {:?}", whole);
            prop_assert_eq!(whole.allowed, gates.allowed, "gates alone: {:?} {:?}", whole, gates);
            prop_assert!(whole.allowed || !whole.reasons.is_empty());
            prop_assert!(!whole.has("NOT_PERMITTED"), "a refusal without a gate's reason: {:?}", whole);
            prop_assert!(!whole.has("POLICY_ERROR"), "{:?}", whole);
        }
        // Whatever was changed, nothing is released without these.
        if releases[0].allowed {
            invariants(&facts, &authority, &context, &releases[0])?;
        }
    }
}

fn invariants(
    facts: &Facts,
    authority: &Authority,
    context: &ReleaseContext,
    decision: &Decision,
) -> Result<(), TestCaseError> {
    let quorum = &context.quorum;
    prop_assert!(quorum.approvals() >= 2 && context.included && context.witness_quorum && context.waited);
    prop_assert!(context.witness_cosignatures >= 2 && !context.duress);
    prop_assert!(context.classes.is_subset(&facts.asked.classes));
    prop_assert!(context.classes.is_subset(&facts.necessary) && context.classes.is_subset(&facts.allowed));
    prop_assert!((1..=50).contains(&context.subjects));
    prop_assert!(facts.answer(Question::Political) != Some("yes"));
    prop_assert!(facts.answer(Question::Form) == Some("formal") && facts.instrument != Instrument::Informal);
    prop_assert!(!authority.sanctioned_in.contains(&WORLD.cast.seat));
    if decision.lane.as_deref() == Some("weak") {
        prop_assert!(quorum.out_of_reach() >= 2 && quorum.within_reach() == 0);
        prop_assert!(facts.answer(Question::OnwardUse) == Some("no"));
    }
    if facts.kind == Kind::Emergency {
        prop_assert!(context.subjects == 1 && context.call_back_confirmed && quorum.states() >= 2);
        prop_assert!(context.classes.iter().all(|class| class.number() <= Class::Phone.number()));
    }
    Ok(())
}
