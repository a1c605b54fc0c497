#![no_main]
//! Another program's alerts and a policy of recognition of foreign bytes: findings, named faults or a refusal, and nothing panics.
use countersign_screen::queue::recognition::Recognition;
use countersign_screen::queue::vendor::{Places, read_json, read_table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(columns) = Places::parse("reference=a,client=b,entity=c,caption=d,score=e") else { return };
    let Ok(pointers) = Places::parse("reference=/a,client=/b,entity=/c,caption=/d,score=/e") else { return };
    for read in [read_table("v", "a.csv", data, &columns), read_json("v", "a.json", data, &pointers)].into_iter().flatten() {
        assert!(read.findings.iter().all(|finding| !finding.client.is_empty() && !finding.log_odds.is_nan()));
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Places::parse(text);
        if let Ok(policy) = Recognition::parse(text) {
            let _ = policy.lane(&[], &[]);
        }
    }
});
