//! How many clients the request of a case would expose: asked of the chain under an order, and shown before anybody decides.

use crate::custody::Custody;
use crate::files;
use crate::signer::Signer;
use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::band::Band;
use countersign_core::id::PersonId;
use countersign_core::json::{Document, Exact};
use countersign_core::query::{Query, TraceOrder};
use countersign_core::time::Timestamp;
use countersign_desk::blast::{Matter, Question};
use countersign_desk::case_file::CaseFile;
use countersign_desk::documents::{Intake, Targets};
use countersign_desk::entry::ChainAddress;
use countersign_desk::register::BITCOIN;
use countersign_trace::gate::MAX_PER_ROOT;
use countersign_trace::wire::Outpoint;
use std::path::{Path, PathBuf};

/// Largest approval that is read.
const MAX_APPROVAL: usize = 64 * 1024;
const SATOSHI: u64 = 100_000_000;

#[derive(Args)]
pub(super) struct Blast {
    /// The case.
    case: String,
    /// The address as the request names it; repeat for several.
    #[arg(long = "address", value_name = "ADDRESS", required = true)]
    addresses: Vec<String>,
    /// Payments: 1 for who paid the address. Each one more needs one approver more.
    #[arg(long, default_value_t = 1, value_name = "N")]
    hops: u8,
    /// Payments from this midnight (UTC) on.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Payments before this midnight (UTC).
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Least sum of one client: 0, 100000, 1000000, 10000000, 100000000 or 1000000000.
    #[arg(long, default_value_t = 0, value_name = "SATOSHI")]
    min: u64,
    /// A payment that a narrower request has to cover; repeat for several.
    #[arg(long = "cover", value_name = "OUTPUT")]
    covers: Vec<Outpoint>,
    /// Write the tracing order for the approvers to sign, and ask nothing yet.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["order", "approvals"])]
    prepare: Option<PathBuf>,
    /// A tracing order that was prepared.
    #[arg(long, value_name = "FILE")]
    order: Option<PathBuf>,
    /// What an approver signed under it; repeat for several.
    #[arg(long = "approval", value_name = "FILE", requires = "order")]
    approvals: Vec<PathBuf>,
    /// Write what opens the leaf of the question to others, for `countersign verify query`.
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
    /// Who asks; signs the order.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
    /// The officer's key file, or an OpenSSH private key.
    #[arg(long, required_unless_present = "prepare")]
    key: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct BlastSign {
    /// The tracing order, as the officer prepared it.
    order: PathBuf,
    /// Where the approval goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Who signs.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
    /// The approver's key file, or an OpenSSH private key.
    #[arg(long)]
    key: PathBuf,
}

impl Blast {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        let file = desk.case(&desk.find_case(&self.case).await?).await?;
        let intake = file.intake.as_ref().context("the case has no request")?.value();
        let addresses = addresses(&self.addresses);
        let order = match &self.order {
            Some(path) => read_order(path)?,
            None => {
                let matter = Matter { authority: intake.authority.clone(), digest: intake.matter };
                desk.prepare_trace(&matter, &addresses, self.hops, &self.by)?
            }
        };
        if let Some(path) = &self.prepare {
            files::write(path, order.bytes())?;
            let approvers = self.hops.saturating_sub(1);
            println!("wrote {}: {} payments, until {}", path.display(), self.hops, order.value().expires);
            println!(
                "to be signed by {approvers} approvers: countersign case blast-sign {} --out FILE --as PERSON --key KEY",
                path.display()
            );
            return Ok(());
        }
        let signer = Signer::load(self.key.as_deref().context("give --key")?)?;
        let mut approvals = vec![signed(&order, &signer, &self.by, SignerRole::Author, desk.now())?];
        for path in &self.approvals {
            approvals.push(files::read(path, MAX_APPROVAL)?);
        }
        let question = Question {
            hops: self.hops,
            from: self.from,
            to: self.to,
            min_satoshi: self.min,
            covers: self.covers.into_iter().collect(),
        };
        let query = desk.ask_blast(&order, &approvals, &addresses, &question, Some(&file)).await?;
        show_query(&query);
        if let Some(path) = &self.opening {
            files::write(path, desk.query_opening(&query).await?.bytes())?;
            println!("wrote {}", path.display());
        }
        Ok(())
    }
}

impl BlastSign {
    pub(super) fn run(self, now: Timestamp) -> Result<()> {
        let order = read_order(&self.order)?;
        let value = order.value();
        println!(
            "tracing order of {} for {}: {} addresses, {} payments, {} questions, until {}",
            value.officer,
            value.authority,
            value.roots.len(),
            value.hops,
            value.questions,
            value.expires
        );
        let signer = Signer::load(&self.key)?;
        files::write(&self.out, &signed(&order, &signer, &self.by, SignerRole::Approver, now)?)?;
        println!("wrote {}", self.out.display());
        Ok(())
    }
}

fn read_order(path: &Path) -> Result<Exact<TraceOrder>> {
    let bytes = files::read(path, TraceOrder::MAX_LEN)?;
    Exact::parse(&bytes).with_context(|| path.display().to_string())
}

