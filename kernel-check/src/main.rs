//! Is the invented economy of crate `trace` a chain that a node takes for valid, and does the graph know every coin of it?
//!
//! The blocks of some seeds go through libbitcoinkernel, the validation code of Bitcoin Core: proof of work, subsidy, maturity, commitments,
//! scripts, double spends. From what the library then keeps (its blocks, and the coins they spent) the unspent outputs are counted and summed,
//! and both must be the graph's to the satoshi. Every coin that was spent must be the output that our reader reads, and a graph that begins in
//! the middle must grow from the library's spent outputs in the form of a node's `/rest/spenttxouts`. Blocks that are wrong by one thing must
//! be refused, or the rest would mean nothing.

use bitcoinkernel::prelude::*;
use bitcoinkernel::{
    Block as Checked, BlockValidationStateRef, ChainType, ChainstateManager, Context, ContextBuilder, ValidationMode,
};
use countersign_trace::Network;
use countersign_trace::address::Lock;
use countersign_trace::economy::{Draft, Economy, block};
use countersign_trace::graph::Graph;
use countersign_trace::source::{Spent, SpentOutput};
use countersign_trace::wire::{Block, BlockHash, Outpoint};
use std::collections::HashMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

type Outcome<T> = Result<T, Box<dyn Error>>;

const SEEDS: std::ops::Range<u64> = 1..4;
/// Where the second graph begins.
const MIDDLE: usize = 250;

