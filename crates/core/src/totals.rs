//! Daily totals: how much the journal's orders let out, in figures that t trustees have recomputed and signed.
//!
//! Bytes and rules: `docs/formats/totals.md`. The document stands as the body of a control leaf; who must have signed it is
//! the work of `verify::state`, how its figures are computed that of `verify::totals`.

use crate::facts::ascending;
use crate::id::{CustodianId, Digest};
use crate::json::Document;
use crate::time::{Date, Timestamp};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the totals format.
    TotalsV1 = "countersign/totals/v1"
);

/// Orders and the people they concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedUntil {
    /// Last second of the quarter in which they are opened at the latest.
    pub until: Timestamp,
    /// How many orders.
    pub orders: u64,
    /// The sum of their subjects.
    pub people: u64,
}

/// Orders that a law keeps closed for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptClosed {
    /// The law, by the name that its state gives it.
    pub law: String,
    /// How many orders.
    pub orders: u64,
    /// The sum of their subjects.
    pub people: u64,
}

/// What the journal's orders add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Orders.
    pub orders: u64,
    /// People: the sum of the subjects of all orders.
    pub people: u64,
    /// Cells: the sum of subjects times classes of all orders.
    pub cells: u64,
    /// Orders not yet opened, by the quarter of their latest opening, ascending.
    pub closed: Vec<ClosedUntil>,
    /// Orders that a law keeps closed for ever, sorted by law. In this version no order can be such a one.
    pub kept_closed: Vec<KeptClosed>,
}

/// The totals of one day: everything from the beginning of the journal up to `size`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DailyTotals {
    /// Format version.
    pub v: TotalsV1,
    /// The custodian.
    pub custodian: CustodianId,
    /// Digest of the genesis this journal began with.
    pub genesis: Digest,
    /// 1 for the first totals of the journal, rising by one.
    pub number: u32,
    /// The day (UTC) on which they were made.
    pub day: Date,
    /// Leaves counted: those before this index.
    pub size: u64,
    /// Root of the journal at that size.
    pub root: Digest,
    /// The figures.
    pub figures: Figures,
}

impl DailyTotals {
    /// Most quarters in `closed`: ten years.
    pub const MAX_QUARTERS: usize = 40;

    /// Most laws in `kept_closed`.
    pub const MAX_LAWS: usize = 8;

    /// Longest name of a law in bytes.
    pub const MAX_LAW: usize = 100;

    /// Whether a control body claims to be totals. Only a body that begins so can be read as totals, and none that does can
    /// be read as anything else.
    pub fn is_claimed_by(body: &str) -> bool {
        let rest = body.strip_prefix("{\"v\":\"").and_then(|rest| rest.strip_prefix(TotalsV1::TEXT));
        rest.is_some_and(|rest| rest.starts_with('"'))
    }
}

/// Largest number in the document: what every reader of JSON holds exactly.
const MAX_NUMBER: u64 = (1 << 53) - 1;

impl Document for DailyTotals {
    const WHAT: &'static str = "daily totals";
    const DOMAIN: &'static str = TotalsV1::TEXT;
    // INVARIANT: with its quotes escaped and the signatures of 60 trustees beside it, it fits into a control leaf.
    const MAX_LEN: usize = 6 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.number >= 1, "`number` is zero: the first totals are number 1"),
            ((1..=MAX_NUMBER).contains(&self.size), "`size` is zero or above 2^53 - 1"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or_else(|| self.figures.check(), |(_, reason)| Err(reason))
    }
}

