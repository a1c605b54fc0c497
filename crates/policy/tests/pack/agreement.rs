//! Permits and gates say the same: on generated cases the whole pack, its permits without any gate, and its gates under a
//! permit for everything agree on what may be proposed and released.
//!
//! So a gate that errs or is lost opens nothing, and neither does a permit that somebody adds.

use crate::corpus::corpus;
use countersign_core::class::Class;
use countersign_core::finding::Question;
use countersign_core::order::{Instrument, Kind};
use countersign_policy::{Bundle, Decision, Prepared, Variant};
use countersign_review::{Corpus, Generated, Generator};
use proptest::prelude::*;
use std::sync::LazyLock;

struct World {
    whole: Bundle,
    permits: Variant,
    gates: Variant,
    corpus: Corpus,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let whole = Bundle::builtin_eea_custodian().unwrap();
    let (permits, gates) = (Variant::permits_alone(&whole).unwrap(), Variant::gates_alone(&whole).unwrap());
    World { whole, permits, gates, corpus: corpus() }
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn permits_gates_and_the_whole_agree(seed in any::<u64>()) {
        let world = &*WORLD;
        let made = Generator::new(&world.corpus, seed).unwrap().case();
        let Ok(prepared) = Prepared::new(&world.whole, &made.facts, &made.authority, made.seat) else {
            // A contradiction between facts and directory never gets as far as the policies.
            return Ok(());
        };
        for context in [None, Some(&made.context)] {
            let whole = prepared.decide(context);
            let permits = prepared.decide_under(&world.permits, context);
            let gates = prepared.decide_under(&world.gates, context);
            prop_assert_eq!(whole.allowed, permits.allowed, "permits alone: {:?}", whole);
            prop_assert_eq!(whole.allowed, gates.allowed, "gates alone: {:?} {:?}", whole, gates);
            prop_assert!(whole.allowed || !whole.reasons.is_empty());
            prop_assert!(!whole.has("NOT_PERMITTED"), "a refusal without a gate's reason: {:?}", whole);
            prop_assert!(!whole.has("POLICY_ERROR"), "{:?}", whole);
            // Whatever was changed, nothing is released without these.
            if whole.allowed && context.is_some() {
                invariants(&made, &whole)?;
            }
        }
    }
}

fn invariants(made: &Generated, decision: &Decision) -> Result<(), TestCaseError> {
    let Generated { facts, authority, seat, context } = made;
    let quorum = &context.quorum;
    prop_assert!(quorum.approvals() >= 2 && context.included && context.witness_quorum && context.waited);
    prop_assert!(context.witness_cosignatures >= 2 && !context.duress);
    prop_assert!(context.classes.is_subset(&facts.asked.classes));
    prop_assert!(context.classes.is_subset(&facts.necessary) && context.classes.is_subset(&facts.allowed));
    prop_assert!((1..=50).contains(&context.subjects));
    prop_assert!(facts.answer(Question::Political) != Some("yes"));
    prop_assert!(facts.answer(Question::Form) == Some("formal") && facts.instrument != Instrument::Informal);
    prop_assert!(!authority.sanctioned_in.contains(seat));
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
