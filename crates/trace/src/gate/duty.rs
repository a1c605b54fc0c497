//! Own deposits for the duty to honour sanctions: under a standing order, in bands, and nothing about anybody else.
//!
//! What the order pins has to be what is there: its lists, the own addresses. A deposit is an own one when the exchange named it and the chain
//! says that it pays an own address. Where the graph is too old or does not reach far enough nothing is answered: not known is not clean.

use super::Gate;
use super::exposure::{Listed, sources};
use crate::folder::Reach;
use crate::graph::OutId;
use crate::taint::{Amount, Rule, Share, Stops};
use crate::wire::Outpoint;
use countersign_core::exposure::{DepositAnswer, ExposureOrder, ListAnswer, RuleShare, ShareBand, Verdict};
use countersign_core::time::{HOUR, Timestamp};
use std::collections::BTreeSet;

/// A block may be dated so many seconds later than it is.
const AHEAD: i64 = 2 * HOUR;

/// What is asked under, with what the caller knows of the graph. Signatures and budgets are checked by whoever fills this in, before.
pub struct DutyTerms<'o> {
    /// The standing order.
    pub order: &'o ExposureOrder,
    /// How far the graph goes, when it is a neighbourhood.
    pub reach: Option<&'o Reach>,
    /// The present time.
    pub now: Timestamp,
}

/// What was answered about some deposits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DutyAnswer {
    /// Height of the last block of the graph.
    pub height: u32,
    /// For each deposit, sorted by name.
    pub deposits: Vec<DepositAnswer>,
}

/// Why nothing is answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DutyRefusal {
    /// The graph is empty.
    #[error("the graph has no block, so nothing is known of any deposit: `countersign trace ingest` first")]
    NoBlocks,
    /// The last block is too old.
    #[error(
        "the last block of the graph is of {last}, and the standing order allows {hours} hours: what was listed or paid since is not known; `countersign trace ingest` first"
    )]
    TooOld {
        /// Time of the last block.
        last: Timestamp,
        /// Allowed.
        hours: u16,
    },
    /// The last block is of a time to come.
    #[error(
        "the last block of the graph is of {0}, which is still to come: the clock of this machine or the graph is wrong"
    )]
    Ahead(Timestamp),
    /// The neighbourhood does not go far enough, or nobody knows how far it goes.
    #[error(
        "the graph is no whole chain and was not made {0} payments onwards from the lists of the standing order: `countersign trace ingest --hops {0}`, or `--full`"
    )]
    NotReached(u8),
    /// A list is not what the standing order names.
    #[error(
        "the list `{0}` is not the one that the standing order names: another list is another decision; propose a standing order for it"
    )]
    OtherList(String),
    /// The own addresses are not what the standing order names.
    #[error(
        "the custodian's own addresses are not those that the standing order names: propose a standing order for them"
    )]
    OtherAddresses,
    /// The exchange did not name it.
    #[error("`{0}` is not among the deposits of the custodian")]
    NotOwn(Outpoint),
    /// The chain says that it is somebody else's.
    #[error("`{0}` pays none of the custodian's own addresses: it is not an own deposit, whoever says so")]
    NotPaidToUs(Outpoint),
    /// Not in the graph.
    #[error("`{0}` is not in the graph: ingest the block it stands in")]
    NotInGraph(Outpoint),
}

