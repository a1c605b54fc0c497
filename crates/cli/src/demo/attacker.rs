//! A thief with the custodian's whole folder and the shares of some trustees. Code, not prose.

use super::story::Story;
use crate::edge;
use anyhow::{Context, Result};
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_desk::register::opened_record;
use countersign_seal::combine::{CellContent, Package, Released, open};
use countersign_seal::header::check;
use countersign_seal::kind::Sealing;
use countersign_seal::partial::{Ask, Reply, answer};
use countersign_seal::record::SealedRecord;
use countersign_seal::ring::{ConfirmedRing, ShareEpoch, VerifyingShares};
use countersign_seal::share::Share;
use countersign_seal::sigma::Sigma;
use countersign_store::{Register, Sigmas};
use countersign_testkit::population::Population;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What a byte search came to.
pub(crate) struct Search {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) values: u64,
    /// Values under [`WINDOW`] bytes occur by chance and prove nothing.
    pub(crate) too_short: u64,
    pub(crate) found: Vec<String>,
}

/// Bytes that are looked up at once; also the shortest value that is searched.
const WINDOW: usize = 6;

/// Searches every file under `folder` for every value that was sealed, and for every account number.
pub(crate) fn search(folder: &Path, population: &Population) -> Result<Search> {
    undisturbed(|| search_once(folder, population))
}

/// A log at work replaces files: a walk during which one has vanished is begun again, whole.
pub(crate) fn undisturbed<T>(walk: impl Fn() -> Result<T>) -> Result<T> {
    const TRIES: usize = 50;
    for _ in 1..TRIES {
        match walk() {
            Err(error) if has_vanished(&error) => {}
            done => return done,
        }
    }
    walk()
}

fn has_vanished(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|cause| cause.kind() == std::io::ErrorKind::NotFound)
}

fn search_once(folder: &Path, population: &Population) -> Result<Search> {
    let csv = population.clients_csv();
    let values = values(&csv)?;
    let mut search = Search { files: 0, bytes: 0, values: 0, too_short: 0, found: Vec::new() };
    let mut windows: HashMap<[u8; WINDOW], Vec<&[u8]>> = HashMap::new();
    for value in &values {
        match value.as_bytes().first_chunk::<WINDOW>() {
            Some(window) => {
                search.values += 1;
                windows.entry(*window).or_default().push(value.as_bytes());
            }
            None => search.too_short += 1,
        }
    }
    for file in all_files(folder)? {
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        search.files += 1;
        search.bytes += bytes.len() as u64;
        for (at, window) in bytes.windows(WINDOW).enumerate() {
            let Some(candidates) = windows.get(window) else { continue };
            let rest = bytes.get(at..).unwrap_or_default();
            if let Some(hit) = candidates.iter().find(|value| rest.starts_with(value)) {
                search.found.push(format!("{} at {at} of {}", String::from_utf8_lossy(hit), file.display()));
            }
        }
    }
    Ok(search)
}

/// The values of the clients' file that identify: all but column names and short codes that many clients share.
fn values(csv: &[u8]) -> Result<std::collections::BTreeSet<String>> {
    let text = std::str::from_utf8(csv)?;
    let mut reader = text.lines();
    let header: Vec<&str> = reader.next().context("an empty file")?.split(',').collect();
    let shared = ["nameIdentifierType", "nationalIdentifierType", "country", "countryOfIssue", "buildingNumber"];
    let mut values = std::collections::BTreeSet::new();
    for line in reader {
        for (column, value) in header.iter().zip(fields(line)) {
            if !shared.contains(column) && !value.is_empty() {
                values.insert(value);
            }
        }
    }
    Ok(values)
}

/// Fields of one CSV line (RFC 4180; the demo's file has no line breaks inside fields).
fn fields(line: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.trim_end_matches('\r').chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                if let Some(last) = all.last_mut() {
                    last.push('"');
                }
            }
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(String::new()),
            other => {
                if let Some(last) = all.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    all
}

pub(crate) fn all_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(here) = open.pop() {
        for entry in std::fs::read_dir(&here)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

/// What came of opening one client's name with stolen shares.
pub(crate) struct Theft {
    pub(crate) shares: usize,
    pub(crate) below: Result<String, String>,
    pub(crate) forged: Result<String, String>,
    pub(crate) control: Result<String, String>,
}

/// Tries to open the name of `account` with two shares, with two and a forged third, and - the control - with three.
pub(crate) async fn steal(story: &Story, account: &str) -> Result<Theft> {
    let thief = Thief::of(story, account).await?;
    let two = thief.replies(&[1, 2])?;
    let mut forged = two.clone();
    let (_, first) = two.first().context("no reply")?;
    forged.push((3, first.clone()));
    Ok(Theft {
        shares: two.len(),
        below: thief.open(&two),
        forged: thief.open(&forged),
        control: thief.open(&thief.replies(&[1, 2, 3])?),
    })
}

/// Somebody who has the custodian's database and its secrets, and takes trustees' shares from their folders.
pub(crate) struct Thief<'s> {
    story: &'s Story,
    record: SealedRecord,
    sigma: Option<Sigma>,
    epoch: Exact<ShareEpoch>,
}

