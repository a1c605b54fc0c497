//! From files with blocks to a graph.

use crate::graph::{Graph, GraphError, Interest, Neighbourhood};
use crate::network::Network;
use crate::source::{BlockFiles, ChainError, Found, SourceError, Spent, canonical};
use crate::wire::{Block, BlockHash, Malformed};

/// Why nothing was ingested. A graph that was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A file cannot be read or is no file with blocks.
    #[error(transparent)]
    Source(#[from] SourceError),
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
        source: std::io::Error,
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
pub type SpentSource<'s> = &'s dyn Fn(&BlockHash) -> std::io::Result<Option<Vec<u8>>>;

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

impl Input<'_> {
    /// The chain, first block first, and the height it begins at.
    fn chain(&self) -> Result<(Vec<Found>, Result<u32, IngestError>), IngestError> {
        let found = self.files.headers()?;
        let headers: Vec<_> = found.iter().map(|found| found.header).collect();
        let order = canonical(&headers)?;
        let chain: Vec<Found> = order.into_iter().filter_map(|at| found.get(at).copied()).collect();
        let first = chain.first().ok_or(ChainError::Empty)?;
        let begins = first.header.parent == BlockHash([0; 32]);
        let height = if begins { Some(0) } else { self.first_height };
        let height = height.ok_or(IngestError::Height(first.header.hash));
        Ok((chain, height))
    }

    fn each(
        &self,
        chain: &[Found],
        take: &mut dyn FnMut(&Block<'_>, &Spent) -> Result<(), IngestError>,
    ) -> Result<(), IngestError> {
        for found in chain {
            let bytes = self.files.block(&found.place)?;
            let block = Block::parse(&bytes).map_err(|wrong| self.files.blame(&found.place, &wrong))?;
            let hash = block.header.hash;
            let answer = (self.spent)(&hash).map_err(|source| IngestError::SpentFile { block: hash, source })?;
            let spent = match answer {
                None => Spent::default(),
                Some(bytes) => {
                    Spent::parse(&bytes, &block).map_err(|wrong| IngestError::Spent { block: hash, wrong })?
                }
            };
            take(&block, &spent)?;
        }
        Ok(())
    }
}

/// Builds the neighbourhood anew: the blocks are read twice.
///
/// # Errors
/// [`IngestError`].
pub fn neighbourhood(input: &Input<'_>, interest: Interest) -> Result<(Graph, Ingested), IngestError> {
    let (chain, height) = input.chain()?;
    let height = height?;
    let mut look = Neighbourhood::new(interest);
    input.each(&chain, &mut |block, _| {
        look.look(&block.transactions);
        Ok(())
    })?;
    let mut builder = look.into_builder(input.network, height);
    input.each(&chain, &mut |block, spent| {
        Ok(builder.append(&block.header, &block.transactions, &|outpoint| spent.get(outpoint))?)
    })?;
    Ok((builder.finish(), Ingested { added: chain.len(), removed: 0 }))
}

/// Builds the whole graph, or goes on with one: back to the last common block, and on from there. A neighbourhood is built anew.
///
/// # Errors
/// [`IngestError`].
pub fn whole(input: &Input<'_>, before: Option<Graph>) -> Result<(Graph, Ingested), IngestError> {
    let (chain, height) = input.chain()?;
    let (mut graph, rest, removed) = match before.filter(Graph::is_whole) {
        None => (Graph::new(input.network, height?), chain.as_slice(), 0),
        Some(mut graph) => {
            let (rest, removed) = go_back(&mut graph, &chain)?;
            (graph, rest, removed)
        }
    };
    input.each(rest, &mut |block, spent| {
        Ok(graph.append(&block.header, &block.transactions, &|outpoint| spent.get(outpoint))?)
    })?;
    Ok((graph, Ingested { added: rest.len(), removed }))
}

/// Takes away what the chain does not have, and gives what the graph does not have.
fn go_back<'c>(graph: &mut Graph, chain: &'c [Found]) -> Result<(&'c [Found], usize), IngestError> {
    let Some((tip, height)) = graph.tip() else { return Ok((chain, 0)) };
    if chain.first().is_some_and(|first| first.header.parent == tip) {
        return Ok((chain, 0));
    }
    let known: std::collections::HashSet<BlockHash> = graph.block_hashes().collect();
    let common = chain.iter().rposition(|found| known.contains(&found.header.hash));
    let place = common.ok_or(IngestError::Apart { tip, height })?;
    let (shared, rest) = chain.split_at(place + 1);
    let Some(last) = shared.last().map(|found| found.header.hash) else { return Ok((rest, 0)) };
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
