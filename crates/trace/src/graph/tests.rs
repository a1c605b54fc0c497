use super::*;
use crate::economy::{Draft, block};
use crate::source::SpentOutput;
use crate::wire::Block;
use proptest::prelude::*;

/// A taproot script that belongs to this number.
pub(crate) fn script(owner: u32) -> Vec<u8> {
    let mut script = vec![0x51, 32];
    script.extend(countersign_core::digest::plain(&owner.to_le_bytes()).0);
    script
}

pub(crate) fn lock(owner: u32) -> Lock {
    Lock::of_script(&script(owner)).unwrap()
}

/// Blocks made one after the other, and their graph.
pub(crate) struct Chain {
    pub(crate) graph: Graph,
    pub(crate) blocks: Vec<Vec<u8>>,
    tip: BlockHash,
}

impl Chain {
    pub(crate) fn new() -> Self {
        Self { graph: Graph::new(Network::Regtest, 0), blocks: vec![], tip: BlockHash([0; 32]) }
    }

    /// A block with these transactions behind a coinbase that pays `owner`; the ids, the coinbase's first.
    pub(crate) fn block(&mut self, owner: u32, drafts: &[Draft]) -> Vec<Txid> {
        self.try_block(owner, drafts).unwrap()
    }

    pub(crate) fn try_block(&mut self, owner: u32, drafts: &[Draft]) -> Result<Vec<Txid>, GraphError> {
        let height = self.blocks.len() as u32;
        let coinbase = Draft { inputs: vec![], outputs: vec![(5_000_000_000, script(owner))] };
        let bytes: Vec<Vec<u8>> = std::iter::once(&coinbase).chain(drafts).map(|draft| draft.bytes(height)).collect();
        self.raw_block(&bytes)
    }

    fn raw_block(&mut self, transactions: &[Vec<u8>]) -> Result<Vec<Txid>, GraphError> {
        let (hash, bytes) = block(self.tip, 1_600_000_000 + 600 * self.blocks.len() as u32, transactions);
        let parsed = Block::parse(&bytes).unwrap();
        self.graph.append(&parsed.header, &parsed.transactions, &|_| None)?;
        let txids = parsed.transactions.iter().map(|transaction| transaction.txid).collect();
        self.tip = hash;
        self.blocks.push(bytes);
        Ok(txids)
    }
}

pub(crate) fn pay(inputs: &[(Txid, u32)], outputs: &[(u64, u32)]) -> Draft {
    Draft {
        inputs: inputs.iter().map(|(txid, vout)| Outpoint { txid: *txid, vout: *vout }).collect(),
        outputs: outputs.iter().map(|(value, owner)| (*value, script(*owner))).collect(),
    }
}

/// Everything that can be seen of a graph, for comparing two of them.
fn shown(graph: &Graph) -> impl PartialEq + std::fmt::Debug + use<> {
    let outputs: Vec<_> = (0..graph.out_count())
        .map(|out| (graph.value(out), graph.spender(out), graph.outpoint(out), graph.maker(out)))
        .collect();
    let inputs: Vec<Vec<OutId>> = (0..graph.tx_count()).map(|tx| graph.inputs_of(tx).collect()).collect();
    let found: Vec<_> = (0..graph.tx_count()).map(|tx| graph.tx_id(&graph.txid(tx).unwrap())).collect();
    (graph.block_hashes().collect::<Vec<_>>(), outputs, inputs, found)
}

#[test]
fn money_is_linked_and_counted() {
    let mut chain = Chain::new();
    let first = chain.block(1, &[])[0];
    let second = chain.block(1, &[pay(&[(first, 0)], &[(3_000_000_000, 2), (1_999_999_000, 1)])])[1];
    let graph = &chain.graph;
    let (paid, change) = (Outpoint { txid: second, vout: 0 }, Outpoint { txid: second, vout: 1 });
    assert_eq!(graph.value(graph.out_id(&paid).unwrap()), 3_000_000_000);
    assert_eq!(graph.lock(graph.out_id(&change).unwrap()), graph.lock_id(&lock(1)).unwrap());
    assert_eq!(graph.spender(graph.out_id(&Outpoint { txid: first, vout: 0 }).unwrap()), graph.tx_id(&second));
    assert_eq!(graph.out_id(&Outpoint { txid: second, vout: 2 }), None);
    let extent = graph.extent();
    assert_eq!((extent.blocks, extent.transactions, extent.outputs), (2, 3, 4));
    assert_eq!(extent.unspent, (3, 9_999_999_000));
    assert_eq!(graph.height_of(graph.tx_id(&second).unwrap()), 1);
}

