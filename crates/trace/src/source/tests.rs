//! Real blocks: every one parses, and ids and roots are those of the other implementation.

use super::*;
use crate::graph::{Graph, GraphError, Join};
use crate::network::Network;
use crate::wire::{Block, Outpoint};
use bitcoin::consensus::encode::deserialize;
use bitcoin::hashes::Hash as _;
use countersign_testkit::require::data;
use std::fs;
use std::path::PathBuf;

fn blocks() -> Option<PathBuf> {
    Some(data()?.join("trace/blocks"))
}

fn compare(bytes: &[u8]) -> usize {
    let ours = Block::parse(bytes).unwrap();
    let theirs: bitcoin::Block = deserialize(bytes).unwrap();
    assert_eq!(ours.header.hash.0, theirs.block_hash().to_byte_array());
    assert_eq!(ours.header.merkle_root, theirs.compute_merkle_root().unwrap().to_byte_array());
    assert_eq!(ours.header.time, theirs.header.time);
    assert_eq!(ours.transactions.len(), theirs.txdata.len());
    for (ours, theirs) in ours.transactions.iter().zip(&theirs.txdata) {
        assert_eq!(ours.txid.0, theirs.compute_txid().to_byte_array());
        assert_eq!(crate::wire::sha256d(&[&ours.stripped()]), ours.txid.0);
        assert_eq!(ours.stripped_len(), theirs.base_size());
        let inputs: Vec<_> = theirs
            .input
            .iter()
            .map(|input| (input.previous_output.txid.to_byte_array(), input.previous_output.vout))
            .collect();
        assert_eq!(ours.inputs.iter().map(|input| (input.txid.0, input.vout)).collect::<Vec<_>>(), inputs);
        let outputs: Vec<_> =
            theirs.output.iter().map(|output| (output.value.to_sat(), output.script_pubkey.as_bytes())).collect();
        assert_eq!(ours.outputs.iter().map(|output| (output.value, output.script)).collect::<Vec<_>>(), outputs);
    }
    // Their division rounds the target up by one.
    let theirs: u128 = theirs.header.target().to_work().to_string().parse().unwrap();
    assert!(theirs.abs_diff(ours.header.work().unwrap()) <= 1 + (theirs >> 20));
    ours.transactions.len()
}

#[test]
fn real_blocks_are_read_as_the_other_implementation_reads_them() {
    let Some(folder) = blocks() else { return };
    for (name, count) in [
        ("mainnet_block_702861.raw", 2_500),
        ("bcoin_block300025.raw", 461),
        ("btcd_block-0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2.blk", 3_315),
        ("btcd_block-00000000000000000021868c2cefc52a480d173c849412fe81c4e5ab806f94ab.blk", 230),
    ] {
        let file = folder.join(name);
        assert_eq!(compare(&fs::read(&file).unwrap()), count, "{name}");
        let files = BlockFiles::open(&file, Network::Main).unwrap();
        let found = files.headers().unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(files.block(&found[0].place).unwrap(), fs::read(&file).unwrap());
    }
}

#[test]
fn the_first_256_blocks_of_the_chain_become_a_graph() {
    let Some(folder) = blocks() else { return };
    let files = BlockFiles::open(&folder.join("btcd_blocks1-256"), Network::Main).unwrap();
    let found = files.headers().unwrap();
    let headers: Vec<_> = found.iter().map(|found| found.header).collect();
    let mut graph = Graph::new(Network::Main, 1);
    for position in canonical(&headers).unwrap() {
        let bytes = files.block(&found[position].place).unwrap();
        compare(&bytes);
        let block = Block::parse(&bytes).unwrap();
        graph.append(&block.header, &block.transactions, &|_| None).unwrap();
    }
    assert_eq!(graph.tip().unwrap().1, found.len() as u32);
    let extent = graph.extent();
    // Nobody paid a fee yet: every block made 50 bitcoin.
    assert_eq!(extent.unspent.1, extent.blocks as u64 * 5_000_000_000);
    // The first payment, from Satoshi Nakamoto to Hal Finney, stands in block 170.
    let first = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16:0".parse::<Outpoint>().unwrap();
    let out = graph.out_id(&first).unwrap();
    assert_eq!((graph.value(out), graph.height_of(graph.maker(out))), (1_000_000_000, 170));
}

