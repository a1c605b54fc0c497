//! Clients compared with the lists before they are sealed: afterwards nobody at the custodian can read their names.
//!
//! In memory and in this order: the lists are there and fresh, every row is compared, the alerts are in the queue and on the disk; only then
//! are these bytes sealed. Whatever fails on the way, nobody is sealed.

use super::open;
use crate::commands::alerts;
use crate::commands::lists::{in_effect, in_folder};
use crate::config::ScreeningConfig;
use crate::custody::Custody;
use anyhow::{Result, anyhow, bail, ensure};
use countersign_core::id::Digest;
use countersign_core::time::{DAY, Seconds, Timestamp};
use countersign_desk::register::{CsvOptions, each_client};
use countersign_screen::batch::Workers;
use countersign_screen::list::folder::Lists;
use countersign_screen::onboarding::asked;
use countersign_screen::queue::Finding;
use countersign_screen::queue::journal::{Brought, Journal};
use countersign_screen::queue::recognition::Recognition;
use countersign_screen::screen::{DEFAULT_THRESHOLD, Query};
use std::path::{Path, PathBuf};

/// Age that lists may have where the configuration says nothing.
const MAX_AGE_DAYS: u16 = 7;
/// Clients compared at once.
const STEP: usize = 2_000;
/// Most lines that are named in one message.
const MOST_LINES: usize = 20;

/// Screens a file where the configuration or `--screen` says so, and gives the digest by which exactly these bytes are imported.
pub(super) fn before_sealing(
    custody: &Custody,
    file: &Path,
    options: &CsvOptions,
    asked: Option<&Option<PathBuf>>,
) -> Result<Option<Digest>> {
    let configured = custody.config.screening.as_ref();
    if asked.is_none() && configured.is_none() {
        return Ok(None);
    }
    let root = custody.place.root();
    let lists = match asked.and_then(Option::as_ref) {
        Some(folder) => Lists::at(folder.clone()),
        None => in_folder(root),
    };
    let now = custody.desk.now();
    check_fresh(&lists, configured, now)?;
    let (index, digests) = in_effect(&lists)?;
    let recognition = Recognition::parse(&alerts::policy_text(root)?)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut screening = Screening {
        workers: Workers::new(&index, threads),
        recognition: &recognition,
        journal: alerts::journal(root)?,
        now,
        waiting: Vec::with_capacity(STEP),
        brought: Brought::default(),
        screened: 0,
        with_alerts: 0,
    };
    let (mut failed, mut refused, mut left_out) = (None, Lines::default(), Lines::default());
    let digest = each_client(open(file)?, options, |row| {
        match asked_of(row) {
            Ok((query, complete)) => {
                screening.waiting.push(query);
                left_out.add_if(!complete, row.line());
            }
            Err(()) => refused.add_if(true, row.line()),
        }
        if screening.waiting.len() == STEP && failed.is_none() {
            failed = screening.step().err();
        }
    })
    .map_err(|error| anyhow!("{}: {error}", file.display()))?;
    if let Some(error) = failed {
        return Err(error);
    }
    ensure!(
        refused.count == 0,
        "{}: nobody was sealed: {} names cannot be compared with any list ({refused}): mend them, or take their rows out",
        file.display(),
        refused.count
    );
    screening.step()?;
    let versions: Vec<String> =
        digests.iter().map(|(source, digest)| format!("{source} {}", digest.get(..12).unwrap_or(digest))).collect();
    println!(
        "{} clients compared with {}: alerts about {} of them",
        screening.screened,
        versions.join(", "),
        screening.with_alerts
    );
    alerts::print_brought(&screening.brought);
    if left_out.count > 0 {
        println!("{} rows have a value beside the name that could not be compared: {left_out}", left_out.count);
    }
    Ok(Some(digest))
}

fn asked_of(row: &countersign_desk::register::Onboarded<'_>) -> Result<(Query, bool), ()> {
    let asked = asked(|column| row.value(column)).map_err(drop)?;
    Ok((asked.query, asked.left_out.is_empty()))
}

/// Lists that must be there are there, and every list was looked at in time.
fn check_fresh(lists: &Lists, configured: Option<&ScreeningConfig>, now: Timestamp) -> Result<()> {
    let days = configured.map_or(MAX_AGE_DAYS, |configured| configured.max_age_days);
    let there = lists.sources()?;
    if let Some(missing) = configured.and_then(|config| config.sources.iter().find(|name| !there.contains(name))) {
        bail!("nobody was sealed: the list `{missing}` is not here: read it with `countersign lists update`");
    }
    ensure!(!there.is_empty(), "nobody was sealed: there is no list yet: read one with `countersign lists update`");
    for source in there {
        let Some(checked) = lists.last_checked(&source)? else { continue };
        ensure!(
            now <= checked.plus(Seconds::from(days) * DAY),
            "nobody was sealed: the list `{source}` was last compared with its publisher's files on {checked}, more than {days} days ago: read \
             the present files with `countersign lists update`"
        );
    }
    Ok(())
}

struct Screening<'a> {
    workers: Workers<'a>,
    recognition: &'a Recognition,
    journal: Journal,
    now: Timestamp,
    waiting: Vec<Query>,
    brought: Brought,
    screened: usize,
    with_alerts: usize,
}

impl Screening<'_> {
    /// Compares who is waiting and brings the alerts into the queue.
    fn step(&mut self) -> Result<()> {
        let queries = std::mem::take(&mut self.waiting);
        let Some(alerts) = self.workers.screen(&queries, DEFAULT_THRESHOLD) else {
            bail!("nobody was sealed: screening stopped at an error of the program");
        };
        self.screened += queries.len();
        self.with_alerts += alerts.iter().filter(|alerts| !alerts.is_empty()).count();
        let mut findings = Vec::new();
        for alert in alerts.iter().flatten() {
            let Some(finding) = Finding::of_alert(alert, self.recognition) else {
                bail!("nobody was sealed: an alert does not say what either side stated");
            };
            findings.push(finding);
        }
        alerts::total(&mut self.brought, self.journal.bring(self.now, findings)?);
        Ok(())
    }
}

/// Lines of a file, for a message that repeats no value.
#[derive(Default)]
struct Lines {
    count: usize,
    first: Vec<String>,
}

impl Lines {
    fn add_if(&mut self, is: bool, line: u64) {
        self.count += usize::from(is);
        if is && self.first.len() < MOST_LINES {
            self.first.push(line.to_string());
        }
    }
}

impl std::fmt::Display for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let more = if self.count > self.first.len() { " and more" } else { "" };
        write!(f, "lines {}{more}", self.first.join(", "))
    }
}
