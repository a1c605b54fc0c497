#![no_main]
//! Control leaves with any body and any signatures, folded onto a real genesis: nothing panics, and nothing that is not
//! signed comes into force.

use countersign_core::time::{DAY, Timestamp};
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId};
use countersign_verify::state::ControlState;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static GENESIS: LazyLock<ControlState> = LazyLock::new(|| {
    let leaf = ControlLeaf::parse(include_bytes!("../../vectors/verify/requests/genesis.leaf")).expect("a control leaf");
    ControlState::begin(&leaf, None).expect("the genesis of the vectors")
});

fuzz_target!(|parts: (String, Vec<(String, String)>)| {
    let (body, signatures) = parts;
    let signatures = signatures.into_iter().map(|(by, sig)| ControlSignature { by, sig }).collect();
    let Ok(leaf) = ControlLeaf::new(LeafId([1; 16]), 0, body, signatures) else { return };
    let _ = ControlState::begin(&leaf, None);
    let mut state = GENESIS.clone();
    state.fold(1, &leaf, Timestamp::MIN.plus(20_000 * DAY));
    assert_eq!(state.rejected().len(), 1);
    assert_eq!(state.at(Timestamp::MAX).digest(), GENESIS.at(Timestamp::MAX).digest());
});