#[test]
fn what_is_refused_leaves_the_graph_as_it_was() {
    let mut chain = Chain::new();
    let first = chain.block(1, &[])[0];
    let second = chain.block(1, &[])[0];
    let spent = pay(&[(first, 0)], &[(10, 2)]);
    let before = shown(&chain.graph);
    let unknown = Txid([7; 32]);
    let refused = [
        (vec![pay(&[(unknown, 0)], &[(1, 2)])], "Unknown"),
        (vec![pay(&[(second, 1)], &[(1, 2)])], "Unknown"),
        (vec![spent.clone(), pay(&[(first, 0)], &[(11, 2)])], "Spent"),
        (vec![spent.clone(), pay(&[(second, 0)], &[(5_000_000_001, 2)])], "Unbalanced"),
        // The first spends what only the second makes: a circle in time.
        (vec![pay(&[(Txid(crate::wire::sha256d(&[&spent.bytes(2)])), 0)], &[(1, 2)]), spent.clone()], "Unknown"),
    ];
    for (drafts, why) in refused {
        let error = chain.try_block(1, &drafts).unwrap_err();
        assert!(format!("{error:?}").starts_with(why), "{error:?} is not {why}");
        assert!(shown(&chain.graph) == before, "{why}");
    }
    chain.tip = BlockHash([9; 32]);
    assert!(matches!(chain.try_block(1, &[]), Err(GraphError::NotNext { .. })));
    assert!(shown(&chain.graph) == before);
    assert!(matches!(chain.graph.go_back_to(&BlockHash([9; 32])), Err(GraphError::NoSuchBlock(_))));
}

#[test]
fn a_repeated_coinbase_takes_the_earlier_ones_money_and_gives_it_back_when_undone() {
    let mut chain = Chain::new();
    let coinbase = Draft { inputs: vec![], outputs: vec![(50, script(1))] }.bytes(0);
    let txid = chain.raw_block(std::slice::from_ref(&coinbase)).unwrap()[0];
    let (before, tip) = (shown(&chain.graph), chain.tip);
    chain.raw_block(std::slice::from_ref(&coinbase)).unwrap();
    let graph = &chain.graph;
    assert_eq!(graph.extent().unspent, (1, 50));
    assert_eq!(graph.out_id(&Outpoint { txid, vout: 0 }), Some(1));
    chain.block(1, &[pay(&[(txid, 0)], &[(50, 2)])]);
    assert_eq!((chain.graph.spender(0), chain.graph.spender(1)), (None, Some(3)));
    let stored = Graph::parse(&chain.graph.to_bytes()).unwrap();
    assert!(shown(&stored) == shown(&chain.graph));
    chain.graph.go_back_to(&tip).unwrap();
    assert!(shown(&chain.graph) == before);
}

#[test]
fn what_was_looked_up_ahead_does_not_outlive_its_name() {
    // A block repeats an earlier coinbase and spends it at once: the new one is meant, though the look-up ahead saw the earlier one.
    let mut chain = Chain::new();
    let coinbase = Draft { inputs: vec![], outputs: vec![(50, script(1))] }.bytes(0);
    let txid = chain.raw_block(std::slice::from_ref(&coinbase)).unwrap()[0];
    let spend = pay(&[(txid, 0)], &[(50, 2)]).bytes(1);
    chain.raw_block(&[coinbase, spend]).unwrap();
    assert_eq!((chain.graph.spender(0), chain.graph.spender(1)), (None, Some(2)));
    assert!(shown(&Graph::parse(&chain.graph.to_bytes()).unwrap()) == shown(&chain.graph));
}

