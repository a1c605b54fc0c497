//! Whom a state can reach: statements about people, and how many trustees one state's law binds.

use super::change::ChangeError;
use super::{ControlState, InForce, Waiting};
use countersign_core::control::{Action, Person, Reach, Role, TrusteeMember};
use countersign_core::country::{Bloc, Country};
use countersign_core::id::PersonId;
use countersign_core::time::Timestamp;
use std::collections::BTreeMap;

/// Whether a state belongs to the custodian's own bloc: for a seat in the European Economic Area its members, for any other
/// seat that state alone.
pub fn is_own_bloc(seat: Country, state: Country) -> bool {
    state == seat || (seat.bloc() == Bloc::Eea && state.bloc() == Bloc::Eea)
}

/// The first state outside the custodian's own bloc whose law binds `threshold` of these trustees or more, with their number: it could have
/// records opened without asking anybody else.
pub(super) fn foreign_state_that_opens(
    seat: Country,
    threshold: u16,
    members: &[TrusteeMember],
) -> Option<(Country, usize)> {
    let mut bound: BTreeMap<Country, usize> = BTreeMap::new();
    for member in members {
        let number = bound.entry(member.state).or_default();
        *number = number.saturating_add(1);
    }
    bound.into_iter().find(|(state, number)| !is_own_bloc(seat, *state) && *number >= usize::from(threshold))
}

/// Whether these trustees could be named in genesis or a change: no state outside the own bloc has t of them.
///
/// # Errors
/// [`ChangeError::WithinReach`].
pub fn check_trustee_states(seat: Country, threshold: u16, members: &[TrusteeMember]) -> Result<(), ChangeError> {
    match foreign_state_that_opens(seat, threshold, members) {
        None => Ok(()),
        Some((state, reached)) => Err(ChangeError::WithinReach { state, reached, threshold }),
    }
}

/// Whether this person may state which states can compel `about`: independent counsel, of somebody else.
pub(super) fn may_state_reach(person: &Person, about: &PersonId) -> bool {
    person.roles.contains(&Role::Counsel) && person.independent && person.id != *about
}

impl ControlState {
    /// Whether a statement could count: of somebody in force, with the residence among the states, later than every statement
    /// before, and neither too old nor of a time to come.
    pub(super) fn check_reach_statement(
        &self,
        id: &PersonId,
        reach: &Reach,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        let refuse = |reason: &'static str| Err(ChangeError::Statement { about: id.clone(), reason });
        let state = self.at(now);
        let Some(person) = state.people.get(id) else {
            return refuse("is not in the roster in force");
        };
        if !reach.states.contains(&person.state) {
            return refuse("lives in a state that the statement leaves out");
        }
        let cooling = self.waiting.iter().filter_map(|waiting| match &waiting.change.action {
            Action::StateReach { person, reach } if person == id => Some(reach.at),
            _ => None,
        });
        if std::iter::once(person.reach.at).chain(cooling).any(|before| before >= reach.at) {
            return refuse("has a statement of that time or later already");
        }
        if !reach.is_current(now) {
            return refuse("would have a statement that is too old, or of a time to come");
        }
        Ok(())
    }
}

impl InForce {
    /// What a statement does at once: the states that it adds can compel the person from now on.
    pub(super) fn widen_reach(&mut self, id: &PersonId, reach: &Reach) {
        if let Some(person) = self.people.get_mut(id) {
            widen(&mut person.reach, reach);
        }
    }

    /// What a statement does after the cooling: it takes the place of an earlier one.
    pub(super) fn set_reach(&mut self, id: &PersonId, reach: &Reach) {
        // The person may have another entry by now: a statement never leaves out the residence, and never goes back in time.
        if let Some(person) = self.people.get_mut(id)
            && reach.states.contains(&person.state)
            && reach.at > person.reach.at
        {
            person.reach = reach.clone();
        }
    }
}

