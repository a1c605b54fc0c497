//! Neighbours of worked cases: one thing about a request or its release is otherwise.
//!
//! Nobody wrote down what is to be decided of a neighbour. But permits and gates must agree on it: whatever the permits
//! alone allow the whole pack allows, and the gates under a permit for everything, and the other way round.

use crate::corpus::{Case, Corpus, Release};
use crate::generate::Generated;
use countersign_core::class::{Class, ClassSet};
use countersign_core::directory::{AuthorityKind, Standing};
use countersign_core::facts::Factor;
use countersign_core::finding::{Answers, Finding, Question};
use countersign_core::order::{Instrument, Kind};
use std::collections::BTreeSet;

/// Every neighbour of one released case per lane and kind of order, in an order that does not change.
pub fn neighbours(corpus: &Corpus) -> Vec<Generated> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for case in &corpus.cases {
        let Some(step) = case.releases.iter().find(|step| step.expect.allowed) else { continue };
        if seen.insert((case.propose.lane.clone(), case.facts.kind)) {
            around(corpus, case, step, &mut out);
        }
    }
    out
}

fn around(corpus: &Corpus, case: &Case, step: &Release, out: &mut Vec<Generated>) {
    let start = Generated {
        facts: case.facts.clone(),
        authority: case.authority.clone(),
        seat: case.seat,
        context: step.context.clone(),
    };
    let mut add = |change: &dyn Fn(&mut Generated)| {
        let mut made = start.clone();
        change(&mut made);
        made.facts.findings.sort_by_key(Finding::question);
        (made.context.kind, made.context.instrument) = (made.facts.kind, made.facts.instrument);
        out.push(made);
    };
    add(&|_| {});
    answers(corpus, &mut add);
    for factor in Factor::ALL {
        add(&|made| made.facts.factors = vec![*factor]);
        add(&|made| made.facts.factors.retain(|known| known != factor));
        add(&|made| made.facts.factors = vec![Factor::Directory, Factor::CallBack, *factor]);
        add(&|made| made.facts.factors = vec![Factor::Directory, *factor]);
        add(&|made| made.facts.factors = vec![Factor::CallBack, *factor]);
    }
    Instrument::ALL.iter().for_each(|instrument| add(&|made| made.facts.instrument = *instrument));
    Kind::ALL.iter().for_each(|kind| add(&|made| made.facts.kind = *kind));
    AuthorityKind::ALL.iter().for_each(|kind| add(&|made| made.authority.kind = *kind));
    Standing::ALL.iter().for_each(|standing| add(&|made| made.authority.standing = *standing));
    (0..=3).for_each(|level| add(&|made| made.authority.independence = level));
    [None, Some(true), Some(false)].iter().for_each(|known| add(&|made| made.authority.security_service = *known));
    let states: BTreeSet<_> = corpus.cast.authorities.iter().map(|authority| authority.state).collect();
    for state in &states {
        add(&|made| made.authority.state = *state);
        add(&|made| made.seat = *state);
        add(&|made| made.authority.sanctioned_in = vec![*state]);
        add(&|made| made.facts.listed_by = vec![*state]);
        // A suspicion changes what a listing means.
        add(&|made| {
            made.facts.listed_by = vec![*state];
            answer(made, Question::Political, "suspected", corpus);
        });
    }
    let caps = [0, 1, 2, 3, 4, 5, 6, 49, 50, 51, 999, 1_000, 1_001];
    for subjects in caps {
        add(&|made| made.facts.asked.subjects = subjects);
        add(&|made| (made.facts.asked.subjects, made.context.subjects) = (subjects, subjects));
        add(&|made| made.context.subjects = subjects);
        add(&|made| (made.facts.asked.subjects, made.context.subjects) = (1_000, subjects));
    }
    classes(&mut add);
    circumstances(&mut add);
    let mut lists = BTreeSet::new();
    for other in &corpus.cases {
        for attempt in other.releases.iter().filter(|attempt| lists.insert(attempt.approvals.clone())) {
            add(&|made| made.context.quorum = other.quorum(&corpus.cast, attempt, made.authority.state));
        }
    }
}

