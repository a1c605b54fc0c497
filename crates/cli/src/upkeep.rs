//! What `serve` does beside answering: cover traffic, a look for effects without outcome every minute, the jobs of the day.
//!
//! A failure here is printed and tried again; it never ends the server.

use crate::custody::{Custody, warn_of_overdue};
use crate::daily::{Daily, DailyJob};
use crate::edge;
use anyhow::Result;
use async_trait::async_trait;
use countersign_core::time::{Seconds, Timestamp};
use countersign_desk::cover::{Cover, CoverParts};
use countersign_desk::opening::OpenedLeaves;
use countersign_desk::{Desk, DeskError};
use countersign_screen::list::folder::Lists;
use countersign_store::journal::Journal;
use countersign_store::{DeskStore, Settings};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The running upkeep.
pub(crate) struct Upkeep {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Upkeep {
    /// Starts the upkeep of an open custodian.
    pub(crate) fn start(custody: &Custody) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let floor = custody.config.cover.sealed_per_tick;
        if floor > 0 {
            let cover = Cover::new(CoverParts {
                store: Arc::clone(&custody.store) as Arc<dyn DeskStore>,
                journal: Arc::clone(custody.log.journal()) as Arc<dyn Journal>,
                clock: Arc::clone(custody.desk.clock()),
                rng: edge::rng()?,
                floor,
            })?;
            let report = |error: &DeskError| eprintln!("countersign: cover traffic is tried again: {error}");
            tasks.spawn(cover.run(stopped.clone(), report));
        }
        let lists = crate::commands::lists::in_folder(custody.place.root());
        tasks.spawn(look(Arc::clone(&custody.desk), daily(custody), lists, stopped));
        Ok(Self { stop, tasks })
    }

    /// Lets running work finish and returns when nothing runs any more.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                eprintln!("countersign: a task of the server died: {error}");
            }
        }
    }
}

/// The jobs of every day: one line each.
fn daily(custody: &Custody) -> Daily {
    let settings = Arc::clone(&custody.store) as Arc<dyn Settings>;
    let hour = custody.config.openings.hour;
    Daily::new(settings, Arc::clone(custody.desk.clock()))
        .at(hour, Totals(Arc::clone(&custody.desk)))
        .at(hour, Openings { desk: Arc::clone(&custody.desk), hour: hour.seconds() })
}

/// Daily totals, where there are trustees to sign them.
struct Totals(Arc<Desk>);

#[async_trait]
impl DailyJob for Totals {
    fn name(&self) -> &'static str {
        "totals"
    }

    async fn run(&self, day: Timestamp) -> Result<()> {
        if self.0.custodian().genesis.value().trustees.is_some() {
            self.0.publish_totals(day.date()).await?;
        }
        Ok(())
    }
}

/// Opens the leaves whose day has come.
struct Openings {
    desk: Arc<Desk>,
    hour: Seconds,
}

#[async_trait]
impl DailyJob for Openings {
    fn name(&self) -> &'static str {
        "openings"
    }

    async fn run(&self, _day: Timestamp) -> Result<()> {
        say_opened(&self.desk.open_due(self.hour).await?);
        Ok(())
    }
}

/// Tells people what was opened.
pub(crate) fn say_opened(opened: &OpenedLeaves) {
    let OpenedLeaves { cases, leaves, late, dummies, openings } = opened;
    let line = match leaves {
        0 => "nothing is due to be opened".to_owned(),
        _ => format!("opened {leaves} leaves, of {cases} cases, and {dummies} dummies in {openings} opening leaves"),
    };
    // A server whose output nobody reads any more goes on.
    let _ = writeln!(std::io::stdout(), "{line}");
    if *late > 0 {
        eprintln!(
            "countersign: {late} of them were opened after their deadline: openings need `serve` or `log open-due` every day"
        );
    }
}

async fn look(desk: Arc<Desk>, mut daily: Daily, lists: Lists, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = warn_of_overdue(&desk).await {
            complain(&error);
        }
        // Updates of lists are made by a process of their own, which cannot write to the log while this one runs.
        if let Err(error) = crate::commands::lists::log::pending(&desk, &lists).await {
            complain(&error.context("updates of lists are not logged yet, and tried again"));
        }
        let (_, failed) = daily.look().await;
        failed.iter().for_each(complain);
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

fn complain(error: &anyhow::Error) {
    eprintln!("countersign: {error:#}");
}
