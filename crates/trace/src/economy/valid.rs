//! What a node asks of a block beyond what our readers ask, read by another implementation; `kernel-check/` asks a node itself.

use super::Economy;
use bitcoin::consensus::encode::deserialize;
use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::script::Builder;
use bitcoin::{Block, OutPoint, ScriptBuf};
use std::collections::HashMap;

#[test]
fn the_blocks_keep_the_rules_of_regtest() {
    let economy = Economy::of_seed(3);
    // What can be spent: value, script, and from which height on.
    let mut coins: HashMap<OutPoint, (u64, ScriptBuf, usize)> = HashMap::new();
    let mut before: Option<Block> = None;
    for (height, bytes) in economy.blocks.iter().enumerate() {
        let block: Block = deserialize(bytes).unwrap();
        assert!(block.check_merkle_root() && block.check_witness_commitment(), "{height}");
        block.header.validate_pow(block.header.target()).unwrap();
        let Some(parent) = before.replace(block.clone()) else { continue };
        assert!(block.header.prev_blockhash == parent.block_hash() && block.header.time > parent.header.time);
        let pushed = Builder::new().push_int(height as i64).into_script();
        assert!(block.txdata[0].input[0].script_sig.as_bytes().starts_with(pushed.as_bytes()), "{height}");
        let mut fees = 0;
        for transaction in &block.txdata[1..] {
            for input in &transaction.input {
                let (value, script, from) = coins.remove(&input.previous_output).unwrap();
                let opening: Vec<&[u8]> = input.witness.iter().collect();
                let [opening] = opening[..] else { panic!("one script opens an address") };
                assert_eq!(script.as_bytes()[2..], sha256::Hash::hash(opening).to_byte_array());
                assert!(height >= from && input.script_sig.is_empty(), "{height}");
                fees += value;
            }
            fees -= transaction.output.iter().map(|output| output.value.to_sat()).sum::<u64>();
        }
        let reward: u64 = block.txdata[0].output.iter().map(|output| output.value.to_sat()).sum();
        assert!(reward <= (5_000_000_000 >> (height / 150)) + fees, "{height}");
        for (at, transaction) in block.txdata.iter().enumerate() {
            let txid = transaction.compute_txid();
            for (vout, output) in (0..).zip(&transaction.output) {
                let from = height + if at == 0 { 100 } else { 0 };
                coins.insert(OutPoint { txid, vout }, (output.value.to_sat(), output.script_pubkey.clone(), from));
            }
        }
    }
}
