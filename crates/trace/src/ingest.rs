//! From blocks to a graph: out of files, or from a node that is asked for them.

use crate::graph::{Graph, GraphError, Interest, Neighbourhood};
use crate::network::Network;
use crate::source::{BlockFiles, ChainError, Found, Node, NodeError, SourceError, Spent, canonical};
use crate::wire::{Block, BlockHash, Header, Malformed};
use std::io;

/// Why nothing was ingested. A graph that was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A file cannot be read or is no file with blocks.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A node's answers cannot be used.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The graph so far could not be kept.
    #[error("the graph cannot be kept")]
    Keep(#[source] io::Error),
    /// The blocks form no chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The blocks do not fit one another or the graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// What a node said a block spends is not that.
    #[error("spent outputs of block {block}: {wrong}")]
    Spent {
        /// The block.
        block: BlockHash,
        /// What is wrong.
        wrong: Malformed,
    },
    /// The spent outputs cannot be read.
    #[error("spent outputs of block {block} cannot be read")]
    SpentFile {
        /// The block.
        block: BlockHash,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The first block is not the chain's first, and nobody said which it is.
    #[error("the first block, {0}, is not the first of its chain: say its height")]
    Height(BlockHash),
    /// Nothing connects the blocks with the graph.
    #[error("the blocks do not connect with {tip}, the last block of the graph, at height {height}")]
    Apart {
        /// Last block of the graph.
        tip: BlockHash,
        /// Its height.
        height: u32,
    },
    /// A fork that is not longer than what it would replace.
    #[error(
        "the blocks are a fork that is not longer than the {0} blocks it would replace: the graph keeps what it saw first"
    )]
    ShorterFork(usize),
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ingested {
    /// Blocks taken in.
    pub added: usize,
    /// Blocks taken away first, because the chain was reorganised.
    pub removed: usize,
}

/// The outputs that a block spends, as bytes of a node's answer, when they are at hand.
pub type SpentSource<'s> = &'s dyn Fn(&BlockHash) -> io::Result<Option<Vec<u8>>>;

/// Files with blocks of one network, and what else is known of them.
pub struct Input<'i> {
    /// The network.
    pub network: Network,
    /// The blocks.
    pub files: &'i BlockFiles,
    /// The outputs they spend.
    pub spent: SpentSource<'i>,
    /// Height of the first block, when it is not the chain's first.
    pub first_height: Option<u32>,
}

/// Where the blocks of a chain come from.
pub trait Blocks {
    /// What is known of a block before it is read.
    type At;

    /// The network.
    fn network(&self) -> Network;
    /// The chain, first block first, and the height it begins at, if that is known.
    ///
    /// # Errors
    /// [`IngestError`].
    fn chain(&self) -> Result<(Vec<Self::At>, Option<u32>), IngestError>;
    /// The header.
    fn header(at: &Self::At) -> &Header;
    /// The block's bytes.
    ///
    /// # Errors
    /// [`IngestError`].
    fn bytes(&self, at: &Self::At) -> Result<Vec<u8>, IngestError>;
    /// What the block spends, if it is at hand.
    ///
    /// # Errors
    /// [`IngestError`].
    fn spent(&self, at: &Self::At) -> Result<Option<Vec<u8>>, IngestError>;
    /// Says where the block's bytes are malformed.
    fn blame(&self, at: &Self::At, wrong: &Malformed) -> IngestError;
}

impl Blocks for Input<'_> {
    type At = Found;

    fn network(&self) -> Network {
        self.network
    }

    fn chain(&self) -> Result<(Vec<Found>, Option<u32>), IngestError> {
        let found = self.files.headers()?;
        let headers: Vec<_> = found.iter().map(|found| found.header).collect();
        let order = canonical(&headers)?;
        let chain: Vec<Found> = order.into_iter().filter_map(|at| found.get(at).copied()).collect();
        let parent = chain.first().ok_or(ChainError::Empty)?.header.parent;
        let height = match parent {
            BlockHash(none) if none == [0; 32] => Some(0),
            parent if parent == self.network.genesis() => Some(1),
            _ => self.first_height,
        };
        Ok((chain, height))
    }

    fn header(found: &Found) -> &Header {
        &found.header
    }

    fn bytes(&self, found: &Found) -> Result<Vec<u8>, IngestError> {
        Ok(self.files.block(&found.place)?)
    }

    fn spent(&self, found: &Found) -> Result<Option<Vec<u8>>, IngestError> {
        let block = found.header.hash;
        (self.spent)(&block).map_err(|source| IngestError::SpentFile { block, source })
    }

    fn blame(&self, found: &Found, wrong: &Malformed) -> IngestError {
        self.files.blame(&found.place, wrong).into()
    }
}

