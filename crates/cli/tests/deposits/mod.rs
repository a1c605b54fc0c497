//! What own deposits are exposed to: a standing order from its proposal to an opening that a supervisor checks, and what stops it.

use crate::by_hand::{Hand, word_after};
use crate::program::command;
use countersign_core::time::{HOUR, Timestamp};
use countersign_trace::Network;
use countersign_trace::address::Lock;
use countersign_trace::economy::{Draft, block};
use countersign_trace::wire::{Block, BlockHash, Outpoint, Txid};
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;

const LISTED: u8 = 1;
const STRANGER: u8 = 2;
/// Own deposit addresses.
const OWN: [u8; 3] = [11, 12, 13];

/// A taproot script that belongs to this number.
fn script(owner: u8) -> Vec<u8> {
    [&[0x51, 32][..], &[owner; 32]].concat()
}

fn address(owner: u8) -> String {
    Lock::of_script(&script(owner)).unwrap().to_address(Network::Regtest).unwrap()
}

/// A chain whose blocks are dated as the test says.
struct Chain {
    tip: BlockHash,
    file: Vec<u8>,
    height: u32,
}

impl Chain {
    fn new() -> Self {
        Self { tip: BlockHash([0; 32]), file: Vec::new(), height: 0 }
    }

    /// A block with a coinbase and these payments out of whole coins; the ids, the coinbase's first.
    fn block(&mut self, at: Timestamp, coinbase: u8, payments: &[(Txid, u8)]) -> Vec<Txid> {
        let coin = |owner: u8| vec![(5_000_000_000, script(owner))];
        let pay = |(coin, to): &(Txid, u8)| Draft {
            inputs: vec![Outpoint { txid: *coin, vout: 0 }],
            outputs: vec![(4_999_000_000, script(*to))],
        };
        let first = Draft { inputs: vec![], outputs: coin(coinbase) };
        let drafts: Vec<Vec<u8>> =
            std::iter::once(first).chain(payments.iter().map(pay)).map(|draft| draft.bytes(self.height)).collect();
        let (hash, bytes) = block(self.tip, u32::try_from(at.unix()).unwrap(), &drafts);
        self.file.extend(Network::Regtest.magic());
        self.file.extend((bytes.len() as u32).to_le_bytes());
        self.file.extend(&bytes);
        (self.tip, self.height) = (hash, self.height + 1);
        Block::parse(&bytes).unwrap().transactions.iter().map(|transaction| transaction.txid).collect()
    }
}

/// A custodian, one deposit from a listed address, one from a stranger, and a payment among strangers.
struct Desk {
    hand: Hand,
    chain: Chain,
    dirty: String,
    clean: String,
    foreign: String,
}

impl Desk {
    fn new() -> Self {
        let (hand, mut chain) = (Hand::founded(), Chain::new());
        let old = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let (dirty, clean) = (chain.block(old, LISTED, &[])[0], chain.block(old, STRANGER, &[])[0]);
        let other = chain.block(old, STRANGER, &[])[0];
        let paid = chain.block(old, STRANGER, &[(dirty, OWN[0]), (clean, OWN[1]), (other, STRANGER)]);
        let [_, dirty, clean, foreign] = &paid[..] else { panic!("three payments") };
        let output = |txid: &Txid| format!("{txid}:0");
        let (dirty, clean, foreign) = (output(dirty), output(clean), output(foreign));
        hand.file("wallets", OWN.map(address).join("\n"));
        // The exchange core names what is no deposit of its own as one.
        hand.file("deposits", [&dirty[..], &clean, &foreign].join("\n"));
        let list = hand.file("list", address(LISTED));
        let desk = Self { hand, chain, dirty, clean, foreign };
        desk.label(&list, "XA", "SDN");
        desk
    }

    fn label(&self, file: &str, issuer: &str, label: &str) {
        let add = ["trace", "labels", "add", file, "--network", "regtest", "--issuer", issuer, "--label", label];
        self.hand.good(&[&add[..], &["--list", "XA"]].concat());
    }

    fn ingest(&self, mode: &[&str]) {
        let blocks = self.hand.file("blocks.dat", &self.chain.file);
        let (wallets, deposits) = (self.beside("wallets"), self.beside("deposits"));
        let ingest =
            ["trace", "ingest", &blocks, "--network", "regtest", "--wallets", &wallets, "--deposits", &deposits];
        self.hand.good(&[&ingest[..], &["--first-height", "0"], mode].concat());
    }

