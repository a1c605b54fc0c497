#![no_main]
//! A stored graph under a right checksum: refused, or a sound graph that stores itself again exactly.
use countersign_core::digest;
use countersign_trace::graph::Graph;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut bytes = data.to_vec();
    bytes.extend(digest::plain(data).0);
    if let Ok(graph) = Graph::parse(&bytes) {
        assert_eq!(graph.to_bytes(), bytes);
    }
});
