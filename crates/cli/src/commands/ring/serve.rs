use crate::ceremony::{Hall, router, tend, told};
use crate::commands::serve::{only_loopback, stopped};
use crate::edge;
use crate::place::Place;
use anyhow::{Context, Result, bail};
use clap::Args;
use countersign_trustee::founding::Stage;
use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often the custodian looks whether it can do something.
const TEND: Duration = Duration::from_millis(500);
/// How long it waits after something failed.
const RETRY: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(super) struct Serve {
    /// Loopback address to listen on; put a reverse proxy with TLS in front for anything else.
    #[arg(long, default_value = "127.0.0.1:8745")]
    listen: SocketAddr,
}

impl Serve {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        only_loopback(self.listen)?;
        let place = Place::new(dir);
        let hall = Arc::new(Hall::open(&place)?);
        let _alone = alone(&place)?;
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}: is something else running there?", self.listen))?;
        println!("meeting place on http://{}/ (stop with Ctrl-C)", listener.local_addr()?);
        let keeper = tokio::spawn(keep(Arc::clone(&hall)));
        let served = axum::serve(listener, router(hall)).with_graceful_shutdown(stopped()).await;
        keeper.abort();
        Ok(served?)
    }
}

/// Does the custodian's part as soon as it can be done, and tells every change.
async fn keep(hall: Arc<Hall>) {
    let clock = edge::clock();
    let mut last = String::new();
    loop {
        let tended = tend(&hall, &clock).await;
        let (stage, said) = {
            let meeting = hall.meeting();
            let stage = meeting.stage();
            (stage.clone(), told(&meeting, stage))
        };
        let now = match &tended {
            Ok(()) => said,
            Err(error) => format!("{error:#}; it is tried again"),
        };
        if now != last {
            match (&tended, &stage) {
                (Ok(()), Stage::Stopped) | (Err(_), _) => eprintln!("countersign: {now}"),
                _ => println!("{now}"),
            }
            last = now;
        }
        tokio::time::sleep(if tended.is_ok() { TEND } else { RETRY }).await;
    }
}

/// One server per folder: two would each think that they know all messages.
fn alone(place: &Place) -> Result<File> {
    let path = place.ceremony().join("serving");
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    let file = file.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another countersign serves the ceremony in {}: stop it first", place.root().display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}
