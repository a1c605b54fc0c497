#![no_main]
//! Files of labels, lists, wallets, withdrawals and the journal of answers: read or refused. What is given away again can be read.
use countersign_trace::Network;
use countersign_trace::gate::Journal;
use countersign_trace::labels::{BadAddress, Labels, Role, read_list, read_tagpack, read_wallets, write_tagpack};
use countersign_trace::own::Own;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Journal::parse(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    for bad in [BadAddress::Refuse, BadAddress::LeaveOut] {
        if let Ok(pack) = read_tagpack(text, Network::Main, Role::Owner, bad) {
            let mut labels = Labels::default();
            labels.add(&pack);
            for issuer in labels.issuers().keys() {
                if let Ok(written) = write_tagpack(&labels, issuer, &pack.title, Network::Main) {
                    let again = read_tagpack(&written.text, Network::Main, Role::Owner, BadAddress::Refuse);
                    assert_eq!(again.map(|again| again.tags.len()), Ok(written.labels));
                }
            }
        }
        let _ = read_wallets(text, Network::Main, "issuer", "label", Role::Owner, bad);
        let _ = read_list(text, Network::Main, "issuer", "label", Role::Donor, bad);
    }
    let _ = Own::default().add_withdrawals(text);
});
