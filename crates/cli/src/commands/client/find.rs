//! `countersign client find` and `recheck`: one value for one case, and what was asked, seen again.

use super::index::attributes;
use crate::custody::Custody;
use crate::files;
use crate::signer::Signer;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::id::{CaseId, PersonId};
use countersign_core::json::Exact;
use countersign_core::lookup::Lookup;
use countersign_desk::index::normal_of_lines;
use countersign_desk::index::opening::{LookupOpening, MAX_OPENING};
use countersign_seal::kind::Attribute;
use countersign_store::{BlindIndex as _, Lookup as Kept, Openings as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest value with its lines.
const LONGEST: usize = 4 * 1024;

#[derive(Args)]
pub(super) struct Find {
    /// The case that it is for.
    #[arg(long)]
    case: String,
    /// What the value is: name_birth, email, phone, document, wallet, account.
    #[arg(long, value_parser = attribute)]
    attribute: Attribute,
    #[command(flatten)]
    value: Value,
    /// Who looks up; signs it.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
    /// The officer's key file, or an OpenSSH private key.
    #[arg(long)]
    key: PathBuf,
}

/// Where a value is read from. Values never stand on the command line: it is seen by every process and kept by the shell.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Value {
    /// `-`: read the value from standard input, one line for each part.
    #[arg(long, value_name = "-")]
    value: Option<String>,
    /// A file with the value, one line for each part.
    #[arg(long, value_name = "FILE")]
    value_file: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Recheck {
    /// The case.
    case: String,
    /// The beginning of the lookup's digest, where a case has several.
    #[arg(long, value_name = "DIGEST")]
    lookup: Option<String>,
    /// A case officer's age identity: shows what was looked up, as `--opening` takes it.
    #[arg(long, value_name = "FILE", required_unless_present = "opening", conflicts_with = "opening")]
    key: Option<PathBuf>,
    /// What a case officer has shown, in a file or on standard input (`-`): recomputes the lookup from it.
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
}

impl Find {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        let case = desk.find_case(&self.case).await?;
        let value = normal_of_lines(self.attribute, &self.value.read()?).map_err(anyhow::Error::msg)?;
        let signer = Signer::load(&self.key)?;
        let prepared = desk.prepare_lookup(&case, &self.by, value).await?;
        let digest = prepared.lookup.digest();
        let approval = signer.approve(&digest, &self.by, SignerRole::Author, Verdict::Approve, desk.now())?;
        let found = desk.look_up(prepared, approval.bytes()).await?;
        for said in &found.said {
            println!("trustee {}: {}", said.trustee, said.summary);
        }
        println!("lookup {digest}");
        match found.clients.as_slice() {
            [] => println!("not found"),
            clients => {
                println!("found {}", clients.len());
                clients.iter().for_each(|client| println!("  client {client}"));
                println!("next: countersign case scope {} --found {}", &case.to_hex()[..8], &digest.to_hex()[..8]);
            }
        }
        let missing = desk.pending(&[self.attribute]).await?;
        let enrolled = attributes(custody)?.contains(&self.attribute);
        if !enrolled || !missing.is_empty() {
            eprintln!(
                "countersign: not every client is in the index under `{}`: who is not found may be a client all the same \
                 (`countersign client index` says what is missing)",
                self.attribute
            );
        }
        Ok(())
    }
}

impl Value {
    fn read(&self) -> Result<Zeroizing<String>> {
        match (&self.value, &self.value_file) {
            (_, Some(file)) => Ok(Zeroizing::new(files::read_text(file, LONGEST)?)),
            (Some(dash), None) if dash == "-" => from_stdin(LONGEST),
            _ => bail!(
                "a value does not belong on the command line: say `--value -` and give it on standard input, or --value-file"
            ),
        }
    }
}

impl Recheck {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let case = custody.desk.find_case(&self.case).await?;
        let kept = one_lookup(custody, &case, self.lookup.as_deref()).await?;
        let lookup = Exact::<Lookup>::parse(&kept.document)?;
        let opening = match (&self.opening, &self.key) {
            (Some(path), _) if path == Path::new("-") => Zeroizing::new(from_stdin(MAX_OPENING)?.as_bytes().to_vec()),
            (Some(path), _) => Zeroizing::new(files::read(path, MAX_OPENING)?),
            (None, Some(key)) => Zeroizing::new(countersign_open::decrypt(key, &kept.opening)?),
            (None, None) => bail!("give --key or --opening"),
        };
        let value = LookupOpening::parse(&opening)?;
        value.check(&lookup).with_context(|| format!("lookup {} does not hold", kept.lookup))?;
        println!("{}", told(custody, &kept, &lookup).await?);
        println!("holds: exactly this value was committed to and looked up, and no other");
        if self.key.is_some() {
            println!("{}", String::from_utf8_lossy(&opening));
        }
        Ok(())
    }
}

/// A lookup of the case; the only one, or the one that is named.
pub(crate) async fn one_lookup(custody: &Custody, case: &CaseId, beginning: Option<&str>) -> Result<Kept> {
    let all = custody.store.lookups_of(case).await?;
    ensure!(!all.is_empty(), "nobody was looked up for case {case}");
    let mut matching = all.into_iter().filter(|kept| kept.lookup.to_hex().starts_with(beginning.unwrap_or_default()));
    match (matching.next(), matching.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => bail!("case {case} has no lookup that begins with `{}`", beginning.unwrap_or_default()),
        (Some(_), Some(_)) => bail!("case {case} has several such lookups: name one by the beginning of its digest"),
    }
}

/// One line about a lookup: who, what kind of value, when, and what came of it; never the value.
pub(crate) async fn told(custody: &Custody, kept: &Kept, lookup: &Exact<Lookup>) -> Result<String> {
    let value = lookup.value();
    let officer = match &value.purpose {
        countersign_core::lookup::Purpose::Find { officer, .. } => officer.to_string(),
        countersign_core::lookup::Purpose::Enrol { .. } => "nobody".to_owned(),
    };
    let leaf = custody.store.sealed_leaf(&kept.leaf).await?.map_or_else(String::new, |leaf| leaf.index.to_string());
    let came = match &kept.found {
        None => "no outcome".to_owned(),
        Some(found) if found.is_empty() => "not found".to_owned(),
        Some(found) => format!("found {}", found.len()),
    };
    let digest = &kept.lookup.to_hex()[..16];
    Ok(format!("lookup {digest} by {} for {officer} at {} (leaf {leaf}): {came}", value.attribute, kept.at))
}

fn from_stdin(most: usize) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(most + 1));
    std::io::stdin().take(most as u64 + 1).read_to_string(&mut text).context("cannot read standard input")?;
    ensure!(text.len() <= most, "standard input gave more than {most} bytes");
    Ok(text)
}

/// An attribute by its name, or by the name without `lookup_`.
fn attribute(text: &str) -> Result<Attribute, String> {
    let known = |name: &str| Attribute::parse(name).ok();
    known(text).or_else(|| known(&format!("lookup_{text}"))).ok_or_else(|| {
        let names: Vec<&str> = Attribute::ALL.iter().filter_map(|one| one.as_str().strip_prefix("lookup_")).collect();
        format!("is none of {}", names.join(", "))
    })
}
