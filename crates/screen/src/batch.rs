//! Many clients at once: all cores, alerts in the order of the clients, and a state from which a run that was killed goes on.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clients::{Clients, ClientsError};
use crate::index::Index;
use crate::index::screener::Screener;
use crate::read::{Fault, Lost};
use crate::screen::{ALGORITHM, Alert, Query};

/// Rows between two states.
const ROWS_PER_STEP: usize = 2_000;

/// What stands in the first line of a file of alerts: enough to repeat every alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertsHead {
    /// `countersign-alerts/1`.
    pub format: String,
    /// The way of matching.
    pub algorithm: String,
    /// Digest of the version in effect of each source, by source.
    pub lists: Vec<(String, String)>,
    /// Threshold in thousandths.
    pub threshold_thousandths: u32,
    /// SHA-256 of the file of clients.
    pub clients: String,
}

impl AlertsHead {
    /// A head of this version of the program.
    pub fn new(lists: Vec<(String, String)>, threshold_thousandths: u32, clients: String) -> Self {
        Self {
            format: "countersign-alerts/1".to_owned(),
            algorithm: ALGORITHM.to_owned(),
            lists,
            threshold_thousandths,
            clients,
        }
    }

    /// The threshold.
    pub fn threshold(&self) -> f32 {
        self.threshold_thousandths as f32 / 1000.0
    }
}

/// How far a run is. Written beside the alerts after each step, when what it counts is on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows read, with those that were rejected.
    pub rows: u64,
    /// Rows rejected.
    pub rejected: u64,
    /// Clients with an alert.
    pub clients_with_alerts: u64,
    /// Alerts written.
    pub alerts: u64,
    /// Length of the alerts so far.
    bytes: u64,
}

/// Why a run stops.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Of the clients.
    #[error(transparent)]
    Clients(#[from] ClientsError),
    /// Of the alerts.
    #[error("cannot {doing} {path}: {error}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is there already.
    #[error("{0} exists: say another name, or --resume to go on with a run that was stopped")]
    Exists(String),
    /// What was begun was begun with something else.
    #[error("{0} was begun with other lists, clients, threshold or program: begin anew under another name")]
    Other(String),
    /// A thread of this run failed.
    #[error("screening stopped at an error of the program; nothing after row {0} is written")]
    Stopped(u64),
}

fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> BatchError {
    let path = path.display().to_string();
    move |error| BatchError::Io { doing, path, error }
}

fn state_file(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".progress");
    out.with_file_name(name)
}

/// Screens all clients into `out`; `report` hears of every fault once and of the progress after every step.
///
/// # Errors
/// [`BatchError`]. What was written stays and can be resumed.
pub fn run<R: BufRead>(
    index: &Index,
    head: &AlertsHead,
    mut clients: Clients<R>,
    out: &Path,
    resume: bool,
    threads: usize,
    mut report: impl FnMut(&Progress, &[Fault]),
) -> Result<Progress, BatchError> {
    let (mut file, mut progress) = open(out, head, resume)?;
    for _ in 0..progress.rows {
        clients.next_row()?;
    }
    let mut workers = Workers::new(index, threads);
    loop {
        let mut queries: Vec<Query> = Vec::with_capacity(ROWS_PER_STEP);
        let mut faults = Vec::new();
        let before = progress.rows;
        while progress.rows - before < ROWS_PER_STEP as u64 {
            let Some(row) = clients.next_row()? else { break };
            progress.rows += 1;
            progress.rejected += u64::from(row.query.is_none());
            debug_assert!(row.query.is_some() || row.faults.iter().any(|fault| fault.lost == Lost::Row));
            queries.extend(row.query);
            faults.extend(row.faults);
        }
        if progress.rows == before {
            break;
        }
        for alerts in workers.screen(&queries, head.threshold()).ok_or(BatchError::Stopped(before))? {
            progress.clients_with_alerts += u64::from(!alerts.is_empty());
            for alert in &alerts {
                progress.alerts += 1;
                write_line(&mut file, alert).map_err(io("write", out))?;
            }
        }
        file.flush().map_err(io("write", out))?;
        file.get_ref().sync_data().map_err(io("write", out))?;
        progress.bytes = file.stream_position().map_err(io("write", out))?;
        write_state(out, &progress)?;
        report(&progress, &faults);
    }
    fs::remove_file(state_file(out))
        .or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
        .map_err(io("remove", &state_file(out)))?;
    Ok(progress)
}