    /// A path beside the custodian's folder.
    fn beside(&self, name: &str) -> String {
        self.hand.place.path().join(name).to_str().unwrap().to_owned()
    }

    fn proposed(&self, more: &[&str]) -> (String, String) {
        let propose = ["duty", "deposits", "propose", "--authority", "xa-fiu", "--basis", "Sanctions Act, section 12"];
        let terms = ["--list", "XA", "--threshold", "1", "--days", "30", "--as", "lena-ohm"];
        let caps = ["--per-run", "2", "--per-day", "2", "--total", "4"];
        let said = self.hand.good(&[&propose[..], &terms, &caps, more].concat());
        let duty = word_after(&said, "standing order ");
        (duty, said)
    }

    fn signed(&self, duty: &str) {
        for (person, expected) in [("anna-berg", "so far: "), ("bruno-lind", "the quorum is complete")] {
            let key = self.hand.inside(&format!("people/{person}/signing.key"));
            let said = self.hand.good(&["duty", "deposits", "approve", duty, "--as", person, "--key", &key]);
            assert!(said.contains(expected), "{said}");
        }
    }

    fn refused(&self, duty: &str, deposits: &[&str], code: &str) {
        let ran = self.hand.run(&[&["duty", "deposits", "run", duty], deposits].concat());
        assert!(ran.code == Some(1) && ran.out.is_empty() && ran.err.contains(code), "{code}: {ran}");
    }
}

#[test]
fn own_deposits_are_asked_about_under_a_standing_order() {
    let mut desk = Desk::new();
    desk.ingest(&["--full"]);
    let (duty, said) = desk.proposed(&[]);
    assert!(said.contains("list XA of XA: 1 addresses, 0 left out") && said.contains("own addresses: 3,"), "{said}");
    assert!(said.matches("as it is here now").count() == 2 && !said.contains("NOT as"), "{said}");
    desk.refused(&duty, &[&desk.clean], "NOT_APPROVED");
    desk.signed(&duty);
    // The last block is months old: not known is not clean.
    desk.refused(&duty, &[&desk.clean], "GRAPH_TOO_OLD");
    let now = Timestamp::parse(&word_after(&said, "valid from ")).unwrap();
    desk.chain.block(now.plus(-HOUR), STRANGER, &[]);
    desk.ingest(&["--full"]);
    for wrong in [desk.foreign.clone(), format!("{}:0", "ab".repeat(32))] {
        desk.refused(&duty, &[&desk.clean, &wrong], "NOT_OWN_DEPOSIT");
    }
    desk.refused(&duty, &[&desk.clean, &desk.dirty, &desk.foreign], "RUN_TOO_LARGE");

    let from = desk.hand.file("new", format!("{}\n\n{}\n", desk.dirty, desk.clean));
    let opening = desk.beside("opening.json");
    let said = desk.hand.good(&["duty", "deposits", "run", &duty, "--from", &from, "--opening", &opening]);
    assert!(said.contains(&format!("deposit {}: above (run 1)", desk.dirty)), "{said}");
    assert!(said.contains("XA of XA: above: all, by every rule that divides; 1 payments away at least"), "{said}");
    assert!(said.contains(&format!("deposit {}: none (run 1)", desk.clean)), "{said}");
    assert!(said.ends_with("2 of 2 deposits in 24 hours, 2 of 4 in all\n"), "{said}");
    let holds = desk.hand.good(&["verify", "query", &opening]);
    assert!(
        holds.starts_with("holds: run 1 (") && holds.contains("deposits fewer than 5; none fewer than 5"),
        "{holds}"
    );
    // Nothing of anybody else leaves: no address, the listed one included, and no other transaction.
    let told = said + &std::fs::read_to_string(&opening).unwrap();
    assert!(!told.contains("bcrt1") && !told.contains(&desk.foreign[..64]), "{told}");

    // The same deposits have the same answers and cost nothing; another one is over the cap of the day.
    let json = desk.hand.good(&["duty", "deposits", "run", &duty, &desk.dirty, "--json"]);
    let line: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((line["verdict"].as_str(), line["run"].as_u64()), (Some("above"), Some(1)));
    let own = desk.chain.block(now, OWN[2], &[])[0];
    let more = format!("{own}:0");
    desk.hand.file("deposits", [&desk.dirty[..], &desk.clean, &more].join("\n"));
    desk.ingest(&["--full"]);
    desk.refused(&duty, &[&more], "DAY_SPENT");
    let none = desk.hand.run(&["duty", "deposits", "run", &duty, &desk.dirty, "--opening", &opening]);
    assert!(none.code == Some(1) && none.err.contains("every deposit was answered before"), "{none}");

    // A list that grew, an address more, a hold: each ends it.
    let (second, _) = desk.proposed(&[]);
    desk.signed(&second);
    let list = desk.hand.file("more", address(STRANGER));
    desk.label(&list, "XB", "SDN");
    desk.refused(&second, &[&desk.clean], "OTHER_LIST");
    let shown = desk.hand.good(&["duty", "deposits", "show", &second]);
    assert!(shown.contains("NOT as it is here now: nothing can be run"), "{shown}");
    let (third, said) = desk.proposed(&[]);
    assert!(said.contains("list XA of XA, XB: 2 addresses"), "{said}");
    desk.signed(&third);
    desk.hand.file("wallets", [address(OWN[0]), address(STRANGER)].join("\n"));
    desk.ingest(&["--full"]);
    desk.refused(&third, &[&desk.dirty], "OTHER_ADDRESSES");
    let key = desk.hand.inside("people/anna-berg/signing.key");
    desk.hand.good(&["change", "hold-order", &duty, "--as", "anna-berg", "--key", &key]);
    desk.refused(&duty, &[&desk.dirty], "ORDER_HELD");
    assert_eq!(desk.hand.good(&["duty", "deposits", "show"]).lines().count(), 3);
}

