//! `countersign request receive`, `status`, `call-back`.

use super::say_opened;
use crate::custody::Custody;
use crate::files;
use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use countersign_core::directory::Field;
use countersign_core::id::{CaseId, PersonId};
use countersign_core::time::{DAY, Timestamp};
use countersign_desk::DeskError;
use countersign_desk::case_file::CaseFile;
use countersign_desk::entry::{Entry, MAX_ENTRY};
use countersign_desk::inbound::{NotTaken, Taken, told};
use countersign_desk::intake::MAX_RAW;
use countersign_desk::receive::Received;
use countersign_intake::authenticity::Channel;
use countersign_intake::message::TaskKind;
use countersign_intake::status::Status;
use countersign_verify::wire::Signed;
use std::path::PathBuf;

/// Longest armoured signature in bytes.
const MAX_SIGNATURE: usize = 16 * 1024;
/// An entry of the directory that nobody looked at for so long is worth a look before a call.
const OLD: i64 = 365 * DAY;

#[derive(Args)]
pub(super) struct Receive {
    /// What arrived, exactly as it arrived: a letter, an e-mail, a message of TS 103 120, a whole signed HTTP request.
    file: PathBuf,
    /// How it arrived: letter, e-mail, portal, api, ts103120.
    #[arg(long, visible_alias = "form")]
    channel: Channel,
    /// The officer's structured entry, for letters, e-mails and uploads.
    #[arg(long, value_name = "META.json")]
    meta: Option<PathBuf>,
    /// A detached signature (ssh-keygen -Y sign -n request@countersign) that came along.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// The authority's signed delay order, if one came along.
    #[arg(long, value_name = "FILE")]
    delay: Option<PathBuf>,
    /// When it arrived, if not now.
    #[arg(long, value_name = "TIME")]
    received_at: Option<Timestamp>,
    /// Who takes it in.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

impl Receive {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let raw = files::read(&self.file, MAX_RAW)?;
        let signature = self.signature.as_ref().map(|path| files::read_text(path, MAX_SIGNATURE)).transpose()?;
        let delay = self.delay.as_ref().map(|path| files::read_text(path, 64 * 1024)).transpose()?;
        let written = matches!(self.channel, Channel::Letter | Channel::Email | Channel::Portal);
        ensure!(
            written == self.meta.is_some(),
            "a letter, an e-mail and an upload need `--meta`, the officer's entry; a message says itself what it asks"
        );
        ensure!(
            self.channel != Channel::Api || signature.is_none(),
            "a signed HTTP request carries its signature itself: leave `--signature` out"
        );
        let received = custody.desk.receive(raw, self.channel, self.received_at, &self.by).await?;
        println!("kept: {} bytes, digest {}", received.arrival().raw_bytes, received.arrival().request);
        match &self.meta {
            Some(meta) => {
                let bytes = files::read(meta, MAX_ENTRY)?;
                let entry = Entry::parse(&bytes).with_context(|| meta.display().to_string())?;
                self.letter(custody, received, entry, signature, delay).await
            }
            None => self.message(custody, received, signature, delay).await,
        }
    }

    async fn letter(
        &self,
        custody: &Custody,
        received: Received,
        entry: Entry,
        signature: Option<String>,
        delay: Option<String>,
    ) -> Result<()> {
        let key = match signature {
            None => None,
            Some(armour) => Some(custody.desk.signed_by(&entry.authority, received.bytes(), &armour)?),
        };
        let taken = custody.desk.take_letter(received, entry, &custody.references, delay, key, &self.by).await;
        let case = taken.with_context(|| self.file.display().to_string())?;
        opened(custody, &case).await
    }

