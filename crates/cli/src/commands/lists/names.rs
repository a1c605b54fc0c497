//! `countersign lists names`: what an update added or changed, as the list that a duty names.
//!
//! Sealed names can be rescreened only where a worker opens them, and a worker's duty names the digest of its list: whoever approves knows who
//! is looked for. So a list update is rescreened by a standing order of its own, over these lines.

use super::short;
use crate::files;
use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_core::digest;
use countersign_screen::date::StatedDate;
use countersign_screen::entity::{Entity, Kind, NameQuality};
use countersign_screen::list::folder::Lists;
use countersign_screen::list::{self, Version, is_listed};
use countersign_seal::normal::Normal;
use countersign_worker::List;
use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Names {
    /// The source, such as `un`.
    source: String,
    /// Where the lines go.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Beginning of the digest of the version that clients were last compared with [default: the one before].
    #[arg(long, value_name = "DIGEST", conflicts_with = "all")]
    from: Option<String>,
    /// Everybody who is listed, and not only what changed.
    #[arg(long)]
    all: bool,
}

/// Lines of a list, and who is not on it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lines {
    text: String,
    people: usize,
    lines: usize,
    /// People listed without a whole birth date, by which the worker finds nobody.
    without_day: usize,
    /// Names without a normal form.
    names_left_out: usize,
}

impl Names {
    pub(super) fn run(self, lists: &Lists) -> Result<()> {
        let now = lists.current(&self.source)?.with_context(|| format!("there is no list `{}`", self.source))?;
        let wanted = if self.all { None } else { Some(changed(lists, &now, self.from.as_deref())?) };
        let listed = now.entities.iter().filter(|entity| entity.kind == Kind::Person && is_listed(entity));
        let lines = lines(listed.filter(|entity| wanted.as_ref().is_none_or(|wanted| wanted.contains(&entity.id))));
        ensure!(
            lines.lines <= List::MAX_ENTRIES && lines.text.len() <= List::MAX_BYTES,
            "{} lines are more than a worker's list may have",
            lines.lines
        );
        files::write(&self.out, lines.text.as_bytes())?;
        println!(
            "{} {}: {} people under {} names, sha256 {}",
            self.source,
            short(&now.head.digest),
            lines.people,
            lines.lines,
            digest::plain(lines.text.as_bytes())
        );
        println!(
            "not on it: {} people without a whole birth date, {} names without a normal form; firms and vessels",
            lines.without_day, lines.names_left_out
        );
        Ok(())
    }
}

/// Ids of what is new or different since an older version.
fn changed(lists: &Lists, now: &Version, from: Option<&str>) -> Result<HashSet<String>> {
    let older = match from {
        Some(start) => super::find_version(lists, &now.head.source, start)?,
        None => {
            now.head.before.clone().with_context(|| format!("`{}` has one version only: say --all", now.head.source))?
        }
    };
    let delta = list::compare(&lists.version(&now.head.source, &older)?, now);
    Ok(delta.added.into_iter().chain(delta.changed).collect())
}

fn lines<'a>(people: impl Iterator<Item = &'a Entity>) -> Lines {
    let mut all = Lines::default();
    for person in people {
        let days: BTreeSet<String> = person.dates.iter().filter_map(whole_day).collect();
        if days.is_empty() {
            all.without_day += 1;
            continue;
        }
        let mut taken = HashSet::new();
        for name in person.names.iter().filter(|name| name.quality != NameQuality::Weak) {
            for day in &days {
                let text = name.text.replace('\t', " ");
                match Normal::name_and_birth(&[&text], day) {
                    Ok(normal) if taken.insert(normal.bytes().to_vec()) => {
                        all.text.push_str(&format!("{}\t{text}\t{day}\n", person.id));
                        all.lines += 1;
                    }
                    Ok(_) => {}
                    Err(_) => all.names_left_out += 1,
                }
            }
        }
        all.people += usize::from(!taken.is_empty());
    }
    all
}

/// A date that names one day for certain.
fn whole_day(stated: &StatedDate) -> Option<String> {
    let whole = stated.to_year.is_none() && !stated.approximate && stated.date.day().is_some();
    whole.then(|| stated.date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_screen::date::read_dates;
    use countersign_screen::entity::Name;

    fn person(id: &str, names: &[&str], dates: &str) -> Entity {
        Entity {
            id: id.into(),
            kind: Kind::Person,
            names: names.iter().map(|name| Name::new((*name).to_owned(), NameQuality::Alias)).collect(),
            dates: read_dates(dates).0,
            territories: vec![],
            gender: None,
            identifiers: vec![],
            designations: vec![],
        }
    }

    #[test]
    fn every_spelling_with_every_whole_birth_date_is_a_line_that_the_worker_reads() {
        let people = [
            person("un-1", &["Arun Belso", "BELSO ARUN", "Arun Belsov"], "1960-08-11; 1961"),
            person("un-2", &["Vera Orlando"], "circa 1960"),
            person("un-3", &["Tomas\tQuill", "..."], "1970-01-31; 1971-01-31"),
        ];
        let lines = lines(people.iter());
        let expected = "un-1\tArun Belso\t1960-08-11\nun-1\tArun Belsov\t1960-08-11\nun-3\tTomas Quill\t1970-01-31\nun-3\tTomas Quill\t1971-01-31\n";
        assert_eq!(lines.text, expected);
        assert_eq!((lines.people, lines.lines, lines.without_day, lines.names_left_out), (2, 4, 1, 2));
        let read = List::read(lines.text.as_bytes(), &digest::plain(lines.text.as_bytes())).unwrap();
        assert_eq!(read.entry(&["Belso", "Arun"], "1960-08-11").unwrap(), Some("un-1"));
    }
}