fn main() -> ExitCode {
    for seed in SEEDS {
        match check(seed) {
            Ok(said) => println!("seed {seed}: {said}"),
            Err(error) => {
                eprintln!("seed {seed}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn check(seed: u64) -> Outcome<String> {
    let economy = Economy::of_seed(seed);
    let node = Node::new()?;
    for (height, bytes) in economy.blocks.iter().enumerate() {
        node.take(height, bytes)?;
    }
    let graph = graph(&economy.blocks)?;
    let extent = graph.extent();
    let (transactions, unspent) = node.unspent()?;
    if (extent.blocks, extent.transactions) != (economy.blocks.len(), transactions) {
        return Err(format!("the graph has {} transactions, the node {transactions}", extent.transactions).into());
    }
    if extent.unspent != unspent {
        return Err(format!("unspent in the graph: {:?}, with the node: {unspent:?}", extent.unspent).into());
    }
    let spent = compare_spent(&node, &economy.blocks)?;
    from_the_middle(&node, &economy.blocks)?;
    let refused = refuse(&node, &economy)?;
    Ok(format!(
        "{} blocks and {transactions} transactions are valid; unspent {} outputs, {} satoshi, in the kernel and in the graph; {spent} spent \
         coins compared; {refused} wrong blocks refused",
        extent.blocks, unspent.0, unspent.1
    ))
}

fn graph(blocks: &[Vec<u8>]) -> Outcome<Graph> {
    let mut graph = Graph::new(Network::Regtest, 0);
    for bytes in blocks {
        let block = Block::parse(bytes)?;
        graph.append(&block.header, &block.transactions, &|_| None)?;
    }
    Ok(graph)
}

/// The library with an empty folder, and what it said of the block it was given last.
struct Node {
    chain: ChainstateManager,
    said: Arc<Mutex<Option<String>>>,
    _context: Context,
    _folder: tempfile::TempDir,
}

impl Node {
    fn new() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let said = Arc::new(Mutex::new(None));
        let note = Arc::clone(&said);
        let context = ContextBuilder::new()
            .chain_type(ChainType::Regtest)
            .with_block_checked_validation(move |_: Checked, state: BlockValidationStateRef<'_>| {
                let wrong = (state.mode() != ValidationMode::Valid).then(|| format!("{:?}", state.result()));
                if let Ok(mut note) = note.lock() {
                    *note = wrong;
                }
            })
            .build()?;
        let place = |name: &str| folder.path().join(name).display().to_string();
        let chain = ChainstateManager::new(&context, &place("data"), &place("blocks"))?;
        chain.import_blocks()?;
        Ok(Self { chain, said, _context: context, _folder: folder })
    }

    /// The block must become the tip.
    fn take(&self, height: usize, bytes: &[u8]) -> Outcome<()> {
        let result = self.chain.process_block(&Checked::new(bytes)?);
        let tip = self.chain.active_chain().tip().block_hash().to_bytes();
        let said = self.said.lock().map_err(|_| "the callback failed")?.take();
        if result.is_rejected() || said.is_some() || tip != Block::parse(bytes)?.header.hash.0 {
            return Err(format!("the kernel refuses block {height}: {said:?}").into());
        }
        Ok(())
    }

    /// The block must not become the tip.
    fn refuse(&self, what: &str, bytes: &[u8]) -> Outcome<()> {
        let before = self.chain.active_chain().tip().block_hash().to_bytes();
        self.chain.process_block(&Checked::new(bytes)?);
        if self.chain.active_chain().tip().block_hash().to_bytes() != before {
            return Err(format!("the kernel accepts a block with {what}").into());
        }
        Ok(())
    }

    /// Transactions; and how many outputs the blocks made and nothing spent, and their sum, the first block's apart: nobody has them.
    fn unspent(&self) -> Outcome<(usize, (u64, u64))> {
        let (mut transactions, mut made, mut spent) = (0, (0u64, 0u64), (0u64, 0u64));
        for entry in self.chain.active_chain().iter() {
            let block = self.chain.read_block_data(&entry)?;
            transactions += block.transaction_count();
            if entry.height() == 0 {
                continue;
            }
            for transaction in block.transactions() {
                for output in transaction.outputs().filter(|output| can_be_spent(&output.script_pubkey().to_bytes())) {
                    made = (made.0 + 1, made.1 + u64::try_from(output.value())?);
                }
            }
            for transaction in self.chain.read_spent_outputs(&entry)?.iter() {
                for coin in transaction.coins() {
                    spent = (spent.0 + 1, spent.1 + u64::try_from(coin.output().value())?);
                }
            }
        }
        Ok((transactions, (made.0 - spent.0, made.1 - spent.1)))
    }

    /// The coins that the block at this height spends, in the form of a node's `/rest/spenttxouts/HASH.bin`.
    fn spent(&self, height: usize) -> Outcome<Vec<u8>> {
        let entry = self.chain.active_chain().at_height(height).ok_or("the height is above the tip")?;
        let spent = self.chain.read_spent_outputs(&entry)?;
        let mut out = compact(spent.count() + 1)?;
        out.push(0);
        for transaction in spent.iter() {
            out.extend(compact(transaction.count())?);
            for coin in transaction.coins() {
                let script = coin.output().script_pubkey().to_bytes();
                out.extend(coin.output().value().to_le_bytes());
                out.extend(compact(script.len())?);
                out.extend(script);
            }
        }
        Ok(out)
    }
}

/// As the node's own coins: nothing that begins with `OP_RETURN`, nothing longer than scripts can be.
fn can_be_spent(script: &[u8]) -> bool {
    script.first() != Some(&0x6a) && script.len() <= 10_000
}

fn compact(count: usize) -> Outcome<Vec<u8>> {
    Ok(if count < 0xfd {
        vec![u8::try_from(count)?]
    } else {
        [&[0xfd][..], &u16::try_from(count)?.to_le_bytes()].concat()
    })
}

/// Every coin that the kernel saw spent is the output that our reader reads, in amount and lock.
fn compare_spent(node: &Node, blocks: &[Vec<u8>]) -> Outcome<usize> {
    let (mut made, mut compared) = (HashMap::<Outpoint, SpentOutput>::new(), 0);
    for (height, bytes) in blocks.iter().enumerate() {
        let block = Block::parse(bytes)?;
        for transaction in &block.transactions {
            for (vout, output) in (0..).zip(transaction.outputs.iter()) {
                let output = SpentOutput { value: output.value, lock: Lock::of_script(output.script) };
                made.insert(Outpoint { txid: transaction.txid, vout }, output);
            }
        }
        if height == 0 {
            continue;
        }
        let spent = Spent::parse(&node.spent(height)?, &block)?;
        for input in block.transactions.iter().skip(1).flat_map(|transaction| transaction.inputs.iter()) {
            if spent.get(&input).is_none() || spent.get(&input) != made.get(&input).copied() {
                return Err(format!("{input}: the kernel knows another coin than we read").into());
            }
            compared += 1;
        }
    }
    Ok(compared)
}

/// A graph that begins in the middle, with what the kernel says the blocks spend.
fn from_the_middle(node: &Node, blocks: &[Vec<u8>]) -> Outcome<()> {
    let mut graph = Graph::new(Network::Regtest, u32::try_from(MIDDLE)?);
    for (height, bytes) in blocks.iter().enumerate().skip(MIDDLE) {
        let block = Block::parse(bytes)?;
        let spent = Spent::parse(&node.spent(height)?, &block)?;
        graph.append(&block.header, &block.transactions, &|outpoint| spent.get(outpoint))?;
    }
    Ok(())
}

/// Blocks on top of the chain that are wrong by one thing each.
fn refuse(node: &Node, economy: &Economy) -> Outcome<usize> {
    let bytes = economy.blocks.last().ok_or("no blocks")?;
    let last = Block::parse(bytes)?;
    let height = u32::try_from(economy.blocks.len())?;
    let spent =
        last.transactions.last().and_then(|transaction| transaction.inputs.iter().next()).ok_or("nothing spent")?;
    let mine = last.transactions.last().ok_or("no transactions")?;
    let unspent = Outpoint { txid: mine.txid, vout: 0 };
    let coinbase = |value| Draft { inputs: Vec::new(), outputs: vec![(value, vec![0x51])] };
    let spend = |outpoint| Draft { inputs: vec![outpoint], outputs: vec![(1, vec![0x51])] };
    let subsidy = 5_000_000_000u64 >> (height / 150);
    let made = |parent: BlockHash, drafts: &[Draft], height: u32| {
        let bytes: Vec<Vec<u8>> = drafts.iter().map(|draft| draft.bytes(height)).collect();
        block(parent, last.header.time + 600, &bytes).1
    };
    let parent = last.header.hash;
    let wrong = [
        ("a satoshi too much for the miner", made(parent, &[coinbase(subsidy + 1)], height)),
        ("the height of another block", made(parent, &[coinbase(subsidy)], height + 1)),
        ("a coin spent twice", made(parent, &[coinbase(subsidy), spend(spent)], height)),
        ("a coin that nobody opened", made(parent, &[coinbase(subsidy), spend(unspent)], height)),
        ("a coin from nowhere", made(parent, &[coinbase(subsidy), spend(Outpoint { vout: 9_999, ..unspent })], height)),
    ];
    for (what, bytes) in &wrong {
        node.refuse(what, bytes)?;
    }
    // The same block without anything wrong: what is refused above is refused for its own fault.
    node.take(economy.blocks.len(), &made(parent, &[coinbase(subsidy)], height))?;
    Ok(wrong.len())
}
