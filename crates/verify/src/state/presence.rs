//! Who has to check in, who has, and who is silent: a dead man's switch for people whom a state can seize.
//!
//! Rules: `docs/formats/check-in.md`. Check-ins are remembered and are no part of what is in force, so receipts do not depend on who was
//! heard last; every trustee judges silence by its own clock.

use super::fold::{party_of_person, signed};
use super::{ControlState, InForce};
use countersign_core::check_in::{CheckIn, Watch};
use countersign_core::id::PersonId;
use countersign_core::json::Exact;
use countersign_core::time::{HOUR, Seconds, Timestamp};
use countersign_tlog::leaf::ControlLeaf;

/// Clock difference that is tolerated when a check-in seems to come from the future.
const SKEW: Seconds = 120;

/// How long a check-in may take from the signer to the eyes of a trustee: checkpoints are accepted for an hour.
const GRACE: Seconds = HOUR;

/// Somebody who has to check in, at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Who.
    pub person: PersonId,
    /// What is set.
    pub watch: Watch,
    /// The last check-in that counts under it.
    pub last: Option<Timestamp>,
    /// When the silence becomes too long; `None` before the first check-in.
    pub until: Option<Timestamp>,
    /// Whether the person counts as removed: never heard under this watch, or silent for too long.
    pub silent: bool,
}

/// Why a check-in does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckInError {
    /// Another custodian or genesis.
    #[error("a check-in for another journal")]
    OtherJournal,
    /// Nobody in force who has to check in.
    #[error("`{0}` is not in force, or does not have to check in")]
    NotWatched(PersonId),
    /// Played again, or overtaken by a later one.
    #[error("`{person}` has checked in at {last} already: an earlier one counts for nothing")]
    NotLater {
        /// Who.
        person: PersonId,
        /// The last time.
        last: Timestamp,
    },
    /// From before the watch was set.
    #[error("`{person}` checked in at {at}; only check-ins from {from} on count")]
    TooEarly {
        /// Who.
        person: PersonId,
        /// The time in the check-in.
        at: Timestamp,
        /// The first time that counts.
        from: Timestamp,
    },
    /// Silent for too long: removed.
    #[error(
        "`{person}` was silent after {last} for more than {hours} hours and is removed: set a new watch, with several approvers and trustees"
    )]
    Silent {
        /// Who.
        person: PersonId,
        /// The last check-in.
        last: Timestamp,
        /// What was set.
        hours: u16,
    },
    /// Seen when it said nothing any more, or before its time.
    #[error("the check-in of `{person}` is of {at}, and was seen at {seen}: too old, or of a time to come")]
    NotOfNow {
        /// Who.
        person: PersonId,
        /// The time in the check-in.
        at: Timestamp,
        /// When it was seen.
        seen: Timestamp,
    },
    /// Not signed by that person alone.
    #[error("the check-in of `{0}` is not signed by one of the own keys, and by nobody else")]
    Signature(PersonId),
}

impl ControlState {
    /// Everybody who has to check in at `now`, by id.
    pub fn presence(&self, now: Timestamp) -> Vec<Presence> {
        let state = self.at(now);
        state.watched.iter().filter_map(|(person, watch)| self.presence_of(person, watch, now)).collect()
    }

    /// What is in force at `now`, without people who are silent: whose signatures count. What receipts name is [`at`](Self::at).
    pub fn counting_at(&self, now: Timestamp) -> InForce {
        let mut state = self.at(now);
        for presence in self.presence(now).into_iter().filter(|presence| presence.silent) {
            state.people.remove(&presence.person);
        }
        state
    }

    /// Whether a check-in would count, seen at `now`.
    ///
    /// # Errors
    /// [`CheckInError`].
    pub fn check_check_in(&self, check_in: &CheckIn, now: Timestamp) -> Result<(), CheckInError> {
        let (person, at) = (&check_in.person, check_in.at);
        if check_in.custodian != self.genesis.value().custodian.id || check_in.genesis != self.genesis.digest() {
            return Err(CheckInError::OtherJournal);
        }
        let state = self.at(now);
        let watch = state.watched.get(person).filter(|_| state.people.contains_key(person));
        let Some((watch, hours)) = watch.and_then(|watch| Some((watch, watch.hours?))) else {
            return Err(CheckInError::NotWatched(person.clone()));
        };
        let silence = watch.silence().unwrap_or(0);
        if at < watch.from {
            return Err(CheckInError::TooEarly { person: person.clone(), at, from: watch.from });
        }
        if let Some(last) = self.seen.get(person).copied() {
            if at <= last {
                return Err(CheckInError::NotLater { person: person.clone(), last });
            }
            // INVARIANT: under one watch no check-in counts that was made, or seen here, after a silence that was too long: neither a
            // key found later nor a check-in that was held back revives anybody. Only a later watch begins anew.
            let too_late = at.since(last) > silence || now.since(last) > silence.saturating_add(GRACE);
            if last >= watch.from && too_late {
                return Err(CheckInError::Silent { person: person.clone(), last, hours });
            }
        }
        if !(-SKEW..=silence).contains(&now.since(at)) {
            return Err(CheckInError::NotOfNow { person: person.clone(), at, seen: now });
        }
        Ok(())
    }

    /// What a control leaf that claims to be a check-in says, when it counts: the question that the fold asks.
    ///
    /// # Errors
    /// The reason for people.
    pub fn read_check_in(&self, leaf: &ControlLeaf, witnessed: Timestamp) -> Result<CheckIn, String> {
        let check_in = Exact::<CheckIn>::parse(leaf.body().as_bytes()).map_err(|error| error.to_string())?;
        let value = check_in.value();
        self.check_check_in(value, witnessed).map_err(|error| error.to_string())?;
        let state = self.at(witnessed);
        let own = state.people.get(&value.person).is_some_and(|person| match leaf.signatures() {
            [signature] => signature.by == party_of_person(person) && signed(leaf.body(), &person.keys, &signature.sig),
            _ => false,
        });
        if own { Ok(value.clone()) } else { Err(CheckInError::Signature(value.person.clone()).to_string()) }
    }

    fn presence_of(&self, person: &PersonId, watch: &Watch, now: Timestamp) -> Option<Presence> {
        let silence = watch.silence()?;
        let last = self.seen.get(person).copied().filter(|last| *last >= watch.from);
        let heard = last.is_some_and(|last| (-SKEW..=silence).contains(&now.since(last)));
        let until = last.map(|last| last.plus(silence));
        Some(Presence { person: person.clone(), watch: watch.clone(), last, until, silent: !heard })
    }
}
