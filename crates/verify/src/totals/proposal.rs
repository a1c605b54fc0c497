//! "Are these the totals?": what a trustee checks before it signs them.

use super::{CountedOrder, figures};
use crate::request::SKEW;
use crate::state::{ControlState, JournalView, NotNext, follows};
use countersign_core::id::Digest;
use countersign_core::named_enum;
use countersign_core::time::Timestamp;
use countersign_core::totals::{DailyTotals, Figures};
use countersign_tlog::merkle::Frontier;
use std::collections::BTreeSet;
use std::fmt;

named_enum!(
    /// Why a trustee does not sign totals. The codes are stable.
    TotalsCode, "a code of totals" {
        /// The text is no totals document.
        Malformed = "TOTALS_MALFORMED",
        /// A person at the trustee has stopped all answers.
        Paused = "PAUSED",
        /// It signed other totals under this number.
        NumberTaken = "NUMBER_TAKEN",
        /// Totals of another custodian or genesis.
        OtherJournal = "OTHER_JOURNAL",
        /// Not the number after the last totals of the journal.
        WrongNumber = "WRONG_NUMBER",
        /// No more leaves than the last totals counted.
        SizeNotLarger = "SIZE_NOT_LARGER",
        /// Not a later day than that of the last totals.
        DayNotLater = "DAY_NOT_LATER",
        /// A day that has not begun by its clock.
        DayInFuture = "DAY_IN_FUTURE",
        /// Its own clock went back.
        ClockWentBack = "CLOCK_WENT_BACK",
        /// More leaves than the journal has that it follows.
        JournalAhead = "JOURNAL_AHEAD",
        /// The disclosures of a leaf are missing or wrong.
        DisclosureWrong = "DISCLOSURE_WRONG",
        /// It does not hold the disclosures of every leaf yet.
        DisclosuresMissing = "DISCLOSURES_MISSING",
        /// Not the root of the journal at this size.
        RootDiffers = "ROOT_DIFFERS",
        /// An order that it answered is not among those counted.
        OrderNotCounted = "ORDER_NOT_COUNTED",
        /// Not the figures that it computes.
        FiguresDiffer = "FIGURES_DIFFER",
    }
);

/// Totals are not signed: a stable code, and a detail for the trustee's own log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotalsRefusal {
    code: TotalsCode,
    detail: String,
}

impl TotalsRefusal {
    /// A refusal with a detail for the trustee's own log.
    pub fn new(code: TotalsCode, detail: impl fmt::Display) -> Self {
        Self { code, detail: detail.to_string() }
    }

    /// The stable code.
    pub fn code(&self) -> TotalsCode {
        self.code
    }

    /// For the operations log.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for TotalsRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "totals refused: {}", self.code)
    }
}

impl std::error::Error for TotalsRefusal {}

impl From<NotNext> for TotalsRefusal {
    fn from(reason: NotNext) -> Self {
        let code = match reason {
            NotNext::OtherJournal => TotalsCode::OtherJournal,
            NotNext::Number { .. } => TotalsCode::WrongNumber,
            NotNext::Size { .. } => TotalsCode::SizeNotLarger,
            NotNext::Day { .. } => TotalsCode::DayNotLater,
        };
        Self::new(code, reason)
    }
}

/// What a trustee knows by itself. Nothing of it comes from whoever asks, except disclosures that were checked.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    /// Control state folded from the journal.
    pub control: &'k ControlState,
    /// The journal it was folded from.
    pub journal: &'k JournalView,
    /// The last totals that it signed itself, published or not.
    pub signed: Option<&'k DailyTotals>,
    /// The tree of the leaves whose disclosures it holds.
    pub held: &'k Frontier,
    /// The orders among these leaves.
    pub orders: &'k [CountedOrder],
    /// Orders that it answered, each with the size of the journal that it had folded then.
    pub answered: &'k [(Digest, u64)],
    /// The latest time it has acted at.
    pub latest: Option<Timestamp>,
    /// The time by its own clock.
    pub now: Timestamp,
}

/// First part: whether the totals can be the next ones, whatever their figures. Disclosures are taken only for such.
///
/// # Errors
/// [`TotalsRefusal`].
pub fn check_claim(known: &Known<'_>, totals: &DailyTotals) -> Result<(), TotalsRefusal> {
    let refuse = |code, detail: String| Err(TotalsRefusal::new(code, detail));
    known.control.check_next_totals(totals)?;
    if let Some(signed) = known.signed {
        // Number and figures of totals that this trustee signed and nobody published bind it like published ones.
        if totals.number <= signed.number {
            return refuse(TotalsCode::NumberTaken, format!("number {} was signed here", signed.number));
        }
        follows(totals, signed)?;
    }
    if let Some(latest) = known.latest.filter(|latest| known.now.plus(SKEW) < *latest) {
        return refuse(TotalsCode::ClockWentBack, format!("now {}, acted before at {latest}", known.now));
    }
    let today = known.now.date();
    if totals.day > today {
        return refuse(TotalsCode::DayInFuture, format!("totals of {}, today is {today}", totals.day));
    }
    let journal = known.journal.size();
    if totals.size > journal {
        return refuse(
            TotalsCode::JournalAhead,
            format!("up to size {}, {journal} leaves are folded here", totals.size),
        );
    }
    Ok(())
}

/// Second part: whether root and figures are those that the trustee computes from what it holds.
///
/// # Errors
/// [`TotalsRefusal`]; those of [`check_claim`] too.
pub fn check_proposal(known: &Known<'_>, totals: &DailyTotals) -> Result<(), TotalsRefusal> {
    check_claim(known, totals)?;
    let refuse = |code, detail: String| Err(TotalsRefusal::new(code, detail));
    let (size, held) = (totals.size, known.held.size());
    if held < size {
        return refuse(TotalsCode::DisclosuresMissing, format!("disclosures are held up to size {held}"));
    }
    let root = if held == size { Some(known.held.root()) } else { known.journal.root_at(size) };
    if root.is_none_or(|root| root.as_bytes() != totals.root.as_bytes()) {
        return refuse(TotalsCode::RootDiffers, format!("not the root at size {size}"));
    }
    let counted: BTreeSet<Digest> = counted(known, size).map(|order| order.order).collect();
    let missing = known.answered.iter().find(|(order, journal)| *journal <= size && !counted.contains(order));
    if let Some((order, _)) = missing {
        // A leaf can be made that opens as an order and as something else; whoever answered the order remembers.
        return refuse(TotalsCode::OrderNotCounted, order.to_hex());
    }
    let own = figures(known.orders, size);
    if own != totals.figures {
        return refuse(
            TotalsCode::FiguresDiffer,
            format!("computed {}, proposed {}", shown(&own), shown(&totals.figures)),
        );
    }
    Ok(())
}

fn counted<'k>(known: &Known<'k>, size: u64) -> impl Iterator<Item = &'k CountedOrder> {
    known.orders.iter().filter(move |order| order.index < size)
}

fn shown(figures: &Figures) -> String {
    let Figures { orders, people, cells, closed, kept_closed } = figures;
    let (quarters, laws) = (closed.len(), kept_closed.len());
    format!("{orders} orders, {people} people, {cells} cells, {quarters} quarters, {laws} laws")
}
