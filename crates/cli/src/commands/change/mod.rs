//! `countersign change`.

mod presence;
mod propose;
mod reach;
mod remove;
mod ring;
mod show;
mod trustees;

pub(crate) use presence::say_presence;
pub(crate) use reach::say_states;
pub(crate) use remove::remove;

use crate::custody::Custody;
use crate::drafts::{Draft, read_signature};
use crate::files;
use crate::signer::Signer;
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use countersign_core::id::PersonId;
use countersign_core::time::Timestamp;
use countersign_desk::change::PublishedChange;
use countersign_tlog::leaf::ControlSignature;
use countersign_verify::state::{Standing, in_words};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples (DRAFT is the beginning of a draft's digest):
  countersign change show
  countersign change propose add-person dora-held --role approver --state XD --public-key 'ssh-ed25519 AAAA...'
  countersign change propose reach anna-berg --states XA,XG   (what counsel was told; counsel signs it)
  countersign change reach --within 30
  countersign change propose watch roman-karel --hours 48
  countersign change check-in --as roman-karel --key KEY
  countersign change propose policy bundle.json
  countersign change sign DRAFT --as anna-berg --key ~/.ssh/id_ed25519
  countersign trustee acknowledge trustees/1 change.json --log custodian/log --digest DIGEST --out ack-1.json
  countersign change acknowledge DRAFT ack-1.json ack-2.json ack-3.json
  countersign change publish DRAFT
  countersign change remove-person roman-karel --as anna-berg --key people/anna-berg/signing.key";

#[derive(Args)]
pub(crate) struct Change {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What is in force, what is cooling and until when, what was rejected and why; or one draft.
    Show {
        /// A draft.
        draft: Option<String>,
    },
    /// Drafts, and every change in the journal.
    List,
    /// Say that you are there and free: a sign of life of somebody who has to give it.
    CheckIn(presence::CheckIn),
    /// Who has to check in, when each was last heard, and who is silent and counts for nothing.
    Presence,
    /// Whose statement of reach runs out when, and which state reaches how many trustees and approvers.
    Reach(reach::Reach),
    /// Write every control leaf with its first proof to a folder: for a trustee that begins to follow the journal.
    History {
        /// The folder to write; must not exist.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write a change that cools for seven days: it needs several approvers and t trustees.
    #[command(subcommand)]
    Propose(propose::Propose),
    /// Write a draft again under the next number: another change has taken its own.
    Again {
        /// The draft.
        draft: String,
    },
    /// Sign a draft as a person of the roster.
    Sign {
        /// The draft.
        draft: String,
        /// Who signs.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
        /// A key file of countersign, or an OpenSSH private key (`ssh-keygen -Y sign` is used).
        #[arg(long)]
        key: PathBuf,
    },
    /// Take in signatures that trustees gave with `countersign trustee acknowledge`.
    Acknowledge {
        /// The draft.
        draft: String,
        /// The signatures' files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Publish a draft that is signed as needed, as one control leaf.
    Publish {
        /// The draft.
        draft: String,
    },
    /// Remove a person from the roster, at once, with one signature.
    RemovePerson(remove::RemovePerson),
    /// Revoke one key of a person, at once, with one signature.
    RevokeKey(remove::RevokeKey),
    /// Answer an authority no more, at once, with one signature.
    SuspendAuthority(remove::SuspendAuthority),
    /// Never answer an order, at once, with one signature.
    HoldOrder(remove::HoldOrder),
    /// Let the answers and signatures of a trustee count for nothing, at once, with one signature.
    RemoveTrustee(remove::RemoveTrustee),
    /// Let a worker open nothing any more, at once, with one signature.
    RemoveWorker(remove::RemoveWorker),
}

impl Change {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        Custody::during(dir, async |custody| self.command.run(custody).await).await
    }
}

impl Command {
    async fn run(self, custody: &Custody) -> Result<()> {
        match self {
            Command::Show { draft: None } => show::state(custody).await,
            Command::Show { draft: Some(draft) } => show::draft(custody, &Draft::find(&custody.place, &draft)?),
            Command::List => show::list(custody).await,
            Command::CheckIn(check_in) => check_in.run(custody).await,
            Command::Presence => presence::say(custody),
            Command::Reach(reach) => reach.run(custody),
            Command::History { out } => {
                if out.exists() {
                    bail!("{} exists already: name a folder that does not", out.display());
                }
                let history = custody.desk.control_files().await?;
                files::write_folder(&out, &history)?;
                println!("{} control leaves with their first proofs in {}", history.len() / 2, out.display());
                Ok(())
            }
            Command::Propose(propose) => propose.run(custody).await,
            Command::Again { draft } => again(custody, Draft::find(&custody.place, &draft)?).await,
            Command::Sign { draft, by, key } => {
                let draft = Draft::find(&custody.place, &draft)?;
                let sig = Signer::load(&key)?.sign_control(draft.change.text())?;
                take_in(custody, draft, ControlSignature { by: format!("person:{by}"), sig })
            }
            Command::Acknowledge { draft, files } => {
                for file in &files {
                    let signature = read_signature(file)?;
                    take_in(custody, Draft::find(&custody.place, &draft)?, signature)?;
                }
                Ok(())
            }
            Command::Publish { draft } => publish(custody, Draft::find(&custody.place, &draft)?).await,
            Command::RemovePerson(removal) => removal.run(custody).await,
            Command::RemoveTrustee(removal) => removal.run(custody).await,
            Command::RevokeKey(removal) => removal.run(custody).await,
            Command::SuspendAuthority(removal) => removal.run(custody).await,
            Command::HoldOrder(removal) => removal.run(custody).await,
            Command::RemoveWorker(removal) => removal.run(custody).await,
        }
    }
}

/// Checks one signature together with those that are there, and keeps it.
fn take_in(custody: &Custody, mut draft: Draft, signature: ControlSignature) -> Result<()> {
    let standing = custody.desk.change_standing(&draft.change, &draft.with(&signature))?;
    println!("{} signed {}", signature.by, draft.change.digest());
    draft.add(signature)?;
    say_standing(&draft, &standing);
    Ok(())
}

fn say_standing(draft: &Draft, standing: &Standing) {
    let digest = draft.change.digest().to_hex();
    let Standing { approvers, approvers_needed, trustees, trustees_needed, .. } = standing;
    if standing.statement {
        println!("signed by {} independent counsel; one is needed", standing.outside_counsel);
    } else {
        println!("signed by {approvers} of {approvers_needed} approvers and {trustees} of {trustees_needed} trustees");
    }
    if standing.is_complete() {
        println!("next: countersign change publish {}", &digest[..8]);
    }
}

async fn again(custody: &Custody, old: Draft) -> Result<()> {
    let change = old.change.value();
    let effective = Some(change.effective).filter(|_| change.effective >= custody.desk.now());
    let later = |time: Timestamp| time >= custody.desk.now().plus(countersign_core::control::COOLING);
    let new = custody.desk.draft_change(change.action.clone(), effective.filter(|time| later(*time))).await?;
    let same = new.digest() == old.change.digest();
    let draft = Draft::keep(&custody.place, new)?;
    if !same {
        old.remove()?;
    }
    say_draft(custody, &draft);
    Ok(())
}

/// A new draft: what it says, and what everybody who signs it must compare.
fn say_draft(custody: &Custody, draft: &Draft) {
    let change = draft.change.value();
    for line in in_words(change, &custody.desk.control().at(custody.desk.now())) {
        println!("{line}");
    }
    let digest = draft.change.digest().to_hex();
    println!("change number {}", change.number);
    println!("digest to compare: {digest}");
    println!("exact bytes in {}", draft.file().display());
    println!("next: countersign change sign {} --as PERSON --key KEY", &digest[..8]);
}

async fn publish(custody: &Custody, draft: Draft) -> Result<()> {
    let published = custody.desk.publish_change(&draft.change, &draft.signatures).await?;
    say_published(&published, custody.desk.now());
    draft.remove()
}

fn say_published(published: &PublishedChange, now: Timestamp) {
    let PublishedChange { index, effective } = published;
    if *effective > now {
        println!("public in leaf {index}; cooling until {effective}");
    } else {
        println!("public in leaf {index}; in force");
    }
}
