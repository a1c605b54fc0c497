#![no_main]
//! Files of labels, lists, withdrawals and the journal of answers: read or refused.
use countersign_trace::Network;
use countersign_trace::gate::Journal;
use countersign_trace::labels::{BadAddress, Role, read_list, read_tagpack};
use countersign_trace::own::Own;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Journal::parse(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    for bad in [BadAddress::Refuse, BadAddress::LeaveOut] {
        let _ = read_tagpack(text, Network::Main, Role::Owner, bad);
        let _ = read_list(text, Network::Main, "issuer", "label", Role::Donor, bad);
    }
    let _ = Own::default().add_withdrawals(text);
});
