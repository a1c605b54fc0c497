//! Leaving policies out of a question changes nothing: the sorted policies decide as all of them do, with the same reasons,
//! the same policies named and the same errors.

use crate::corpus::corpus;
use crate::traps::pack_with;
use countersign_policy::{Bundle, Prepared, ReleaseContext, Variant};
use countersign_review::{Corpus, Generated, Generator, neighbours};
use proptest::prelude::*;
use std::sync::LazyLock;

struct World {
    corpus: Corpus,
    packs: Vec<(&'static str, Bundle, Variant)>,
}

/// The pack, and copies in which a policy errs on some requests, before or behind a test by which it could be left out.
static WORLD: LazyLock<World> = LazyLock::new(|| {
    let gate = |condition: &str, action: &str| {
        format!(
            "@id(\"f-more\")\n@reason(\"DRAGNET\")\n@outcome(\"refuse\")\nforbid (principal, action == Action::\"{action}\", resource) when {{ {condition} }};"
        )
    };
    let more = |policy: String| pack_with(|text| format!("{text}\n{policy}")).unwrap();
    let errs = "resource.asked_subjects * 4611686018427387904 > 7";
    let kind = "resource.kind == OrderKind::\"answer\"";
    let packs = vec![
        ("the pack", Bundle::builtin_eea_custodian().unwrap()),
        ("error first", more(gate(&format!("{errs} && {kind}"), "propose"))),
        ("error behind a test", more(gate(&format!("{kind} && {errs}"), "propose"))),
        ("error or a word", more(gate(&format!("context.lane == Lane::\"court\" && ({errs} || {kind})"), "limit"))),
        (
            "word or an error",
            more(gate(&format!("resource.duress != YesNo::\"yes\" && ({kind} || {errs})"), "release")),
        ),
        (
            "unless",
            more(gate("true", "propose").replace("when { true }", &format!("when {{ {errs} }} unless {{ {kind} }}"))),
        ),
        (
            "a gate for all, a permit that errs",
            more(format!(
                "{}\n@id(\"p-more\")\npermit (principal, action == Action::\"release\", resource) when {{ context.lane == Lane::\"home\" && {errs} }};",
                gate("resource.kind == OrderKind::\"emergency\"", "propose")
                    .replace("action == Action::\"propose\"", "action")
            )),
        ),
    ];
    let packs = packs.into_iter().map(|(name, bundle)| {
        let whole = Variant::of(&bundle);
        (name, bundle, whole)
    });
    World { corpus: corpus(), packs: packs.collect() }
});

fn agree(made: &Generated) -> Result<(), TestCaseError> {
    for (name, bundle, whole) in &WORLD.packs {
        let Ok(prepared) = Prepared::new(bundle, &made.facts, &made.authority, made.seat) else { return Ok(()) };
        for context in [None, Some(&made.context)] {
            prop_assert_eq!(prepared.decide(context), prepared.decide_under(whole, context), "{}", name);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whole_and_shelves_agree(seed in any::<u64>()) {
        agree(&Generator::new(&WORLD.corpus, seed).unwrap().case())?;
    }
}

/// Every neighbour of a worked case under the pack itself, and the worked cases.
#[test]
fn whole_and_shelves_agree_on_the_corpus_and_near_it() {
    let (_, bundle, whole) = &WORLD.packs[0];
    let mut compared = 0;
    let mut compare = |prepared: &Prepared<'_>, context: Option<&ReleaseContext>| {
        assert_eq!(prepared.decide(context), prepared.decide_under(whole, context));
        compared += 1;
    };
    for case in &WORLD.corpus.cases {
        let prepared = Prepared::new(bundle, &case.facts, &case.authority, case.seat).unwrap();
        compare(&prepared, None);
        case.releases.iter().for_each(|step| compare(&prepared, Some(&step.context)));
    }
    for made in neighbours(&WORLD.corpus).iter().step_by(4) {
        if let Ok(prepared) = Prepared::new(bundle, &made.facts, &made.authority, made.seat) {
            compare(&prepared, Some(&made.context));
        }
    }
    assert!(compared > 1_000, "{compared}");
}

/// The copies do err, and nothing is permitted when one does.
#[test]
fn errors_are_met_by_the_sorted_policies_too() {
    for (name, bundle, _) in &WORLD.packs[1..] {
        let mut generator = Generator::new(&WORLD.corpus, 5).unwrap();
        let mut erred = 0;
        for _ in 0..400 {
            let made = generator.case();
            let Ok(prepared) = Prepared::new(bundle, &made.facts, &made.authority, made.seat) else { continue };
            let decision = prepared.decide(Some(&made.context));
            erred += u32::from(decision.has("POLICY_ERROR"));
            assert!(!decision.has("POLICY_ERROR") || (!decision.allowed && !decision.errors.is_empty()), "{name}");
        }
        assert!(erred > 0, "{name} never erred");
    }
}

/// The figure of the design is a time; what it is made of is counted here, on every machine the same.
#[test]
fn few_policies_are_asked() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    for (name, most) in [
        ("home-court-plain", 10),
        ("fiu-one-client", 14),
        ("third-mla-fraud", 14),
        ("abduction", 16),
        ("ruritania-everybody-who-paid", 45),
    ] {
        let case = WORLD.corpus.case(name).unwrap();
        let prepared = Prepared::new(&bundle, &case.facts, &case.authority, case.seat).unwrap();
        let asked = prepared.asked(Some(&case.releases[0].context)).unwrap();
        println!("{name}: {asked} of {} policies are asked", bundle.rules().len());
        assert!(asked <= most, "{name}: {asked}");
    }
}
