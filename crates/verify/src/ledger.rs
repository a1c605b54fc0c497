//! What a trustee remembers of its own answers: replay keys, cumulative counters, receipts it waits for.
//!
//! Plain data: the trustee keeps it in its journal and hands it to the pure check.

use countersign_core::class::Class;
use countersign_core::id::{AuthorityId, Digest, InvalidId, OrderId, PersonId};
use countersign_core::order::Kind;
use countersign_core::time::{DAY, Timestamp};
use std::collections::BTreeMap;

/// What is counted: the people of the orders that concern it, or evaluations under the index ring.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CounterKey {
    /// Every person, whoever asked.
    All,
    /// People of orders of one kind.
    Kind(Kind),
    /// People of whom one class was opened.
    Class(Class),
    /// People for one authority.
    Authority(AuthorityId),
    /// People for one matter.
    Matter(Digest),
    /// People for one traced address.
    Address(Digest),
    /// People of the runs of one standing order.
    Duty(Digest),
    /// Evaluations of lookups, whoever looked.
    Lookups,
    /// Evaluations of one officer's lookups.
    LookupsOf(PersonId),
    /// Evaluations of lookups for one case.
    LookupsFor(Digest),
    /// Evaluations of enrolments.
    Enrolments,
    /// People of readings for cases, whoever read.
    Readings,
    /// People of one agent's readings for cases.
    ReadingsOf(PersonId),
    /// People of readings for which one peer stood in.
    ReadingsWith(PersonId),
    /// People of break-glass readings.
    BreakGlass,
}

impl CounterKey {
    /// What is counted by, and which one: the spelling of databases, entries and commands.
    pub fn names(&self) -> (&'static str, String) {
        match self {
            CounterKey::All => ("all", String::new()),
            CounterKey::Kind(kind) => ("kind", kind.to_string()),
            CounterKey::Class(class) => ("class", class.as_str().to_owned()),
            CounterKey::Authority(id) => ("authority", id.to_string()),
            CounterKey::Matter(digest) => ("matter", digest.to_hex()),
            CounterKey::Address(digest) => ("address", digest.to_hex()),
            CounterKey::Duty(standing) => ("duty", standing.to_hex()),
            CounterKey::Lookups => ("lookups", String::new()),
            CounterKey::LookupsOf(officer) => ("lookups_of", officer.to_string()),
            CounterKey::LookupsFor(case) => ("lookups_for", case.to_hex()),
            CounterKey::Enrolments => ("enrolments", String::new()),
            CounterKey::Readings => ("readings", String::new()),
            CounterKey::ReadingsOf(agent) => ("readings_of", agent.to_string()),
            CounterKey::ReadingsWith(peer) => ("readings_with", peer.to_string()),
            CounterKey::BreakGlass => ("break_glass", String::new()),
        }
    }

    /// Reads the spelling of [`names`](Self::names).
    ///
    /// # Errors
    /// [`InvalidId`] for what is not counted, or in another spelling.
    pub fn parse(by: &str, of: &str) -> Result<Self, InvalidId> {
        match (by, of) {
            ("all", "") => Ok(CounterKey::All),
            ("kind", kind) => Kind::parse(kind).map(CounterKey::Kind),
            ("class", class) => Class::parse(class).map(CounterKey::Class),
            ("authority", id) => AuthorityId::parse(id).map(CounterKey::Authority),
            ("matter", digest) => Digest::parse(digest).map(CounterKey::Matter),
            ("address", digest) => Digest::parse(digest).map(CounterKey::Address),
            ("duty", standing) => Digest::parse(standing).map(CounterKey::Duty),
            ("lookups", "") => Ok(CounterKey::Lookups),
            ("lookups_of", officer) => PersonId::parse(officer).map(CounterKey::LookupsOf),
            ("lookups_for", case) => Digest::parse(case).map(CounterKey::LookupsFor),
            ("enrolments", "") => Ok(CounterKey::Enrolments),
            ("readings", "") => Ok(CounterKey::Readings),
            ("readings_of", agent) => PersonId::parse(agent).map(CounterKey::ReadingsOf),
            ("readings_with", peer) => PersonId::parse(peer).map(CounterKey::ReadingsWith),
            ("break_glass", "") => Ok(CounterKey::BreakGlass),
            _ => Err(InvalidId::not("a counter of a trustee", by)),
        }
    }
}

/// A hard stop raised by a person at the trustee: for some time, by some people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lift {
    key: CounterKey,
    people: u32,
    from: Timestamp,
    until: Timestamp,
}