impl Gate<'_> {
    /// What own deposits are exposed to, list by list. All of them are answered or none.
    ///
    /// # Errors
    /// [`DutyRefusal`].
    pub fn duty(&self, terms: &DutyTerms<'_>, deposits: &BTreeSet<Outpoint>) -> Result<DutyAnswer, DutyRefusal> {
        let order = terms.order;
        let height = self.fresh_enough(order, terms.now)?;
        self.as_pinned(order)?;
        self.reaches(terms)?;
        let outs = deposits.iter().map(|deposit| Ok((*deposit, self.own_deposit(deposit)?)));
        let outs = outs.collect::<Result<Vec<_>, DutyRefusal>>()?;
        let lists: Vec<Listed<'_>> = order.lists.iter().map(|list| self.counting(&list.name)).collect();
        let stops = Stops { hops: Some(u16::from(order.payments)), ..self.exposure_stops.clone() };
        let answer = |(deposit, out): (Outpoint, OutId)| DepositAnswer {
            deposit: deposit.to_string(),
            lists: lists.iter().map(|list| self.on_list(out, list, &stops, order.threshold)).collect(),
        };
        let mut deposits: Vec<DepositAnswer> = outs.into_iter().map(answer).collect();
        deposits.sort_by(|left, right| left.deposit.cmp(&right.deposit));
        Ok(DutyAnswer { height, deposits })
    }

    fn fresh_enough(&self, order: &ExposureOrder, now: Timestamp) -> Result<u32, DutyRefusal> {
        let tip = self.graph.tip().zip(self.graph.tip_time());
        let ((_, height), time) = tip.ok_or(DutyRefusal::NoBlocks)?;
        let last = Timestamp::from_unix(i64::from(time)).ok_or(DutyRefusal::NoBlocks)?;
        if last > now.plus(AHEAD) {
            return Err(DutyRefusal::Ahead(last));
        }
        if last < now.plus(-i64::from(order.graph_hours) * HOUR) {
            return Err(DutyRefusal::TooOld { last, hours: order.graph_hours });
        }
        Ok(height)
    }

    fn as_pinned(&self, order: &ExposureOrder) -> Result<(), DutyRefusal> {
        let network = self.graph.network();
        for list in &order.lists {
            if self.labels.listing(&list.name, network).as_ref() != Some(list) {
                return Err(DutyRefusal::OtherList(list.name.clone()));
            }
        }
        if self.own.addresses(network) != order.own {
            return Err(DutyRefusal::OtherAddresses);
        }
        Ok(())
    }

    /// A neighbourhood holds every payment so far onwards from the addresses that were listed when it was made, and from no others.
    fn reaches(&self, terms: &DutyTerms<'_>) -> Result<(), DutyRefusal> {
        let order = terms.order;
        let around = |reach: &Reach| order.lists.iter().all(|list| reach.lists.binary_search(&list.digest).is_ok());
        let near = terms.reach.is_some_and(|reach| reach.hops >= order.payments && around(reach));
        if self.graph.is_whole() || near { Ok(()) } else { Err(DutyRefusal::NotReached(order.payments)) }
    }

    fn own_deposit(&self, deposit: &Outpoint) -> Result<OutId, DutyRefusal> {
        if !self.own.is_deposit(deposit) {
            return Err(DutyRefusal::NotOwn(*deposit));
        }
        let out = self.graph.out_id(deposit).ok_or(DutyRefusal::NotInGraph(*deposit))?;
        match self.graph.lock_of(out) {
            Some(lock) if self.own.is_wallet(lock) => Ok(out),
            _ => Err(DutyRefusal::NotPaidToUs(*deposit)),
        }
    }

    /// The outputs of a list's addresses that count.
    fn counting<'n>(&self, name: &'n str) -> Listed<'n> {
        let locks = self.labels.counting(name).filter_map(|lock| self.graph.lock_id(lock));
        let outputs = self.locked.outputs_of(locks);
        Listed { name, numbers: outputs.iter().copied().collect(), outputs }
    }

    fn on_list(&self, deposit: OutId, list: &Listed<'_>, stops: &Stops, threshold: ShareBand) -> ListAnswer {
        let walks: Vec<_> =
            Rule::ALL.iter().map(|rule| (*rule, sources(self.graph, deposit, list, stops, *rule))).collect();
        // Poison follows every part however small: where it finds nothing there is nothing in what other rules dropped.
        let touched = walks.iter().any(|(rule, walk)| *rule == Rule::Poison && !walk.hits.is_empty());
        let (mut shares, mut above, mut may_be_above) = (Vec::new(), false, false);
        for (rule, walk) in &walks {
            let found = walk.found(*rule);
            let share = if walk.hits.is_empty() { ShareBand::Nothing } else { band(found, walk.asked) };
            shares.push(RuleShare { rule: *rule, share });
            if *rule == Rule::Poison {
                continue;
            }
            above |= share >= threshold;
            let mut unseen = walk.joins;
            if !self.graph.is_from_the_first_block() {
                unseen += walk.outside;
            }
            if touched {
                unseen += walk.dust;
            }
            let mut most = found;
            most += unseen;
            may_be_above |= unseen > Amount::ZERO && band(most, walk.asked) >= threshold;
        }
        let hops = walks.iter().flat_map(|(_, walk)| walk.hits.values().map(|hit| hit.hops)).min();
        let verdict = match (above, may_be_above, hops) {
            (true, _, _) => Verdict::Above,
            (false, true, _) => Verdict::Unknown,
            (false, false, Some(_)) => Verdict::Below,
            (false, false, None) => Verdict::None,
        };
        let payments = hops.map(|hops| u8::try_from(hops).unwrap_or(u8::MAX));
        ListAnswer { list: list.name.to_owned(), shares, payments, verdict }
    }
}

fn band(part: Amount, whole: Amount) -> ShareBand {
    ShareBand::of(Share::of(part, whole).millionths())
}

#[cfg(test)]
mod tests;
