#![no_main]
//! Blocks, headers, and the outputs that blocks spend: read or refused, and what is read can be appended to a graph or leaves it as it was.
use countersign_trace::Network;
use countersign_trace::graph::Graph;
use countersign_trace::source::{Spent, SpentOutput, read_headers};
use countersign_trace::wire::{Block, HEADER_LEN, Outpoint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(headers) = read_headers(data) {
        assert_eq!(headers.len() * HEADER_LEN, data.len());
    }
    let Ok(block) = Block::parse(data) else { return };
    let _ = Spent::parse(data, &block);
    let _ = Spent::parse_list(data, &block);
    let mut graph = Graph::new(Network::Main, 0);
    let outside = |_: &Outpoint| Some(SpentOutput { value: 5_000_000_000, lock: None });
    if graph.append(&block.header, &block.transactions, &outside).is_err() {
        assert_eq!(graph.extent(), Graph::new(Network::Main, 0).extent());
    }
});