/// A lift that no person may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LiftError {
    /// The counter has no stop of its own.
    #[error("only the counters of the day, an authority, a matter and an address have a hard stop")]
    NoStop,
    /// Nobody, or more people than one order may hold.
    #[error("a stop is lifted by 1 to {MAX_LIFTED} people")]
    People,
    /// Ends before it begins, or lasts too long.
    #[error("a stop is lifted for at most {} days, and not into the past", MAX_LIFT / DAY)]
    Time,
}

/// Most people of one lift: as many as one order may hold.
pub const MAX_LIFTED: u32 = 10_000;

/// Longest lift.
pub const MAX_LIFT: i64 = 31 * DAY;

impl Lift {
    /// Raises the stop of `key` by `people`, from now until then.
    ///
    /// # Errors
    /// [`LiftError`].
    pub fn new(key: CounterKey, people: u32, from: Timestamp, until: Timestamp) -> Result<Self, LiftError> {
        let of_orders =
            matches!(key, CounterKey::All | CounterKey::Authority(_) | CounterKey::Matter(_) | CounterKey::Address(_));
        if !of_orders {
            return Err(LiftError::NoStop);
        }
        if !(1..=MAX_LIFTED).contains(&people) {
            return Err(LiftError::People);
        }
        if until <= from || until.since(from) > MAX_LIFT {
            return Err(LiftError::Time);
        }
        Ok(Self { key, people, from, until })
    }

    /// Whose stop.
    pub fn key(&self) -> &CounterKey {
        &self.key
    }

    /// By how many people.
    pub fn people(&self) -> u32 {
        self.people
    }

    /// From when.
    pub fn from(&self) -> Timestamp {
        self.from
    }

    /// Until when, this second excluded.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether it holds now. A lift that was given by a clock ahead of the present one holds only from then on.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}

/// A cap scaled to one trustee: any t of n trustees answer an order, so each sees about t/n of the people. Rounded up.
pub fn scaled_cap(cap: u32, threshold: u16, members: usize) -> u64 {
    let members = (members as u64).max(1);
    (u64::from(cap) * u64::from(threshold)).div_ceil(members)
}

/// The most people that one trustee counts in the window of a cap, given how many it has `already` counted.
///
/// Once a trustee has counted anybody, its stop is [`scaled_cap`]. A first order may reach the whole cap: each of its t
/// trustees sees all of its people, and scaling would refuse what the policy allows. When any two sets of t trustees
/// share one (2t > n), no sequence of orders then passes the cap by more than the rounding; otherwise there is no such
/// exception.
pub fn hard_stop(cap: u32, threshold: u16, members: usize, already: u64) -> u64 {
    if already == 0 && 2 * usize::from(threshold) > members {
        u64::from(cap)
    } else {
        scaled_cap(cap, threshold, members)
    }
}

/// A trustee's memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Digest and share epoch answered under each id of an order or lookup.
    pub replay: BTreeMap<OrderId, (Digest, u32)>,
    /// People or evaluations counted, by key and day number since 1970-01-01 UTC.
    pub counted: BTreeMap<CounterKey, BTreeMap<i64, u64>>,
    /// The binding to which each order of a worker was answered: digests of order and binding.
    pub bound: BTreeMap<Digest, Digest>,
    /// The last run answered of each standing order: digest of the standing order; number and digest of the run's order.
    pub runs: BTreeMap<Digest, (u32, Digest)>,
    /// Receipts not yet seen in the journal: digest of the disclosure, and when the receipt was given.
    pub awaited: BTreeMap<String, Timestamp>,
    /// The latest time this trustee has acted at.
    pub latest: Option<Timestamp>,
    /// Since when a person at the trustee has stopped all answers; none while it answers.
    pub paused: Option<Timestamp>,
    /// Hard stops raised by a person at the trustee, over or not.
    pub lifts: Vec<Lift>,
}

impl Ledger {
    /// People counted under `key` in the `days` days that end with the day of `now`.
    pub fn people(&self, key: &CounterKey, days: u16, now: Timestamp) -> u64 {
        let today = day(now);
        let first = today - i64::from(days) + 1;
        self.counted
            .get(key)
            .map_or(0, |days| days.range(first..=today).fold(0, |sum: u64, (_, people)| sum.saturating_add(*people)))
    }

    /// Counts `people` under `key` on the day of `now`.
    pub fn count(&mut self, key: CounterKey, now: Timestamp, people: u64) {
        let counted = self.counted.entry(key).or_default().entry(day(now)).or_default();
        *counted = counted.saturating_add(people);
    }

