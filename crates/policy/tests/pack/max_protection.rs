//! The pack `max-protection`: made from `eea-custodian` by its list of edits, decides its own corpus as written, and permits
//! nothing that `eea-custodian` does not.

use crate::corpus::{corpus, corpus_of, folder, pack};
use countersign_core::order::Kind;
use countersign_policy::{Bundle, Prepared, Variant};
use countersign_review::{
    DERIVED, Derivation, Expected, broken_laws, compare, judge, neighbours, parse_invariants, test_invariants,
};

const NAME: &str = "max-protection";

fn read(pack: &str, file: &str) -> String {
    std::fs::read_to_string(folder(pack).join(file)).unwrap()
}

/// `COUNTERSIGN_WRITE_VECTORS=1` writes them anew.
#[test]
fn the_committed_files_are_those_that_the_edits_make() {
    let derivation = Derivation::parse(&read(NAME, "derivation.json")).unwrap();
    let base = DERIVED.map(|file| (file.to_owned(), read(&derivation.from, file)));
    for (file, text) in derivation.apply(base.into()).unwrap_or_else(|error| panic!("{error}")) {
        if std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some() {
            std::fs::write(folder(NAME).join(&file), &text).unwrap();
        }
        assert!(read(NAME, &file) == text, "{file} is not what derivation.json makes of {}", derivation.from);
    }
}

#[test]
fn every_case_is_decided_as_written() {
    let (bundle, corpus) = (pack(NAME), corpus_of(NAME));
    let report = judge(&bundle, &corpus);
    let wrong: Vec<String> = report
        .decisions
        .iter()
        .filter(|judged| judged.fault().is_some())
        .map(|judged| {
            let found = Expected::of(&judged.decision);
            format!(
                "{}\n   expected {:?}\n   found    {found:?} {:?}",
                judged.name(),
                judged.expected,
                judged.decision.errors
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(broken_laws(&bundle, &corpus, &report), Vec::<String>::new());
    // The design's share: half of the requests are answered for authorities of the custodian's own state.
    let domestic = |case: &&countersign_review::Case| case.propose.allowed && case.authority.state == case.seat;
    assert!(corpus.cases.len() >= 40 && corpus.cases.iter().filter(domestic).count() * 2 >= corpus.cases.len());
}

/// What the corpus is about is what was changed: nothing that differs goes unexamined.
#[test]
fn the_corpus_is_about_every_policy_and_reason_that_differs() {
    let (old, new) = (Bundle::builtin_eea_custodian().unwrap(), pack(NAME));
    let derived = corpus_of(NAME).cast.derived.unwrap();
    let difference = compare(&old, &new, &[], 0, 1);
    let changed = difference.policies.changed.iter().map(|changed| changed.name.clone());
    let mut policies: Vec<String> = changed.chain(difference.policies.added.clone()).collect();
    policies.sort();
    assert_eq!(
        (derived.from.as_str(), derived.policies, derived.reasons),
        (old.name(), policies, difference.reasons.added)
    );
    assert!(
        difference.policies.removed.is_empty() && difference.schema.is_empty() && difference.reasons.removed.is_empty()
    );
}

#[test]
fn nothing_is_wider_than_in_the_pack_it_was_made_from() {
    let (old, new) = (Bundle::builtin_eea_custodian().unwrap(), pack(NAME));
    let (ours, theirs) = (corpus_of(NAME), corpus());
    let difference = compare(&old, &new, &[&theirs, &ours], 1_000, 17);
    let wider: Vec<&str> = difference
        .golden
        .iter()
        .chain(&difference.generated)
        .filter(|turned| turned.widens() || turned.new.outcome > turned.old.outcome)
        .map(|turned| turned.name.as_str())
        .collect();
    assert_eq!(wider, Vec::<&str>::new());
    let narrower = difference.golden.iter().filter(|turned| turned.old.allowed && !turned.new.allowed).count();
    assert!(narrower > 20, "{narrower}");
    // Figures that no policy holds.
    let (before, after) = (old.caps(), new.caps());
    assert!(after.named < before.named && after.court < before.court && after.absolute < before.absolute);
    assert!(after.uninvolved_percent < before.uninvolved_percent);
    for (before, after) in before.cumulative.iter().zip(&after.cumulative) {
        assert!((before.per, before.days) == (after.per, after.days) && after.subjects < before.subjects);
    }
    assert!(Kind::ALL.iter().all(|kind| new.classes_of(*kind).is_subset(&old.classes_of(*kind))));
    assert_eq!((after.reading(), after.lookups()), (before.reading(), before.lookups()));
}

/// The traps hold here too: permits and gates say the same, and the sorted policies decide as all do.
#[test]
fn permits_and_gates_agree() {
    let (bundle, corpus) = (pack(NAME), corpus_of(NAME));
    let (whole, permits, gates) =
        (Variant::of(&bundle), Variant::permits_alone(&bundle).unwrap(), Variant::gates_alone(&bundle).unwrap());
    let mut compared = 0;
    for made in neighbours(&corpus).iter().step_by(5) {
        let Ok(prepared) = Prepared::new(&bundle, &made.facts, &made.authority, made.seat) else { continue };
        let decided = prepared.decide(Some(&made.context));
        assert_eq!(decided, prepared.decide_under(&whole, Some(&made.context)));
        for (name, variant) in [("permits", &permits), ("gates", &gates)] {
            let alone = prepared.decide_under(variant, Some(&made.context));
            assert_eq!(decided.allowed, alone.allowed, "{name} alone: {decided:?} {made:?}");
        }
        compared += 1;
    }
    assert!(compared > 800, "{compared}");
}

/// An invariant that no generated case meets is not tested by any number of them.
fn untried_is_none(found: &countersign_review::Findings) {
    let untried: Vec<&str> = found.invariants.iter().filter(|one| one.held == 0).map(|one| one.id.as_str()).collect();
    assert_eq!((untried, found.untried()), (Vec::new(), 0));
}

#[test]
fn no_invariant_of_the_built_in_pack_is_untried() {
    let (bundle, corpus) = (Bundle::builtin_eea_custodian().unwrap(), corpus());
    let invariants = parse_invariants(&read("eea-custodian", "invariants.json")).unwrap();
    let found = test_invariants(&bundle, &corpus, &invariants, 12_000, 3, 2).unwrap();
    assert!(found.nothing_broken());
    untried_is_none(&found);
}

#[test]
fn its_invariants_hold_and_are_more() {
    let (bundle, corpus) = (pack(NAME), corpus_of(NAME));
    let invariants = parse_invariants(&read(NAME, "invariants.json")).unwrap();
    let base = parse_invariants(&read("eea-custodian", "invariants.json")).unwrap();
    assert!(base.iter().all(|known| invariants.iter().any(|own| own.id == known.id)) && invariants.len() > base.len());
    let policies = read(NAME, "policies.cedar");
    for invariant in &invariants {
        assert_ne!(invariant.weakened(&policies).unwrap(), policies, "{}", invariant.id);
    }
    let found = test_invariants(&bundle, &corpus, &invariants, 12_000, 3, 2).unwrap();
    assert!(found.nothing_broken() && found.error.is_none());
    untried_is_none(&found);
}