impl Figures {
    fn check(&self) -> Result<(), &'static str> {
        let Self { closed, kept_closed, .. } = self;
        let parts = || {
            let closed = closed.iter().map(|one| (one.orders, one.people));
            closed.chain(kept_closed.iter().map(|one| (one.orders, one.people)))
        };
        let sum = |of: fn((u64, u64)) -> u64| parts().map(of).fold(0, u64::saturating_add);
        let untils: Vec<Timestamp> = closed.iter().map(|one| one.until).collect();
        let laws: Vec<&str> = kept_closed.iter().map(|one| one.law.as_str()).collect();
        let rules = [
            (
                [self.orders, self.people, self.cells].iter().all(|number| *number <= MAX_NUMBER),
                "a number above 2^53 - 1",
            ),
            (self.orders > 0 || (self.people, self.cells) == (0, 0), "people or cells without orders"),
            (untils.len() <= DailyTotals::MAX_QUARTERS, "`closed` names more than 40 quarters"),
            (ascending(&untils), "`closed` is not sorted by `until` or repeats a quarter"),
            (untils.iter().all(|until| *until == until.quarter_end()), "an `until` is not the end of a quarter"),
            (laws.len() <= DailyTotals::MAX_LAWS, "`kept_closed` names more than 8 laws"),
            (ascending(&laws), "`kept_closed` is not sorted by `law` or repeats one"),
            (
                laws.iter().all(|law| is_name_of_law(law)),
                "a `law` is not one line of 1 to 100 bytes without quotes and backslashes",
            ),
            (parts().all(|(orders, _)| orders > 0), "a quarter or law without orders"),
            (sum(|(orders, _)| orders) <= self.orders, "more orders are closed than there are"),
            (sum(|(_, people)| people) <= self.people, "more people are in closed orders than in all"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

fn is_name_of_law(law: &str) -> bool {
    let refused = |character: char| character.is_control() || matches!(character, '"' | '\\');
    (1..=DailyTotals::MAX_LAW).contains(&law.len()) && law.trim() == law && !law.contains(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{Change, ChangeV1};
    use crate::json::Exact;
    use proptest::prelude::*;

    fn quarter(year: u16) -> Timestamp {
        Timestamp::parse(&format!("{year}-12-31T23:59:59Z")).unwrap()
    }

    fn largest() -> DailyTotals {
        let closed = (0..40).map(|year| ClosedUntil { until: quarter(2026 + year), orders: 1 << 40, people: 1 << 47 });
        let law = |number: usize| format!("{number}{}", "x".repeat(99));
        let kept = (0..8).map(|number| KeptClosed { law: law(number), orders: 1 << 40, people: 1 << 47 });
        DailyTotals {
            v: TotalsV1,
            custodian: CustodianId([7; 16]),
            genesis: Digest([1; 32]),
            number: u32::MAX,
            day: Date::parse("2026-11-20").unwrap(),
            size: MAX_NUMBER,
            root: Digest([2; 32]),
            figures: Figures {
                orders: MAX_NUMBER,
                people: MAX_NUMBER,
                cells: MAX_NUMBER,
                closed: closed.collect(),
                kept_closed: kept.collect(),
            },
        }
    }

    #[test]
    fn everything_that_the_rules_allow_can_be_written() {
        let text = Exact::write(largest()).unwrap().text().to_owned();
        assert_eq!(Exact::<DailyTotals>::parse(text.as_bytes()).unwrap().value(), &largest());
    }

    #[test]
    fn only_totals_claim_to_be_totals() {
        let text = Exact::write(largest()).unwrap().text().to_owned();
        assert!(DailyTotals::is_claimed_by(&text));
        for other in [ChangeV1::TEXT, "countersign/totals/v10", "countersign/totals/v"] {
            let other = text.replace(TotalsV1::TEXT, other);
            assert!(!DailyTotals::is_claimed_by(&other), "{other}");
        }
        assert!(Exact::<Change>::parse(text.as_bytes()).is_err());
        assert!(!DailyTotals::is_claimed_by("") && !DailyTotals::is_claimed_by(&text[1..]));
    }

    proptest! {
        #[test]
        fn sums_of_closed_orders_never_wrap(orders in any::<[u64; 3]>(), people in any::<[u64; 3]>()) {
            let mut totals = largest();
            for (place, until) in [2026, 2027, 2028].into_iter().map(quarter).enumerate() {
                totals.figures.closed[place] = ClosedUntil { until, orders: orders[place], people: people[place] };
            }
            totals.figures.closed.truncate(3);
            totals.figures.kept_closed.clear();
            let fits = |numbers: [u64; 3]| numbers.iter().map(|one| u128::from(*one)).sum::<u128>() <= u128::from(MAX_NUMBER);
            let expected = fits(orders) && fits(people) && orders.iter().all(|one| *one > 0);
            prop_assert_eq!(Exact::write(totals).is_ok(), expected);
        }
    }
}
