//! Who has which coins, and the transactions that move them: blocks that a node of regtest takes for valid.
//!
//! Nothing is signed: whoever knows a lock's script can open it. Everything else is as on any chain of today: the node's own first block,
//! heights and commitments to the witnesses in the coinbases, coins of a coinbase that wait for a hundred blocks, half of the subsidy after
//! 150 blocks.

use super::dice::Dice;
use super::draft::{Draft, block};
use crate::address::Lock;
use crate::network::Network;
use crate::wire::{BlockHash, Outpoint, Txid, merkle_root, sha256d};
use countersign_core::{digest, encoding::unhex};
use std::collections::{BTreeMap, VecDeque};

/// One who holds coins.
pub(super) type Holder = u32;

/// What every transaction pays, in satoshi.
pub(super) const FEE: u64 = 1_000;
/// What a block makes at first, and after how many blocks it becomes half.
const SUBSIDY: u64 = 5_000_000_000;
const HALVING: u32 = 150;
/// A coinbase can be spent so many blocks later.
pub(super) const MATURITY: u32 = 100;
/// The first block of every regtest chain; nobody can spend what it pays.
const GENESIS: &str = concat!(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3",
    "888a51323a9fb8aa4b1e5e4adae5494dffff7f20020000000101000000010000000000000000000000000000000000000000000000000000",
    "000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e2062",
    "72696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe554827",
    "1967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f",
    "ac00000000",
);
const GENESIS_LEN: usize = 285;
/// Begins the output of a coinbase that commits to the block's witnesses (BIP-141): return, 36 bytes, and the mark.
const COMMITMENT: [u8; 6] = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];
/// Seconds between blocks, and the time of the first.
const SPACING: u32 = 600;
const BEGIN: u32 = 1_700_000_000;

#[derive(Clone, Copy)]
struct Coin {
    outpoint: Outpoint,
    value: u64,
    /// The number of the address that it was paid to.
    address: (Holder, u32),
}

/// A payment to be made: whom, how much, and to the holder's one known address or to a fresh one.
#[derive(Clone, Copy)]
pub(super) struct Payment {
    pub(super) to: Holder,
    pub(super) value: u64,
    pub(super) known: bool,
}

/// A transaction and the scripts that open what it spends.
struct Opened {
    draft: Draft,
    witnesses: Vec<Vec<Vec<u8>>>,
}

impl Opened {
    fn bytes(&self, height: u32) -> Vec<u8> {
        self.draft.bytes_with(height, &self.witnesses)
    }
}

pub(super) struct Ledger {
    pub(super) blocks: Vec<Vec<u8>>,
    tip: BlockHash,
    coins: BTreeMap<Holder, Vec<Coin>>,
    addresses: BTreeMap<Holder, u32>,
    /// Known addresses that are not the holder's own invention.
    given: BTreeMap<Holder, Vec<u8>>,
    /// Made in this block, to be spent from the next on.
    fresh: Vec<Coin>,
    /// Coins of coinbases that wait, the oldest first.
    unripe: VecDeque<Coin>,
    drafts: Vec<Opened>,
}

/// What opens one of a holder's addresses: the address's own number, dropped, and yes.
fn opening((holder, number): (Holder, u32)) -> Vec<u8> {
    let key = digest::parts("countersign/trace/economy/key/v1", &[&holder.to_le_bytes(), &number.to_le_bytes()]);
    [&[32][..], &key.0, &[0x75, 0x51]].concat()
}

/// The script of one of a holder's addresses (P2WSH); number 0 is the known one.
fn script(address: (Holder, u32)) -> Vec<u8> {
    [&[0x00, 32][..], &digest::plain(&opening(address)).0].concat()
}

/// A holder's known address.
pub(super) fn known(holder: Holder) -> Option<Lock> {
    Lock::of_script(&script((holder, 0)))
}

impl Ledger {
    /// The ledger after the first block, which pays nobody.
    pub(super) fn new() -> Self {
        Self {
            blocks: unhex::<GENESIS_LEN>(GENESIS).into_iter().map(Vec::from).collect(),
            tip: Network::Regtest.genesis(),
            coins: BTreeMap::new(),
            addresses: BTreeMap::new(),
            given: BTreeMap::new(),
            fresh: Vec::new(),
            unripe: VecDeque::new(),
            drafts: Vec::new(),
        }
    }

    /// The height of the block that is being made.
    fn height(&self) -> u32 {
        u32::try_from(self.blocks.len()).unwrap_or(u32::MAX)
    }