    /// Keeps what an answer leaves: the time, and, unless it repeats one, its replay key and `people` under every counter.
    pub(crate) fn remember(
        &mut self,
        answered: (OrderId, Digest, u32),
        counters: &[CounterKey],
        people: u32,
        replay: bool,
        now: Timestamp,
    ) {
        self.latest = Some(self.latest.map_or(now, |latest| latest.max(now)));
        if replay {
            return;
        }
        let (id, digest, share_epoch) = answered;
        self.replay.insert(id, (digest, share_epoch));
        for key in counters {
            self.count(key.clone(), now, u64::from(people));
        }
    }

    /// By how many people the stop of `key` is raised now.
    pub fn lifted(&self, key: &CounterKey, now: Timestamp) -> u64 {
        let holding = self.lifts.iter().filter(|lift| lift.key == *key && lift.holds(now));
        holding.fold(0, |sum: u64, lift| sum.saturating_add(u64::from(lift.people)))
    }

    /// Forgets the awaited receipts whose disclosure digests stand in a leaf of the journal.
    pub fn saw<'a>(&mut self, digests: impl IntoIterator<Item = &'a str>) {
        if self.awaited.is_empty() {
            return;
        }
        for digest in digests {
            self.awaited.remove(digest);
        }
    }

    /// The oldest receipt that should have been in the journal by now.
    pub fn overdue(&self, now: Timestamp, patience: i64) -> Option<Timestamp> {
        self.awaited.values().copied().filter(|given| now.since(*given) > patience).min()
    }
}

