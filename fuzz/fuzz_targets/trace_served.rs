#![no_main]
//! Paths of a client of GraphSense: answered or refused, and little of a request is given back.
use countersign_trace::Network;
use countersign_trace::economy::Economy;
use countersign_trace::graph::Graph;
use countersign_trace::labels::Labels;
use countersign_trace::served::Served;
use countersign_trace::wire::Block;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let mut graph = Graph::new(Network::Regtest, 0);
    for bytes in &Economy::of_seed(1).blocks {
        let block = Block::parse(bytes).expect("a block");
        graph.append(&block.header, &block.transactions, &|_| None).expect("a sound chain");
    }
    Served::new(graph, Labels::default()).expect("a whole graph")
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    // Most paths begin alike: with and without that beginning.
    for path in [path.to_owned(), format!("/btc-regtest/{path}")] {
        if let Err(refusal) = SERVED.answer(&path, query) {
            assert!(refusal.to_string().len() < 400);
        }
    }
});