    /// A holder who is known by this script. What it is paid is spent without what opens it, which nobody here has: a node would not take
    /// such a block.
    pub(super) fn know(&mut self, holder: Holder, script: Vec<u8>) {
        self.given.insert(holder, script);
    }

    fn script_of(&self, address: (Holder, u32)) -> Vec<u8> {
        let given = if address.1 == 0 { self.given.get(&address.0) } else { None };
        given.cloned().unwrap_or_else(|| script(address))
    }

    fn address(&mut self, holder: Holder, known: bool) -> (Holder, u32) {
        if known {
            return (holder, 0);
        }
        let count = self.addresses.entry(holder).or_default();
        *count += 1;
        (holder, *count)
    }

    pub(super) fn balance(&self, holder: Holder) -> u64 {
        self.coins.get(&holder).into_iter().flatten().map(|coin| coin.value).sum()
    }

    /// Takes coins of at least this sum, beginning anywhere; nothing when there are not enough.
    fn take(&mut self, holder: Holder, sum: u64, dice: &mut Dice) -> Option<(Vec<Coin>, u64)> {
        if self.balance(holder) < sum {
            return None;
        }
        let coins = self.coins.get_mut(&holder)?;
        let (mut taken, mut total) = (Vec::new(), 0);
        while total < sum {
            let at = usize::try_from(dice.below(coins.len() as u64)).unwrap_or(0);
            let coin = coins.swap_remove(at);
            total += coin.value;
            taken.push(coin);
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
            self.record(coins, &[Payment { to, value: total - FEE, known: true }]);
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

    fn record(&mut self, spent: Vec<Coin>, payments: &[Payment]) -> Vec<Outpoint> {
        let addresses: Vec<_> = payments.iter().map(|payment| self.address(payment.to, payment.known)).collect();
        let outputs =
            payments.iter().zip(&addresses).map(|(payment, address)| (payment.value, self.script_of(*address)));
        let draft = Draft { inputs: spent.iter().map(|coin| coin.outpoint).collect(), outputs: outputs.collect() };
        let witnesses = spent.iter().map(|coin| vec![opening(coin.address)]).collect();
        let txid = Txid(sha256d(&[&draft.bytes(self.height())]));
        let made: Vec<Outpoint> = (0..).zip(payments).map(|(vout, _)| Outpoint { txid, vout }).collect();
        for ((outpoint, payment), address) in made.iter().zip(payments).zip(addresses) {
            self.fresh.push(Coin { outpoint: *outpoint, value: payment.value, address });
        }
        self.drafts.push(Opened { draft, witnesses });
        made
    }

    /// Ends the block; its coinbase goes to this holder.
    pub(super) fn close(&mut self, miner: Holder) {
        let height = self.height();
        let mut bytes: Vec<Vec<u8>> = self.drafts.iter().map(|draft| draft.bytes(height)).collect();
        // A mix pays one fee for each who takes part; what a coinbase leaves of it is lost.
        let value = (SUBSIDY >> (height / HALVING)) + FEE * self.drafts.len() as u64;
        let outputs = vec![(value, script((miner, 0))), (0, commitment(&bytes))];
        let coinbase = Draft { inputs: Vec::new(), outputs };
        let txid = Txid(sha256d(&[&coinbase.bytes(height)]));
        bytes.insert(0, coinbase.bytes_with(height, &[vec![vec![0; 32]]]));
        let (hash, block) = block(self.tip, BEGIN + SPACING * height, &bytes);
        self.tip = hash;
        self.blocks.push(block);
        self.drafts.clear();
        self.unripe.push_back(Coin { outpoint: Outpoint { txid, vout: 0 }, value, address: (miner, 0) });
        // The block that comes next may spend the coinbase of the block a hundred before it.
        let ripe = if height + 1 > MATURITY { self.unripe.pop_front() } else { None };
        for coin in std::mem::take(&mut self.fresh).into_iter().chain(ripe) {
            self.coins.entry(coin.address.0).or_default().push(coin);
        }
    }
}

/// The output that commits to the witnesses of a block's transactions, the coinbase's own counting as zeros.
fn commitment(transactions: &[Vec<u8>]) -> Vec<u8> {
    let ids = transactions.iter().map(|bytes| Txid(sha256d(&[bytes])));
    let ids: Vec<Txid> = std::iter::once(Txid([0; 32])).chain(ids).collect();
    let root = merkle_root(&ids).unwrap_or_default();
    [&COMMITMENT[..], &sha256d(&[&root, &[0; 32]])].concat()
}
