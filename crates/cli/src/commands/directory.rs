//! `countersign directory`.

use crate::custody::Custody;
use crate::files;
use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use countersign_core::directory::{Authority, Directory, Dossier, Field};
use countersign_core::id::{AuthorityId, Digest};
use countersign_core::json::{Document as _, Exact};
use countersign_desk::authorities::{Compared, compare, merge, reply};
use countersign_verify::wire::Signed;
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign directory show
  countersign directory show xa-district-court
  countersign directory export --out directory.signed
  countersign directory compare directory.signed --key HEX
  countersign directory merge directory.signed --key HEX --instead xa-police --out next.json
  countersign directory reply xa-police --said reply.txt --source 'letter of 3 May' --out next.json
  countersign change propose directory next.json

Nothing here is in force before a change with approvals, acknowledgements and seven days puts it there.";

#[derive(Args)]
pub(crate) struct DirectoryCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The directory in force, or one entry with the source of every member.
    Show {
        /// One authority.
        authority: Option<AuthorityId>,
    },
    /// Write the directory in force, signed by the desk's key.
    Export {
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Compare another directory with ours.
    Compare {
        #[command(flatten)]
        other: Other,
    },
    /// Ours with new entries of another directory, and with those that are named in place of ours.
    Merge {
        #[command(flatten)]
        other: Other,
        /// An entry to take in place of ours; repeat for several.
        #[arg(long, value_name = "AUTHORITY")]
        instead: Vec<AuthorityId>,
        /// Take telephone numbers and keys too. An impersonator would begin there.
        #[arg(long)]
        with_keys: bool,
        /// Where to write the next version.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Ours with what an authority says about its own entry.
    Reply {
        /// Whose entry.
        authority: AuthorityId,
        /// Its words, complete, as a text file.
        #[arg(long, value_name = "FILE")]
        said: PathBuf,
        /// The letter or person they come from.
        #[arg(long)]
        source: String,
        /// Where to write the next version.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Args)]
struct Other {
    /// The other directory.
    file: PathBuf,
    /// Key under which it is signed, compared with its owner over another channel.
    #[arg(long, value_name = "HEX", required_unless_present = "unsigned")]
    key: Option<Digest>,
    /// It is a plain directory that nobody signed, such as the starter set.
    #[arg(long, conflicts_with = "key")]
    unsigned: bool,
}

impl Other {
    /// The directory and who answers for it.
    fn read(&self) -> Result<(Exact<Directory>, String)> {
        // A signature line of 128 digits and a line feed stand in front.
        let bytes = files::read(&self.file, Directory::MAX_LEN + 129)?;
        let shown = || self.file.display().to_string();
        match &self.key {
            Some(key) => {
                let signed = Signed::<Directory>::open(&bytes, key).with_context(shown)?;
                Ok((signed.document().clone(), format!("key {}", key.to_hex())))
            }
            None => {
                let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
                Ok((Exact::parse(bytes).with_context(shown)?, "nobody's signature".to_owned()))
            }
        }
    }
}

impl DirectoryCommand {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        Custody::during(dir, async |custody| self.command.run(custody)).await
    }
}

impl Command {
    fn run(self, custody: &Custody) -> Result<()> {
        let ours = &custody.desk.custodian().directory;
        let now = custody.desk.now();
        match self {
            Command::Show { authority: None } => {
                println!("directory version {}, digest {}", ours.value().version, ours.digest());
                for authority in &ours.value().authorities {
                    println!("{:32} {} {:12} {}", authority.id, authority.state, authority.kind, authority.name);
                }
                Ok(())
            }
            Command::Show { authority: Some(id) } => {
                show(custody.desk.authority(&id)?);
                Ok(())
            }
            Command::Export { out } => {
                let signed = Signed::sign(ours.value().clone(), &custody.desk.custodian().desk_key)?;
                files::write(&out, signed.text().as_bytes())?;
                println!("wrote {}", out.display());
                println!("its reader needs the key {}", custody.desk.custodian().genesis.value().desk_key);
                Ok(())
            }
            Command::Compare { other } => {
                let (theirs, _) = other.read()?;
                println!("their version {}, digest {}", theirs.value().version, theirs.digest());
                for authority in &theirs.value().authorities {
                    let said = match compare(ours.value(), authority) {
                        Compared::New => "not in ours".to_owned(),
                        Compared::Same => "the same".to_owned(),
                        Compared::Differs(fields) => format!("differs: {}", names(&fields)),
                    };
                    println!("{:32} {said}", authority.id);
                }
                Ok(())
            }
            Command::Merge { other, instead, with_keys, out } => {
                let (theirs, from) = other.read()?;
                write_next(&out, &merge(ours.value(), &theirs, &instead, with_keys, &from, now)?)
            }
            Command::Reply { authority, said, source, out } => {
                let said = files::read_text(&said, Dossier::MAX_REPLY)?;
                ensure!(!source.trim().is_empty(), "`--source` is empty: say where the reply comes from");
                write_next(&out, &reply(ours.value(), &authority, &said, &source, now)?)
            }
        }
    }
}

fn write_next(out: &Path, next: &Exact<Directory>) -> Result<()> {
    files::write(out, next.bytes())?;
    println!("wrote {}: directory version {}, digest {}", out.display(), next.value().version, next.digest());
    println!("next: countersign change propose directory {}", out.display());
    Ok(())
}

fn names(fields: &[Field]) -> String {
    fields.iter().map(|field| field.as_str()).collect::<Vec<_>>().join(", ")
}

fn show(authority: &Authority) {
    println!("{}: {}", authority.id, authority.name);
    for field in Field::ALL {
        let (source, at, verified) = authority.source_of(*field);
        let verified = match verified {
            Some(true) => "verified",
            Some(false) => "NOT VERIFIED",
            None => "as a whole",
        };
        println!("  {field}: {}  ({source}, {at}, {verified})", value(authority, *field));
    }
    for reply in authority.dossier.iter().flat_map(|dossier| &dossier.replies) {
        println!("  its reply ({}, {}): {}", reply.source, reply.at, reply.said);
    }
}

fn value(authority: &Authority, field: Field) -> String {
    let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let dossier = authority.dossier.as_ref();
    match field {
        Field::Name => authority.name.clone(),
        Field::State => authority.state.to_string(),
        Field::Kind => authority.kind.to_string(),
        Field::Independence => authority.independence.to_string(),
        Field::SecurityService => match authority.security_service {
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
            None => "unknown".to_owned(),
        },
        Field::Standing => authority.standing.to_string(),
        Field::SanctionedIn => list(&authority.sanctioned_in.iter().map(ToString::to_string).collect::<Vec<_>>()),
        Field::CallBack => authority.call_back.clone().unwrap_or_else(|| "none".to_owned()),
        Field::SigningKey => authority.signing_key.map_or_else(|| "none".to_owned(), |key| key.to_hex()),
        Field::Recipient => authority.recipient.as_ref().map_or_else(|| "none".to_owned(), |keys| keys.age.clone()),
        Field::RequestKeys => dossier.map_or_else(|| "none".to_owned(), |dossier| list(&dossier.request_keys)),
        Field::NamedAs => dossier.map_or_else(|| "none".to_owned(), |dossier| list(&dossier.named_as)),
    }
}
