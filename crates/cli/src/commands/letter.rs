//! `countersign letter`.

use crate::custody::Custody;
use crate::files;
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use countersign_core::case::Event;
use countersign_core::id::PersonId;
use countersign_core::time::Timestamp;
use countersign_desk::case_file::CaseFile;
use countersign_desk::documents::NoticeForm;
use countersign_letters::{Language, Letter, Reason, Subject, ToAuthority, ToClient};
use countersign_policy::ReasonCode;
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str =
    "Examples (CASE is the id or the beginning of it; without --out the letter is printed):
  countersign letter acknowledgement CASE --reference '12 Js 34/26' --language de --format html --out letter.html
  countersign letter clarification CASE --reference '12 Js 34/26' --question 'Which offence is investigated?' --as lena-ohm
  countersign letter refusal CASE --reference '12 Js 34/26'
  countersign letter non-execution CASE --reference '12 Js 34/26' --reason NO_DATA_HELD
  countersign letter client-notice CASE --language ru";

#[derive(Args)]
pub(crate) struct LetterCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The request arrived.
    Acknowledgement {
        #[command(flatten)]
        common: ToAuthorityArgs,
        /// By when an answer is expected.
        #[arg(long, value_name = "TIME")]
        due: Option<Timestamp>,
    },
    /// It cannot be decided as it stands. To ask is a step of the case: clocks that allow it stand still from then on.
    Clarification {
        #[command(flatten)]
        common: ToAuthorityArgs,
        /// What is asked; write no data of a client. Repeat for several; left out, what was asked and is not answered yet.
        #[arg(long, value_name = "TEXT")]
        question: Vec<String>,
        /// Who asks; needed unless this was asked before.
        #[arg(long = "as", value_name = "PERSON")]
        by: Option<PersonId>,
        /// By when an answer is asked for.
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
    },
    /// It was refused: the reasons of the case, and what the authority can do.
    Refusal {
        #[command(flatten)]
        common: ToAuthorityArgs,
    },
    /// A binding order that cannot be executed.
    NonExecution {
        #[command(flatten)]
        common: ToAuthorityArgs,
        /// A reason code of the policy pack in force. Repeat for several.
        #[arg(long, required = true, value_name = "CODE")]
        reason: Vec<String>,
    },
    /// What a client is told about a disclosure; refused while a delay order is in force.
    ClientNotice {
        /// The case.
        case: String,
        #[command(flatten)]
        form: Form,
    },
}

#[derive(Args)]
struct ToAuthorityArgs {
    /// The case.
    case: String,
    /// The authority's own reference, as it stands in its letter; only its digest is kept here.
    #[arg(long)]
    reference: String,
    #[command(flatten)]
    form: Form,
}

#[derive(Args)]
struct Form {
    /// Language: en, ru, de.
    #[arg(long, default_value = "en")]
    language: Language,
    /// Text or HTML.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Html,
}

impl LetterCommand {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        Custody::during(dir, async |custody| self.command.run(custody).await).await
    }
}

impl Command {
    async fn run(self, custody: &Custody) -> Result<()> {
        let (common, subject) = match self {
            Command::ClientNotice { case, form } => {
                let file = custody.desk.case(&custody.desk.find_case(&case).await?).await?;
                return form.give(&client_notice(custody, &file)?.write(form.language));
            }
            Command::Acknowledgement { common, due } => {
                let file = common.file(custody).await?;
                let intake = file.intake.as_ref().context("the case has no request")?.value();
                let subject = Subject::Acknowledgement { digest: intake.request, salt: intake.salt, due };
                (common, subject)
            }
            Command::Clarification { common, question, by, until } => {
                // INVARIANT: the letter is made from the step, never beside it. A letter that could not be addressed asks nothing.
                let file = common.file(custody).await?;
                common.to(custody, &file, custody.desk.now())?;
                let asked = custody.desk.clarify(&file, &question, by.as_ref()).await?;
                let letter = common.to(custody, &file, asked.at)?;
                return common.give(letter, Subject::Clarification { questions: asked.questions, until });
            }
            Command::Refusal { common } => {
                let file = common.file(custody).await?;
                let refusal = file.refusal.as_ref().context("the case is not refused: `countersign case refuse`")?;
                let reasons = reasons(custody, &refusal.value().reasons)?;
                (common, Subject::Refusal { reasons })
            }
            Command::NonExecution { common, reason } => {
                let reasons = reasons(custody, &reason)?;
                (common, Subject::NonExecution { reasons })
            }
        };
        common.write(custody, subject).await
    }
}

