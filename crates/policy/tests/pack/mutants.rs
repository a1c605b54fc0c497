//! Every small fault in a policy is noticed: by the bundle's checks, by the golden cases, or by the permits or gates alone.
//!
//! What survives here stands by name in `mutants.json` of the pack.

use crate::corpus::corpus;
use crate::reference::expected;
use countersign_policy::Bundle;
use countersign_review::{
    Fate, Generated, Mutant, Stage, Steps, combinations, mutants, neighbours, prepare, prepare_neighbours,
};
use std::collections::BTreeSet;

fn fates(bundle: &Bundle, mutants: &[Mutant]) -> Vec<Fate> {
    let corpus = corpus();
    let prepared = prepare(bundle, &corpus).unwrap();
    // What is expected of them says the table, not the policies.
    let expect = |made: &Generated| Some([false, true].map(|release| expected(bundle, made, release)));
    let (made, combined) = (neighbours(&corpus), combinations(&corpus));
    let lists = [(&made, Steps::Both), (&combined.proposed, Steps::Proposal), (&combined.released, Steps::Release)];
    let near =
        lists.into_iter().flat_map(|(made, steps)| prepare_neighbours(bundle, made, steps, expect)).collect::<Vec<_>>();
    let stage = Stage::new(bundle, &prepared, &near).unwrap_or_else(|error| panic!("{error}"));
    let half = mutants.len().div_ceil(2).max(1);
    std::thread::scope(|scope| {
        let stage = &stage;
        let work = |part: &'_ [Mutant]| part.iter().map(|mutant| stage.fate(mutant)).collect::<Vec<_>>();
        let threads: Vec<_> = mutants.chunks(half).map(|part| scope.spawn(move || work(part))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// The survivors that the pack's `mutants.json` names: under `equal` those that the solver proved equal
/// (`countersign-prove --mutants`), under `survivors` those of which nobody has shown that, or written the case that kills them.
fn listed() -> BTreeSet<String> {
    let (equal, survivors) = (list("equal"), list("survivors"));
    assert!(equal.is_disjoint(&survivors));
    equal.union(&survivors).cloned().collect()
}

fn list(name: &str) -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/policy/eea-custodian/mutants.json");
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    file[name].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn survivors(mutants: &[Mutant], fates: &[Fate]) -> BTreeSet<String> {
    let surviving = mutants.iter().zip(fates).filter(|(_, fate)| **fate == Fate::Survives);
    surviving.map(|(mutant, _)| mutant.name.clone()).collect()
}

fn only(these: &BTreeSet<String>, those: &BTreeSet<String>) -> String {
    these.difference(those).map(|name| format!("  {}\n", serde_json::to_string(name).unwrap())).collect()
}

/// Every fortieth mutant: quick enough for every run of the tests.
#[test]
fn of_some_mutants_none_survives_that_is_not_listed() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let some: Vec<Mutant> = mutants(&bundle).into_iter().step_by(40).collect();
    assert!(some.len() > 130);
    let fates = fates(&bundle, &some);
    assert_eq!(only(&survivors(&some, &fates), &listed()), "", "these survive and are not listed");
}

/// A survivor without a proof is a case that somebody still has to write.
#[test]
fn nothing_survives_without_a_proof() {
    assert_eq!(list("survivors"), BTreeSet::new());
}

#[test]
#[ignore = "three minutes of one core: a part of .ci/run of its own"]
fn every_mutant_is_killed_or_listed_by_name() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let mutants = mutants(&bundle);
    let names: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
    assert_eq!(names.len(), mutants.len(), "two mutants have one name");
    let fates = fates(&bundle, &mutants);
    let refused = fates.iter().filter(|fate| matches!(fate, Fate::Refused(_))).count();
    let (survivors, listed) = (survivors(&mutants, &fates), listed());
    if let Some(path) = std::env::var_os("COUNTERSIGN_SURVIVORS") {
        std::fs::write(path, serde_json::to_string_pretty(&survivors).unwrap()).unwrap();
    }
    println!("{} mutants: {refused} refused, {} survive, the others are killed", mutants.len(), survivors.len());
    let (unlisted, gone) = (only(&survivors, &listed), only(&listed, &survivors));
    assert!(unlisted.is_empty() && gone.is_empty(), "survive unlisted:\n{unlisted}listed and killed:\n{gone}");
}