impl Blocks for Node<'_> {
    type At = Header;

    fn network(&self) -> Network {
        self.network
    }

    fn chain(&self) -> Result<(Vec<Header>, Option<u32>), IngestError> {
        Ok((self.headers()?, Some(self.first_height)))
    }

    fn header(header: &Header) -> &Header {
        header
    }

    fn bytes(&self, header: &Header) -> Result<Vec<u8>, IngestError> {
        Ok(self.block(&header.hash)?)
    }

    fn spent(&self, header: &Header) -> Result<Option<Vec<u8>>, IngestError> {
        Ok(Node::spent(self, &header.hash)?)
    }

    fn blame(&self, header: &Header, wrong: &Malformed) -> IngestError {
        Node::blame(self, &header.hash, wrong).into()
    }
}

/// Blocks whose readings are told to somebody who waits: how many were read, of how many readings.
pub struct Told<'t, B> {
    /// The blocks.
    pub blocks: &'t B,
    /// Who is told.
    pub tell: &'t dyn Fn(usize),
    /// Readings so far.
    pub read: std::cell::Cell<usize>,
}

impl<B: Blocks> Blocks for Told<'_, B> {
    type At = B::At;

    fn network(&self) -> Network {
        self.blocks.network()
    }

    fn chain(&self) -> Result<(Vec<B::At>, Option<u32>), IngestError> {
        self.blocks.chain()
    }

    fn header(at: &B::At) -> &Header {
        B::header(at)
    }

    fn bytes(&self, at: &B::At) -> Result<Vec<u8>, IngestError> {
        self.read.set(self.read.get() + 1);
        (self.tell)(self.read.get());
        self.blocks.bytes(at)
    }

    fn spent(&self, at: &B::At) -> Result<Option<Vec<u8>>, IngestError> {
        self.blocks.spent(at)
    }

    fn blame(&self, at: &B::At, wrong: &Malformed) -> IngestError {
        self.blocks.blame(at, wrong)
    }
}

/// Builds the neighbourhood anew: the blocks are read twice.
///
/// # Errors
/// [`IngestError`].
pub fn neighbourhood(blocks: &impl Blocks, interest: Interest) -> Result<(Graph, Ingested), IngestError> {
    let (chain, height) = blocks.chain()?;
    let height = begins(blocks, &chain, height)?;
    let mut look = Neighbourhood::new(interest);
    each(blocks, &chain, |_, block| {
        look.look(&block.transactions);
        Ok(())
    })?;
    let mut builder = look.into_builder(blocks.network(), height);
    each(blocks, &chain, |at, block| {
        // What a block spends is asked for only where it matters.
        let spent = if builder.keeps(&block.transactions) { spent(blocks, at, block)? } else { Spent::default() };
        Ok(builder.append(&block.header, &block.transactions, &|outpoint| spent.get(outpoint))?)
    })?;
    Ok((builder.finish(), Ingested { added: chain.len(), removed: 0 }))
}

/// Builds the whole graph, or goes on with one: back to the last common block, and on from there. A neighbourhood is built anew.
///
/// # Errors
/// [`IngestError`].
pub fn whole(blocks: &impl Blocks, before: Option<Graph>) -> Result<(Graph, Ingested), IngestError> {
    whole_kept(blocks, before, usize::MAX, &mut |_| Ok(()))
}

