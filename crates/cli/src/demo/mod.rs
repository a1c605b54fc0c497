//! The story, step by step. Every step that claims something really did it, with the parties' own code; an attack is `ok` only
//! when it was attempted and refused by the party that had to refuse it.

pub(crate) mod adversary;
pub(crate) mod attacker;
mod cast;
pub(crate) mod chain;
pub(crate) mod forged;
mod forgery;
pub(crate) mod genesis;
pub(crate) mod lawful;
pub(crate) mod operator;
pub(crate) mod origin;
mod programs;
pub(crate) mod recheck;
pub(crate) mod register;
pub(crate) mod report;
mod slices;
pub(crate) mod story;
pub(crate) mod totals;

use crate::commands::serve;
use crate::edge;
use anyhow::Result;
use report::{Progress, Report, summary};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use story::Story;

/// How the demo is played.
pub(crate) struct Play {
    pub(crate) once: bool,
    pub(crate) json: bool,
    pub(crate) clients: u32,
    pub(crate) listen: SocketAddr,
}

/// The steps: name, and what it means.
pub(crate) const STEPS: [(&str, &str); 8] = [
    (
        "genesis",
        "five trustees in five states make the keys without a dealer; leaf 0 is signed by all and its digest is pinned",
    ),
    (
        "register",
        "clients are sealed class by class; whoever steals the custodian's folder and two trustees' shares reads nothing",
    ),
    (
        "lawful_order",
        "a home court asks for everything about two accounts and gets what is necessary about one, provably",
    ),
    ("fiu", "the home financial intelligence unit is answered within its short clock; notice is lawfully delayed"),
    (
        "origin_case",
        "an agency of XR asks for everyone who paid an address; refused by policy, refused by trustees, stopped in slices",
    ),
    ("forged_emergency", "a hacked mailbox claims a threat to life; the call-back to our own number exposes it"),
    (
        "adversary_drill",
        "operator, forger, thief and trustees below the threshold try; each fails, each with its reason",
    ),
    (
        "totals",
        "daily totals countersigned by trustees who have counted; forged ones fail; what an outsider can and cannot tell",
    ),
];

/// Plays the story in `dir`, from where it stopped.
pub(crate) async fn play(dir: &Path, play: Play) -> Result<ExitCode> {
    let mut progress = Progress::load(dir, play.clients)?;
    let mut reports: Vec<Report> = Vec::new();
    let mut story: Option<Story> = None;
    for (number, (name, means)) in (1u8..).zip(STEPS) {
        if let Some(done) = progress.done(number) {
            done.print(play.json);
            reports.push(done);
            continue;
        }
        let report = Report::run(number, name, means, async |report| {
            if number == 1 {
                genesis::found(dir, &edge::clock()).await?;
            }
            if story.is_none() {
                story = Some(Story::open(dir, progress.clients, edge::clock()).await?);
            }
            let Some(story) = &mut story else { return Ok(()) };
            step(number, story, &mut progress, report).await
        })
        .await;
        report.print(play.json);
        let ok = report.ok;
        progress.finish(dir, &report)?;
        reports.push(report);
        if !ok {
            break;
        }
    }
    summary(&reports, STEPS.len()).print(play.json);
    let ok = reports.len() == STEPS.len() && reports.iter().all(|report| report.ok);
    if !ok || play.once {
        if let Some(story) = story {
            story.close().await?;
        }
        return Ok(if ok { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    let story = match story {
        Some(story) => story,
        None => Story::open(dir, progress.clients, edge::clock()).await?,
    };
    eprintln!("everything lies in {}", dir.display());
    let custody = Arc::new(story.into_custody());
    serve::serve(Arc::clone(&custody), play.listen).await?;
    if let Ok(custody) = Arc::try_unwrap(custody) {
        custody.close().await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn step(number: u8, story: &mut Story, progress: &mut Progress, report: &mut Report) -> Result<()> {
    match number {
        1 => genesis::check(story, report).await,
        2 => register::step(story, report).await,
        3 => lawful::court(story, progress, report).await,
        4 => lawful::fiu(story, progress, report).await,
        5 => {
            origin::step(story, report).await?;
            slices::step(story, report).await
        }
        6 => forged::step(story, report).await,
        7 => adversary::step(story, progress, report).await,
        _ => totals::step(story, report).await,
    }
}
