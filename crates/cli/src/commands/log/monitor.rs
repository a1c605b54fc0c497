use crate::commands::serve::stopped;
use crate::edge;
use crate::files;
use anyhow::{Context, Result, bail};
use clap::{ArgAction, Args};
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_log::{FolderSource, HttpSource, LogSource};
use countersign_monitor::{At, Config, Floor, Monitor, Seen, Watch, WatchName, Watched};
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign log monitor --key monitor.key --init-key monitor.example/m1
  countersign log monitor --key monitor.key --state watched --once \\
      --log mill --at https://mill.example/log --policy mill.policy --genesis DIGEST
  countersign log monitor --key monitor.key --state watched --config monitor.json --every 600

Ends with 0 when all is well, with 1 when something was found, with 2 when the monitor could not do its work.
Reports, signed by its key, lie in the state's folder, one folder per log; `countersign verify monitor-report` reads them.";

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Watching {
    /// The monitor's own key file.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Make the key file with this name, for example monitor.example/m1, print its public half, and end.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["config", "log"])]
    init_key: Option<String>,
    /// Folder for what the monitor remembers and reports.
    #[arg(long, value_name = "DIR", required_unless_present = "init_key")]
    state: Option<PathBuf>,
    /// Logs to watch, as JSON.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["init_key", "log"])]
    config: Option<PathBuf>,
    /// One log to watch: the name by which to call it.
    #[arg(long, value_name = "NAME", conflicts_with = "config", requires_all = ["at", "policy"])]
    log: Option<String>,
    /// Where the log is: an address, or a folder with `checkpoint` and tile/.
    #[arg(long, value_name = "ADDRESS", requires = "log")]
    at: Option<String>,
    /// Its key and its witnesses (C2SP tlog-policy), from elsewhere than the log.
    #[arg(long, value_name = "FILE", requires = "log")]
    policy: Option<PathBuf>,
    /// Digest of its genesis, from elsewhere than the log.
    #[arg(long, requires = "log")]
    genesis: Option<Digest>,
    /// Seconds after which its quorum is stale.
    #[arg(long, value_name = "SECONDS", requires = "log")]
    max_age: Option<u64>,
    /// Sealed leaves that it has promised for every five minutes.
    #[arg(long, value_name = "LEAVES", requires_all = ["log", "floor_from"])]
    floor: Option<u64>,
    /// Since when it has promised them.
    #[arg(long, value_name = "TIME", requires = "floor")]
    floor_from: Option<Timestamp>,
    /// Look once and end.
    #[arg(long, action = ArgAction::SetTrue)]
    once: bool,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, conflicts_with = "once",
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
    /// Seconds that one look at one log may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    patience: u64,
}

/// How a run ended.
enum End {
    Well,
    Found,
    Failed,
}

impl Watching {
    /// Statuses tell findings from failures, so a failure is told here and not by the caller.
    pub(super) async fn run(self) -> ExitCode {
        match self.watch().await {
            Ok(End::Well) => ExitCode::SUCCESS,
            Ok(End::Found) => ExitCode::from(1),
            Ok(End::Failed) => ExitCode::from(2),
            Err(error) => {
                crate::tell(&error);
                ExitCode::from(2)
            }
        }
    }

    async fn watch(self) -> Result<End> {
        if let Some(name) = &self.init_key {
            init_key(&self.key, name)?;
            return Ok(End::Well);
        }
        let logs = self.logs()?;
        let state = self.state.context("name a folder with --state")?;
        let monitor = Monitor::open(load_key(&self.key)?, &state, edge::clock(), Duration::from_secs(self.patience))?;
        let monitor = Arc::new(monitor);
        let stop = stopped();
        tokio::pin!(stop);
        let mut end = End::Well;
        loop {
            tokio::select! {
                seen = monitor.look(&logs) => end = print(&seen),
                () = &mut stop => return Ok(end),
            }
            if self.once {
                return Ok(end);
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(self.every)) => {}
                () = &mut stop => return Ok(end),
            }
        }
    }

    fn logs(&self) -> Result<Vec<Watched>> {
        let watches = match (&self.config, &self.log) {
            (Some(config), _) => Config::load(config)?.logs,
            (None, Some(name)) => vec![self.one(name)?],
            (None, None) => bail!("name the logs to watch with --config, or one of them with --log"),
        };
        let client = client()?;
        let watched = |watch: Watch| {
            let source: Arc<dyn LogSource> = match &watch.at {
                At::Url(url) => Arc::new(HttpSource::new(url, client.clone())),
                At::Folder(folder) => Arc::new(FolderSource(folder.clone())),
            };
            Watched { watch, source }
        };
        Ok(watches.into_iter().map(watched).collect())
    }

    fn one(&self, name: &str) -> Result<Watch> {
        let (at, policy) = (self.at.as_deref().context("--at")?, self.policy.as_deref().context("--policy")?);
        let mut watch = Watch::new(WatchName::parse(name)?, At::parse(at, Path::new("")), policy)?;
        watch.genesis = self.genesis;
        watch.max_age = self.max_age.unwrap_or(watch.max_age);
        watch.floor = match (self.floor, self.floor_from) {
            (Some(sealed_per_tick), Some(from)) => Some(Floor { sealed_per_tick, from }),
            _ => None,
        };
        watch.check()?;
        Ok(watch)
    }
}

fn init_key(path: &Path, name: &str) -> Result<()> {
    if path.exists() {
        bail!("{} exists already: name a file that does not", path.display());
    }
    let key = SigningKey::generate(KeyName::new(name)?, KeyKind::Ed25519, &mut edge::rng()?)?;
    files::write_secret(path, format!("{}\n", *key.to_secret_text()).as_bytes())?;
    println!("{}", key.verifier());
    Ok(())
}

fn load_key(path: &Path) -> Result<SigningKey> {
    let text = files::read_secret(path, 1024).context("make a key with --init-key")?;
    SigningKey::parse(text.trim_end()).with_context(|| format!("{} is damaged", path.display()))
}

/// A client for logs of strangers: it follows nobody elsewhere and waits for nobody long.
fn client() -> Result<reqwest::Client> {
    // Refused when a provider is there already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30));
    Ok(client.build()?)
}

fn print(seen: &[Seen]) -> End {
    let mut end = End::Well;
    for one in seen {
        let at = format!("{} {}", one.time, one.name);
        if let Some(checkpoint) = one.report.as_ref().and_then(|report| report.checkpoint) {
            let well = if one.findings.is_empty() && one.trouble.is_none() { ", all well" } else { "" };
            println!("{at}: {} leaves, witnessed {}{well}", checkpoint.size, checkpoint.witnessed);
        }
        for finding in &one.findings {
            println!("{at}: {} {}: {}", finding.severity, finding.code, finding.line);
        }
        if let Some(trouble) = &one.trouble {
            eprintln!("countersign: {at}: {trouble}");
        }
        end = match (end, one.trouble.is_some(), one.is_well()) {
            (_, true, _) | (End::Failed, _, _) => End::Failed,
            (End::Found, ..) | (_, _, false) => End::Found,
            (End::Well, false, true) => End::Well,
        };
    }
    end
}
