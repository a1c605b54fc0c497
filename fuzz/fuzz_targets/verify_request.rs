#![no_main]
//! Requests of any bytes to a trustee with a real view. Without the desk's key nothing gets past the signature; the
//! property test `damaged_requests_under_a_right_signature` of the crate goes on behind it.

use countersign_core::directory::Directory;
use countersign_core::json::Exact;
use countersign_core::time::{DAY, Timestamp};
use countersign_policy::Bundle;
use countersign_seal::identity::IdentityKey;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, VerifyingShares};
use countersign_tlog::leaf::ControlLeaf;
use countersign_tlog::merkle::Frontier;
use countersign_verify::ledger::Ledger;
use countersign_verify::request::{View, verify_request};
use countersign_verify::state::{ControlState, JournalView};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!("../../vectors/verify/requests/", $name)).as_slice()
    };
}

struct Known {
    control: ControlState,
    journal: JournalView,
    bundle: Bundle,
    directory: Exact<Directory>,
    ring: ConfirmedRing,
    shares: VerifyingShares,
    ledger: Ledger,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut frontier = Frontier::new();
    let mut journal = JournalView::default();
    for (leaf, size) in [vector!("genesis.leaf"), vector!("leaf-1.leaf"), vector!("leaf-2.leaf")].into_iter().zip(1..) {
        frontier.push_leaf(leaf).expect("room");
        journal.grew(size, frontier.root());
    }
    let genesis = ControlLeaf::parse(vector!("genesis.leaf")).expect("a control leaf");
    let control = ControlState::begin(&genesis, None).expect("the genesis of the vectors");
    let confirmations: Vec<Confirmation> = [
        vector!("ring-confirmations/001.json"),
        vector!("ring-confirmations/002.json"),
        vector!("ring-confirmations/003.json"),
        vector!("ring-confirmations/004.json"),
        vector!("ring-confirmations/005.json"),
    ]
    .into_iter()
    .map(|bytes| Exact::<Confirmation>::parse(bytes).expect("a confirmation").value().clone())
    .collect();
    let founded = control.at(Timestamp::MIN);
    let identities: Vec<IdentityKey> =
        founded.members().iter().filter_map(|member| IdentityKey::from_digest(&member.identity)).collect();
    let ring = Exact::parse(vector!("ring.json")).expect("a ring");
    let ring = ConfirmedRing::new(ring, &confirmations, &identities, DealerRings::Refuse).expect("a confirmed ring");
    let shares = Exact::parse(vector!("shares.json")).expect("a share epoch");
    Known {
        control,
        journal,
        bundle: Bundle::builtin_eea_custodian().expect("the built-in pack"),
        directory: Exact::parse(vector!("directory.json")).expect("a directory"),
        shares: VerifyingShares::new(&ring, &shares).expect("verifying shares"),
        ring,
        ledger: Ledger::default(),
    }
});

fuzz_target!(|data: &[u8]| {
    let view = View {
        trustee: 1,
        control: &KNOWN.control,
        journal: &KNOWN.journal,
        bundle: &KNOWN.bundle,
        directory: &KNOWN.directory,
        ring: &KNOWN.ring,
        shares: &KNOWN.shares,
        ledger: &KNOWN.ledger,
    };
    let now = Timestamp::MIN.plus(20_777 * DAY);
    // The policy in force is not the one held: even a vector's own bytes are refused.
    assert!(verify_request(&view, now, [3; 32], data).is_err());
});