impl ToAuthorityArgs {
    async fn file(&self, custody: &Custody) -> Result<CaseFile> {
        Ok(custody.desk.case(&custody.desk.find_case(&self.case).await?).await?)
    }

    async fn write(self, custody: &Custody, subject: Subject) -> Result<()> {
        let file = self.file(custody).await?;
        let letter = self.to(custody, &file, custody.desk.now())?;
        self.give(letter, subject)
    }

    /// The address of a letter of this date.
    fn to(&self, custody: &Custody, file: &CaseFile, date: Timestamp) -> Result<Address> {
        let intake = file.intake.as_ref().context("the case has no request")?.value();
        let authority = custody.desk.authority(&intake.authority)?;
        ensure!(
            custody.desk.is_reference_of(intake, &self.reference)?,
            "`{}` is not the reference under which the request was filed: look it up in the letter",
            self.reference.chars().take(80).collect::<String>()
        );
        Ok(Address {
            custodian: custody.desk.custodian().genesis.value().custodian.name.clone(),
            authority: authority.name.clone(),
            received: intake.received_at,
            channel: intake.channel.clone(),
            date,
        })
    }

    fn give(&self, address: Address, subject: Subject) -> Result<()> {
        let Address { custodian, authority, received, channel, date } = address;
        let reference = Some(self.reference.clone());
        let letter = ToAuthority { custodian, authority, reference, received, channel, date, subject };
        self.form.give(&letter.write(self.form.language))
    }
}

/// From whom, to whom, about what that arrived when.
struct Address {
    custodian: String,
    authority: String,
    received: Timestamp,
    channel: String,
    date: Timestamp,
}

impl Form {
    fn give(&self, letter: &Letter) -> Result<()> {
        let text = match self.format {
            Format::Text => letter.text(),
            Format::Html => letter.html(),
        };
        match &self.out {
            None => print!("{text}"),
            Some(path) => {
                // A letter about a request is for its reader alone.
                files::write_secret(path, text.as_bytes())?;
                println!("wrote {}: {}", path.display(), letter.subject());
            }
        }
        Ok(())
    }
}

/// Reasons with the words of the pack in force.
fn reasons(custody: &Custody, codes: &[String]) -> Result<Vec<Reason>> {
    let bundle = &custody.desk.custodian().bundle;
    let each = codes.iter().map(|code| {
        let known = ReasonCode::parse(code).and_then(|code| bundle.reason(&code));
        let known = known.with_context(|| format!("the policy pack in force has no reason `{code}`"))?;
        Ok(Reason { code: code.clone(), text: known.text.clone() })
    });
    each.collect()
}

fn client_notice(custody: &Custody, file: &CaseFile) -> Result<ToClient> {
    let intake = file.intake.as_ref().context("the case has no request")?.value();
    let order = file.proposal.as_ref().context("nothing was disclosed in this case")?.order.value();
    let mut events = file.events.iter().rev().map(|record| record.value());
    let delivered = events.find(|record| matches!(record.event, Event::Delivered { .. })).map(|record| record.at);
    let released = delivered.context("nothing was disclosed in this case")?;
    // INVARIANT: whether the client may be told is what the noted notice says; without one nobody has looked at the delay order yet.
    let Some(notice) = file.notices.last().map(|notice| notice.value()) else {
        bail!("note first what the persons concerned are told, and when: countersign case notify")
    };
    let delayed = (notice.form == NoticeForm::Delayed).then_some(notice.at);
    let authority = custody.desk.authority(&intake.authority)?;
    let name = custody.desk.custodian().genesis.value().custodian.name.clone();
    let classes = order.scope.classes.clone();
    let now = custody.desk.now();
    Ok(ToClient::new(name, authority.name.clone(), intake.instrument, classes, released, delayed, now)?)
}