#[test]
fn a_long_block_spends_what_it_made_itself() {
    let mut chain = Chain::new();
    let mut coin = chain.block(1, &[])[0];
    let before = (shown(&chain.graph), chain.tip);
    let mut drafts = Vec::new();
    for number in 0..200 {
        // To old owners and new ones in turn.
        drafts.push(pay(&[(coin, 0)], &[(5_000_000_000 - number, (number % 3 * number) as u32)]));
        coin = Txid(crate::wire::sha256d(&[&drafts.last().unwrap().bytes(chain.blocks.len() as u32)]));
    }
    let made = chain.block(1, &drafts);
    let graph = &chain.graph;
    assert_eq!((made.len(), made[200], graph.extent().transactions), (201, coin, 202));
    for (number, txid) in (0u64..).zip(&made[1..]) {
        let out = graph.out_id(&Outpoint { txid: *txid, vout: 0 }).unwrap();
        assert_eq!(graph.value(out), 5_000_000_000 - number);
        assert_eq!(graph.lock(out), graph.lock_id(&lock((number % 3 * number) as u32)).unwrap());
        assert_eq!(graph.spender(out), made.get(number as usize + 2).and_then(|next| graph.tx_id(next)));
    }
    chain.graph.go_back_to(&before.1).unwrap();
    assert!(shown(&chain.graph) == before.0);
    // The last of many spends twice: nothing of the block stays.
    drafts.push(pay(&[(made[100], 0)], &[(1, 1)]));
    chain.tip = before.1;
    assert!(matches!(chain.try_block(1, &drafts), Err(GraphError::Spent { .. })));
    assert!(shown(&chain.graph) == before.0);
}

#[test]
fn what_nobody_can_spend_is_not_counted() {
    let mut chain = Chain::new();
    let first = chain.block(1, &[])[0];
    let before = (shown(&chain.graph), chain.tip);
    let kept = (4_000_000_000, script(2));
    let outputs = vec![(30, vec![0x6a, 1, 2]), kept.clone(), (40, vec![0x51; 10_001]), (50, vec![0x51; 10_000])];
    let burn = Draft { inputs: vec![Outpoint { txid: first, vout: 0 }], outputs };
    let txid = chain.block(1, &[burn])[1];
    assert_eq!(chain.graph.extent().unspent, (3, kept.0 + 50 + 5_000_000_000));
    assert_eq!(chain.graph.lock(chain.graph.out_id(&Outpoint { txid, vout: 0 }).unwrap()), NO_LOCK);
    for vout in [0, 2] {
        let spend = pay(&[(txid, vout)], &[(1, 1)]);
        assert!(matches!(chain.try_block(1, &[spend]), Err(GraphError::Unspendable { .. })));
    }
    let stored = Graph::parse(&chain.graph.to_bytes()).unwrap();
    assert_eq!((stored.extent(), stored.spender(0)), (chain.graph.extent(), chain.graph.spender(0)));
    chain.graph.go_back_to(&before.1).unwrap();
    assert!(shown(&chain.graph) == before.0);

    // The first block of a network pays nobody.
    let economy = crate::economy::Economy::of_seed(1);
    let genesis = Block::parse(&economy.blocks[0]).unwrap();
    assert_eq!(genesis.header.hash, Network::Regtest.genesis());
    let mut graph = Graph::new(Network::Regtest, 0);
    graph.append(&genesis.header, &genesis.transactions, &|_| None).unwrap();
    assert_eq!((graph.extent().outputs, graph.extent().unspent), (1, (0, 0)));
}

#[test]
fn outputs_from_outside_become_stubs() {
    let mut graph = Graph::new(Network::Regtest, 100);
    let (one, two) = (Txid([1; 32]), Txid([2; 32]));
    let drafts =
        [Draft { inputs: vec![], outputs: vec![(1, script(0))] }, pay(&[(one, 5), (two, 0), (one, 2)], &[(60, 4)])];
    let bytes: Vec<Vec<u8>> = drafts.iter().map(|draft| draft.bytes(100)).collect();
    let (_, bytes) = block(BlockHash([3; 32]), 0, &bytes);
    let parsed = Block::parse(&bytes).unwrap();
    let outside = |outpoint: &Outpoint| Some(SpentOutput { value: 20 + u64::from(outpoint.vout), lock: Some(lock(9)) });
    graph.append(&parsed.header, &parsed.transactions, &outside).unwrap();
    let tx = graph.tx_id(&parsed.transactions[1].txid).unwrap();
    let inputs: Vec<OutId> = graph.inputs_of(tx).collect();
    assert_eq!(inputs.iter().map(|out| graph.value(*out)).collect::<Vec<_>>(), [25, 20, 22]);
    assert_eq!(graph.outpoint(inputs[2]), Some(Outpoint { txid: one, vout: 2 }));
    assert!(inputs.iter().all(|out| graph.is_stub(graph.maker(*out)) && graph.spender(*out) == Some(tx)));
    assert_eq!((graph.extent().transactions, graph.height_of(tx)), (2, 100));
    assert!(shown(&Graph::parse(&graph.to_bytes()).unwrap()) == shown(&graph));
}

