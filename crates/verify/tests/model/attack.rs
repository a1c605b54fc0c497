//! Everything that the operator of the custodian may do against one honest trustee.

use super::{Approver, Entry, Request, Said, Shown, Version, verdict};
use countersign_verify::refusal::Code;
use stateright::{Checker as _, Model, Property};

const HONEST: u16 = 1;
/// What the operator may append, each once; explored one after the other.
const LEAVES: [[Entry; 3]; 2] = [
    [Entry::Order(Version::First), Entry::Order(Version::Second), Entry::RemoveAnna],
    [Entry::Order(Version::First), Entry::Hold, Entry::RemoveAnna],
];

/// The honest trustee's answer, with what was true when it was given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Answer {
    order: Version,
    /// The distinct people in force in what the trustee had read whose own signature over the order lay beside it.
    signers: Vec<Approver>,
    /// Entries the trustee had been shown as witnessed; none for a private journal.
    shown: Option<usize>,
    clients: Vec<u8>,
    /// Entries the trustee had read.
    read: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct State {
    /// What stands in the witnessed journal after genesis.
    history: Vec<Entry>,
    /// Which version each honest approver has signed; never both.
    anna: Option<Version>,
    bruno: Option<Version>,
    /// Entries that the trustee has been given to read.
    read: usize,
    answers: Vec<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Append(Entry),
    Sign(Approver, Version),
    Read,
    Ask(Request),
}

/// The leaves at hand.
struct Attack([Entry; 3]);

impl State {
    fn signed(&self, name: Approver, version: Version) -> bool {
        match name {
            Approver::Anna => self.anna == Some(version),
            Approver::Bruno => self.bruno == Some(version),
            Approver::Coerced => true,
        }
    }

