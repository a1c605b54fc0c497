//! `countersign screen delta`: all clients against what an update added or changed.

use crate::commands::lists::{find_version, in_effect, in_folder};
use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_core::digest;
use countersign_screen::batch::AlertsHead;
use countersign_screen::clients::Clients;
use countersign_screen::delta::ClientIndex;
use countersign_screen::list;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Delta {
    /// The clients: CSV with a header line, or JSON lines (`.jsonl`).
    #[arg(long, value_name = "FILE")]
    clients: PathBuf,
    /// Where the alerts go, one JSON document per line.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The source that was updated.
    #[arg(long)]
    source: String,
    /// Beginning of the digest of the version with which the clients were screened last [default: the one before].
    #[arg(long, value_name = "DIGEST")]
    from: Option<String>,
    /// Score from which a match is reported, in thousandths.
    #[arg(long, value_name = "0..1000", default_value_t = 700, value_parser = clap::value_parser!(u32).range(1..1000))]
    threshold: u32,
}

impl Delta {
    pub(super) fn run(self, dir: &Path) -> Result<()> {
        let lists = in_folder(dir);
        let newest = lists.current_head(&self.source)?;
        let newest = newest.with_context(|| format!("there is no list `{}`", self.source))?;
        let older = match &self.from {
            Some(start) => find_version(&lists, &self.source, start)?,
            None => newest.before.clone().with_context(|| {
                format!("`{}` has one version only: screen everybody with `countersign screen`", self.source)
            })?,
        };
        let change =
            list::compare(&lists.version(&self.source, &older)?, &lists.version(&self.source, &newest.digest)?);
        let changed: Vec<String> = change.added.into_iter().chain(change.changed).collect();
        let (index, digests) = in_effect(&lists)?;
        let bytes = std::fs::read(&self.clients).with_context(|| format!("cannot read {}", self.clients.display()))?;
        let head = AlertsHead::new(digests, self.threshold, digest::plain(&bytes).to_string());
        let name = self.clients.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let json = self.clients.extension().is_some_and(|end| end == "jsonl" || end == "ndjson");
        let mut clients =
            if json { Clients::json(&name, bytes.as_slice()) } else { Clients::csv(&name, bytes.as_slice())? };
        let (mut queries, mut rejected) = (Vec::new(), 0_u64);
        while let Some(row) = clients.next_row()? {
            for fault in row.faults.iter().take(super::MOST_FAULTS.saturating_sub(rejected as usize)) {
                eprintln!("{fault}");
            }
            rejected += u64::from(row.query.is_none());
            queries.extend(row.query);
        }
        let all = queries.len();
        let alerts = ClientIndex::new(queries).rescreen(&index, &changed, head.threshold());
        // Whole or not at all: half of the alerts would look like all of them.
        ensure!(!self.out.exists(), "{} exists: say another name", self.out.display());
        let part = self.out.with_extension("part");
        let write = || -> std::io::Result<()> {
            let mut out = BufWriter::new(File::create(&part)?);
            serde_json::to_writer(&mut out, &head)?;
            for alert in &alerts {
                out.write_all(b"\n")?;
                serde_json::to_writer(&mut out, alert)?;
            }
            out.write_all(b"\n")?;
            out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            std::fs::rename(&part, &self.out)
        };
        write().with_context(|| format!("cannot write {}", self.out.display()))?;
        println!(
            "{all} clients ({rejected} rows rejected) against {} added or changed entities: {} alerts",
            changed.len(),
            alerts.len()
        );
        Ok(())
    }
}
