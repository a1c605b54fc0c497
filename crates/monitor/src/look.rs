//! One look at one log, from its checkpoint to everything that can be recomputed.

use crate::clear::Clear;
use crate::config::Watch;
use crate::consistency::{Consistency, compare};
use crate::control;
use crate::evidence;
use crate::finding::{Code, Finding};
use crate::openings;
use crate::overdue;
use crate::own::Own;
use crate::record::Record;
use crate::ticks;
use crate::tiles::Tiles;
use countersign_core::time::Timestamp;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::note::MAX_NOTE_BYTES;
use countersign_tlog::policy::{TimeWindow, Witnessed};
use countersign_verify::monitor_report::{Reported, Severity};
use countersign_verify::totals::{Held, Totals, TotalsError, recompute_totals};
use std::cmp::Reverse;

/// Seconds by which a cosignature may lie in the monitor's future.
const SKEW: u64 = 120;

/// Findings of one code that are told one by one.
const TOLD: usize = 20;

/// What one look came to.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    pub(crate) findings: Vec<Finding>,
    /// The checkpoint that was served, if it could be read.
    pub(crate) served: Option<SignedCheckpoint>,
    /// The checkpoint, if it was verified.
    pub(crate) verified: Option<Reported>,
    /// The recomputed outside totals as JSON.
    pub(crate) totals: Option<Vec<u8>>,
    /// What to remember: a new record exactly when the checkpoint was verified.
    pub(crate) record: Option<Record>,
}

/// Looks at a log. `own` is the monitor's folder for this log, for evidence.
///
/// # Errors
/// One line when the monitor's own folder fails it; what is wrong with the log is in the findings.
pub(crate) fn look(
    watch: &Watch,
    tiles: &mut Tiles,
    record: Option<&Record>,
    own: &Own,
    now: Timestamp,
) -> Result<Looked, String> {
    let mut look = Look { watch, record, now, looked: Looked::default() };
    if let Some(record) = record.filter(|record| record.looked > now) {
        look.found(Code::ClockBehind, format_args!("the clock shows {now}, this monitor looked at {}", record.looked));
    }
    let Some(signed) = look.fetch(tiles) else { return Ok(look.looked) };
    if !look.continues(&signed, tiles, own)? {
        return Ok(look.looked);
    }
    let Some(witnessed) = look.quorum(&signed) else { return Ok(look.looked) };
    look.verified(&signed, witnessed);
    look.recompute(&signed, witnessed, tiles);
    Ok(look.looked)
}

struct Look<'l> {
    watch: &'l Watch,
    record: Option<&'l Record>,
    now: Timestamp,
    looked: Looked,
}