#[test]
fn a_block_with_its_spent_outputs_closes() {
    let Some(folder) = blocks() else { return };
    let bytes = fs::read(folder.join("bcoin_block300025.raw")).unwrap();
    let undo = fs::read(folder.join("bcoin_block300025-undo.raw")).unwrap();
    let block = Block::parse(&bytes).unwrap();
    // Outputs that the block itself makes are in the list as well.
    let spent = Spent::parse_list(&undo, &block).unwrap();
    let mut graph = Graph::new(Network::Main, 300_025);
    let without = graph.append(&block.header, &block.transactions, &|_| None);
    assert!(matches!(without, Err(GraphError::Unknown { .. })));
    assert_eq!(graph.extent().outputs, 0);
    graph.append(&block.header, &block.transactions, &|outpoint| spent.get(outpoint)).unwrap();
    let mut fees = 0;
    for transaction in &block.transactions[1..] {
        let tx = graph.tx_id(&transaction.txid).unwrap();
        let spent: u64 = graph.inputs_of(tx).map(|out| graph.value(out)).sum();
        fees += spent - transaction.outputs.iter().map(|output| output.value).sum::<u64>();
    }
    // What the miner took is the subsidy of that time and exactly the fees.
    let reward: u64 = block.transactions[0].outputs.iter().map(|output| output.value).sum();
    assert_eq!(reward, 2_500_000_000 + fees);

    assert!(Spent::parse_list(&undo[..undo.len() - 1], &block).is_err());
    assert!(Spent::parse_list(&[&undo[..], &[0]].concat(), &block).is_err());
}

#[test]
fn spent_outputs_of_a_node_are_read_and_must_belong_to_the_block() {
    let Some(folder) = blocks() else { return };
    let bytes = fs::read(folder.join("bcoin_block300025.raw")).unwrap();
    let undo = fs::read(folder.join("bcoin_block300025-undo.raw")).unwrap();
    let block = Block::parse(&bytes).unwrap();
    // The same outputs in the framing of `/rest/spenttxouts`: a count for every transaction.
    let compact = |count: usize| {
        if count < 0xfd { vec![count as u8] } else { [&[0xfd][..], &(count as u16).to_le_bytes()].concat() }
    };
    let mut framed = compact(block.transactions.len());
    framed.push(0);
    let mut reader = crate::wire::Reader::new(&undo);
    for transaction in &block.transactions[1..] {
        framed.extend(compact(transaction.inputs.len()));
        for _ in transaction.inputs.iter() {
            let start = reader.position();
            crate::wire::TxOut::read(&mut reader).unwrap();
            framed.extend(reader.since(start));
        }
    }
    let (list, rest) = (Spent::parse_list(&undo, &block).unwrap(), Spent::parse(&framed, &block).unwrap());
    for input in block.transactions[1..].iter().flat_map(|transaction| transaction.inputs.iter()) {
        assert_eq!(rest.get(&input), list.get(&input));
    }
    let other = fs::read(folder.join("mainnet_block_702861.raw")).unwrap();
    let error = Spent::parse(&framed, &Block::parse(&other).unwrap()).unwrap_err();
    assert_eq!(error.what, "spent outputs are of another block: its transactions are not as many");
    let mut wrong = framed.clone();
    wrong[3] = 1;
    assert!(Spent::parse(&wrong, &block).is_err());
    assert!(Spent::parse(&framed[..framed.len() - 3], &block).is_err());
}

#[test]
fn a_generated_regtest_chain_is_read_and_its_mix_recognised() {
    let Some(graph) = regtest() else { return };
    let names: serde_json::Value =
        serde_json::from_slice(&fs::read(blocks().unwrap().join("blocksci_regtest_btc_output.json")).unwrap()).unwrap();
    let tx = graph.tx_id(&names["simple-coinjoin-tx"].as_str().unwrap().parse().unwrap()).unwrap();
    assert_eq!(Join::of(&graph, tx), Some(Join::EqualPayments));
    for other in
        ["merge-final-tx", "fan-8-tx-collect", "fan-8-tx", "taint-merge-tx-1", "taint-mapping-tx", "peeling-chain-0-tx"]
    {
        let tx = graph.tx_id(&names[other].as_str().unwrap().parse().unwrap()).unwrap();
        assert_eq!(Join::of(&graph, tx), None, "{other}");
    }
    let height =
        graph.height_of(graph.tx_id(&names["address-p2pkh-spend-0-tx"].as_str().unwrap().parse().unwrap()).unwrap());
    assert_eq!(u64::from(height), names["address-p2pkh-spend-0-height"].as_u64().unwrap());
}

/// BlockSci's chain for tests.
pub(crate) fn regtest() -> Option<Graph> {
    let files = BlockFiles::open(&blocks()?.join("blocksci_regtest_btc_blk00000.dat"), Network::Regtest).unwrap();
    let found = files.headers().unwrap();
    let headers: Vec<_> = found.iter().map(|found| found.header).collect();
    let mut graph = Graph::new(Network::Regtest, 0);
    for position in canonical(&headers).unwrap() {
        let bytes = files.block(&found[position].place).unwrap();
        let block = Block::parse(&bytes).unwrap();
        graph.append(&block.header, &block.transactions, &|_| None).unwrap();
    }
    Some(graph)
}