    fn signers(&self, request: &Request) -> Vec<Approver> {
        let removed = self.history[..self.read].contains(&Entry::RemoveAnna);
        let mut names: Vec<Approver> = request
            .approvals
            .iter()
            .filter(|(name, signer, over)| name == signer && *over == request.order && self.signed(*name, *over))
            .map(|(name, ..)| *name)
            .filter(|name| !(removed && *name == Approver::Anna))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Sets of signatures that the operator can put beside an order.
    fn approvals(&self, order: Version) -> Vec<Vec<(Approver, Approver, Version)>> {
        let other = match order {
            Version::First => Version::Second,
            Version::Second => Version::First,
        };
        let all = [Approver::Anna, Approver::Bruno, Approver::Coerced];
        let genuine = |people: &[Approver], over| -> Vec<_> {
            people.iter().filter(|name| self.signed(**name, over)).map(|name| (*name, *name, over)).collect()
        };
        let coerced = (Approver::Coerced, Approver::Coerced, order);
        vec![
            genuine(&all, order),
            genuine(&[Approver::Anna, Approver::Coerced], order),
            genuine(&[Approver::Bruno, Approver::Coerced], order),
            genuine(&[Approver::Anna, Approver::Bruno], order),
            // One person twice; another's name over the coerced one's signature; signatures over the other version.
            vec![coerced, coerced],
            vec![coerced, (Approver::Bruno, Approver::Coerced, order)],
            [vec![coerced], genuine(&[Approver::Anna, Approver::Bruno], other)].concat(),
        ]
    }

    fn requests(&self) -> Vec<Request> {
        let mut requests = Vec::new();
        for order in [Version::First, Version::Second] {
            let sets = self.approvals(order);
            let best = Request { order, approvals: sets[0].clone(), records: order, shown: Shown::Private };
            requests.push(best.clone());
            let Some(at) = self.history.iter().position(|entry| *entry == Entry::Order(order)) else { continue };
            // The shortest journal with the order, and everything.
            let mut sizes = vec![at + 1, self.history.len()];
            sizes.dedup();
            // Once it has answered, the question is only whether it answers again.
            let sets = if self.answers.is_empty() { &sets[..] } else { &sets[..1] };
            for records in [Version::First, Version::Second].into_iter().filter(|records| *records != order) {
                requests.push(Request { records, shown: Shown::Journal(at + 1), ..best.clone() });
            }
            for size in sizes {
                let shown = Shown::Journal(size);
                requests.extend(sets.iter().map(|set| Request { approvals: set.clone(), shown, ..best.clone() }));
            }
        }
        requests
    }
}

impl Model for Attack {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        steps.extend(self.0.into_iter().filter(|leaf| !state.history.contains(leaf)).map(Step::Append));
        for version in [Version::First, Version::Second] {
            steps.extend(state.anna.is_none().then_some(Step::Sign(Approver::Anna, version)));
            steps.extend(state.bruno.is_none().then_some(Step::Sign(Approver::Bruno, version)));
        }
        steps.extend((state.read < state.history.len()).then_some(Step::Read));
        steps.extend(state.requests().into_iter().map(Step::Ask));
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut next = last.clone();
        match step {
            Step::Append(leaf) => next.history.push(leaf),
            Step::Sign(Approver::Anna, version) => next.anna = Some(version),
            Step::Sign(Approver::Bruno, version) => next.bruno = Some(version),
            Step::Sign(Approver::Coerced, _) => return None,
            Step::Read => next.read += 1,
            Step::Ask(request) => {
                let before: Vec<Version> = last.answers.iter().map(|answer| answer.order).collect();
                match verdict(HONEST, &last.history, last.read, &before, &request) {
                    Said::Refuses(_) => return None,
                    Said::Answers { repeat: true, .. } => {
                        // The same bytes again: whoever asks has them already.
                        assert!(before.contains(&request.order), "a repeat of what was never answered");
                        return None;
                    }
                    Said::Answers { clients, repeat: false } => {
                        next.answers.push(Answer {
                            order: request.order,
                            signers: last.signers(&request),
                            shown: match request.shown {
                                Shown::Journal(size) => Some(size),
                                Shown::Private => None,
                            },
                            clients,
                            read: last.read,
                        });
                    }
                }
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        fn each(state: &State, holds: impl Fn(&Answer) -> bool) -> bool {
            state.answers.iter().all(holds)
        }
        let mut properties = vec![
            Property::always("two approvers in force have signed what is answered", |_, state: &State| {
                each(state, |answer| answer.signers.len() >= 2)
            }),
            Property::always("an honest approver has signed what is answered", |_, state: &State| {
                each(state, |answer| answer.signers.iter().any(|name| *name != Approver::Coerced))
            }),
            Property::always(
                "what is answered is in the witnessed journal that the trustee has read",
                |_, state: &State| {
                    each(state, |answer| {
                        answer.shown.is_some_and(|size| size <= answer.read)
                            && state.history[..answer.read].contains(&Entry::Order(answer.order))
                    })
                },
            ),
            Property::always("only the people whom the order names are answered for", |_, state: &State| {
                each(state, |answer| answer.clients == [answer.order.client()])
            }),
            Property::always("nothing is answered after its hold was read", |_, state: &State| {
                each(state, |answer| !state.history[..answer.read].contains(&Entry::Hold))
            }),
            Property::always("one order under one id", |_, state: &State| state.answers.len() <= 1),
            Property::sometimes("the first version is answered", |_, state: &State| {
                state.answers.iter().any(|answer| answer.order == Version::First)
            }),
            Property::sometimes("the coerced approver counts as one of two", |_, state: &State| {
                state
                    .answers
                    .iter()
                    .any(|answer| answer.signers.len() == 2 && answer.signers.contains(&Approver::Coerced))
            }),
            Property::sometimes("answered while a removal is not read yet", |_, state: &State| {
                state.answers.iter().any(|answer| state.history[answer.read..].contains(&Entry::RemoveAnna))
            }),
            Property::sometimes("answered without the removed approver", |_, state: &State| {
                state.answers.iter().any(|answer| state.history[..answer.read].contains(&Entry::RemoveAnna))
            }),
        ];
        if self.0.contains(&Entry::Order(Version::Second)) {
            properties.push(Property::sometimes("the second version is answered", |_, state: &State| {
                state.answers.iter().any(|answer| answer.order == Version::Second)
            }));
        }
        properties
    }
}

#[test]
fn nothing_opens_without_quorum_publicity_scope_and_the_state_in_force() {
    for leaves in LEAVES {
        let checker = Attack(leaves).checker().threads(2).spawn_bfs().join();
        println!("{} states of an attack with {leaves:?}", checker.unique_state_count());
        checker.assert_properties();
    }
}

#[test]
fn each_attempt_is_refused_for_its_own_reason() {
    let both = |over| vec![(Approver::Anna, Approver::Anna, over), (Approver::Bruno, Approver::Bruno, over)];
    let first = Version::First;
    let good = Request { order: first, approvals: both(first), records: first, shown: Shown::Journal(1) };
    let public = [Entry::Order(first)];
    let say = |history: &[Entry], folded, before: &[Version], request: Request| match verdict(
        HONEST, history, folded, before, &request,
    ) {
        Said::Refuses(code) => Some(code),
        Said::Answers { .. } => None,
    };
    assert_eq!(say(&public, 1, &[], good.clone()), None);
    assert_eq!(say(&public, 1, &[first], good.clone()), None);
    assert_eq!(say(&public, 0, &[], good.clone()), Some(Code::CheckpointAhead));
    assert_eq!(say(&public, 1, &[Version::Second], good.clone()), Some(Code::OrderIdReused));
    let cases = [
        (Request { shown: Shown::Private, ..good.clone() }, Code::NotPublic),
        (Request { records: Version::Second, ..good.clone() }, Code::ManifestDiffers),
        (Request { approvals: both(Version::Second), ..good.clone() }, Code::ApprovalInvalid),
        (Request { approvals: both(first)[..1].to_vec(), ..good.clone() }, Code::PolicyDenied),
        (Request { approvals: vec![both(first)[0]; 2], ..good.clone() }, Code::ApprovalRepeated),
        (
            Request { approvals: vec![(Approver::Anna, Approver::Coerced, first)], ..good.clone() },
            Code::ApprovalInvalid,
        ),
    ];
    for (request, code) in cases {
        assert_eq!(say(&public, 1, &[], request.clone()), Some(code), "{request:?}");
    }
    let later = |entry| [Entry::Order(first), entry];
    assert_eq!(say(&later(Entry::Hold), 2, &[], good.clone()), Some(Code::OrderHeld));
    assert_eq!(say(&later(Entry::RemoveAnna), 2, &[], good.clone()), Some(Code::ApproverNotInForce));
    assert_eq!(say(&later(Entry::RemoveAnna), 1, &[], good), None);
}