/// Days since 1970-01-01 UTC.
pub fn day(time: Timestamp) -> i64 {
    time.unix().div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn windows_roll_by_days() {
        let mut ledger = Ledger::default();
        let key = CounterKey::Authority(AuthorityId::parse("xa-court").unwrap());
        ledger.count(key.clone(), at("2026-11-01T23:59:59Z"), 3);
        ledger.count(key.clone(), at("2026-11-20T00:00:00Z"), 4);
        assert_eq!(ledger.people(&key, 30, at("2026-11-20T12:00:00Z")), 7);
        assert_eq!(ledger.people(&key, 30, at("2026-11-30T23:00:00Z")), 7);
        assert_eq!(ledger.people(&key, 30, at("2026-12-01T00:00:00Z")), 4);
        ledger.count(CounterKey::All, at("2026-11-20T00:00:00Z"), 4);
        assert_eq!(ledger.people(&CounterKey::All, 1, at("2026-11-21T00:00:00Z")), 0);
    }

    #[test]
    fn a_cap_is_scaled_by_the_share_of_orders_a_trustee_sees() {
        assert_eq!(scaled_cap(10, 3, 5), 6);
        assert_eq!(scaled_cap(1, 3, 5), 1);
        assert_eq!(scaled_cap(0, 3, 5), 0);
        assert_eq!(scaled_cap(u32::MAX, u16::MAX, 0), u64::from(u32::MAX) * u64::from(u16::MAX));
    }

    /// What t of n trustees answer of the slices of one list, each slice asked of the t that have counted least.
    fn answered(slices: &[u32], cap: u32, threshold: u16, members: usize) -> u64 {
        let (key, now) = (CounterKey::Address(Digest([7; 32])), at("2026-11-20T12:00:00Z"));
        let mut ledgers = vec![Ledger::default(); members];
        let mut total = 0;
        for slice in slices {
            ledgers.sort_by_key(|ledger| ledger.people(&key, 30, now));
            let asked = &mut ledgers[..usize::from(threshold)];
            let willing = |ledger: &Ledger| {
                let already = ledger.people(&key, 30, now);
                already + u64::from(*slice) <= hard_stop(cap, threshold, members, already)
            };
            // One that refuses may be replaced by another, but those have counted more.
            if asked.iter().all(willing) {
                asked.iter_mut().for_each(|ledger| ledger.count(key.clone(), now, u64::from(*slice)));
                total += u64::from(*slice);
            }
        }
        total
    }

    proptest::proptest! {
        /// However one list is cut into orders, no more of it is answered than the cap and the rounding of its shares allow; a list
        /// above the cap is refused whole, and so is whatever of its slices lies beyond.
        #[test]
        fn no_split_of_a_list_gets_more_than_the_cap(
            slices in proptest::collection::vec(1u32..40, 1..60),
            cap in 1u32..60,
            (threshold, members) in proptest::sample::select(vec![(2u16, 3usize), (3, 5), (4, 7), (2, 4), (3, 6), (5, 9)]),
        ) {
            let rounding = (members as u64).div_ceil(u64::from(threshold));
            let split = answered(&slices, cap, threshold, members);
            proptest::prop_assert!(split <= u64::from(cap) + rounding, "{split} of a cap of {cap}");
            let whole = answered(&[slices.iter().sum()], cap, threshold, members);
            proptest::prop_assert!(whole <= u64::from(cap));
        }
    }

    #[test]
    fn only_a_first_order_may_reach_the_whole_cap() {
        assert_eq!(hard_stop(10, 3, 5, 0), 10);
        assert_eq!(hard_stop(10, 3, 5, 1), 6);
        // Two disjoint sets of three of six could each take a first order.
        assert_eq!(hard_stop(10, 3, 6, 0), 5);
    }

    #[test]
    fn a_lift_is_limited_in_time_people_and_kind() {
        let (now, day) = (at("2026-11-20T12:00:00Z"), CounterKey::All);
        let lift = |key: &CounterKey, people, until| Lift::new(key.clone(), people, now, until);
        let authority = CounterKey::Authority(AuthorityId::parse("xa-court").unwrap());
        assert!(lift(&authority, MAX_LIFTED, now.plus(MAX_LIFT)).is_ok());
        assert_eq!(lift(&day, 0, now.plus(DAY)), Err(LiftError::People));
        assert_eq!(lift(&day, MAX_LIFTED + 1, now.plus(DAY)), Err(LiftError::People));
        assert_eq!(lift(&day, 1, now), Err(LiftError::Time));
        assert_eq!(lift(&day, 1, now.plus(-DAY)), Err(LiftError::Time));
        assert_eq!(lift(&day, 1, now.plus(MAX_LIFT + 1)), Err(LiftError::Time));
        assert_eq!(lift(&CounterKey::Kind(Kind::Disclosure), 1, now.plus(DAY)), Err(LiftError::NoStop));
        assert_eq!(lift(&CounterKey::Class(Class::Name), 1, now.plus(DAY)), Err(LiftError::NoStop));
    }

    #[test]
    fn lifts_add_up_while_they_hold() {
        let now = at("2026-11-20T12:00:00Z");
        let lift = |people, until| Lift::new(CounterKey::All, people, now, until).unwrap();
        let ledger = Ledger { lifts: vec![lift(3, now.plus(60)), lift(4, now.plus(DAY))], ..Ledger::default() };
        let lifted = |time| ledger.lifted(&CounterKey::All, time);
        assert_eq!([now.plus(-1), now, now.plus(59), now.plus(60), now.plus(DAY)].map(lifted), [0, 7, 7, 4, 0]);
        let other = CounterKey::Authority(AuthorityId::parse("xa-court").unwrap());
        assert_eq!(ledger.lifted(&other, now), 0);
    }

    #[test]
    fn every_counter_is_read_back_and_nothing_else_is() {
        let digest = Digest([7; 32]);
        let keys = [
            CounterKey::All,
            CounterKey::Kind(Kind::Emergency),
            CounterKey::Class(Class::Bank),
            CounterKey::Authority(AuthorityId::parse("xa-court").unwrap()),
            CounterKey::Matter(digest),
            CounterKey::Address(digest),
            CounterKey::Readings,
            CounterKey::ReadingsOf(PersonId::parse("ada-roth").unwrap()),
            CounterKey::ReadingsWith(PersonId::parse("ada-roth").unwrap()),
            CounterKey::BreakGlass,
            CounterKey::Duty(digest),
        ];
        for key in keys {
            let (by, of) = key.names();
            assert_eq!(CounterKey::parse(by, &of), Ok(key));
        }
        for (by, of) in [("all", "x"), ("kind", "leak"), ("class", "1"), ("authority", ""), ("matter", "07"), ("", "")]
        {
            assert!(CounterKey::parse(by, of).is_err(), "{by} {of}");
        }
    }

    #[test]
    fn counters_never_wrap() {
        let mut ledger = Ledger::default();
        let now = at("2026-11-20T12:00:00Z");
        for time in [now, now, now.plus(-DAY)] {
            ledger.count(CounterKey::All, time, u64::MAX);
        }
        assert_eq!(ledger.people(&CounterKey::All, 30, now), u64::MAX);
        assert_eq!(ledger.people(&CounterKey::All, u16::MAX, Timestamp::MIN), 0);
    }

    #[test]
    fn a_receipt_is_overdue_until_it_is_seen() {
        let mut ledger = Ledger::default();
        ledger.awaited.insert("a".into(), at("2026-11-20T12:00:00Z"));
        assert_eq!(ledger.overdue(at("2026-11-20T12:10:00Z"), 600), None);
        assert!(ledger.overdue(at("2026-11-20T12:10:01Z"), 600).is_some());
        ledger.saw(["b", "a"]);
        assert_eq!(ledger.overdue(at("2026-11-21T00:00:00Z"), 600), None);
    }
}