#[test]
fn a_neighbourhood_knows_no_stranger() {
    let mut chain = Chain::new();
    let coins: Vec<Txid> = (0..3).map(|owner| chain.block(owner, &[])[0]).collect();
    // 0 (ours) pays 10 and 11; 10 pays on together with 1 (a stranger); 2 does something else.
    let ours = chain.block(9, &[pay(&[(coins[0], 0)], &[(2_000, 10), (3_000, 11)])])[1];
    let on = chain
        .block(9, &[pay(&[(ours, 0), (coins[1], 0)], &[(1_500, 12), (400, 13)]), pay(&[(coins[2], 0)], &[(7, 14)])])[1];
    let far = chain.block(9, &[pay(&[(on, 0)], &[(1_400, 15)])])[1];
    for (hops, kept) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
        let interest =
            Interest { locks: [lock(0)].into(), labelled: [lock(10), lock(14)].into(), hops, ..Interest::default() };
        let mut look = Neighbourhood::new(interest);
        let blocks: Vec<Block<'_>> = chain.blocks.iter().map(|bytes| Block::parse(bytes).unwrap()).collect();
        for block in &blocks {
            look.look(&block.transactions);
        }
        let mut builder = look.into_builder(Network::Regtest, 0);
        for block in &blocks {
            builder.append(&block.header, &block.transactions, &|_| None).unwrap();
        }
        let graph = builder.finish();
        assert_eq!(graph.extent().transactions, kept, "{hops} hops");
        // 10 is labelled and met; 14 is labelled and far away.
        assert_eq!(graph.extent().locks, 1 + usize::from(hops > 0));
        assert_eq!(graph.lock_id(&lock(10)).is_some(), hops > 0);
        assert_eq!(graph.tx_id(&far).is_some(), hops >= 3);
        if hops >= 2 {
            let stranger = graph.inputs_of(graph.tx_id(&on).unwrap()).nth(1).unwrap();
            assert_eq!((graph.value(stranger), graph.lock(stranger)), (5_000_000_000, NO_LOCK));
        }
    }
}

