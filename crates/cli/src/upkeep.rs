//! What `serve` does beside answering: it looks for effects without outcome every minute and does the jobs of the day.
//!
//! A failure here is printed and tried again; it never ends the server.

use crate::custody::{Custody, warn_of_overdue};
use crate::daily::Daily;
use countersign_desk::Desk;
use countersign_store::Settings;
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
    pub(crate) fn start(custody: &Custody) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(look(Arc::clone(&custody.desk), daily(custody), stopped));
        Self { stop, tasks }
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
    Daily::new(settings, Arc::clone(custody.desk.clock()))
}

async fn look(desk: Arc<Desk>, mut daily: Daily, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = warn_of_overdue(&desk).await {
            complain(&error);
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
