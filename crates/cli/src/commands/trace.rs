//! `countersign trace`: exposure of own deposits, and how many clients a request would expose. Shares and bands, never a list of people.

mod node;
mod serve;

use crate::files;
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use countersign_core::time::Timestamp;
use countersign_trace::Network;
use countersign_trace::address::PaymentRequest;
use countersign_trace::folder::{Folder, LabelFile, LabelForm, OwnFile};
use countersign_trace::gate::{Basis, BlastQuery, Exposure, Gate, Rest};
use countersign_trace::graph::{Graph, Interest};
use countersign_trace::ingest::{Blocks, Ingested, Input, Told, neighbourhood, whole_kept};
use countersign_trace::labels::{Role, write_tagpack};
use countersign_trace::own::Own;
use countersign_trace::proof::check;
use countersign_trace::source::{BlockFiles, Node};
use countersign_trace::wire::{BlockHash, Outpoint};
use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Example:
  countersign trace labels add sanctioned.txt --issuer OFAC --label SDN --list OFAC --leave-out
  countersign trace labels add exchanges.yaml
  countersign trace ingest ~/.bitcoin/blocks --wallets wallets.txt --deposits deposits.txt --withdrawals withdrawals.csv
  countersign trace exposure --all
  countersign trace blast bc1q... --from 2026-01-01T00:00:00Z
  countersign trace serve --graph whole-chain";

/// Longest accepted file of labels, addresses, outputs or withdrawals.
const MAX_FILE: usize = 64 * 1024 * 1024;
/// The graph of a whole chain is kept after so many blocks: who is interrupted goes on from there.
const KEEP_EVERY: usize = 10_000;
/// Progress is shown after so many blocks.
const TELL_EVERY: usize = 100;

#[derive(Args)]
pub(crate) struct Trace {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read blocks: the neighbourhood of the own wallets and the listed addresses, or with --full the whole chain.
    Ingest(Ingest),
    /// What own deposits are exposed to: a range of shares per list.
    Exposure {
        /// The deposits, as `<transaction id>:<number>`.
        #[arg(required_unless_present = "all")]
        deposits: Vec<Outpoint>,
        /// All deposits at once.
        #[arg(long, conflicts_with = "deposits")]
        all: bool,
    },
    /// How many clients a request "everyone who paid these addresses" would expose, in bands.
    Blast(Blast),
    /// Where one own deposit comes from under every rule, by kind of source.
    Explain {
        /// The deposit, as `<transaction id>:<number>`.
        deposit: Outpoint,
    },
    /// Check a path of payments, offline: that it is one, and in which blocks it says it lies.
    Verify {
        /// The path (docs/formats/payment-path.md).
        file: PathBuf,
    },
    /// Answer what can be said of a whole chain without an order, with the fields of GraphSense: blocks, transactions by id, tags.
    Serve(serve::Serve),
    /// Add files of labels, or show who labels how much.
    Labels {
        #[command(subcommand)]
        command: LabelsCommand,
    },
}

#[derive(Args)]
struct Ingest {
    /// A node's folder with blk*.dat, a file in that framing, one raw block, or a node's REST interface like http://127.0.0.1:8332.
    blocks: PathBuf,
    /// main, test, signet or regtest.
    #[arg(long, default_value = "main")]
    network: Network,
    /// Build the graph of the whole chain, strangers included. Runs go on where the last one ended.
    #[arg(long, conflicts_with_all = ["hops", "address"])]
    full: bool,
    /// Payments to follow onwards from own wallets and listed addresses.
    #[arg(long, default_value_t = 4, value_name = "N")]
    hops: u8,
    /// One more address (or payment URI) whose payments are kept, to ask `blast` about.
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<String>,
    /// Height of the first block, when it is not the chain's first. A node is asked from there on: nothing older can be yours.
    #[arg(long, value_name = "N")]
    first_height: Option<u32>,
    /// Keep the graph in this folder, not in `trace` beside the custodian's other data.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder with what the blocks spend: a node's answers to /rest/spenttxouts/HASH.bin as files of that name.
    #[arg(long, value_name = "DIR")]
    spent: Option<PathBuf>,
    /// Addresses of the own wallets, one per line.
    #[arg(long, value_name = "FILE")]
    wallets: Option<PathBuf>,
    /// Outputs that clients paid in, one per line.
    #[arg(long, value_name = "FILE")]
    deposits: Option<PathBuf>,
    /// Outputs that were paid for clients: CSV with the columns outpoint,account.
    #[arg(long, value_name = "FILE")]
    withdrawals: Option<PathBuf>,
}