/// Random blocks: each draft spends some of what is unspent and pays some owners.
pub(crate) fn random_chain(choices: &[(u8, u8, u16)]) -> (Chain, Vec<BlockHash>) {
    let mut chain = Chain::new();
    let mut unspent: Vec<(Txid, u32, u64)> = vec![];
    let mut tips = vec![];
    for (spend, outs, mix) in choices {
        let mut inputs = vec![];
        for n in 0..usize::from(*spend).min(unspent.len()) {
            let at = (usize::from(*mix) + n * 7) % unspent.len();
            inputs.push(unspent.swap_remove(at));
        }
        let mut drafts = vec![];
        if !inputs.is_empty() {
            let sum: u64 = inputs.iter().map(|(_, _, value)| value).sum();
            let count = u64::from(*outs % 4) + 1;
            let part = sum / (count + 1);
            let outputs: Vec<(u64, u32)> = (0..count)
                .map(|n| (part - (u64::from(*mix) * 7_919 * (n + 1)) % (part + 1), u32::from(*mix) % 9 + n as u32))
                .collect();
            let spends: Vec<(Txid, u32)> = inputs.iter().map(|(txid, vout, _)| (*txid, *vout)).collect();
            drafts.push(pay(&spends, &outputs));
        }
        let txids = chain.block(u32::from(*mix) % 11, &drafts);
        unspent.push((txids[0], 0, 5_000_000_000));
        if let (Some(txid), Some(draft)) = (txids.get(1), drafts.first()) {
            unspent.extend(draft.outputs.iter().zip(0..).map(|((value, _), vout)| (*txid, vout, *value)));
        }
        tips.push(chain.tip);
    }
    (chain, tips)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn going_back_gives_the_graph_of_then(choices in prop::collection::vec(any::<(u8, u8, u16)>(), 1..30), back: prop::sample::Index) {
        let choices: Vec<_> = choices.into_iter().map(|(spend, outs, mix)| (spend % 4, outs, mix)).collect();
        let keep = back.index(choices.len());
        let (mut long, tips) = random_chain(&choices);
        let (short, _) = random_chain(&choices[..=keep]);
        long.graph.go_back_to(&tips[keep]).unwrap();
        prop_assert!(shown(&long.graph) == shown(&short.graph));
        prop_assert_eq!(long.graph.tip().unwrap().0, tips[keep]);
    }

    #[test]
    fn a_stored_graph_comes_back(choices in prop::collection::vec(any::<(u8, u8, u16)>(), 1..20), at: prop::sample::Index, bit in 0u8..8) {
        let choices: Vec<_> = choices.into_iter().map(|(spend, outs, mix)| (spend % 4, outs, mix)).collect();
        let (chain, tips) = random_chain(&choices);
        let bytes = chain.graph.to_bytes();
        let mut again = Graph::parse(&bytes).unwrap();
        prop_assert!(shown(&again) == shown(&chain.graph));
        prop_assert_eq!(again.to_bytes(), bytes.clone());
        let at = at.index(bytes.len());
        prop_assert!(Graph::parse(&bytes[..at]).is_err());
        let mut bad = bytes;
        bad[at] ^= 1 << bit;
        prop_assert!(Graph::parse(&bad).is_err());
        // A changed byte under a right checksum: refused, or another sound graph, but never a panic.
        let end = bad.len() - 32;
        let check = countersign_core::digest::plain(&bad[..end]).0;
        bad[end..].copy_from_slice(&check);
        if let Ok(other) = Graph::parse(&bad) {
            prop_assert_eq!(other.to_bytes(), bad);
        }
        again.go_back_to(&tips[0]).unwrap();
        prop_assert_eq!(again.extent().blocks, 1);
    }

    #[test]
    fn clusters_are_those_of_the_naive_way(choices in prop::collection::vec(any::<(u8, u8, u16)>(), 1..40)) {
        let choices: Vec<_> = choices.into_iter().map(|(spend, outs, mix)| (spend % 4, outs, mix)).collect();
        let (chain, _) = random_chain(&choices);
        let graph = &chain.graph;
        let clusters = Clusters::of(graph, QUARANTINE);
        // Naive: colours are rewritten until nothing changes.
        let mut colour: Vec<usize> = (0..graph.lock_count()).collect();
        for tx in (0..graph.tx_count()).filter(|tx| Join::of(graph, *tx).is_none()) {
            let locks: Vec<LockId> = graph.inputs_of(tx).map(|out| graph.lock(out)).collect();
            for pair in locks.windows(2) {
                let (from, to) = (colour[pair[0] as usize], colour[pair[1] as usize]);
                colour.iter_mut().filter(|c| **c == from).for_each(|c| *c = to);
            }
        }
        for left in 0..graph.lock_count() as LockId {
            for right in 0..left {
                let same = colour[left as usize] == colour[right as usize];
                prop_assert_eq!(clusters.root(left) == clusters.root(right), same);
                prop_assert_eq!(clusters.evidence(left, right).is_some(), same);
            }
        }
        let distinct: std::collections::BTreeSet<usize> = colour.iter().copied().collect();
        prop_assert_eq!(clusters.count(), distinct.len());
    }
}

#[test]
fn two_large_clusters_wait_for_a_person() {
    let mut chain = Chain::new();
    let coins: Vec<Txid> = (0..5).map(|owner| chain.block(owner, &[])[0]).collect();
    let both = |a: usize, b: usize| pay(&[(coins[a], 0), (coins[b], 0)], &[(1, 50)]);
    let joined = chain.block(9, &[both(0, 1), both(2, 3)]);
    let more: Vec<Txid> = (0..5).map(|owner| chain.block(owner, &[])[0]).collect();
    let cause = chain.block(9, &[pay(&[(more[1], 0), (more[2], 0)], &[(1, 50)])])[1];
    let last = chain.block(9, &[pay(&[(more[0], 0), (more[4], 0)], &[(1, 50)])])[1];
    let id = |owner| chain.graph.lock_id(&lock(owner)).unwrap();
    let strict = Clusters::of(&chain.graph, 2);
    assert_eq!(strict.quarantined().iter().map(|merge| merge.cause).collect::<Vec<_>>(), [cause]);
    assert_eq!(strict.evidence(id(0), id(3)), None);
    // A single lock is not large: it joins.
    assert_eq!(strict.evidence(id(4), id(1)), Some(vec![last, joined[1]]));
    let usual = Clusters::of(&chain.graph, QUARANTINE);
    assert_eq!(usual.evidence(id(0), id(3)), Some(vec![joined[1], cause, joined[2]]));
}
