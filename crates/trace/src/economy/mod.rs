//! An invented economy whose owners are known, so that what a rule says of a deposit can be compared with what is true.
//!
//! An exchange (the custodian) with clients, strangers, a shop, another exchange, a mixer, mixes, somebody who collects donations, and a thief
//! who launders through all of them and has accounts at the exchange. Everything is a function of the seed; the blocks are blocks that a node
//! of regtest takes for valid (`kernel-check/` asks one).

mod dice;
mod draft;
mod gifts;
mod ledger;
#[cfg(test)]
mod measure;
#[cfg(test)]
mod valid;

pub use draft::{Draft, block};
pub use gifts::Gift;

use crate::address::Lock;
use crate::wire::Outpoint;
use dice::Dice;
use ledger::{Holder, Ledger, MATURITY, Payment, known};
use std::collections::BTreeSet;

/// Clients are the holders from 0 on; strangers follow them.
const CLIENTS: u32 = 150;
const PEOPLE: u32 = 300;
/// Accounts that the thief opened.
const SOCK_PUPPETS: u32 = 4;
/// Everybody of these numbers gives.
const GIVES: u32 = 5;

const HOT: Holder = 1_000;
const SHOP: Holder = 1_001;
const OTHER_EXCHANGE: Holder = 1_002;
const MIXER: Holder = 1_003;
const COLLECTOR: Holder = 1_004;
const THIEF: Holder = 1_005;
const MINER: Holder = 1_006;
const VICTIM: Holder = 1_007;
/// The deposit address of a client: this and the client's number.
const DEPOSIT: Holder = 10_000;

/// Blocks in which something happens, and the one with the theft.
const BLOCKS: u32 = 260;
const THEFT: u32 = 130;
const LOOT_COINS: u64 = 40;
const COIN: u64 = 100_000_000;

/// The economy, and what is true in it.
#[derive(Clone, Debug, Default)]
pub struct Economy {
    /// The blocks, first to last.
    pub blocks: Vec<Vec<u8>>,
    /// The exchange's wallet.
    pub wallet: Option<Lock>,
    /// What clients paid in, and whether the thief did.
    pub deposits: Vec<(Outpoint, bool)>,
    /// What the exchange paid for clients, and their numbers.
    pub withdrawals: Vec<(Outpoint, u32)>,
    /// Known addresses of the other exchange and of the mixer.
    pub services: Vec<Lock>,
    /// Where donations go.
    pub collector: Option<Lock>,
    /// Where the stolen money went first.
    pub stolen: Option<Lock>,
    /// Clients who gave from their own coins or their account.
    pub donors: BTreeSet<u32>,
    /// Those of them who gave from their account.
    pub direct: BTreeSet<u32>,
}

struct Play {
    dice: Dice,
    ledger: Ledger,
    economy: Economy,
    gifts: gifts::Giving,
}

impl Economy {
    /// The economy of this seed.
    pub fn of_seed(seed: u64) -> Self {
        Self::played(Play::new(seed, Ledger::new(), gifts::Giving::default()))
    }

    fn played(mut play: Play) -> Self {
        // Nobody has anything before the first coinbase can be spent.
        for mined in 0..MATURITY - 1 {
            play.close(mined);
        }
        for turn in 0..BLOCKS {
            play.block(turn);
            play.close(MATURITY - 1 + turn);
        }
        let mut economy = play.economy;
        economy.blocks = play.ledger.blocks;
        economy.wallet = known(HOT);
        economy.services = [OTHER_EXCHANGE, MIXER].into_iter().filter_map(known).collect();
        economy.collector = economy.collector.or_else(|| known(COLLECTOR));
        economy.stolen = known(THIEF);
        economy
    }
}

impl Play {
    fn new(seed: u64, ledger: Ledger, gifts: gifts::Giving) -> Self {
        Self { dice: Dice::new(seed), ledger, economy: Economy::default(), gifts }
    }

    fn block(&mut self, turn: u32) {
        for _ in 0..8 {
            self.everyday();
        }
        self.withdraw();
        self.give(turn);
        if turn.is_multiple_of(6) {
            (0..CLIENTS).for_each(|client| self.ledger.sweep(DEPOSIT + client, HOT));
        }
        if turn.is_multiple_of(4) {
            self.mix(None);
        }
        if turn.is_multiple_of(90) {
            self.ledger.sweep(COLLECTOR, VICTIM + 1);
        }
        if turn == THEFT {
            let loot = self.ledger.balance(VICTIM).saturating_sub(10 * COIN);
            self.pay(VICTIM, THIEF, loot, true);
        }
        if turn == THEFT + 1 {
            self.split();
        }
        if turn > THEFT + 2 {
            self.launder();
        }
    }

    /// Ends the block, the one after so many. Who is funded when: the big ones first, then everybody, then the miner.
    fn close(&mut self, mined: u32) {
        let miner = match mined {
            0..20 => HOT,
            20..25 => OTHER_EXCHANGE,
            25..30 => MIXER,
            30..34 => VICTIM,
            34..100 => u32::try_from(self.dice.below(u64::from(PEOPLE))).unwrap_or(0),
            _ => MINER,
        };
        self.ledger.close(miner);
    }