#[derive(Args)]
struct Blast {
    /// The addresses of the request, or payment URIs (bitcoin:...).
    #[arg(required = true)]
    addresses: Vec<String>,
    /// Payments in between; more than one needs an order.
    #[arg(long, default_value_t = 1, value_name = "N")]
    hops: u8,
    /// Payments from this time on, like 2026-01-01T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Payments until this time.
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Least sum of one client.
    #[arg(long, default_value_t = 0, value_name = "SATOSHI")]
    min: u64,
    /// A payment that the request has to cover; the narrowest request that does is proposed.
    #[arg(long, value_name = "OUTPUT")]
    cover: Vec<Outpoint>,
}

#[derive(Subcommand)]
enum LabelsCommand {
    /// Check and keep a TagPack, or with --issuer and --label a plain list of addresses.
    Add {
        /// The file.
        file: PathBuf,
        /// main, test, signet or regtest.
        #[arg(long, default_value = "main")]
        network: Network,
        /// Who says what a plain list says.
        #[arg(long, requires = "label")]
        issuer: Option<String>,
        /// The file has entities of FollowTheMoney, one a line; the wallets among them are taken. Needs --issuer and --label.
        #[arg(long, requires = "issuer")]
        entities: bool,
        /// What the addresses of a plain list are said to be.
        #[arg(long, requires = "issuer")]
        label: Option<String>,
        /// Measure exposure against these addresses, under this name.
        #[arg(long, value_name = "NAME")]
        list: Option<String>,
        /// owner, donor or counterparty.
        #[arg(long, default_value = "owner")]
        role: Role,
        /// Leave out, and name, entries that are no addresses of the network.
        #[arg(long)]
        leave_out: bool,
    },
    /// Write what one issuer says as a TagPack; what reveals opinion, religion or charity stays here.
    Export {
        /// The issuer.
        issuer: String,
        /// Title of the pack.
        #[arg(long, default_value = "Labels")]
        title: String,
        /// main, test, signet or regtest.
        #[arg(long, default_value = "main")]
        network: Network,
    },
    /// Who labels how many addresses, and the lists.
    Show {
        /// main, test, signet or regtest.
        #[arg(long, default_value = "main")]
        network: Network,
    },
}

impl Trace {
    pub(crate) fn run(self, dir: &Path) -> Result<()> {
        let folder = || Folder::take(&dir.join("trace"));
        match self.command {
            Command::Ingest(ingest) => {
                let folder = ingest.out.as_deref().map_or_else(folder, Folder::take)?;
                ingest.run(&folder)
            }
            Command::Exposure { deposits, all } => exposure(&folder()?, deposits, all),
            Command::Blast(blast) => blast.run(&folder()?),
            Command::Explain { deposit } => explain(&folder()?, &deposit),
            Command::Verify { file } => verify(&file),
            Command::Serve(serve) => serve.run(dir),
            Command::Labels { command } => command.run(&folder()?),
        }
    }
}

