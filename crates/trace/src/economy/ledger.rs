//! Who holds which coins, and the transactions that move them.

use super::dice::Dice;
use super::draft::{Draft, block};
use crate::address::Lock;
use crate::wire::{BlockHash, Outpoint, Txid, sha256d};
use countersign_core::digest;
use std::collections::BTreeMap;

/// One who holds coins.
pub(super) type Holder = u32;

/// What every transaction pays, in satoshi.
pub(super) const FEE: u64 = 1_000;
/// What a block makes.
const SUBSIDY: u64 = 5_000_000_000;
/// Seconds between blocks, and the time of the first.
const SPACING: u32 = 600;
const BEGIN: u32 = 1_700_000_000;

#[derive(Clone, Copy)]
struct Coin {
    outpoint: Outpoint,
    value: u64,
}

/// A payment to be made: whom, how much, and to the holder's one known address or to a fresh one.
#[derive(Clone, Copy)]
pub(super) struct Payment {
    pub(super) to: Holder,
    pub(super) value: u64,
    pub(super) known: bool,
}

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) blocks: Vec<Vec<u8>>,
    tip: Option<BlockHash>,
    coins: BTreeMap<Holder, Vec<Coin>>,
    addresses: BTreeMap<Holder, u32>,
    /// Known addresses that are not the holder's own invention.
    given: BTreeMap<Holder, Vec<u8>>,
    /// Made in this block, to be spent from the next on.
    fresh: Vec<(Holder, Coin)>,
    drafts: Vec<Draft>,
}

/// The script of one of a holder's addresses; number 0 is the known one.
fn script(holder: Holder, number: u32) -> Vec<u8> {
    let key = digest::parts("countersign/trace/economy/key/v1", &[&holder.to_le_bytes(), &number.to_le_bytes()]);
    [&[0x51, 32][..], &key.0].concat()
}

/// A holder's known address.
pub(super) fn known(holder: Holder) -> Option<Lock> {
    Lock::of_script(&script(holder, 0))
}

impl Ledger {
    fn height(&self) -> u32 {
        u32::try_from(self.blocks.len()).unwrap_or(u32::MAX)
    }

    /// A holder who is known by this script.
    pub(super) fn know(&mut self, holder: Holder, script: Vec<u8>) {
        self.given.insert(holder, script);
    }

    fn address(&mut self, holder: Holder, known: bool) -> Vec<u8> {
        if known {
            return self.given.get(&holder).cloned().unwrap_or_else(|| script(holder, 0));
        }
        let count = self.addresses.entry(holder).or_default();
        *count += 1;
        script(holder, *count)
    }

    pub(super) fn balance(&self, holder: Holder) -> u64 {
        self.coins.get(&holder).into_iter().flatten().map(|coin| coin.value).sum()
    }

    /// Takes coins of at least this sum, beginning anywhere; nothing when there are not enough.
    fn take(&mut self, holder: Holder, sum: u64, dice: &mut Dice) -> Option<(Vec<Outpoint>, u64)> {
        if self.balance(holder) < sum {
            return None;
        }
        let coins = self.coins.get_mut(&holder)?;
        let (mut taken, mut total) = (Vec::new(), 0);
        while total < sum {
            let at = usize::try_from(dice.below(coins.len() as u64)).unwrap_or(0);
            let coin = coins.swap_remove(at);
            total += coin.value;
            taken.push(coin.outpoint);
        }
        Some((taken, total))
    }

    /// Pays from one holder's coins, the change to the known or to a fresh address; the new outputs in the order of the payments.
    pub(super) fn pay(
        &mut self,
        from: Holder,
        payments: &[Payment],
        known_change: bool,
        dice: &mut Dice,
    ) -> Option<Vec<Outpoint>> {
        let paid: u64 = payments.iter().map(|payment| payment.value).sum();
        let (inputs, total) = self.take(from, paid + FEE, dice)?;
        let change = Payment { to: from, value: total - paid - FEE, known: known_change };
        let all = payments.iter().chain(Some(&change).filter(|change| change.value > FEE));
        Some(self.record(inputs, &all.copied().collect::<Vec<_>>()))
    }

    /// Spends everything of a holder to one known address.
    pub(super) fn sweep(&mut self, from: Holder, to: Holder) {
        let coins = self.coins.remove(&from).unwrap_or_default();
        let total: u64 = coins.iter().map(|coin| coin.value).sum();
        if total > 2 * FEE {
            let inputs = coins.iter().map(|coin| coin.outpoint).collect();
            self.record(inputs, &[Payment { to, value: total - FEE, known: true }]);
        }
    }

    /// A mix: everybody gets this amount once, and what is left as change.
    pub(super) fn mix(&mut self, holders: &[Holder], amount: u64, dice: &mut Dice) {
        let (mut inputs, mut equal, mut change) = (Vec::new(), Vec::new(), Vec::new());
        for holder in holders {
            let Some((taken, total)) = self.take(*holder, amount + FEE, dice) else { continue };
            inputs.extend(taken);
            equal.push(Payment { to: *holder, value: amount, known: false });
            change.push(Payment { to: *holder, value: total - amount - FEE, known: false });
        }
        change.retain(|payment| payment.value > 0);
        if !inputs.is_empty() {
            let at = usize::try_from(dice.below(equal.len() as u64)).unwrap_or(0);
            equal.rotate_left(at);
            self.record(inputs, &[equal, change].concat());
        }
    }

    fn record(&mut self, inputs: Vec<Outpoint>, payments: &[Payment]) -> Vec<Outpoint> {
        let outputs = payments.iter().map(|payment| (payment.value, self.address(payment.to, payment.known))).collect();
        let draft = Draft { inputs, outputs };
        let txid = Txid(sha256d(&[&draft.bytes(self.height())]));
        let made: Vec<Outpoint> = (0..).zip(payments).map(|(vout, _)| Outpoint { txid, vout }).collect();
        for (outpoint, payment) in made.iter().zip(payments) {
            self.fresh.push((payment.to, Coin { outpoint: *outpoint, value: payment.value }));
        }
        self.drafts.push(draft);
        made
    }

    /// Ends the block; its coinbase goes to this holder.
    pub(super) fn close(&mut self, miner: Holder) {
        let height = self.height();
        let fees = FEE * self.drafts.len() as u64;
        // A mix pays one fee for each who takes part; what a coinbase leaves of it is lost.
        let coinbase = Draft { inputs: Vec::new(), outputs: vec![(SUBSIDY + fees, script(miner, 0))] };
        let bytes: Vec<Vec<u8>> =
            std::iter::once(&coinbase).chain(&self.drafts).map(|draft| draft.bytes(height)).collect();
        let txid = Txid(sha256d(&bytes.iter().take(1).map(Vec::as_slice).collect::<Vec<_>>()));
        let coin = Coin { outpoint: Outpoint { txid, vout: 0 }, value: SUBSIDY + fees };
        let (hash, block) = block(self.tip.unwrap_or(BlockHash([0; 32])), BEGIN + SPACING * height, &bytes);
        self.tip = Some(hash);
        self.blocks.push(block);
        self.drafts.clear();
        for (holder, coin) in std::mem::take(&mut self.fresh).into_iter().chain([(miner, coin)]) {
            self.coins.entry(holder).or_default().push(coin);
        }
    }
}