/// Addresses on the chain that is indexed.
pub(crate) fn addresses(texts: &[String]) -> Vec<ChainAddress> {
    texts.iter().map(|address| ChainAddress { chain: BITCOIN.to_owned(), address: address.clone() }).collect()
}

/// One signature under a tracing order.
pub(crate) fn signed(
    order: &Exact<TraceOrder>,
    signer: &Signer,
    by: &PersonId,
    role: SignerRole,
    now: Timestamp,
) -> Result<Vec<u8>> {
    Ok(signer.approve(&order.digest(), by, role, Verdict::Approve, now)?.bytes().to_vec())
}

/// What a request would expose, as the case page shows it before any decision.
pub(super) async fn show_blast(custody: &Custody, file: &CaseFile, intake: &Intake) -> Result<()> {
    if intake.addresses.is_empty() {
        return Ok(());
    }
    let whole = |query: &&Exact<Query>| query.value().asked.is_whole() && query.value().asked.roots == intake.addresses;
    if intake.targets == Targets::Selector
        && custody.desk.blast().has_chain()
        && !file.queries.iter().any(|query| whole(&query))
    {
        println!("would expose: UNKNOWN, which is not nobody; ask the chain:");
        println!("  countersign case blast {} --address ADDRESS --as OFFICER --key KEY", short(&file.id.to_hex()));
    }
    file.queries.iter().for_each(show_query);
    for address in &intake.addresses {
        let (questions, list) = custody.desk.asked_about_address(address).await?;
        let list = if list { "; it has the shape of a list of donors: people are counted for good" } else { "" };
        if questions > 0 {
            println!(
                "  address {}: {questions} of {MAX_PER_ROOT} questions under all orders{list}",
                short(&address.to_hex())
            );
        }
    }
    Ok(())
}

fn show_query(query: &Exact<Query>) {
    let value = query.value();
    println!(
        "would expose (question {} under tracing order {}, {}):",
        short(&query.digest().to_hex()),
        short(&value.order.to_hex()),
        value.at
    );
    if !value.asked.is_whole() {
        let end = |time: Option<Timestamp>, none: &str| time.map_or(none.to_owned(), |time| time.to_string());
        let (from, to) = (end(value.asked.from, "the first block"), end(value.asked.to, "the last"));
        println!("  payments from {from} to {to}, {} and more by one client", bitcoin(value.asked.min_satoshi));
    }
    println!("  payments to these addresses: {}", value.payments);
    for (hops, (least, most)) in (1..).zip(value.least_by_hops().into_iter().zip(value.by_hops())) {
        println!("  clients over {}: {}", payments(hops), range(least, most));
        for exposed in value.clients.iter().filter(|_| least != most) {
            let band = exposed.by_hops.get(hops - 1).map(Band::to_string).unwrap_or_default();
            println!("    by the rule {}: {band}", exposed.rule);
        }
    }
    for fall in &value.falls {
        println!("  of them with {} and more: {}", bitcoin(fall.min_satoshi), fall.clients);
    }
    if value.looks_like_donors {
        println!("  WARNING: many small payers and few exits, the shape of a list of donors");
    }
    if let Some(narrower) = &value.narrower {
        println!(
            "  narrower and enough: {} to {}, {} and more, over {}: {}",
            narrower.from,
            narrower.to,
            bitcoin(narrower.min_satoshi),
            payments(narrower.hops.into()),
            narrower.clients
        );
    } else if value.asked.covers.is_empty() {
        println!(
            "  to see the narrowest request that is enough: `case blast --cover` with a payment that it has to cover"
        );
    } else {
        println!("  nothing narrower covers what has to be covered and exposes fewer");
    }
}

fn payments(hops: usize) -> String {
    if hops == 1 { "1 payment".to_owned() } else { format!("{hops} payments") }
}

/// The range across the rules.
fn range(least: Band, most: Band) -> String {
    if least == most { format!("{most}, by every rule") } else { format!("{least} by one rule, {most} by another") }
}

fn bitcoin(satoshi: u64) -> String {
    format!("{}.{:03} bitcoin", satoshi / SATOSHI, satoshi % SATOSHI / 100_000)
}

fn short(digest: &str) -> &str {
    digest.get(..8).unwrap_or(digest)
}

/// Counts behind the addresses of a letter before it is filed: over one payment, which its officer alone may order.
pub(crate) async fn before_filing(
    custody: &Custody,
    matter: &Matter,
    addresses: &[ChainAddress],
    (by, key): (&PersonId, &Path),
) -> Result<()> {
    let desk = &custody.desk;
    ensure!(desk.blast().has_chain(), "--key counts in the index of the chain, and there is none");
    let order = desk.prepare_trace(matter, addresses, 1, by)?;
    let approval = signed(&order, &Signer::load(key)?, by, SignerRole::Author, desk.now())?;
    let query = desk.ask_blast(&order, &[approval], addresses, &Question::default(), None).await?;
    show_query(&query);
    Ok(())
}