/// The same, and keeps the graph after every so many blocks, so that whoever is interrupted goes on from there.
///
/// # Errors
/// [`IngestError`].
pub fn whole_kept(
    blocks: &impl Blocks,
    before: Option<Graph>,
    every: usize,
    keep: &mut dyn FnMut(&Graph) -> io::Result<()>,
) -> Result<(Graph, Ingested), IngestError> {
    let (chain, height) = blocks.chain()?;
    let (mut graph, rest, removed) = match before.filter(Graph::is_whole) {
        None => (Graph::new(blocks.network(), begins(blocks, &chain, height)?), chain.as_slice(), 0),
        Some(mut graph) => {
            let (rest, removed) = go_back(blocks, &mut graph, &chain)?;
            (graph, rest, removed)
        }
    };
    let mut parts = rest.chunks(every.max(1)).peekable();
    while let Some(part) = parts.next() {
        each(blocks, part, |at, block| {
            let spent = spent(blocks, at, block)?;
            Ok(graph.append(&block.header, &block.transactions, &|outpoint| spent.get(outpoint))?)
        })?;
        if parts.peek().is_some() {
            keep(&graph).map_err(IngestError::Keep)?;
        }
    }
    Ok((graph, Ingested { added: rest.len(), removed }))
}

fn begins<B: Blocks>(_: &B, chain: &[B::At], height: Option<u32>) -> Result<u32, IngestError> {
    let first = B::header(chain.first().ok_or(ChainError::Empty)?);
    height.ok_or(IngestError::Height(first.hash))
}

fn each<B: Blocks>(
    blocks: &B,
    chain: &[B::At],
    mut take: impl FnMut(&B::At, &Block<'_>) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    for at in chain {
        let bytes = blocks.bytes(at)?;
        let block = Block::parse(&bytes).map_err(|wrong| blocks.blame(at, &wrong))?;
        if block.header.hash != B::header(at).hash {
            return Err(blocks.blame(at, &Malformed { offset: 0, what: "this is another block than was asked for" }));
        }
        take(at, &block)?;
    }
    Ok(())
}

fn spent<B: Blocks>(blocks: &B, at: &B::At, block: &Block<'_>) -> Result<Spent, IngestError> {
    let Some(bytes) = blocks.spent(at)? else { return Ok(Spent::default()) };
    Spent::parse(&bytes, block).map_err(|wrong| IngestError::Spent { block: block.header.hash, wrong })
}

