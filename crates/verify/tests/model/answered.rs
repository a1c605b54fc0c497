//! An order that is approved and public is answered by t trustees, whichever n-t of them are dead and in whatever order messages come.

use super::{Approver, Entry, Request, Said, Shown, Version, verdict};
use crate::world::{N, T};
use stateright::{Checker as _, Model, Property};

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct State {
    public: bool,
    /// Trustees that have read the order.
    read: Vec<u16>,
    /// Requests on their way: whoever was asked may get the request any number of times.
    asked: Vec<u16>,
    /// Trustees that have answered, and those whose answer has come.
    answered: Vec<u16>,
    heard: Vec<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Publish,
    Read(u16),
    Ask(u16),
    Receive(u16),
    Hear(u16),
}

/// The trustees that live.
struct Release(Vec<u16>);

fn request() -> Request {
    let order = Version::First;
    let approvals = [Approver::Anna, Approver::Bruno].into_iter().map(|name| (name, name, order)).collect();
    Request { order, approvals, records: order, shown: Shown::Journal(1) }
}

impl Model for Release {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        steps.extend((!state.public).then_some(Step::Publish));
        for trustee in 1..=N {
            // The desk asks everybody; only the living read, receive and answer.
            steps.extend((state.public && !state.asked.contains(&trustee)).then_some(Step::Ask(trustee)));
            if self.0.contains(&trustee) {
                steps.extend((state.public && !state.read.contains(&trustee)).then_some(Step::Read(trustee)));
                steps.extend(state.asked.contains(&trustee).then_some(Step::Receive(trustee)));
                steps.extend(state.answered.contains(&trustee).then_some(Step::Hear(trustee)));
            }
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut next = last.clone();
        match step {
            Step::Publish => next.public = true,
            Step::Read(trustee) => put(&mut next.read, trustee),
            Step::Ask(trustee) => put(&mut next.asked, trustee),
            Step::Hear(trustee) => put(&mut next.heard, trustee),
            Step::Receive(trustee) => {
                let folded = usize::from(last.read.contains(&trustee));
                let before: &[Version] = if last.answered.contains(&trustee) { &[Version::First] } else { &[] };
                match verdict(trustee, &[Entry::Order(Version::First)], folded, before, &request()) {
                    Said::Answers { repeat, .. } => {
                        assert_eq!(repeat, !before.is_empty());
                        put(&mut next.answered, trustee);
                    }
                    // It has not read that far; the desk asks again.
                    Said::Refuses(_) => return None,
                }
            }
        }
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::eventually("t answers come", |_, state: &State| state.heard.len() >= usize::from(T)),
            Property::always("nobody answers what it has not read", |_, state: &State| {
                state.answered.iter().all(|trustee| state.read.contains(trustee))
            }),
        ]
    }
}

fn put(set: &mut Vec<u16>, trustee: u16) {
    if let Err(at) = set.binary_search(&trustee) {
        set.insert(at, trustee);
    }
}

#[test]
fn an_approved_public_order_is_answered_when_messages_arrive() {
    for living in [vec![1, 2, 3], vec![1, 3, 5], vec![2, 3, 4], vec![3, 4, 5]] {
        let checker = Release(living).checker().spawn_dfs().join();
        println!("{} states of a release", checker.unique_state_count());
        checker.assert_properties();
    }
}

#[test]
fn fewer_than_t_living_trustees_do_not_answer() {
    let checker = Release(vec![2, 4]).checker().spawn_dfs().join();
    assert!(checker.discovery("t answers come").is_some(), "the property can fail");
}