#[test]
fn a_neighbourhood_answers_as_far_as_it_was_made() {
    let mut desk = Desk::new();
    desk.ingest(&["--hops", "2"]);
    let (duty, said) = desk.proposed(&["--payments", "2"]);
    let (farther, _) = desk.proposed(&["--payments", "3"]);
    desk.signed(&duty);
    desk.signed(&farther);
    let now = Timestamp::parse(&word_after(&said, "valid from ")).unwrap();
    desk.chain.block(now.plus(-HOUR), STRANGER, &[]);
    desk.ingest(&["--hops", "2"]);
    desk.refused(&farther, &[&desk.dirty], "GRAPH_UNKNOWN");
    let said = desk.hand.good(&["duty", "deposits", "run", &duty, &desk.dirty, &desk.clean]);
    assert!(said.contains(": above (run 1)") && said.contains(": none (run 1)"), "{said}");
    // Whoever lost the note knows nothing of how far it goes.
    std::fs::remove_file(desk.hand.inside("trace/reach.json")).unwrap();
    desk.refused(&farther, &[&desk.clean], "GRAPH_UNKNOWN");
}

#[test]
fn killed_at_any_moment_a_run_has_its_leaf_or_was_never_made() {
    let mut desk = Desk::new();
    desk.ingest(&["--full"]);
    let (duty, said) = desk.proposed(&[]);
    desk.signed(&duty);
    let now = Timestamp::parse(&word_after(&said, "valid from ")).unwrap();
    desk.chain.block(now, STRANGER, &[]);
    desk.ingest(&["--full"]);
    let sealed = || -> usize { word_after(&desk.hand.good(&["log", "show"]), "control leaves, ").parse().unwrap() };
    let used = || {
        let shown = desk.hand.good(&["duty", "deposits", "show", &duty]);
        shown.lines().find(|line| line.contains(" runs, ")).unwrap().to_owned()
    };
    let (before, run) = (sealed(), ["duty", "deposits", "run", &duty, &desk.dirty, &desk.clean]);
    for millis in [5, 20, 40, 60, 80, 100, 150, 200, 300] {
        let mut child = command(&desk.hand.dir, &run).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        // `Child::kill` sends SIGKILL: nothing in the process can react.
        child.kill().unwrap();
        let told = child.wait_with_output().unwrap().stdout;
        match used().as_str() {
            "0 runs, 0 deposits, 0 in the last 24 hours" => assert!(told.is_empty(), "told and not kept"),
            "1 runs, 2 deposits, 2 in the last 24 hours" => {}
            half => panic!("half done: {half}"),
        }
    }
    assert!(desk.hand.good(&run).contains(": above (run 1)"));
    assert_eq!((used().as_str(), sealed()), ("1 runs, 2 deposits, 2 in the last 24 hours", before + 1));
    assert!(desk.hand.good(&["log", "fsck"]).contains("sound"));
}