    async fn message(
        &self,
        custody: &Custody,
        received: Received,
        signature: Option<String>,
        delay: Option<String>,
    ) -> Result<()> {
        let desk = &custody.desk;
        let inbound = match desk.read_message(&received, signature.as_deref()) {
            Ok(inbound) => inbound,
            Err(not_taken) => return self.not_taken(custody, &received, &not_taken).await,
        };
        let signed = if inbound.is_signed() { "under a key of the directory" } else { "by nobody" };
        println!("message {} of {}, signed {signed}", inbound.header().transaction, inbound.authority());
        let refused = |refusal| NotTaken {
            authority: Some(inbound.authority().clone()),
            transaction: Some(inbound.header().transaction.clone()),
            refusal,
        };
        match desk.take_message(&received, &inbound, &custody.references, delay, &self.by).await {
            Ok(Taken::Opened { case, kind, delay_asked, window, enclosures }) => {
                opened(custody, &case).await?;
                if kind == TaskKind::Preservation {
                    println!("asked: to keep the data, not to disclose them: see `countersign client hold`");
                }
                if let Some((from, to)) = window {
                    println!("asked: data from {from} to {to}");
                }
                if delay_asked {
                    println!("asked: not to tell the persons concerned; that needs the authority's signed delay order");
                }
                if enclosures > 0 {
                    println!("enclosed: {enclosures} documents, in the sealed message (`countersign case letter`)");
                }
                Ok(())
            }
            Ok(Taken::Withdrawn { case }) => {
                println!("case {case}: withdrawn by its sender");
                write_statuses(custody, &desk.case(&case).await?).await
            }
            Err(DeskError::Refused { code, detail }) => {
                let not_taken = refused(told(code));
                self.not_taken(custody, &received, &not_taken).await.context(format!("{code}: {detail}"))
            }
            Err(error) => Err(anyhow!(error).context(self.file.display().to_string())),
        }
    }

    /// Tells the sender why its message is not taken; the command fails.
    async fn not_taken(&self, custody: &Custody, received: &Received, not_taken: &NotTaken) -> Result<()> {
        let NotTaken { authority, transaction, refusal } = not_taken;
        let status = custody.desk.not_taken(received, authority.as_ref(), transaction.as_deref(), refusal).await?;
        let path = keep(custody, &status)?;
        bail!("{}: {refusal}; the sender is told so in {}", self.file.display(), path.display())
    }
}

/// Writes the status messages of a case and says what its sender sees.
#[derive(Args)]
pub(super) struct StatusOf {
    /// The case.
    case: String,
}

impl StatusOf {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let case = custody.desk.find_case(&self.case).await?;
        write_statuses(custody, &custody.desk.case(&case).await?).await
    }
}

/// Shows whom to call about a request, by our directory.
#[derive(Args)]
pub(super) struct CallBack {
    /// The case.
    case: String,
}

impl CallBack {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let file = custody.desk.case(&custody.desk.find_case(&self.case).await?).await?;
        let intake = file.intake.as_ref().context("the case has no request")?.value();
        let authority = custody.desk.authority(&intake.authority)?;
        let number = authority.call_back.as_deref().with_context(|| {
            format!(
                "the directory has no number of `{}`: find one yourself, not in the letter, and have it entered",
                authority.id
            )
        })?;
        let (source, at, verified) = authority.source_of(Field::CallBack);
        println!("call {number}: {}", authority.name);
        println!("this number is of our directory ({source}, {at}); never call one that stands in the request");
        if verified == Some(false) || custody.desk.now().since(at) > OLD {
            println!("warning: nobody of ours compared this number with its source, or not for a year: do that first");
        }
        println!("ask for the registry, not for the person who signed; then:");
        println!("  did you send us a request on {}?", intake.received_at.date());
        println!("  what is its reference, and who signed it? (say neither yourself)");
        println!("  is that person in office, and allowed to sign {}?", intake.instrument);
        println!("name no client, and answer no question about one");
        let case = &file.id.to_hex()[..8];
        println!("then: countersign case sender {case} --confirmed call_back ... or --failed call_back --note '...'");
        Ok(())
    }
}

async fn opened(custody: &Custody, case: &CaseId) -> Result<()> {
    let file = custody.desk.case(case).await?;
    say_opened(&file);
    write_statuses(custody, &file).await
}

async fn write_statuses(custody: &Custody, file: &CaseFile) -> Result<()> {
    for status in custody.desk.status_messages(file).await? {
        let path = keep(custody, &status)?;
        let value = status.value();
        println!("generation {}: {} since {}, {}", value.generation, value.status, value.at, path.display());
    }
    Ok(())
}

/// Status messages are computed, so the same one again is the same bytes.
fn keep(custody: &Custody, status: &Signed<Status>) -> Result<PathBuf> {
    let value = status.value();
    let name = format!("{}-{}.json", &value.request.to_hex()[..16], value.generation);
    let path = custody.place.outbox().join("status").join(name);
    if !path.exists() {
        files::write(&path, status.text().as_bytes())?;
    }
    Ok(path)
}