pub(crate) fn verify(file: &Path) -> Result<()> {
    let bytes = files::read(file, MAX_FILE)?;
    let facts = check(&bytes).with_context(|| format!("{}", file.display()))?;
    println!("a path on {} from {} to {}", facts.network, facts.from, facts.to);
    if let Some(address) = facts.owner.and_then(|owner| owner.to_address(facts.network)) {
        println!("it begins at {address}");
    }
    println!("smallest amount on the way: {} satoshi", facts.least);
    println!("it holds if these blocks are on the chain; ask any node:");
    for block in facts.blocks {
        println!("  {}", block.hash);
    }
    Ok(())
}

impl Ingest {
    fn run(self, folder: &Folder) -> Result<()> {
        let mut own = folder.own()?;
        if let Some(file) = &self.wallets {
            own.wallets = lines(file)?;
        }
        if let Some(file) = &self.deposits {
            let parse = |(number, line): (usize, String)| {
                line.parse().with_context(|| format!("{}: line {number}", file.display()))
            };
            own.deposits = numbered(file)?.into_iter().map(parse).collect::<Result<_>>()?;
        }
        if let Some(file) = &self.withdrawals {
            own.withdrawals = files::read_text(file, MAX_FILE)?;
        }
        let known = own.read(self.network).context("what is the custodian's own")?;
        let address = self.blocks.to_str().filter(|text| node::is_address(text));
        let (graph, done) = if let Some(address) = address {
            ensure!(self.spent.is_none(), "--spent is for files: a node says itself what its blocks spend");
            let http = node::Http::new(address)?;
            let fetch = |path: &str, most: usize| http.get(path, most);
            let first_height = self.first_height.unwrap_or(0);
            self.build(&Node { network: self.network, fetch: &fetch, first_height }, folder, &own, &known)?
        } else {
            let input = Input {
                network: self.network,
                files: &BlockFiles::open(&self.blocks, self.network)?,
                spent: &|hash| spent(self.spent.as_deref(), hash),
                first_height: self.first_height,
            };
            self.build(&input, folder, &own, &known)?
        };
        // What is own is kept first: a graph without it answers nothing, and says so.
        folder.keep_own(&own)?;
        folder.keep_graph(&graph)?;
        if !graph.is_whole() {
            let labels = folder.labels(self.network)?;
            let lists = labels.lists().filter_map(|(name, _)| Some(labels.listing(name, self.network)?.digest));
            folder.keep_reach(self.hops, lists.collect())?;
        }
        let extent = graph.extent();
        println!("{} blocks read, {} taken back", done.added, done.removed);
        println!("{} transactions, {} outputs, {} addresses known", extent.transactions, extent.outputs, extent.locks);
        if graph.is_whole() {
            println!("unspent: {} outputs, {} satoshi", extent.unspent.0, extent.unspent.1);
        }
        if let Some((hash, height)) = graph.tip() {
            println!("last block {hash} at height {height}");
        }
        Ok(())
    }

    fn build(&self, blocks: &impl Blocks, folder: &Folder, own: &OwnFile, known: &Own) -> Result<(Graph, Ingested)> {
        let terminal = io::stderr().is_terminal();
        let tell = |read: usize| {
            if terminal && read.is_multiple_of(TELL_EVERY) {
                eprint!("\r{read} blocks read");
            }
        };
        let blocks = &Told { blocks, tell: &tell, read: 0.into() };
        let built = if self.full { self.whole(blocks, folder, own) } else { self.near(blocks, folder, known) };
        if terminal && blocks.read.get() >= TELL_EVERY {
            eprintln!();
        }
        built
    }

    fn whole(&self, blocks: &impl Blocks, folder: &Folder, own: &OwnFile) -> Result<(Graph, Ingested)> {
        let before = match folder.graph() {
            Err(countersign_trace::folder::FolderError::NoGraph(_)) => None,
            other => Some(other?).filter(|graph| graph.extent().blocks > 0),
        };
        ensure!(before.as_ref().is_none_or(|graph| graph.network() == self.network), "the graph is of another network");
        let mut keep =
            |graph: &Graph| folder.keep_own(own).and_then(|()| folder.keep_graph(graph)).map_err(io::Error::other);
        Ok(whole_kept(blocks, before, KEEP_EVERY, &mut keep)?)
    }