    fn person(&mut self) -> Holder {
        u32::try_from(self.dice.between(u64::from(SOCK_PUPPETS), u64::from(PEOPLE))).unwrap_or(PEOPLE)
    }

    /// Between a thousandth and a tenth of a bitcoin, small ones more often.
    fn amount(&mut self) -> u64 {
        let scale = 10u64.pow(u32::try_from(self.dice.below(3)).unwrap_or(0));
        self.dice.between(100_000, 200_000) * scale
    }

    fn pay(&mut self, from: Holder, to: Holder, value: u64, known: bool) -> Option<Outpoint> {
        // Services keep their change at the address that is known of them.
        let service = [HOT, OTHER_EXCHANGE, MIXER].contains(&from);
        let made = self.ledger.pay(from, &[Payment { to, value, known }], service, &mut self.dice)?;
        made.first().copied()
    }

    fn everyday(&mut self) {
        let (from, to, value) = (self.person(), self.person(), self.amount());
        match self.dice.below(10) {
            0 | 1 => self.deposit(from, value),
            2 | 3 => {
                self.pay(from, to, value, false);
            }
            4 => {
                self.pay(from, SHOP, value, true);
            }
            5 => {
                self.pay(SHOP, to, value, false);
            }
            6 => {
                if from.is_multiple_of(GIVES) && self.pay(from, COLLECTOR, value / 10, true).is_some() && from < CLIENTS
                {
                    self.economy.donors.insert(from);
                }
            }
            7 => {
                self.pay(from, OTHER_EXCHANGE, value, true);
                self.pay(OTHER_EXCHANGE, to, value, false);
            }
            8 => {
                self.pay(from, MIXER, value, true);
                self.pay(MIXER, from, value - value / 50, false);
            }
            _ => {
                self.pay(MINER, to, value, false);
            }
        }
    }

    fn deposit(&mut self, from: Holder, value: u64) {
        if from < CLIENTS
            && let Some(outpoint) = self.pay(from, DEPOSIT + from, value, true)
        {
            self.economy.deposits.push((outpoint, false));
        }
    }

    /// One batch of the exchange: clients to themselves, to the shop, to whom they give.
    fn withdraw(&mut self) {
        let count = self.dice.between(3, 9);
        let mut payments = Vec::new();
        let mut clients = Vec::new();
        for _ in 0..count {
            let client = u32::try_from(self.dice.between(u64::from(SOCK_PUPPETS), u64::from(CLIENTS))).unwrap_or(0);
            let value = self.amount();
            let gives = client.is_multiple_of(GIVES) && self.dice.percent(8);
            let (to, known) = if gives {
                (COLLECTOR, true)
            } else if self.dice.percent(15) {
                (SHOP, true)
            } else {
                (client, false)
            };
            payments.push(Payment { to, value: if gives { value / 10 } else { value }, known });
            clients.push((client, gives));
        }
        let Some(made) = self.ledger.pay(HOT, &payments, true, &mut self.dice) else { return };
        for (outpoint, (client, gives)) in made.into_iter().zip(clients) {
            self.economy.withdrawals.push((outpoint, client));
            if gives {
                self.economy.donors.insert(client);
                self.economy.direct.insert(client);
            }
        }
    }

    /// Five people, or four and one more, mix a hundredth of a bitcoin each.
    fn mix(&mut self, with: Option<Holder>) {
        let amount = COIN / 100;
        let mut holders: BTreeSet<Holder> = with.into_iter().collect();
        for _ in 0..60 {
            let person = self.person();
            if holders.len() < 5 && self.ledger.balance(person) > 2 * amount {
                holders.insert(person);
            }
        }
        let holders: Vec<Holder> = holders.into_iter().collect();
        if holders.len() >= 4 {
            self.ledger.mix(&holders, amount, &mut self.dice);
        }
    }

    /// The loot in many coins, so that none of what follows moves all of it.
    fn split(&mut self) {
        let part = self.ledger.balance(THIEF) / (LOOT_COINS + 1);
        let payments: Vec<Payment> =
            (0..LOOT_COINS).map(|_| Payment { to: THIEF, value: part, known: false }).collect();
        self.ledger.pay(THIEF, &payments, false, &mut self.dice);
    }

    fn launder(&mut self) {
        let value = self.amount() * 3;
        let person = self.person();
        match self.dice.below(8) {
            0 | 1 => {
                let account = u32::try_from(self.dice.below(u64::from(SOCK_PUPPETS))).unwrap_or(0);
                if let Some(outpoint) = self.pay(THIEF, DEPOSIT + account, value, true) {
                    self.economy.deposits.push((outpoint, true));
                }
            }
            2 => {
                // From one own address to the next.
                self.pay(THIEF, THIEF, value * 10, false);
            }
            3 => {
                self.pay(THIEF, MIXER, value, true);
                self.pay(MIXER, THIEF, value - value / 50, false);
            }
            4 => {
                self.pay(THIEF, OTHER_EXCHANGE, value, true);
            }
            5 => {
                self.pay(THIEF, SHOP, value / 4, true);
            }
            6 => self.mix(Some(THIEF)),
            _ => {
                self.pay(THIEF, person, value / 4, false);
            }
        }
    }
}