/// What a new statement leaves of a change that is still cooling: an older statement lapses, and an entry that would take the person's place
/// has the added states too.
pub(super) fn overtaken(waiting: &mut Waiting, id: &PersonId, reach: &Reach) -> bool {
    match &mut waiting.change.action {
        Action::StateReach { person, .. } => person == id,
        Action::AddPerson(person) if person.id == *id => {
            widen(&mut person.reach, reach);
            false
        }
        _ => false,
    }
}

fn widen(known: &mut Reach, reach: &Reach) {
    known.states.extend(&reach.states);
    known.states.sort_unstable();
    known.states.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::id::Digest;
    use proptest::prelude::*;

    fn state(code: &str) -> Country {
        Country::parse(code).unwrap()
    }

    fn members(states: &[&str]) -> Vec<TrusteeMember> {
        let member = |(index, code): (u16, &&str)| TrusteeMember {
            index,
            name: PersonId::parse(&format!("trustee-{index}")).unwrap(),
            state: state(code),
            identity: Digest([index as u8; 32]),
            transport: Digest([index as u8; 32]),
            obliged_entity: false,
        };
        (1..).zip(states).map(member).collect()
    }

    #[test]
    fn a_bloc_is_that_of_the_seat() {
        for (seat, other, own) in [
            ("XA", "XB", true),
            ("XA", "DE", true),
            ("XA", "XG", false),
            ("XG", "XG", true),
            ("XG", "XH", false),
            ("XG", "XA", false),
        ] {
            assert_eq!(is_own_bloc(state(seat), state(other)), own, "{seat} {other}");
        }
    }

    #[test]
    fn a_foreign_state_opens_with_t_trustees_and_no_fewer() {
        let found = |seat: &str, states: &[&str]| foreign_state_that_opens(state(seat), 3, &members(states));
        assert_eq!(found("XA", &["XA", "XG", "XG", "XB", "XC"]), None);
        assert_eq!(found("XA", &["XA", "XG", "XG", "XG", "XC"]), Some((state("XG"), 3)));
        // In the own bloc the law that binds the custodian binds them too: nothing is gained by spreading.
        assert_eq!(found("XA", &["XA", "XA", "XA", "XB", "XC"]), None);
        assert_eq!(found("XA", &["XB", "XB", "XB", "XB", "XC"]), None);
        // A seat outside has no bloc but itself.
        assert_eq!(found("XG", &["XG", "XG", "XG", "XH", "XH"]), None);
        assert_eq!(found("XG", &["XA", "XA", "XA", "XG", "XG"]), Some((state("XA"), 3)));
    }

    proptest! {
        /// The rule, said once more by counting every state of the table's samples.
        #[test]
        fn nobody_outside_reaches_t(states in proptest::collection::vec(0_usize..6, 2..9), threshold in 2_u16..5) {
            const CODES: [&str; 6] = ["XA", "XB", "XG", "XH", "DE", "US"];
            let codes: Vec<&str> = states.iter().map(|place| CODES[*place]).collect();
            let opens = |code: &str| codes.iter().filter(|other| **other == code).count() >= usize::from(threshold);
            let foreign = ["XG", "XH", "US"].into_iter().any(opens);
            let found = foreign_state_that_opens(state("XA"), threshold, &members(&codes));
            prop_assert_eq!(found.is_some(), foreign);
            if let Some((found, number)) = found {
                prop_assert_eq!(codes.iter().filter(|code| **code == found.as_str()).count(), number);
            }
        }

        #[test]
        fn widening_never_takes_a_state_away(before in proptest::collection::btree_set(0_usize..6, 1..6), added in proptest::collection::btree_set(0_usize..6, 1..6)) {
            const CODES: [&str; 6] = ["DE", "US", "XA", "XB", "XG", "XH"];
            let reach = |places: &std::collections::BTreeSet<usize>| Reach { states: places.iter().map(|place| state(CODES[*place])).collect(), at: Timestamp::MIN };
            let mut known = reach(&before);
            widen(&mut known, &reach(&added));
            prop_assert_eq!(known, reach(&before.union(&added).copied().collect()));
        }
    }
}