impl<'s> Thief<'s> {
    /// After the latest record of `account`.
    pub(crate) async fn of(story: &'s Story, account: &str) -> Result<Self> {
        let custody = &story.custody;
        let handle = custody.desk.handle_of(&custody.references, account).await?.context("no such client")?;
        let stored = custody.store.records_of(&handle).await?.pop().context("no record")?;
        let sigma = custody.sigmas.sigma(&handle).await?.map(|sigma| Sigma::from_bytes(*sigma));
        let ring = custody.desk.custodian().ring.as_ref().context("no ring")?;
        Ok(Self { story, record: opened_record(&stored)?, sigma, epoch: ring.shares.clone() })
    }

    /// Without the secrets that the custodian keeps in a store of their own.
    pub(crate) fn without_sigma(mut self) -> Self {
        self.sigma = None;
        self
    }

    /// With the shares of another epoch.
    pub(crate) fn in_epoch(mut self, epoch: &Exact<ShareEpoch>) -> Self {
        self.epoch = epoch.clone();
        self
    }

    fn ring(&self) -> Result<&'s ConfirmedRing> {
        Ok(&self.story.custody.desk.custodian().ring.as_ref().context("no ring")?.ring)
    }

    fn shares(&self) -> Result<VerifyingShares> {
        Ok(VerifyingShares::new(self.ring()?, &self.epoch)?)
    }

    /// Partial decryptions under an order that the thief made up, with the shares of these trustees.
    pub(crate) fn replies(&self, trustees: &[u16]) -> Result<Vec<(u16, Reply)>> {
        let capsule = check(self.record.ring(), self.record.capsule().clone())?;
        let classes = ClassSet::new([Class::Name]);
        let verifying = self.shares()?;
        let asks = [Ask { capsule: &capsule, classes: &classes }];
        let answers = trustees.iter().map(|trustee| {
            let share = stolen_share(&self.story.place().trustee(*trustee), &verifying)?;
            Ok((*trustee, answer(&share, &verifying, &MADE_UP, &asks, &edge::seed()?)?))
        });
        answers.collect()
    }

    /// The client's name, or why there is none.
    pub(crate) fn open(&self, replies: &[(u16, Reply)]) -> Result<String, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let ring = self.ring().map_err(|error| text(&error))?;
        let capsule = check(self.record.ring(), self.record.capsule().clone()).map_err(|error| text(&error))?;
        let classes = ClassSet::new([Class::Name]);
        let sigma = self.sigma.as_ref().map(|sigma| (Class::Name, sigma.of_class(Class::Name, capsule.u().bytes())));
        let sigmas = BTreeMap::from_iter(sigma);
        let shares = self.shares().map_err(|error| text(&error))?;
        let released =
            [Released { ask: Ask { capsule: &capsule, classes: &classes }, record: &self.record, sigmas: &sigmas }];
        let package = Package { ring, shares: &shares, order: MADE_UP, records: &released };
        let outcome = open(&package, replies).map_err(|error| text(&error))?;
        let cell = outcome.cells.into_iter().next().ok_or("nothing was opened")?;
        match cell.content.map_err(|error| text(&error))? {
            CellContent::Inline(content) => Ok(String::from_utf8_lossy(&content).into_owned()),
            CellContent::Blob(_) => Err("a name in a blob".into()),
        }
    }
}

const MADE_UP: Digest = Digest([0xAD; 32]);

/// Whichever file in a trustee's folder is its share of these keys and this epoch.
pub(crate) fn stolen_share(folder: &Path, of: &VerifyingShares) -> Result<Share<Sealing>> {
    let files = all_files(folder)?;
    let mut shares = files.iter().filter_map(|file| Share::decode(&std::fs::read(file).ok()?).ok());
    let share = shares.find(|share| share.check(of).is_ok());
    share.with_context(|| format!("{} holds no share of epoch {}", folder.display(), of.epoch()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_walk_is_begun_again_when_a_file_has_vanished_and_not_for_other_faults() {
        let place = tempfile::tempdir().unwrap();
        let (walks, file) = (Cell::new(0), place.path().join("19.unfinished"));
        let walk = || {
            walks.set(walks.get() + 1);
            if walks.get() == 3 {
                std::fs::write(&file, b"x")?;
            }
            std::fs::read(&file).context("cannot read")
        };
        assert_eq!((undisturbed(walk).unwrap(), walks.get()), (b"x".to_vec(), 3));
        std::fs::remove_file(&file).unwrap();
        assert!(undisturbed(|| Ok(std::fs::read(&file)?)).is_err());
        walks.set(0);
        let other = || -> Result<()> {
            walks.set(walks.get() + 1);
            anyhow::bail!("another fault")
        };
        assert!(undisturbed(other).is_err() && walks.get() == 1);
    }
}