type Add<'a> = dyn FnMut(&dyn Fn(&mut Generated)) + 'a;

fn answer(made: &mut Generated, question: Question, value: &str, corpus: &Corpus) {
    made.facts.findings.retain(|finding| finding.question() != question);
    let by = made.facts.author.clone();
    made.facts.findings.extend(Finding::new(question, value, "neighbour", by, corpus.cast.now));
}

/// Each question with each answer and with none; those about selectors also where there is one.
fn answers(corpus: &Corpus, add: &mut Add<'_>) {
    for question in Question::ALL.iter().copied() {
        let values: Vec<String> = match question.answers() {
            Answers::Words(words) => words.iter().map(|word| (*word).to_owned()).collect(),
            Answers::Number(most) => [0, 1, 20, 21, most].iter().map(ToString::to_string).collect(),
        };
        add(&|made| made.facts.findings.retain(|finding| finding.question() != question));
        for value in &values {
            add(&|made| answer(made, question, value, corpus));
        }
    }
    for (exposed, uninvolved) in [(None, None), (Some("1"), None), (None, Some("0")), (Some("1"), Some("0"))] {
        for instrument in Instrument::ALL {
            add(&|made| {
                made.facts.instrument = *instrument;
                answer(made, Question::Targets, "selector", corpus);
                made.facts.findings.retain(|finding| {
                    finding.question() != Question::Exposed && finding.question() != Question::Uninvolved
                });
                exposed.into_iter().for_each(|value| answer(made, Question::Exposed, value, corpus));
                uninvolved.into_iter().for_each(|value| answer(made, Question::Uninvolved, value, corpus));
            });
        }
    }
}

fn classes(add: &mut Add<'_>) {
    let none = ClassSet::default();
    let sets = Class::ALL.iter().map(|class| [*class].into_iter().collect::<ClassSet>()).chain([none]);
    for set in sets {
        add(&|made| made.facts.asked.classes = set.clone());
        add(&|made| made.facts.necessary = set.clone());
        add(&|made| made.facts.allowed = set.clone());
        add(&|made| made.context.classes = set.clone());
        // Everywhere at once, with a period and without.
        for window in ["yes", "no"] {
            add(&|made| {
                made.facts.asked.classes = set.clone();
                made.facts.necessary = set.clone();
                made.facts.allowed = set.clone();
                made.context.classes = set.clone();
                made.facts.findings.retain(|finding| finding.question() != Question::Window);
                let (by, at) = (made.facts.author.clone(), countersign_core::time::Timestamp::MIN);
                made.facts.findings.extend(Finding::new(Question::Window, window, "neighbour", by, at));
            });
        }
    }
}

fn circumstances(add: &mut Add<'_>) {
    add(&|made| made.context.included ^= true);
    add(&|made| made.context.witness_quorum ^= true);
    add(&|made| made.context.waited ^= true);
    add(&|made| made.context.call_back_confirmed ^= true);
    add(&|made| made.context.duress ^= true);
    add(&|made| made.context.delayed ^= true);
    add(&|made| made.context.exceeded.authority ^= true);
    add(&|made| made.context.exceeded.matter ^= true);
    add(&|made| made.context.exceeded.address ^= true);
    add(&|made| made.context.exceeded.volume ^= true);
    (0..=3).for_each(|count| add(&|made| made.context.witness_cosignatures = count));
    (0..=2).for_each(|count| add(&|made| made.context.records = count));
    for word in ["none", "agency_wish", "statute", "court"] {
        add(&|made| {
            made.context.delayed = true;
            made.facts.findings.retain(|finding| finding.question() != Question::Delay);
            let (by, at) = (made.facts.author.clone(), countersign_core::time::Timestamp::MIN);
            made.facts.findings.extend(Finding::new(Question::Delay, word, "neighbour", by, at));
        });
    }
}
