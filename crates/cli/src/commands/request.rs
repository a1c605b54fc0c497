//! `countersign request`.

mod receive;

use crate::commands::case::blast::before_filing;
use crate::custody::Custody;
use crate::files;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use countersign_core::id::{CaseId, PersonId};
use countersign_desk::case_file::CaseFile;
use countersign_desk::entry::{Entry, MAX_ENTRY};
use countersign_desk::intake::MAX_RAW;
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign request file letter.pdf --meta entry.json --as lena-ohm
  countersign request receive letter.pdf --channel e-mail --meta entry.json --as lena-ohm
  countersign request receive request.http --channel api --as lena-ohm
  countersign request receive order.xml --channel ts103120 --signature order.xml.sig --as lena-ohm
  countersign request call-back CASE
  countersign request status CASE

  entry.json: {\"authority\":\"xa-district-court\",\"reference\":\"12 Js 34/26\",\"instrument\":\"court_order\",
    \"accounts\":[\"A-000001\",\"A-000002\"],\"classes\":[\"all\"],\"channel\":\"letter\"}";

#[derive(Args)]
pub(crate) struct Request {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// File a letter: its bytes are sealed to the case officers and hashed before anything reads them.
    File(FileRequest),
    /// Take in what arrived by any channel: kept sealed first, read then, acknowledged.
    Receive(receive::Receive),
    /// Write what the sender of a request is told, one message for each generation.
    Status(receive::StatusOf),
    /// Whom to call about a request, by our directory and never by the letter.
    CallBack(receive::CallBack),
}

#[derive(Args)]
struct FileRequest {
    /// The letter, exactly as it arrived.
    letter: PathBuf,
    /// The officer's structured entry.
    #[arg(long, value_name = "META.json")]
    meta: PathBuf,
    /// The authority's signed delay order, if one came along.
    #[arg(long, value_name = "FILE")]
    delay: Option<PathBuf>,
    /// The case it belongs to: of the informal approach that led to the letter, or one whose authority was asked to complete its request.
    #[arg(long, visible_alias = "case", value_name = "CASE")]
    contact: Option<String>,
    /// The officer's key: counts behind the address that everyone paid, in the index of the chain and over one payment, before filing.
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
    /// Who files it.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

impl Request {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        match self.command {
            Command::File(request) => request.run(dir).await,
            Command::Receive(receive) => Custody::during(dir, async |custody| receive.run(custody).await).await,
            Command::Status(status) => Custody::during(dir, async |custody| status.run(custody).await).await,
            Command::CallBack(call) => Custody::during(dir, async |custody| call.run(custody).await).await,
        }
    }
}

impl FileRequest {
    async fn run(self, dir: &Path) -> Result<()> {
        let request = self;
        let raw = files::read(&request.letter, MAX_RAW)?;
        let entry = Entry::parse(&files::read(&request.meta, MAX_ENTRY)?)
            .with_context(|| format!("{}", request.meta.display()))?;
        let delay = request.delay.as_ref().map(|path| files::read_text(path, 64 * 1024)).transpose()?;
        let custody = Custody::open(dir).await?;
        let contact = match &request.contact {
            None => None,
            Some(prefix) => Some(custody.desk.find_case(prefix).await?),
        };
        if let Some(key) = &request.key {
            let matter = custody.desk.matter_of(&entry.authority, &entry.reference)?;
            before_filing(&custody, &matter, &entry.addresses(), (&request.by, key)).await?;
        }
        let filed = file(&custody, entry, raw, delay, contact.as_ref(), &request.by).await;
        let case = filed.with_context(|| format!("{} with {}", request.letter.display(), request.meta.display()))?;
        let filed = custody.desk.case(&case).await?;
        say_opened(&filed);
        custody.close().await
    }
}

/// What a case was opened with.
fn say_opened(file: &CaseFile) {
    let Some(intake) = &file.intake else { return };
    let intake = intake.value();
    println!("case {} opened: {}", file.id, file.stage.name());
    println!(
        "asked: {} people x {} classes = {} cells; {} named clients found, {} not found",
        intake.people_asked,
        intake.classes.len(),
        u64::from(intake.people_asked) * intake.classes.len() as u64,
        intake.found.len(),
        intake.not_found
    );
    println!("letter: {} bytes, digest {}", intake.raw_bytes, intake.request);
    println!("next: {}", file.stage.next_step());
}

/// Files a request from its parts.
pub(crate) async fn file(
    custody: &Custody,
    entry: Entry,
    raw: Vec<u8>,
    delay: Option<String>,
    contact: Option<&CaseId>,
    by: &PersonId,
) -> Result<CaseId> {
    let request = custody.desk.resolve(entry, &custody.references, raw, delay).await?;
    Ok(custody.desk.file_request(request, contact, by).await?)
}