/// A node's folder with three invented blocks, the last two in the wrong order, and space set aside behind them.
fn folder(key: [u8; 8]) -> (tempfile::TempDir, Vec<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let mut chain = crate::graph::tests::Chain::new();
    for owner in 0..3 {
        chain.block(owner, &[]);
    }
    let mut bytes = Vec::new();
    for at in [0, 2, 1] {
        bytes.extend(Network::Regtest.magic());
        bytes.extend((chain.blocks[at].len() as u32).to_le_bytes());
        bytes.extend(&chain.blocks[at]);
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte ^= key[at % 8];
    }
    bytes.extend([0; 100]);
    fs::write(folder.path().join("blk00000.dat"), bytes).unwrap();
    fs::write(folder.path().join("xor.dat"), key).unwrap();
    fs::write(folder.path().join("rev00000.dat"), b"not read").unwrap();
    (folder, chain.blocks)
}

#[test]
fn obfuscated_files_of_a_node_are_read() {
    for key in [[0; 8], [1, 2, 3, 4, 5, 6, 7, 8]] {
        let (folder, blocks) = folder(key);
        let files = BlockFiles::open(folder.path(), Network::Regtest).unwrap();
        let found = files.headers().unwrap();
        let headers: Vec<_> = found.iter().map(|found| found.header).collect();
        let order = canonical(&headers).unwrap();
        assert_eq!(order, [0, 2, 1]);
        let read: Vec<Vec<u8>> = order.iter().map(|at| files.block(&found[*at].place).unwrap()).collect();
        assert_eq!(read, blocks);
    }
}

#[test]
fn damaged_files_are_named_with_the_place_of_the_damage() {
    let (folder, blocks) = folder([0; 8]);
    let file = folder.path().join("blk00000.dat");
    let sound = fs::read(&file).unwrap();
    let second = 8 + blocks[0].len();
    let refusal = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let files = BlockFiles::open(folder.path(), Network::Regtest).unwrap();
        files.headers().unwrap_err().to_string().replace(&folder.path().display().to_string(), "")
    };
    let with = |at: usize, byte: u8| {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        bytes
    };
    assert_eq!(
        refusal(&with(second, 0)),
        format!("/blk00000.dat: the magic is not that of the network at byte {second}")
    );
    assert_eq!(refusal(&with(7, 0xff)), "/blk00000.dat: a block's length is absurd at byte 4");
    assert_eq!(
        refusal(&with(sound.len() - 1, 1)),
        format!("/blk00000.dat: something follows the space set aside at the end at byte {}", sound.len() - 1)
    );
    assert_eq!(refusal(&sound[..second + 50]), format!("/blk00000.dat: a block is cut off at byte {second}"));
    assert!(refusal(&sound[..second + 5]).contains("at byte"));
    // The target of the first header becomes one that its hash cannot have reached.
    assert_eq!(
        refusal(&with(8 + 75, 0x01)),
        "/blk00000.dat: a block's hash does not reach the target it names at byte 8"
    );
    fs::write(folder.path().join("xor.dat"), [1, 2, 3]).unwrap();
    assert!(
        BlockFiles::open(folder.path(), Network::Regtest)
            .unwrap_err()
            .to_string()
            .ends_with("the key is not eight bytes at byte 3")
    );
    assert!(matches!(
        BlockFiles::open(tempfile::tempdir().unwrap().path(), Network::Main),
        Err(SourceError::Nothing(_))
    ));
}

#[test]
fn no_cut_and_no_changed_byte_of_a_block_passes() {
    let mut chain = crate::graph::tests::Chain::new();
    let coin = chain.block(1, &[])[0];
    chain.block(1, &[crate::graph::tests::pay(&[(coin, 0)], &[(7, 1), (8, 2)])]);
    let sound = chain.blocks[1].clone();
    assert!(Block::parse(&sound).is_ok());
    for length in 0..sound.len() {
        assert!(Block::parse(&sound[..length]).is_err(), "{length}");
    }
    assert!(Block::parse(&[&sound[..], &[0]].concat()).is_err());
    let mut passed = vec![];
    for at in 0..sound.len() {
        let mut bad = sound.clone();
        bad[at] ^= 0x55;
        if Block::parse(&bad).is_ok() {
            passed.push(at);
        }
    }
    // In a header alone nothing binds version, parent, time and nonce but the work, which is easy here.
    assert!(passed.iter().all(|at| *at < 80 && !(36..68).contains(at)), "{passed:?}");
    assert_eq!(Block::parse(&[0xff; 4_000_001]).unwrap_err().what, "a block is longer than blocks can be");
}