fn write_line(file: &mut impl Write, value: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, value)?;
    file.write_all(b"\n")
}

fn open(out: &Path, head: &AlertsHead, resume: bool) -> Result<(BufWriter<File>, Progress), BatchError> {
    let state = state_file(out);
    let began = out.exists() && state.exists();
    if resume && began {
        let text = fs::read(&state).map_err(io("read", &state))?;
        let progress: Progress = serde_json::from_slice(&text).map_err(|error| io("read", &state)(error.into()))?;
        let mut first = String::new();
        std::io::BufReader::new(File::open(out).map_err(io("read", out))?)
            .read_line(&mut first)
            .map_err(io("read", out))?;
        if serde_json::from_str::<AlertsHead>(&first).ok().as_ref() != Some(head) {
            return Err(BatchError::Other(out.display().to_string()));
        }
        let mut file = OpenOptions::new().write(true).open(out).map_err(io("write", out))?;
        // What was written after the last state is written again.
        if file.metadata().map_err(io("read", out))?.len() < progress.bytes {
            return Err(BatchError::Other(out.display().to_string()));
        }
        file.set_len(progress.bytes).map_err(io("write", out))?;
        file.seek(SeekFrom::End(0)).map_err(io("write", out))?;
        return Ok((BufWriter::new(file), progress));
    }
    if out.exists() && !began && !is_fresh(out, head) {
        return Err(BatchError::Exists(out.display().to_string()));
    }
    if began && !resume {
        return Err(BatchError::Exists(out.display().to_string()));
    }
    let mut file = BufWriter::new(File::create(out).map_err(io("create", out))?);
    write_line(&mut file, head).map_err(io("write", out))?;
    file.flush().map_err(io("write", out))?;
    let progress = Progress { bytes: file.stream_position().map_err(io("write", out))?, ..Progress::default() };
    file.get_ref().sync_data().map_err(io("write", out))?;
    write_state(out, &progress)?;
    Ok((file, progress))
}

/// A run killed between creating the alerts and the first state left nothing but a part of its head.
fn is_fresh(out: &Path, head: &AlertsHead) -> bool {
    let Ok(mut line) = serde_json::to_vec(head) else { return false };
    line.push(b'\n');
    fs::metadata(out).is_ok_and(|data| data.len() < line.len() as u64)
        && fs::read(out).is_ok_and(|there| line.starts_with(&there))
}

fn write_state(out: &Path, progress: &Progress) -> Result<(), BatchError> {
    let path = state_file(out);
    let temporary = path.with_extension("part");
    let go = || {
        let mut file = File::create(&temporary)?;
        serde_json::to_writer(&mut file, progress)?;
        file.sync_all()?;
        fs::rename(&temporary, &path)
    };
    go().map_err(io("write", &path))
}

/// One screener for each thread, kept from step to step: names repeat, and what a word meets in the lists is looked up once.
pub struct Workers<'a>(Vec<Screener<'a>>);

impl<'a> Workers<'a> {
    /// So many threads, at least one.
    pub fn new(index: &'a Index, threads: usize) -> Self {
        Self((0..threads.max(1)).map(|_| Screener::new(index)).collect())
    }

