//! `countersign drill`: attacks really made against a custodian that exists for nothing else, each with the refusal of the party that
//! refused it.

mod adversary;
mod attempt;
mod ground;
mod insider;
pub(crate) mod trustees;

use crate::demo::report::Report;
use anyhow::Result;
use attempt::{Attempt, summary};
use clap::{Args, Subcommand};
use ground::Ground;
use std::path::Path;
use std::process::ExitCode;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign drill
  countersign drill adversary --json
  countersign drill trustees
  countersign drill insider
  countersign drill adversary --dir /tmp/drill      (the custodian stays there)

Ends with 0 only when every attack was made and refused, and every honest order answered.";

#[derive(Args)]
pub(crate) struct Drill {
    /// Print one JSON object per step.
    #[arg(long, global = true)]
    json: bool,
    /// Invented clients to import.
    #[arg(long, global = true, default_value_t = 100, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    clients: u32,
    #[command(subcommand)]
    part: Option<Part>,
}

/// One part; each has a custodian of its own.
#[derive(Clone, Copy, Subcommand)]
enum Part {
    /// Everybody who could cheat: administrator, manager, operator, log, impersonator, thief, trustees below the threshold.
    Adversary,
    /// Trustees that are lost, stopped, renewed, and that lie.
    Trustees,
    /// A bribed agent of the support desk, alone and with the operator's help.
    Insider,
}

impl Part {
    const ALL: [Self; 3] = [Self::Adversary, Self::Trustees, Self::Insider];

    fn name(self) -> &'static str {
        match self {
            Self::Adversary => "adversary",
            Self::Trustees => "trustees",
            Self::Insider => "insider",
        }
    }

    fn attempts(self) -> &'static [Attempt] {
        match self {
            Self::Adversary => &adversary::ATTEMPTS,
            Self::Trustees => &trustees::ATTEMPTS,
            Self::Insider => &insider::ATTEMPTS,
        }
    }

    async fn play(self, attempt: &str, ground: &mut Ground, report: &mut Report) -> Result<()> {
        match self {
            Self::Adversary => adversary::play(attempt, ground, report).await,
            Self::Trustees => trustees::play(attempt, ground, report).await,
            Self::Insider => insider::play(attempt, ground, report).await,
        }
    }
}

impl Drill {
    /// Plays one part or all. With `dir` each part's custodian stays there; otherwise it goes when the part has succeeded.
    pub(crate) async fn run(self, dir: Option<&Path>) -> Result<ExitCode> {
        let parts = self.part.map_or(Part::ALL.to_vec(), |part| vec![part]);
        let mut reports = Vec::new();
        let mut planned = 0;
        for part in parts {
            let mut ground = Ground::choose(dir, part.name(), self.clients)?;
            let before = reports.len();
            planned += part.attempts().len();
            for attempt in part.attempts() {
                let step = u8::try_from(reports.len() + 1)?;
                let work = async |report: &mut Report| part.play(attempt.name, &mut ground, report).await;
                let report = attempt.make(step, part.name(), work).await;
                report.print(self.json);
                reports.push(report);
            }
            let ok = reports.iter().skip(before).all(|report| report.ok);
            ground.leave(ok).await?;
        }
        let all = summary(&reports, planned);
        all.print(self.json);
        Ok(if all.ok { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
