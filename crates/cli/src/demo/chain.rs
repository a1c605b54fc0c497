//! The chain of the story: the invented economy of the crate `trace`, in which the population's gifts are made.

use super::story::Story;
use anyhow::{Context, Result};
use countersign_core::encoding::hex;
use countersign_trace::Network;
use countersign_trace::address::Lock;
use countersign_trace::economy::{Economy, Gift};
use countersign_trace::folder::{Folder, OwnFile};
use countersign_trace::graph::Graph;
use countersign_trace::wire::Block;
use std::collections::{BTreeMap, BTreeSet};

const SEED: u64 = 1;
/// One donor in so many takes the coins to a wallet of her own first.
const CAREFUL: u32 = 8;
/// The population's addresses are of this network.
const NETWORK: Network = Network::Test;

/// What is true in the chain, and nobody but its author knows.
pub(crate) struct Truth {
    /// Clients who gave from their account.
    pub(crate) direct: usize,
    /// Those, and who gave from a wallet of their own.
    pub(crate) all: usize,
}

/// Makes the chain and its index in the custodian's folder `trace`. The same population gives the same chain.
pub(crate) fn generate(story: &Story) -> Result<Truth> {
    let population = &story.population;
    let numbers: BTreeMap<&str, u32> =
        (0..).zip(&population.clients).map(|(n, client)| (client.account.as_str(), n)).collect();
    let donations = population.payments.iter().filter(|payment| payment.address == population.donation_address);
    let gift = |(account, satoshi): (&str, u64)| {
        let client = *numbers.get(account).with_context(|| format!("no client `{account}`"))?;
        anyhow::Ok(Gift { client, satoshi, through_wallet: client.is_multiple_of(CAREFUL) })
    };
    let gifts = donations.map(|payment| gift((&payment.account, payment.amount_sat))).collect::<Result<Vec<_>>>()?;
    let to = Lock::parse(&population.donation_address, NETWORK)?;
    let economy = Economy::with_gifts(SEED, to, &gifts).context("nobody can pay the address for donations")?;
    let mut graph = Graph::new(NETWORK, 0);
    for bytes in &economy.blocks {
        let block = Block::parse(bytes)?;
        graph.append(&block.header, &block.transactions, &|_| None)?;
    }
    let mut withdrawals = String::from("outpoint,account\n");
    for (outpoint, client) in &economy.withdrawals {
        // The economy has clients of its own; a smaller population has not all of them.
        if let Some(client) = usize::try_from(*client).ok().and_then(|client| population.clients.get(client)) {
            let reference = hex(&story.custody.references.account(&client.account));
            withdrawals += &format!("{outpoint},{reference}\n");
        }
    }
    let wallets = economy.wallet.and_then(|wallet| wallet.to_address(NETWORK)).into_iter().collect();
    let folder = Folder::take(&story.place().trace())?;
    folder.keep_own(&OwnFile { wallets, deposits: Vec::new(), withdrawals })?;
    folder.keep_graph(&graph)?;
    let ours = |clients: &BTreeSet<u32>| {
        clients.iter().filter(|client| (**client as usize) < population.clients.len()).count()
    };
    Ok(Truth { direct: ours(&economy.direct), all: ours(&economy.donors) })
}