/// Takes away what the chain does not have, and gives what the graph does not have.
fn go_back<'c, B: Blocks>(_: &B, graph: &mut Graph, chain: &'c [B::At]) -> Result<(&'c [B::At], usize), IngestError> {
    let Some((tip, height)) = graph.tip() else { return Ok((chain, 0)) };
    if chain.first().is_some_and(|first| B::header(first).parent == tip) {
        return Ok((chain, 0));
    }
    let known: std::collections::HashSet<BlockHash> = graph.block_hashes().collect();
    let common = chain.iter().rposition(|at| known.contains(&B::header(at).hash));
    let place = common.ok_or(IngestError::Apart { tip, height })?;
    let (shared, rest) = chain.split_at(place + 1);
    let Some(last) = shared.last().map(|at| B::header(at).hash) else { return Ok((rest, 0)) };
    let removed = graph.block_hashes().rev().take_while(|hash| *hash != last).count();
    if rest.is_empty() {
        return Ok((rest, 0));
    }
    if rest.len() <= removed {
        return Err(IngestError::ShorterFork(removed));
    }
    graph.go_back_to(&last)?;
    Ok((rest, removed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::{Chain, lock, pay};
    use crate::wire::Outpoint;
    use std::fs;

    fn files(blocks: &[&Vec<u8>]) -> (tempfile::TempDir, BlockFiles) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = Vec::new();
        for block in blocks {
            bytes.extend(Network::Regtest.magic());
            bytes.extend((block.len() as u32).to_le_bytes());
            bytes.extend(*block);
        }
        fs::write(folder.path().join("blk00000.dat"), bytes).unwrap();
        let files = BlockFiles::open(folder.path(), Network::Regtest).unwrap();
        (folder, files)
    }

    fn run(blocks: &[&Vec<u8>], before: Option<Graph>) -> Result<(Graph, Ingested), IngestError> {
        let (_folder, files) = files(blocks);
        whole(&Input { network: Network::Regtest, files: &files, spent: &|_| Ok(None), first_height: None }, before)
    }

    #[test]
    fn a_chain_goes_on_and_is_reorganised() {
        // The branches differ by who mines.
        let branch = |owners: &[u32]| {
            let mut chain = Chain::new();
            owners.iter().for_each(|owner| drop(chain.block(*owner, &[])));
            chain
        };
        let (one, two) = (branch(&[1, 2, 3]), branch(&[1, 4, 5, 6]));
        let all = |chain: &Chain| chain.blocks.clone();
        let (first, second) = (all(&one), all(&two));
        let (graph, done) = run(&first[..2].iter().collect::<Vec<_>>(), None).unwrap();
        assert_eq!(done, Ingested { added: 2, removed: 0 });
        // Only the new block, and again all of them.
        let (graph, done) = run(&[&first[2]], Some(graph)).unwrap();
        assert_eq!((done, graph.tip()), (Ingested { added: 1, removed: 0 }, one.graph.tip()));
        let (graph, done) = run(&first.iter().collect::<Vec<_>>(), Some(graph)).unwrap();
        assert_eq!((done.added, graph.tip()), (0, one.graph.tip()));
        let fork: Vec<&Vec<u8>> = second[..3].iter().collect();
        assert!(matches!(run(&fork, Some(graph.clone())), Err(IngestError::ShorterFork(2))));
        let (graph, done) = run(&second.iter().collect::<Vec<_>>(), Some(graph)).unwrap();
        assert_eq!((done, graph.tip()), (Ingested { added: 3, removed: 2 }, two.graph.tip()));
        assert!(matches!(run(&[&first[2]], Some(graph)), Err(IngestError::Apart { .. })));
        assert!(matches!(run(&[&first[2]], None), Err(IngestError::Height(_))));
    }

    /// How an answer is changed before it is given; `None`: the node does not have it.
    type Change<'c> = &'c dyn Fn(&str, Vec<u8>) -> Option<Vec<u8>>;

    /// A node with a chain.
    struct FakeNode<'n> {
        blocks: &'n [Vec<u8>],
        hashes: Vec<BlockHash>,
        outputs: std::collections::HashMap<Outpoint, (u64, Vec<u8>)>,
    }

    impl<'n> FakeNode<'n> {
        fn new(blocks: &'n [Vec<u8>]) -> Self {
            let mut node = Self { blocks, hashes: vec![], outputs: Default::default() };
            for bytes in blocks {
                let block = Block::parse(bytes).unwrap();
                node.hashes.push(block.header.hash);
                for transaction in &block.transactions {
                    for (vout, output) in (0..).zip(transaction.outputs.iter()) {
                        let outpoint = Outpoint { txid: transaction.txid, vout };
                        node.outputs.insert(outpoint, (output.value, output.script.to_vec()));
                    }
                }
            }
            node
        }

        fn place(&self, hash: &str) -> usize {
            let hash: BlockHash = hash.parse().unwrap();
            self.hashes.iter().position(|known| *known == hash).unwrap()
        }

        fn answer(&self, path: &str) -> Option<Vec<u8>> {
            let (kind, rest) = path.strip_prefix("/rest/")?.split_once('/')?;
            let (key, ending) = rest.split_once('.')?;
            match (kind, ending) {
                ("blockhashbyheight", "hex") => {
                    Some(format!("{}\n", self.hashes.get(key.parse::<usize>().ok()?)?).into_bytes())
                }
                // Three at a time, so that answers have to be joined.
                ("headers", "bin?count=2000") => {
                    Some(self.blocks[self.place(key)..].iter().take(3).flat_map(|bytes| bytes[..80].to_vec()).collect())
                }
                ("block", "bin") => Some(self.blocks[self.place(key)].clone()),
                ("spenttxouts", "bin") => Some(self.spent(self.place(key))),
                _ => None,
            }
        }

        /// What a block spends as a node answers it; all counts here are below 253.
        fn spent(&self, at: usize) -> Vec<u8> {
            let block = Block::parse(&self.blocks[at]).unwrap();
            let mut out = vec![block.transactions.len() as u8];
            for transaction in &block.transactions {
                let inputs = if transaction.is_coinbase() { 0 } else { transaction.inputs.len() };
                out.push(inputs as u8);
                for (value, script) in transaction.inputs.iter().take(inputs).map(|input| &self.outputs[&input]) {
                    out.extend(value.to_le_bytes());
                    out.push(script.len() as u8);
                    out.extend(script);
                }
            }
            out
        }

        /// Reads from this node; what comes of it, and every path that was asked for.
        fn ask<T>(&self, first_height: u32, change: Change<'_>, read: impl Fn(&Node<'_>) -> T) -> (T, Vec<String>) {
            let asked = std::cell::RefCell::new(vec![]);
            let fetch = |path: &str, _: usize| {
                asked.borrow_mut().push(path.to_owned());
                Ok(self.answer(path).and_then(|answer| change(path, answer)))
            };
            let done = read(&Node { network: Network::Regtest, fetch: &fetch, first_height });
            (done, asked.into_inner())
        }
    }

    #[test]
    fn a_node_is_asked_block_by_block() {
        let economy = crate::economy::Economy::of_seed(1);
        let blocks = &economy.blocks[..];
        let interest = || Interest { locks: economy.collector.into_iter().collect(), hops: 2, ..Interest::default() };
        let (_place, files) = files(&blocks.iter().collect::<Vec<_>>());
        let input = Input { network: Network::Regtest, files: &files, spent: &|_| Ok(None), first_height: None };
        let expected = neighbourhood(&input, interest()).unwrap().0.to_bytes();
        let node = FakeNode::new(blocks);
        let pass = |_: &str, bytes: Vec<u8>| Some(bytes);
        let (built, asked) = node.ask(0, &pass, |node| neighbourhood(node, interest()).unwrap());
        assert!(built.0.to_bytes() == expected);
        // From the first block on nothing but blocks is needed.
        assert!(!asked.iter().any(|path| path.contains("spenttxouts")));
        let whole_graph = whole(&input, None).unwrap().0.to_bytes();
        assert!(node.ask(0, &pass, |node| whole(node, None).unwrap()).0.0.to_bytes() == whole_graph);

        // Begun later, with what the node says the blocks spend: the same payments, as far as they are younger.
        let (late, asked) = node.ask(300, &pass, |node| neighbourhood(node, interest()).unwrap().0);
        assert_eq!((late.extent().blocks, late.tip()), (blocks.len() - 300, Graph::parse(&expected).unwrap().tip()));
        let times = |what: &str| asked.iter().filter(|path| path.contains(what)).count();
        assert!(times("spenttxouts") > 0 && times("spenttxouts") < 60 && times("/block/") == 120);
        let (_late_place, files) = self::files(&blocks[300..].iter().collect::<Vec<_>>());
        let spent = |hash: &BlockHash| Ok(Some(node.spent(node.place(&hash.to_string()))));
        let input = Input { network: Network::Regtest, files: &files, spent: &spent, first_height: Some(300) };
        assert!(neighbourhood(&input, interest()).unwrap().0.to_bytes() == late.to_bytes());
        // A node without them is refused as soon as they are needed.
        let without = |path: &str, bytes: Vec<u8>| (!path.contains("spenttxouts")).then_some(bytes);
        let (refused, _) = node.ask(300, &without, |node| neighbourhood(node, interest()).err().unwrap());
        assert!(matches!(refused, IngestError::Graph(GraphError::Unknown { .. })), "{refused}");
    }

    #[test]
    fn what_a_node_says_wrongly_is_named() {
        let mut chain = Chain::new();
        (0..5).for_each(|owner| drop(chain.block(owner, &[])));
        let refusal = |change: Change<'_>| {
            let (error, _) = FakeNode::new(&chain.blocks).ask(1, change, |node| whole(node, None).err());
            error.map(|error| error.to_string())
        };
        assert_eq!(refusal(&|_, bytes| Some(bytes)), None);
        let of = |what: &'static str, change: fn(&mut Vec<u8>)| {
            move |path: &str, mut bytes: Vec<u8>| {
                if path.contains(what) {
                    change(&mut bytes);
                }
                Some(bytes)
            }
        };
        let changed = Some(NodeError::Changed.to_string());
        assert_eq!(refusal(&of("headers", Vec::clear)), changed);
        assert_eq!(refusal(&of("headers", |bytes| drop(bytes.drain(..80)))), changed);
        assert_eq!(refusal(&of("headers", |bytes| bytes.truncate(160))), None);
        for (what, change, said) in [
            ("headers", (|bytes| bytes.truncate(100)) as fn(&mut Vec<u8>), "ends too early at byte 80"),
            ("blockhash", |bytes| bytes.truncate(10), "/rest/blockhashbyheight/1.hex: this is not a block hash"),
            ("/block/", |bytes| bytes.truncate(90), ".bin: "),
            ("/block/", |bytes| bytes.push(0), ".bin: bytes are left over at byte "),
            ("/block/", |bytes| bytes.resize(4_000_001, 0), "the answer is longer than it can be at byte 4000000"),
            ("spenttxouts", |bytes| bytes.push(0), "bytes are left over at byte 2"),
            ("spenttxouts", |bytes| bytes[0] = 9, "of block"),
        ] {
            let error = refusal(&of(what, change)).unwrap();
            assert!(error.contains(said), "{what}: {error}");
        }
        let swapped =
            |path: &str, bytes: Vec<u8>| Some(if path.contains("/block/") { chain.blocks[0].clone() } else { bytes });
        assert!(refusal(&swapped).unwrap().ends_with("this is another block than was asked for at byte 0"));
        let gone = |path: &str, bytes: Vec<u8>| (!path.contains("/block/")).then_some(bytes);
        assert!(refusal(&gone).unwrap().contains("the node does not have /rest/block/"));
        let cut = |_: &str, _: usize| Err(io::ErrorKind::ConnectionRefused.into());
        let node = Node { network: Network::Regtest, fetch: &cut, first_height: 0 };
        assert!(matches!(whole(&node, None), Err(IngestError::Node(NodeError::Ask { .. }))));
    }

    #[test]
    fn who_is_interrupted_goes_on() {
        let economy = crate::economy::Economy::of_seed(2);
        let (_place, files) = files(&economy.blocks.iter().collect::<Vec<_>>());
        let input = Input { network: Network::Regtest, files: &files, spent: &|_| Ok(None), first_height: None };
        let told = std::cell::Cell::new(0);
        let blocks = Told { blocks: &input, tell: &|count| told.set(count), read: 0.into() };
        let (expected, _) = whole(&blocks, None).unwrap();
        assert_eq!(told.get(), economy.blocks.len());
        let mut kept = None;
        let mut stop = |graph: &Graph| {
            kept = Some(graph.to_bytes());
            if graph.extent().blocks < 200 { Ok(()) } else { Err(io::Error::other("no more space")) }
        };
        assert!(matches!(whole_kept(&input, None, 100, &mut stop), Err(IngestError::Keep(_))));
        let (graph, done) = whole(&input, Some(Graph::parse(&kept.unwrap()).unwrap())).unwrap();
        assert_eq!((done.added, done.removed), (economy.blocks.len() - 200, 0));
        assert!(graph.to_bytes() == expected.to_bytes());
    }

    #[test]
    fn damage_is_named_with_file_and_offset() {
        let mut chain = Chain::new();
        chain.block(1, &[]);
        let coin = chain.block(2, &[])[0];
        let mut bad = chain.blocks[1].clone();
        let last = bad.len() - 1;
        bad[last] ^= 1;
        let error = run(&[&chain.blocks[0], &bad], None).unwrap_err().to_string();
        let at = 16 + chain.blocks[0].len() + 36;
        assert!(
            error.ends_with(&format!(
                "blk00000.dat: the transactions are not those of the header's merkle root at byte {at}"
            )),
            "{error}"
        );
        chain.block(1, &[pay(&[(coin, 0)], &[(5, 3)])]);
        let (_folder, files) = files(&chain.blocks.iter().collect::<Vec<_>>());
        let wrong =
            Input { network: Network::Regtest, files: &files, spent: &|_| Ok(Some(vec![9])), first_height: None };
        assert!(matches!(whole(&wrong, None), Err(IngestError::Spent { .. })));
        let right = Input { spent: &|_| Ok(None), ..wrong };
        let interest = Interest { locks: [lock(3)].into(), hops: 1, ..Interest::default() };
        let (graph, done) = neighbourhood(&right, interest).unwrap();
        assert_eq!((done.added, graph.extent().transactions, graph.extent().locks), (3, 1, 1));
        let again = Graph::parse(&graph.to_bytes()).unwrap();
        let (graph, done) = whole(&right, Some(again)).unwrap();
        assert_eq!((done.added, graph.is_whole()), (3, true));
    }
}
