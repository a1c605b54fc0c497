#![no_main]
//! A trust policy: parsing and linting never panic, and nobody is a quorum of a policy that asks for somebody.
use countersign_tlog::policy::{Policy, Quorum};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(policy) = Policy::parse(data) {
        let _ = policy.lint();
        assert_eq!(policy.is_quorum([]), policy.quorum() == Quorum::None);
    }
});
