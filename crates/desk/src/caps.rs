//! Cumulative caps: what no single order shows. The trustees count for themselves besides.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::scope::granted;
use countersign_core::facts::Facts;
use countersign_core::id::{Digest, Handle};
use countersign_core::order::Order;
use countersign_core::time::{DAY, Timestamp};
use countersign_policy::Per;
use countersign_store::Counter;
use countersign_verify::manifest::Manifest;
use std::collections::BTreeSet;

/// Reason code of the pack for every cap.
const CAP_EXCEEDED: &str = "CAP_EXCEEDED";

/// How much more often than among all clients an address must be paid among those asked about, before they count as a list of its
/// payers. An address that a third of all clients have paid says nothing about anybody.
const MORE_OFTEN: u64 = 4;

impl Desk {
    /// Refuses an order that would pass a cap of its authority, its matter or one of its traced addresses, or that is a slice of a list
    /// of an address's payers which nobody has named.
    ///
    /// # Errors
    /// [`DeskError::Denied`], naming the cap and its window.
    pub(crate) async fn check_caps(&self, facts: &Facts, manifest: &Manifest) -> Result<()> {
        let now = self.now();
        let asked: BTreeSet<Handle> = granted(manifest)?.into_keys().collect();
        let lists = self.shaped_like_lists(facts).await?;
        let people = asked.len() as u64;
        for cap in &self.custodian.bundle.caps().cumulative {
            let since = now.plus(-i64::from(cap.days) * DAY);
            let counters: Vec<Counter> = match cap.per {
                Per::Authority => vec![Counter::Authority(facts.authority.clone())],
                Per::Matter => vec![Counter::Matter(facts.matter)],
                Per::Address => facts.addresses.iter().copied().map(Counter::Address).collect(),
            };
            for counter in counters {
                // Whoever waits until the window has passed asks for the rest of the same list.
                let list = matches!(&counter, Counter::Address(address) if lists.contains(address));
                let since = if list { Timestamp::MIN } else { since };
                let already = self.store.people_answered(&counter, since).await?;
                if already + people > u64::from(cap.subjects) {
                    let window = if list {
                        "in all, by the shape of a list of donors".to_owned()
                    } else {
                        format!("in {} days", cap.days)
                    };
                    let detail = format!(
                        "{CAP_EXCEEDED} (per {}: {already} people {window} and {people} more, at most {})",
                        cap.per, cap.subjects
                    );
                    return Err(DeskError::Denied { reasons: vec![detail] });
                }
            }
            if cap.per == Per::Address
                && let Some(payers) = self.payers_asked(facts, &asked, since, u64::from(cap.subjects)).await?
            {
                let detail = format!(
                    "{CAP_EXCEEDED} (per {}: with this order, {payers} people asked about by authorities of one state in {} days have paid \
                    the same address, at most {}: together the orders are a list of its payers)",
                    cap.per, cap.days, cap.subjects
                );
                return Err(DeskError::Denied { reasons: vec![detail] });
            }
        }
        Ok(())
    }

    /// The addresses of a request that have the shape of a list of donors, by what the chain answered to anybody's question.
    async fn shaped_like_lists(&self, facts: &Facts) -> Result<BTreeSet<Digest>> {
        let mut lists = BTreeSet::new();
        for address in &facts.addresses {
            if self.asked_about_address(address).await?.1 {
                lists.insert(*address);
            }
        }
        Ok(lists)
    }

    /// How many of the people of this order, and of those answered about to authorities of the same state, have paid one address that
    /// somebody of this order has paid; `None` unless they are more than `most` and a list of its payers.
    ///
    /// Nobody needs to name the address: the list may come account by account, from several authorities, under many references.
    async fn payers_asked(
        &self,
        facts: &Facts,
        asked: &BTreeSet<Handle>,
        since: Timestamp,
        most: u64,
    ) -> Result<Option<u64>> {
        let this_order: Vec<Handle> = asked.iter().copied().collect();
        let paid = self.store.addresses_paid(&this_order).await?;
        if paid.is_empty() {
            return Ok(None);
        }
        let together: Vec<Handle> = self.answered_about(facts, since, asked.clone()).await?.into_iter().collect();
        let often = self.store.addresses_paid(&together).await?;
        for (address, counted) in
            often.into_iter().filter(|(address, counted)| *counted > most && paid.contains_key(address))
        {
            let (payers, clients) = (self.store.distinct_payers(&address).await?, self.store.counts().await?.clients);
            if is_list(counted, together.len() as u64, payers, clients) {
                return Ok(Some(counted));
            }
        }
        Ok(None)
    }

    /// `people`, and everybody about whom authorities of the same state were answered since then.
    async fn answered_about(
        &self,
        facts: &Facts,
        since: Timestamp,
        mut people: BTreeSet<Handle>,
    ) -> Result<BTreeSet<Handle>> {
        let state = self.authority(&facts.authority)?.state;
        for digest in self.store.orders_answered(since).await? {
            let order = self.read::<Order>(&digest).await?;
            // An authority that has left the directory counts with everybody's.
            let same = self.authority(&order.value().authority).map_or(true, |authority| authority.state == state);
            if same {
                people
                    .extend(granted(self.read::<Manifest>(&order.value().scope.manifest).await?.value())?.into_keys());
            }
        }
        Ok(people)
    }
}

/// Whether `counted` payers among `asked` people are more often there than `payers` among all `clients`.
fn is_list(counted: u64, asked: u64, payers: u64, clients: u64) -> bool {
    let (there, expected) = (u128::from(counted) * u128::from(clients), u128::from(asked) * u128::from(payers));
    there > expected * u128::from(MORE_OFTEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_that_many_have_paid_makes_no_list() {
        assert!(is_list(11, 11, 1_900, 1_000_000));
        assert!(is_list(11, 300, 1_900, 1_000_000), "hidden among others");
        assert!(!is_list(110, 300, 330_000, 1_000_000), "a third of all clients, and of those asked about");
        assert!(!is_list(300, 300, 330_000, 1_000_000));
        assert!(!is_list(11, 11, 11, 11), "everybody");
    }

    proptest! {
        /// A list whole is found, and so are its slices at the one that passes the cap, at the latest.
        #[test]
        fn a_split_list_is_found_no_later_than_the_whole(
            slices in proptest::collection::vec(1u64..6, 3..40),
            payers in 50u64..2_000,
            most in 1u64..11,
        ) {
            let clients = 1_000_000;
            let (mut together, mut answered) = (0, 0);
            for slice in &slices {
                together += slice;
                if together > most && is_list(together, together, payers, clients) {
                    break;
                }
                answered = together;
            }
            let whole: u64 = slices.iter().sum();
            prop_assert!(answered <= most);
            prop_assert_eq!(whole > most, answered < whole);
        }
    }
}
