#![no_main]
//! A trustee's plaintext reply: whatever parses is written back exactly.
use countersign_seal::partial::Reply;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(reply) = Reply::decode(data) {
        assert_eq!(reply.encode(), data);
    }
});