    /// Alerts of each query, in their order, with what either side stated; `None` when a thread failed.
    pub fn screen(&mut self, queries: &[Query], threshold: f32) -> Option<Vec<Vec<Alert>>> {
        let part = queries.len().div_ceil(self.0.len()).max(1);
        std::thread::scope(|scope| {
            let running: Vec<_> = queries
                .chunks(part)
                .zip(&mut self.0)
                .map(|(part, screener)| {
                    scope.spawn(move || {
                        part.iter().map(|query| screener.screen_with_states(query, threshold)).collect::<Vec<_>>()
                    })
                })
                .collect();
            let mut all = Vec::with_capacity(queries.len());
            for thread in running {
                all.extend(thread.join().ok()?);
            }
            Some(all)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::designation::Designation;
    use crate::entity::{Entity, Kind, Name, NameQuality};

    fn index() -> Index {
        let entity = |id: &str, name: &str| Entity {
            id: id.into(),
            kind: Kind::Person,
            names: vec![Name::new(name.into(), NameQuality::Primary)],
            dates: vec![],
            territories: vec![],
            gender: None,
            identifiers: vec![],
            designations: vec![Designation::of_programme("EU-LBY", "eu_council")],
        };
        Index::new(vec![entity("a", "Ilya Nikolaevich Zemlinov"), entity("b", "Arun Belso")])
    }

    fn clients() -> String {
        let mut text = "id,name\n".to_owned();
        for number in 0..4_500 {
            let name = if number % 1_000 == 7 { "Ilja Zemlinow" } else { "Vera Orlando" };
            text.push_str(&format!("{number},{name}\n"));
        }
        text + "4500,\n"
    }

    fn head() -> AlertsHead {
        AlertsHead::new(vec![("eu".into(), "d".into())], 600, "c".into())
    }

    fn screen(out: &Path, resume: bool, threads: usize) -> Result<Progress, BatchError> {
        run(&index(), &head(), Clients::csv("c.csv", clients().as_bytes()).unwrap(), out, resume, threads, |_, _| {})
    }

    #[test]
    fn alerts_stand_in_the_order_of_the_clients_whatever_the_threads() {
        let folder = tempfile::tempdir().unwrap();
        let (one, many) = (folder.path().join("one.jsonl"), folder.path().join("many.jsonl"));
        let progress = screen(&one, false, 1).unwrap();
        assert_eq!((progress.rows, progress.rejected, progress.alerts, progress.clients_with_alerts), (4_501, 1, 5, 5));
        screen(&many, false, 4).unwrap();
        let text = fs::read_to_string(&one).unwrap();
        assert_eq!(text, fs::read_to_string(&many).unwrap());
        let ids: Vec<String> =
            text.lines().skip(1).map(|line| serde_json::from_str::<Alert>(line).unwrap().client).collect();
        assert_eq!(ids, ["7", "1007", "2007", "3007", "4007"]);
        assert!(!state_file(&one).exists());
        assert!(matches!(screen(&one, false, 1), Err(BatchError::Exists(_))), "finished alerts are not overwritten");
        assert!(matches!(screen(&one, true, 1), Err(BatchError::Exists(_))));
    }

    #[test]
    fn a_run_killed_at_any_step_goes_on_to_the_same_alerts() {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("whole.jsonl");
        screen(&whole, false, 2).unwrap();
        for steps in 0..3 {
            let out = folder.path().join(format!("killed{steps}.jsonl"));
            let mut done = 0;
            let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                run(&index(), &head(), Clients::csv("c.csv", clients().as_bytes()).unwrap(), &out, false, 2, |_, _| {
                    assert!(done < steps, "killed here");
                    done += 1;
                })
            }));
            assert!(killed.is_err());
            // The kill also left half a line behind.
            OpenOptions::new().append(true).open(&out).unwrap().write_all(b"{\"client\":\"99").unwrap();
            assert!(matches!(screen(&out, false, 2), Err(BatchError::Exists(_))));
            screen(&out, true, 2).unwrap();
            assert_eq!(fs::read(&out).unwrap(), fs::read(&whole).unwrap());
        }
    }

    #[test]
    fn a_run_is_not_resumed_with_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("alerts.jsonl");
        let other = AlertsHead { threshold_thousandths: 800, ..head() };
        let (file, _) = open(&out, &other, false).unwrap();
        drop(file);
        assert!(matches!(screen(&out, true, 1), Err(BatchError::Other(_))));
    }
}
