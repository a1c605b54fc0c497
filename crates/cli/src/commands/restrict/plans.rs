//! Plans on their way: one folder each under `custodian/restrictions/`, with the lines and the signatures.

use crate::files;
use crate::place::Place;
use anyhow::{Context, Result, bail, ensure};
use countersign_core::approval::{Approval, SignerRole};
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_core::restriction::{Plan, Planned};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read as _};
use std::path::PathBuf;

/// The lines of a plan.
pub(super) const ITEMS: &str = "items.jsonl";
const PLAN: &str = "plan.json";
const REFUSED: &str = "refused.json";
/// A folder that is no plan yet, or never became one.
const UNFINISHED: &str = "unfinished";

/// The folder of one plan.
pub(super) struct PlanFolder(PathBuf);

fn all(place: &Place) -> PathBuf {
    place.custodian().join("restrictions")
}

impl PlanFolder {
    /// Begins a plan whose digest is not known yet. What an earlier attempt left is thrown away.
    pub(super) fn begin(place: &Place) -> Result<Self> {
        let folder = all(place).join(UNFINISHED);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self(folder))
    }

    /// The file of its lines, to be written.
    pub(super) fn items(&mut self) -> Result<File> {
        let path = self.path(ITEMS);
        File::create_new(&path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Gives the plan its place. The same plan again takes the place of the first.
    pub(super) fn keep(self, plan: &Exact<Plan>) -> Result<Self> {
        let lines = self.path(ITEMS);
        File::open(&lines).and_then(|file| file.sync_all()).with_context(|| lines.display().to_string())?;
        files::write(&self.path(PLAN), plan.bytes())?;
        let folder = self.0.with_file_name(plan.digest().to_hex());
        ensure!(!folder.exists(), "{} is there already", folder.display());
        fs::rename(&self.0, &folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self(folder))
    }

    /// The plan whose digest begins like this.
    pub(super) fn find(place: &Place, prefix: &str) -> Result<Self> {
        let folder = all(place);
        ensure!(prefix.len() >= 4, "name a plan by at least four digits of its digest");
        let mut found = Vec::new();
        if folder.exists() {
            for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
                let name = entry?.file_name().to_string_lossy().into_owned();
                if name.starts_with(prefix) && Digest::parse(&name).is_ok() {
                    found.push(folder.join(name));
                }
            }
        }
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => Ok(Self(one)),
            (Some(_), false) => bail!("several plans begin with `{prefix}`: write more of the digest"),
            (None, _) => bail!("there is no plan `{prefix}` in {}", folder.display()),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The plan; its folder is named by its digest.
    pub(super) fn plan(&self) -> Result<Exact<Plan>> {
        let path = self.path(PLAN);
        let plan =
            Exact::<Plan>::parse(&files::read(&path, Plan::MAX_LEN)?).with_context(|| path.display().to_string())?;
        ensure!(self.0.ends_with(plan.digest().to_hex()), "{} is not the plan that its folder names", path.display());
        Ok(plan)
    }

    /// Checks that the lines are those that were signed.
    pub(super) fn check_items(&self, plan: &Plan) -> Result<()> {
        let path = self.path(ITEMS);
        let mut file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let read = file.read(&mut buffer).with_context(|| path.display().to_string())?;
            let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
            hash.update(part);
        }
        let found = Digest(hash.finalize().into());
        ensure!(found == plan.items.digest, "{} has other lines than were signed", path.display());
        Ok(())
    }

    /// Gives every line with its place, from 0, until one fails. Lines that were changed since [`Self::check_items`] are found by their
    /// number only: nobody else works on the folder meanwhile.
    pub(super) async fn each(&self, plan: &Plan, mut each: impl AsyncFnMut(u64, Planned) -> Result<()>) -> Result<()> {
        let path = self.path(ITEMS);
        let mut reader = BufReader::new(File::open(&path).with_context(|| format!("cannot read {}", path.display()))?);
        let (mut place, mut line) = (0, Vec::new());
        loop {
            line.clear();
            let most = Planned::MAX_LEN as u64 + 1;
            let read = reader.by_ref().take(most).read_until(b'\n', &mut line);
            if read.with_context(|| path.display().to_string())? == 0 {
                break;
            }
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let parsed = Exact::<Planned>::parse(text);
            let parsed = parsed.with_context(|| format!("{} line {}", path.display(), place + 1))?;
            each(place, parsed.value().clone()).await?;
            place += 1;
        }
        ensure!(place == plan.items.count, "{} has {place} lines, the plan {}", path.display(), plan.items.count);
        Ok(())
    }

    /// Both signatures.
    pub(super) fn signatures(&self) -> Result<(Exact<Approval>, Exact<Approval>)> {
        ensure!(!self.path(REFUSED).exists(), "the plan was refused: {}", self.path(REFUSED).display());
        let read = |role: SignerRole| -> Result<Exact<Approval>> {
            let path = self.path(&signature(role));
            ensure!(path.exists(), "nobody has signed the plan as {role}: `countersign restrict approve` does");
            Exact::parse(&files::read(&path, Approval::MAX_LEN)?).with_context(|| path.display().to_string())
        };
        Ok((read(SignerRole::Author)?, read(SignerRole::Approver)?))
    }

    /// Keeps a refusal: nothing of this plan is applied from now on.
    pub(super) fn refuse(&self, refusal: &Exact<Approval>) -> Result<()> {
        files::write(&self.path(REFUSED), refusal.bytes())
    }
}

/// Keeps a signature that was checked.
pub(super) fn keep_signature(folder: &PlanFolder, role: SignerRole, approval: &Exact<Approval>) -> Result<()> {
    files::write(&folder.path(&signature(role)), approval.bytes())
}

fn signature(role: SignerRole) -> String {
    format!("{role}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_found_by_enough_of_its_digest_and_what_is_unfinished_is_none() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::new(root.path());
        let missing = PlanFolder::find(&place, "abcd").err().unwrap().to_string();
        assert!(missing.contains("there is no plan"), "{missing}");
        for name in [format!("abcd{:060}", 1), format!("abcd{:060}", 2), format!("ef01{:060}", 3)] {
            fs::create_dir_all(all(&place).join(name)).unwrap();
        }
        PlanFolder::begin(&place).unwrap();
        for (prefix, why) in
            [("abcd", "several"), ("ab", "four digits"), ("unfinished", "no plan"), ("", "four digits")]
        {
            let error = PlanFolder::find(&place, prefix).err().unwrap().to_string();
            assert!(error.contains(why), "{prefix}: {error}");
        }
        assert!(PlanFolder::find(&place, "ef01").unwrap().plan().is_err(), "a folder without a plan");
    }
}
