//! `countersign lists`: the sanctions lists that clients are screened against.

pub(crate) mod log;
mod names;

use crate::edge;
use crate::files;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use countersign_core::time::{Clock, Date, Timestamp};
use countersign_screen::entity::Entity;
use countersign_screen::index::Index;
use countersign_screen::list::folder::{Incident, Lists};
use countersign_screen::list::{self, UpdateError, Version, is_listed};
use countersign_screen::read::{MAX_FILE_BYTES, Reading, eu::EuReader, ftm, ofac, ofac_advanced, uk, un};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign lists update un consolidated.xml
  countersign lists update eu consolidated/*.csv amendments/*.csv
  countersign lists update ofac sdn.csv alt.csv add.csv sdn_comments.csv
  countersign lists update ofac SDN_ADVANCED.XML
  countersign lists update ftm entities.ftm.json --name opensanctions
  countersign lists show
  countersign lists show un-CDi.001
  countersign lists diff un
  countersign lists log
  countersign lists names un --out new-names.tsv";

/// Where lists are kept, below the custodian's folder.
const FOLDER: &str = "lists";

/// How many ids and faults are printed of each kind.
const MOST_PRINTED: usize = 20;

#[derive(Args)]
pub(crate) struct ListsCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read the files of a source and put them in effect: whole or not at all.
    Update(Update),
    /// What changed between two versions of a source.
    Diff(Diff),
    /// Put into the custodian's log what happened to the lists and does not stand there yet.
    Log,
    /// Write what an update added or changed as the list that a duty of purpose `screening` names.
    Names(names::Names),
    /// The sources, or one entity with everything its lists say.
    Show {
        /// The id of an entity, such as `un-CDi.001`.
        entity: Option<String>,
    },
}

/// What a file of a source is read as.
#[derive(Clone, Copy, ValueEnum)]
enum Source {
    /// Consolidated list of the Security Council, XML.
    Un,
    /// Annexes of the Official Journal, CSV of OpenSanctions' form.
    Eu,
    /// OFAC's specially designated nationals: the old CSV files, or the one file in advanced XML (unverified).
    Ofac,
    /// OFAC's other lists: the old CSV files (`cons_prim.csv` and so on), or the one file in advanced XML (unverified).
    OfacCons,
    /// The UK Sanctions List, or OFSI's consolidated list before 2026, CSV (unverified).
    Uk,
    /// Entities of FollowTheMoney, JSON lines (unverified).
    Ftm,
}

#[derive(Args)]
struct Update {
    /// The source.
    source: Source,
    /// Its files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The name that a source read as `ftm` is kept under.
    #[arg(long, value_name = "NAME", default_value = "ftm")]
    name: String,
    /// How many removals you have looked at and found right, when more than 5 % of a list are gone.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    accept_removals: usize,
    /// Print every row that was rejected and every value that was left out.
    #[arg(long)]
    all_faults: bool,
}

#[derive(Args)]
struct Diff {
    /// The source, such as `un`.
    source: String,
    /// Beginning of the digest of the older version [default: the one before].
    #[arg(long, value_name = "DIGEST")]
    from: Option<String>,
    /// Beginning of the digest of the newer version [default: the one in effect].
    #[arg(long, value_name = "DIGEST")]
    to: Option<String>,
}

impl ListsCommand {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        let lists = in_folder(dir);
        match self.command {
            Command::Update(command) => {
                let updated = command.run(&lists);
                // Also what was held back is logged.
                let logged = log::after_update(dir, &lists, updated.is_ok()).await;
                updated.and(logged)
            }
            Command::Diff(command) => command.run(&lists),
            Command::Names(command) => command.run(&lists),
            Command::Log => log::run(dir, &lists).await,
            Command::Show { entity: Some(id) } => show_entity(&lists, &id),
            Command::Show { entity: None } => show(&lists),
        }
    }
}

/// The lists of a custodian.
pub(crate) fn in_folder(dir: &Path) -> Lists {
    Lists::at(dir.join(FOLDER))
}

/// Everything that is listed, prepared, with the digest of each source.
pub(crate) fn in_effect(lists: &Lists) -> Result<(Index, Vec<(String, String)>)> {
    let versions = current(lists)?;
    if versions.is_empty() {
        bail!("there is no list yet: read one with `countersign lists update`");
    }
    let digests = versions.iter().map(|version| (version.head.source.clone(), version.head.digest.clone())).collect();
    let mut entities: Vec<Entity> =
        versions.into_iter().flat_map(|version| version.entities).filter(is_listed).collect();
    list::link_transpositions(&mut entities);
    Ok((Index::new(entities), digests))
}

/// The versions in effect of all sources.
pub(crate) fn current(lists: &Lists) -> Result<Vec<Version>> {
    let mut versions = Vec::new();
    for source in lists.sources()? {
        versions.extend(lists.current(&source)?);
    }
    Ok(versions)
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Un => "un",
            Self::Eu => "eu",
            Self::Ofac => "ofac",
            Self::OfacCons => "ofac-cons",
            Self::Uk => "uk",
            Self::Ftm => "ftm",
        }
    }
}

/// Names of sources whose readers know their ids.
const OWN: [&str; 5] = ["un", "eu", "ofac", "ofac-cons", "uk"];

impl Update {
    fn run(self, lists: &Lists) -> Result<()> {
        let source = match self.source {
            Source::Ftm => self.name.as_str(),
            own => own.name(),
        };
        if matches!(self.source, Source::Ftm) && OWN.contains(&source) {
            bail!("`{source}` is the name of a list with its own reader: say another --name");
        }
        let mut read = Vec::new();
        for path in &self.files {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .with_context(|| format!("{} has no name in UTF-8", path.display()))?;
            read.push((name.to_owned(), files::read(path, MAX_FILE_BYTES)?));
        }
        let digest = list::digest_of(read.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
        let now = edge::SystemClock.now();
        let before = lists.current(source)?;
        let held_back = |reason: String| Incident {
            at: now,
            digest: digest.clone(),
            in_effect: before.as_ref().map(|before| before.head.digest.clone()),
            reason,
        };
        let reading = match read_source(self.source, source, &read, now.date()) {
            Ok(reading) => reading,
            Err(error) => return held(lists, source, held_back(error.to_string()), error),
        };
        let faults = reading.faults.clone();
        let updated = list::update(source, &digest, before.as_ref(), reading, now, self.accept_removals);
        let (version, _) = match updated {
            Ok(next) => next,
            Err(UpdateError::Unchanged(_)) => {
                lists.note_checked(source, now)?;
                println!("{source}: the same files as before; nothing changes");
                return Ok(());
            }
            Err(error) => return held(lists, source, held_back(error.to_string()), error.into()),
        };
        lists.put(&version)?;
        let counts = version.head.delta;
        println!(
            "{source} {}: {} listed; {} added, {} changed, {} removed",
            short(&digest),
            counts.listed,
            counts.added,
            counts.changed,
            counts.removed
        );
        println!("{} rows rejected, {} values left out", version.head.faults.rows, version.head.faults.values);
        let shown = if self.all_faults { faults.len() } else { MOST_PRINTED };
        for fault in faults.iter().take(shown) {
            println!("  {fault}");
        }
        if faults.len() > shown {
            println!("  and {} more: say --all-faults", faults.len() - shown);
        }
        Ok(())
    }
}

/// Records that a list which is in effect was not replaced, and fails. A first list that cannot be read is no incident.
fn held(lists: &Lists, source: &str, incident: Incident, error: anyhow::Error) -> Result<()> {
    if incident.in_effect.is_some() {
        lists.hold_back(source, &incident).with_context(|| format!("{error:#}"))?;
    }
    Err(error)
}

fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn read_source(source: Source, name: &str, read: &[(String, Vec<u8>)], today: Date) -> Result<Reading> {
    let named = |end: &str| {
        read.iter().find(|(name, _)| name.ends_with(end)).map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    };
    Ok(match source {
        Source::Un => match read {
            [(name, bytes)] => un::read(name, bytes)?,
            _ => bail!("the list of the Security Council is one file"),
        },
        Source::Eu => {
            let mut reader = EuReader::default();
            for (name, bytes) in read {
                reader.add(name, bytes)?;
            }
            reader.finish()
        }
        Source::Uk => match read {
            [(file, bytes)] => uk::read(file, bytes)?,
            _ => bail!("the British list is one file"),
        },
        Source::Ftm => match read {
            [(file, bytes)] => ftm::read(name, file, bytes, today)?,
            _ => bail!("a source of FollowTheMoney is one file"),
        },
        Source::Ofac | Source::OfacCons if read.iter().any(|(_, bytes)| ofac_advanced::looks_so(bytes)) => match read {
            [(file, bytes)] => ofac_advanced::read(file, bytes)?,
            _ => bail!("a list of OFAC in advanced XML is one file"),
        },
        Source::Ofac | Source::OfacCons => {
            let primary = if matches!(source, Source::Ofac) { "sdn.csv" } else { "prim.csv" };
            let expected = [primary, "alt.csv", "add.csv", "comments.csv"];
            if let Some((name, _)) = read.iter().find(|(name, _)| !expected.iter().any(|end| name.ends_with(end))) {
                bail!("`{name}` is none of OFAC's files: they end in {}", expected.join(", "));
            }
            let primary = named(primary).with_context(|| format!("the file that ends in `{primary}` is missing"))?;
            ofac::read(ofac::OfacFiles {
                primary,
                aliases: named("alt.csv"),
                addresses: named("add.csv"),
                comments: named("comments.csv"),
            })?
        }
    })
}

impl Diff {
    fn run(self, lists: &Lists) -> Result<()> {
        let history = lists.history(&self.source)?;
        let Some(last) = history.last() else { bail!("there is no list `{}`", self.source) };
        let find = |start: &str| find_version(lists, &self.source, start);
        let to = self.to.as_deref().map_or_else(|| Ok(last.digest.clone()), find)?;
        let from = match &self.from {
            Some(start) => find(start)?,
            None => match history.iter().find(|head| head.digest == to).and_then(|head| head.before.clone()) {
                Some(before) => before,
                None => bail!("{} is the first version of `{}`", short(&to), self.source),
            },
        };
        let (older, newer) = (lists.version(&self.source, &from)?, lists.version(&self.source, &to)?);
        let delta = list::compare(&older, &newer);
        println!(
            "{} {} to {}: {} added, {} changed, {} removed",
            self.source,
            short(&from),
            short(&to),
            delta.added.len(),
            delta.changed.len(),
            delta.removed.len()
        );
        for (sign, ids) in [("+", &delta.added), ("~", &delta.changed), ("-", &delta.removed)] {
            for id in ids {
                let name = newer.entities.iter().find(|entity| entity.id == *id).map_or("", Entity::caption);
                println!("{sign} {id} {name}");
            }
        }
        Ok(())
    }
}

/// The version of a source whose digest starts so.
pub(crate) fn find_version(lists: &Lists, source: &str, start: &str) -> Result<String> {
    let history = lists.history(source)?;
    let mut found = history.into_iter().map(|head| head.digest).filter(|digest| digest.starts_with(start));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => bail!("no version of `{source}` has a digest that starts with `{start}`"),
        (Some(_), Some(_)) => bail!("several versions of `{source}` have a digest that starts with `{start}`"),
    }
}

fn show(lists: &Lists) -> Result<()> {
    let versions = current(lists)?;
    if versions.is_empty() {
        println!("no list yet: read one with `countersign lists update`");
    }
    for Version { head, .. } in versions {
        println!(
            "{:10} {} listed, read {}, digest {}",
            head.source,
            head.delta.listed,
            head.read_at,
            short(&head.digest)
        );
        for incident in still_open(lists, &head.source, head.read_at)? {
            println!("{:10} HELD BACK {} {}: {}", "", incident.at, short(&incident.digest), incident.reason);
        }
    }
    Ok(())
}

/// Updates held back since the version in effect was read.
fn still_open(lists: &Lists, source: &str, read_at: Timestamp) -> Result<Vec<Incident>> {
    let incidents = lists.incidents(source)?;
    Ok(incidents.into_iter().filter(|incident| incident.at >= read_at).collect())
}

fn show_entity(lists: &Lists, id: &str) -> Result<()> {
    for version in current(lists)? {
        if let Some(entity) = version.entities.iter().find(|entity| entity.id == id) {
            println!("{}", serde_json::to_string_pretty(entity)?);
            return Ok(());
        }
    }
    bail!("no list has an entity `{id}`")
}