    fn near(&self, blocks: &impl Blocks, folder: &Folder, known: &Own) -> Result<(Graph, Ingested)> {
        let labels = folder.labels(self.network)?;
        let listed = labels.lists().flat_map(|(_, locks)| locks.iter().copied());
        let mut interest = Interest { hops: self.hops, ..Interest::default() };
        interest.locks.extend(listed.chain(known.wallets().copied()));
        interest.labelled.extend(labels.locks().copied());
        for address in &self.address {
            interest.locks.insert(PaymentRequest::parse(address, self.network)?.lock);
        }
        interest.outpoints.extend(known.deposits().copied().chain(known.withdrawals().map(|(outpoint, _)| *outpoint)));
        ensure!(
            !interest.locks.is_empty() || !interest.outpoints.is_empty(),
            "nothing to begin at: name --wallets, --deposits, --withdrawals or --address, or add a list with `trace labels add`"
        );
        Ok(neighbourhood(blocks, interest)?)
    }
}

fn spent(folder: Option<&Path>, hash: &BlockHash) -> std::io::Result<Option<Vec<u8>>> {
    let Some(folder) = folder else { return Ok(None) };
    match std::fs::read(folder.join(format!("{hash}.bin"))) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn exposure(folder: &Folder, deposits: Vec<Outpoint>, all: bool) -> Result<()> {
    let graph = folder.graph()?;
    let (own, labels) = (folder.own()?.read(graph.network())?, folder.labels(graph.network())?);
    ensure!(labels.lists().next().is_some(), "there is no list: `countersign trace labels add FILE --list NAME`");
    let gate = Gate::new(&graph, &labels, &own, folder.journal()?);
    let deposits: BTreeSet<Outpoint> =
        if all { own.deposits().copied().collect() } else { deposits.into_iter().collect() };
    for (deposit, exposure) in gate.exposures(&deposits)? {
        println!("deposit {deposit}");
        print_shares(&exposure);
    }
    Ok(())
}

fn print_shares(exposure: &Exposure) {
    for list in &exposure.lists {
        let rules: Vec<String> = list.rules.iter().map(|of| format!("{} {}", of.rule, of.share)).collect();
        let hops = list.rules.iter().filter_map(|of| of.least_hops).min();
        let hops = hops.map_or(String::new(), |hops| format!("; at least {hops} payments in between"));
        println!("  {}: {} to {} ({}){hops}", list.list, list.low, list.high, rules.join(", "));
    }
}

fn explain(folder: &Folder, deposit: &Outpoint) -> Result<()> {
    let graph = folder.graph()?;
    let (own, labels) = (folder.own()?.read(graph.network())?, folder.labels(graph.network())?);
    ensure!(labels.lists().next().is_some(), "there is no list: `countersign trace labels add FILE --list NAME`");
    let exposure = Gate::new(&graph, &labels, &own, folder.journal()?).exposure(deposit)?;
    println!("deposit {deposit}");
    print_shares(&exposure);
    for list in &exposure.lists {
        for (rule, rest) in list.rules.iter().filter_map(|of| Some((of.rule, of.rest.as_ref()?))) {
            let Rest { mined, services, mixes, outside, further, dust } = rest;
            println!(
                "  {}, {rule}: the rest is mined {mined}, from services {services}, broken off at mixes {mixes}, from outside of the blocks {outside}, further back {further}, dust {dust}",
                list.list
            );
        }
    }
    println!("the payments in between are other people's: naming them needs an order");
    Ok(())
}

impl Blast {
    fn run(self, folder: &Folder) -> Result<()> {
        let graph = folder.graph()?;
        let (own, labels) = (folder.own()?.read(graph.network())?, folder.labels(graph.network())?);
        ensure!(
            own.withdrawals().next().is_some(),
            "no withdrawals are known: how many clients this would expose is unknown"
        );
        let roots = self.addresses.iter().map(|text| Ok(PaymentRequest::parse(text, graph.network())?.lock));
        let query = BlastQuery {
            roots: roots.collect::<Result<_>>()?,
            hops: self.hops,
            from: self.from.unwrap_or(Timestamp::MIN),
            to: self.to.unwrap_or(Timestamp::MAX),
            min_satoshi: self.min,
            covers: self.cover.into_iter().collect(),
        };
        let mut gate = Gate::new(&graph, &labels, &own, folder.journal()?);
        let answer = gate.blast(&Basis::command_line(), &query)?;
        folder.keep_journal(gate.journal())?;
        println!("question {}", answer.query);
        println!("payments to these addresses: {}", answer.payments);
        for of in &answer.clients {
            let bands: Vec<String> = of.by_hops.iter().map(ToString::to_string).collect();
            println!("clients exposed, {}: {}", of.rule, bands.join(", "));
        }
        for fall in &answer.falls {
            println!("  who paid at least {} satoshi: {}", fall.min_satoshi, fall.clients);
        }
        if let Some(narrow) = &answer.narrowest {
            println!(
                "narrower and enough: {} to {}, at least {} satoshi, {} payments: {}",
                narrow.from, narrow.to, narrow.min_satoshi, narrow.hops, narrow.clients
            );
        }
        if answer.looks_like_donors {
            println!("warning: many small payers and few exits, the shape of a list of donors");
        }
        Ok(())
    }
}

impl LabelsCommand {
    fn run(self, folder: &Folder) -> Result<()> {
        match self {
            Self::Add { file, network, issuer, label, entities, list, role, leave_out } => {
                let form = match (issuer, label) {
                    (Some(issuer), Some(label)) if entities => LabelForm::Wallets { issuer, label },
                    (Some(issuer), Some(label)) => LabelForm::Plain { issuer, label },
                    _ => LabelForm::Tagpack,
                };
                let text = files::read_text(&file, MAX_FILE)?;
                let kept = LabelFile { form, role, list, leave_out, text };
                let pack = kept.read(network).with_context(|| format!("{}", file.display()))?;
                if pack.tags.is_empty() {
                    bail!("{}: no address of this network", file.display());
                }
                folder.keep_labels(&kept)?;
                for left in &pack.left_out {
                    println!("left out: {left}");
                }
                let special = pack.tags.iter().filter(|(_, tag)| tag.is_special()).count();
                println!(
                    "{} addresses labelled, {} of other currencies passed over",
                    pack.tags.len(),
                    pack.other_currencies
                );
                if special > 0 {
                    println!(
                        "{special} labels reveal opinion, religion or charity: no question begins there without a court"
                    );
                }
            }
            Self::Export { issuer, title, network } => {
                let written = write_tagpack(&folder.labels(network)?, &issuer, &title, network)?;
                print!("{}", written.text);
                if written.kept_back > 0 {
                    eprintln!(
                        "{} labels stay here: a pack cannot say their role, or they reveal too much",
                        written.kept_back
                    );
                }
            }
            Self::Show { network } => {
                let labels = folder.labels(network)?;
                for (issuer, count) in labels.issuers() {
                    println!("{issuer}: {count} labels");
                }
                for (name, locks) in labels.lists() {
                    println!("list {name}: {} addresses", locks.len());
                }
            }
        }
        Ok(())
    }
}

/// Lines that are not empty, with their numbers.
fn numbered(file: &Path) -> Result<Vec<(usize, String)>> {
    let text = files::read_text(file, MAX_FILE)?;
    let lines = (1..).zip(text.lines().map(|line| line.trim().to_owned()));
    Ok(lines.filter(|(_, line)| !line.is_empty()).collect())
}

fn lines(file: &Path) -> Result<Vec<String>> {
    Ok(numbered(file)?.into_iter().map(|(_, line)| line).collect())
}
