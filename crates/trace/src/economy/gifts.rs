//! Gifts that are made besides, to an address that is given: so that the chain of a story has the story's own address in it.

use super::ledger::{FEE, Holder, Ledger, Payment};
use super::{COLLECTOR, Economy, HOT, Play};
use crate::address::{Lock, LockKind};
use std::collections::VecDeque;

/// Wallets of clients who give from their own coins: this and the client's number.
const WALLET: Holder = 1_000_000;
/// Between which blocks gifts are made.
const FROM: u32 = 40;
const UNTIL: u32 = 240;

/// What a client gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gift {
    /// The client's number.
    pub client: u32,
    /// How much.
    pub satoshi: u64,
    /// Whether it goes to the client's own wallet first, and from there to whom it is given.
    pub through_wallet: bool,
}

/// The gifts of a story, in the order in which they are made.
#[derive(Default)]
pub(super) struct Giving {
    waiting: VecDeque<Gift>,
    in_wallets: Vec<Gift>,
    per_block: usize,
}

impl Economy {
    /// The economy of this seed in which the collector is known by this address, and these gifts are made besides. `None` for an address that
    /// is none of its own kind.
    pub fn with_gifts(seed: u64, to: Lock, gifts: &[Gift]) -> Option<Self> {
        let mut ledger = Ledger::new();
        ledger.know(COLLECTOR, script_of(&to)?);
        let per_block = gifts.len().div_ceil((UNTIL - FROM) as usize);
        let giving = Giving { waiting: gifts.iter().copied().collect(), in_wallets: Vec::new(), per_block };
        let mut play = Play::new(seed, ledger, giving);
        play.economy.collector = Some(to);
        Some(Self::played(play))
    }
}

impl Play {
    /// What is given in one block: one batch of the exchange, and what lies in wallets since the last one.
    pub(super) fn give(&mut self, turn: u32) {
        for gift in std::mem::take(&mut self.gifts.in_wallets) {
            if self.pay(WALLET + gift.client, COLLECTOR, gift.satoshi, true).is_some() {
                self.economy.donors.insert(gift.client);
            }
        }
        if !(FROM..UNTIL).contains(&turn) || self.gifts.waiting.is_empty() {
            return;
        }
        let count = self.gifts.per_block.min(self.gifts.waiting.len());
        let batch: Vec<Gift> = self.gifts.waiting.drain(..count).collect();
        let payment = |gift: &Gift| match gift.through_wallet {
            true => Payment { to: WALLET + gift.client, value: gift.satoshi + FEE, known: true },
            false => Payment { to: COLLECTOR, value: gift.satoshi, known: true },
        };
        let payments: Vec<Payment> = batch.iter().map(payment).collect();
        let Some(made) = self.ledger.pay(HOT, &payments, true, &mut self.dice) else { return };
        for (outpoint, gift) in made.into_iter().zip(batch) {
            self.economy.withdrawals.push((outpoint, gift.client));
            if gift.through_wallet {
                self.gifts.in_wallets.push(gift);
            } else {
                self.economy.donors.insert(gift.client);
                self.economy.direct.insert(gift.client);
            }
        }
    }
}

fn script_of(lock: &Lock) -> Option<Vec<u8>> {
    let (before, after): (&[u8], &[u8]) = match lock.kind() {
        LockKind::KeyHash => (&[0x76, 0xa9, 20], &[0x88, 0xac]),
        LockKind::ScriptHash => (&[0xa9, 20], &[0x87]),
        LockKind::WitnessKey => (&[0x00, 20], &[]),
        LockKind::WitnessScript => (&[0x00, 32], &[]),
        LockKind::Taproot => (&[0x51, 32], &[]),
        LockKind::BareKey | LockKind::Other => return None,
    };
    Some([before, lock.body(), after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Band, Basis, BlastQuery, Gate, Journal, OrderTerms};
    use crate::graph::Graph;
    use crate::labels::Labels;
    use crate::network::Network;
    use crate::own::Own;
    use crate::wire::Block;
    use countersign_core::id::{Digest, PersonId};
    use countersign_core::order::Kind;
    use countersign_core::time::Timestamp;

    #[test]
    fn every_kind_of_address_is_paid_as_it_is_written() {
        for kind in
            [LockKind::KeyHash, LockKind::ScriptHash, LockKind::WitnessKey, LockKind::WitnessScript, LockKind::Taproot]
        {
            let lock = Lock::new(kind, &vec![7; kind.len()]).unwrap();
            assert_eq!(Lock::of_script(&script_of(&lock).unwrap()), Some(lock));
        }
        assert_eq!(script_of(&Lock::new(LockKind::Other, &[7; 32]).unwrap()), None);
    }

    #[test]
    fn the_gate_counts_those_who_gave() {
        let to = Lock::new(LockKind::WitnessKey, &[9; 20]).unwrap();
        let gift = |number: u32| Gift {
            client: 200 + number % 300,
            satoshi: 1_000 + u64::from(number),
            through_wallet: number.is_multiple_of(3),
        };
        let gifts: Vec<Gift> = (0..400).map(gift).collect();
        let economy = Economy::with_gifts(7, to, &gifts).unwrap();
        assert!((200..500).all(|client| economy.donors.contains(&client)));
        let mut graph = Graph::new(Network::Test, 0);
        for bytes in &economy.blocks {
            let block = Block::parse(bytes).unwrap();
            graph.append(&block.header, &block.transactions, &|_| None).unwrap();
        }
        let mut own = Own::default();
        own.add_wallets(economy.wallet);
        let lines: String =
            economy.withdrawals.iter().map(|(outpoint, client)| format!("{outpoint},c{client}\n")).collect();
        own.add_withdrawals(&format!("outpoint,account\n{lines}")).unwrap();
        let labels = Labels::default();
        let mut gate = Gate::new(&graph, &labels, &own, Journal::default());
        let terms = OrderTerms {
            order: Digest([1; 32]),
            kind: Kind::Trace,
            approvers: ["a", "b"].map(|id| PersonId::parse(id).unwrap()).into(),
            quorum: 1,
            court: false,
            budget: 1,
        };
        let query = BlastQuery {
            roots: [to].into(),
            hops: 2,
            from: Timestamp::MIN,
            to: Timestamp::MAX,
            min_satoshi: 0,
            covers: [].into(),
        };
        let answer = gate.blast(&Basis::order(&terms).unwrap(), &query).unwrap();
        assert!(answer.looks_like_donors);
        assert!(economy.direct.len() < economy.donors.len());
        for of in &answer.clients {
            assert_eq!(of.by_hops[0], Band::of(economy.direct.len()), "{}", of.rule);
            assert!(of.by_hops[1] >= of.by_hops[0]);
        }
        // Without gifts it is the economy that the published figures are measured in.
        assert_eq!(Economy::of_seed(1).blocks.len(), economy.blocks.len());
    }
}
