//! How long a statement of reach is good for.

use super::{Person, REACH_VALID, Reach, Role};
use crate::country::Country;
use crate::facts::ascending;
use crate::time::{Seconds, Timestamp};

/// Clock difference that is tolerated when a statement seems to come from the future.
const SKEW: Seconds = 120;

impl Reach {
    /// The last second at which the statement counts; after it the states are unknown.
    pub fn expires(&self) -> Timestamp {
        self.at.plus(REACH_VALID)
    }

    /// Whether the statement says anything at `now`: it is of at most [`REACH_VALID`] ago, and not of a time to come. When it says
    /// nothing, nobody knows which states can compel the person.
    pub fn is_current(&self, now: Timestamp) -> bool {
        (-SKEW..=REACH_VALID).contains(&now.since(self.at)) && !self.states.is_empty()
    }

    /// The form of a statement, whoever it is about.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (!self.states.is_empty(), "`reach.states` is empty, which would mean unknown"),
            (ascending(&self.states), "`reach.states` is not sorted or repeats"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

impl Person {
    /// Whether a statement that is not too old says that this state cannot compel the person. What is unknown is no: there is no
    /// question for the opposite, so that nobody takes "not known to reach" for distance.
    pub fn is_out_of_reach_of(&self, state: Country, now: Timestamp) -> bool {
        let reached = self.state == state || self.reach.states.contains(&state);
        self.reach.is_current(now) && !reached && !self.may_manage(state)
    }

    /// Whether the person is, or could be, the regional head for this state: one whose region is not said could manage any.
    pub fn may_manage(&self, state: Country) -> bool {
        let region_unknown = self.roles.contains(&Role::RegionalHead) && self.manages.is_empty();
        self.manages.contains(&state) || region_unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;
    use proptest::prelude::*;

    fn stated(at: Timestamp) -> Reach {
        Reach { states: vec![Country::parse("XA").unwrap()], at }
    }

    #[test]
    fn ninety_days_and_not_a_second_more() {
        let at = Timestamp::parse("2026-11-22T00:00:00Z").unwrap();
        let reach = stated(at);
        assert_eq!(reach.expires().to_string(), "2027-02-20T00:00:00Z");
        assert!(reach.is_current(reach.expires()) && !reach.is_current(reach.expires().plus(1)));
        assert!(reach.is_current(at.plus(-SKEW)) && !reach.is_current(at.plus(-SKEW - 1)));
    }

    #[test]
    fn nobody_knows_what_nothing_was_said_of() {
        let reach = Reach { states: Vec::new(), at: Timestamp::MIN };
        assert!(!reach.is_current(Timestamp::MIN));
    }

    proptest! {
        /// What has run out never comes back by waiting, at the ends of time as anywhere.
        #[test]
        fn a_statement_counts_for_one_stretch_of_time(at in 0_i64..32_503_680_000, first in 0..400 * DAY, later in 0..400 * DAY) {
            let at = Timestamp::MIN.plus(at);
            let reach = stated(at);
            let (first, second) = (at.plus(first), at.plus(first.saturating_add(later)));
            prop_assert!(reach.is_current(first) || !reach.is_current(second));
            prop_assert_eq!(reach.is_current(first), first <= reach.expires());
        }
    }
}