impl Look<'_> {
    fn found(&mut self, code: Code, line: impl std::fmt::Display) {
        self.looked.findings.push(Finding::new(code, line));
    }

    /// Adds findings of one code, no more than can be read. What a person has looked at becomes a notice, and comes last.
    fn add(&mut self, mut findings: Vec<Finding>) {
        for finding in &mut findings {
            if finding.leaf.is_some_and(|leaf| self.watch.looked_at.contains(&leaf)) {
                finding.severity = Severity::Notice;
            }
        }
        findings.sort_by_key(|finding| Reverse(finding.severity));
        let untold = findings.split_off(findings.len().min(TOLD));
        self.looked.findings.extend(findings);
        if let Some(first) = untold.first() {
            let more = Finding::new(first.code, format_args!("and {} more", untold.len()));
            self.looked.findings.push(Finding { severity: first.severity, ..more });
        }
    }

    /// The checkpoint, signed by the log.
    fn fetch(&mut self, tiles: &Tiles) -> Option<SignedCheckpoint> {
        let bytes = match tiles.file("checkpoint", MAX_NOTE_BYTES) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.found(Code::NoCheckpoint, format_args!("{} serves no checkpoint", self.watch.at));
                return None;
            }
            Err(reason) => {
                self.found(Code::Unreachable, format_args!("{}: {reason}", self.watch.at));
                return None;
            }
        };
        let signed = match SignedCheckpoint::parse(&bytes) {
            Ok(signed) => signed,
            Err(error) => {
                self.found(Code::Malformed, error);
                return None;
            }
        };
        let mut reason = None;
        for log in self.watch.policy.logs() {
            match signed.verify_log(&log.key) {
                Ok(_) => {
                    self.looked.served = Some(signed.clone());
                    return Some(signed);
                }
                Err(error) => reason = Some(error),
            }
        }
        self.found(
            Code::NotSigned,
            reason.map_or_else(|| "the policy names no log".to_owned(), |error| error.to_string()),
        );
        None
    }

    /// Whether the checkpoint continues the one verified last. Its cosignatures do not matter for that: a log that signs two histories
    /// is caught by its own signatures.
    fn continues(&mut self, signed: &SignedCheckpoint, tiles: &mut Tiles, own: &Own) -> Result<bool, String> {
        let Some(record) = self.record else { return Ok(true) };
        let (old, new) = (record.checkpoint.checkpoint(), signed.checkpoint());
        let mut found = compare(old, new, self.watch.most_leaves, tiles);
        if matches!(found, Consistency::Unknown(_)) && tiles.afresh() {
            found = compare(old, new, self.watch.most_leaves, tiles);
        }
        match found {
            Consistency::Holds => return Ok(true),
            Consistency::Earlier => self.found(
                Code::RolledBack,
                format_args!(
                    "size {} is served, size {} was verified before; the earlier tree is a beginning of it",
                    new.size, old.size
                ),
            ),
            Consistency::Forked(reason) => {
                let kept = evidence::keep(own, &record.checkpoint, signed)?;
                self.found(
                    Code::Fork,
                    format_args!(
                        "the log has signed two histories: {reason}; both checkpoints are in {}",
                        kept.display()
                    ),
                );
            }
            Consistency::Unknown(reason) => {
                let kept = evidence::keep(own, &record.checkpoint, signed)?;
                self.found(
                    Code::Inconsistent,
                    format_args!(
                        "not shown to continue what was verified: {reason}; both checkpoints are in {}",
                        kept.display()
                    ),
                );
            }
        }
        Ok(false)
    }

    /// Quorum and age. A stale checkpoint is verified all the same, and found to be stale.
    fn quorum(&mut self, signed: &SignedCheckpoint) -> Option<Timestamp> {
        let Witnessed { cosigners, quorum_time } = match self.watch.policy.check(signed, TimeWindow::ANY) {
            Ok(witnessed) => witnessed,
            Err(error) => {
                self.found(Code::Quorum, error);
                return None;
            }
        };
        let now = u64::try_from(self.now.unix()).unwrap_or(0);
        for ahead in cosigners.iter().filter(|cosigner| cosigner.timestamp > now.saturating_add(SKEW)) {
            self.found(
                Code::ClockAhead,
                format_args!(
                    "witness `{}` cosigned {} s ahead of this monitor's clock: one of the two is wrong",
                    ahead.name,
                    ahead.timestamp - now
                ),
            );
        }
        let age = now.saturating_sub(quorum_time);
        if age > self.watch.max_age {
            self.found(
                Code::Stale,
                format_args!("the quorum cosigned {age} s ago, {} s are allowed", self.watch.max_age),
            );
        }
        Some(i64::try_from(quorum_time).ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX))
    }

    fn verified(&mut self, signed: &SignedCheckpoint, witnessed: Timestamp) {
        let checkpoint = signed.checkpoint();
        self.looked.verified = Some(Reported { size: checkpoint.size, root: checkpoint.root, witnessed });
        self.looked.record = Some(Record {
            checkpoint: signed.clone(),
            witnessed,
            looked: self.now,
            since: self.record.map_or(checkpoint.size, |record| record.since),
            first_seen: self.record.map(|record| record.first_seen.clone()).unwrap_or_default(),
        });
    }

    fn recompute(&mut self, signed: &SignedCheckpoint, witnessed: Timestamp, tiles: &mut Tiles) {
        let size = signed.checkpoint().size;
        if size > self.watch.most_leaves {
            let most = self.watch.most_leaves;
            return self.found(Code::TooLarge, format_args!("{size} leaves, this monitor is set to read {most}"));
        }
        let mut read = self.read(signed, tiles);
        if read.is_err() && tiles.afresh() {
            read = self.read(signed, tiles);
        }
        match read {
            Ok((totals, clear)) => self.judge(&totals, &clear, witnessed),
            Err(finding) => self.looked.findings.push(finding),
        }
    }

    fn read(&self, signed: &SignedCheckpoint, tiles: &mut Tiles) -> Result<(Totals, Clear), Finding> {
        let Watch { policy, genesis, .. } = self.watch;
        let totals = recompute_totals(signed, Some(policy), genesis.as_ref(), tiles, &Held::new());
        let totals = totals.map_err(|error| match error {
            TotalsError::Genesis(_) | TotalsError::NoGenesis | TotalsError::WitnessPolicy(_) => {
                Finding::new(Code::Genesis, error)
            }
            TotalsError::Policy(_) => Finding::new(Code::Quorum, error),
            TotalsError::Tile(_) | TotalsError::Root { .. } | TotalsError::Changed(_) => {
                Finding::new(Code::Tiles, error)
            }
        })?;
        let checkpoint = signed.checkpoint();
        let clear = Clear::read(checkpoint.size, checkpoint.root, tiles);
        Ok((totals, clear.map_err(|reason| Finding::new(Code::Tiles, reason))?))
    }

    fn judge(&mut self, totals: &Totals, clear: &Clear, witnessed: Timestamp) {
        // INVARIANT: maps with string and number keys, no floats: writing this type as JSON cannot fail.
        self.looked.totals = serde_json::to_vec(&totals.outside).ok();
        self.add(
            totals.faults.iter().map(|fault| Finding::of_leaf(Code::LeafFault, fault.index, &fault.reason)).collect(),
        );
        let before = self.record.map(|record| (record.checkpoint.checkpoint().size, record.witnessed));
        match control::fold(&clear.control, self.watch.genesis.as_ref(), self.record, witnessed) {
            Ok(Some(folded)) => {
                let before = before.map(|(size, _)| size);
                let findings = control::check(&clear.control, &folded.state, &self.watch.policy, before, self.now);
                self.add_by_code(findings);
                self.add_by_code(overdue::check(totals, &folded.state, self.now));
                if let Some(record) = &mut self.looked.record {
                    record.first_seen = folded.first_seen;
                }
            }
            Ok(None) => self.found(Code::Genesis, "leaf 0 is not a genesis leaf"),
            Err(error) => self.found(Code::Genesis, error),
        }
        self.add(openings::late(&clear.openings, before));
        let ticks = ticks::check(&totals.outside.ticks, self.watch.floor.as_ref(), witnessed);
        self.add_by_code(ticks);
    }

    fn add_by_code(&mut self, findings: Vec<Finding>) {
        for code in Code::ALL {
            self.add(findings.iter().filter(|finding| finding.code == *code).cloned().collect());
        }
    }
}
