//! The ground of a part: a custodian founded for it, with a clock that can be moved on.

use crate::demo::adversary::{both, lawful_case, lawful_copy};
use crate::demo::operator::attempt;
use crate::demo::report::{Progress, Report};
use crate::demo::story::Story;
use crate::demo::{genesis, lawful, register};
use crate::edge::{self, SystemClock};
use anyhow::{Context, Result, ensure};
use countersign_core::encoding::hex;
use countersign_core::json::Exact;
use countersign_core::time::{Clock, Seconds, Timestamp};
use countersign_desk::release::Said;
use countersign_seal::ring::ShareEpoch;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The machine's clock, moved on as the drill says: what takes days in the field is played in seconds.
pub(super) struct DrillClock(AtomicI64);

impl Clock for DrillClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus(self.0.load(Ordering::Relaxed))
    }
}

/// Where a part is played.
pub(super) struct Ground {
    folder: PathBuf,
    /// What goes when the part has succeeded.
    passing: Option<PathBuf>,
    clients: u32,
    clock: Arc<DrillClock>,
    story: Option<Story>,
    /// The verifying shares before a refresh.
    first_epoch: Option<Exact<ShareEpoch>>,
    /// What the story's steps write down for later ones.
    pub(super) progress: Progress,
}

impl Ground {
    /// A folder for `part` under `dir`, or one for the time of the drill.
    pub(super) fn choose(dir: Option<&Path>, part: &str, clients: u32) -> Result<Self> {
        let passing = if dir.is_none() { Some(passing()?) } else { None };
        let folder = dir.or(passing.as_deref()).context("no folder")?.join(part);
        ensure!(
            !folder.exists() || folder.read_dir()?.next().is_none(),
            "{} is not empty: a drill needs a folder of its own",
            folder.display()
        );
        let progress = Progress::load(&folder, clients)?;
        let clock = Arc::new(DrillClock(AtomicI64::new(0)));
        Ok(Self { folder, passing, clients, clock, story: None, first_epoch: None, progress })
    }

    /// Founds the custodian and opens it.
    pub(super) async fn found(&mut self) -> Result<()> {
        genesis::found(&self.folder, &self.clock()).await?;
        self.open().await
    }

    /// Opens the custodian.
    pub(super) async fn open(&mut self) -> Result<()> {
        self.story = Some(Story::open(&self.folder, self.clients, self.clock()).await?);
        Ok(())
    }

    /// Closes the custodian, so that its folder can be worked on.
    pub(super) async fn close(&mut self) -> Result<()> {
        match self.story.take() {
            Some(story) => story.close().await,
            None => Ok(()),
        }
    }

    /// The open custodian, its people and clients.
    pub(super) fn story(&self) -> Result<&Story> {
        self.story.as_ref().context("the custodian of this drill was not founded")
    }

    /// The same for what the story's own steps do, with what they write down.
    pub(super) fn parts(&mut self) -> Result<(&mut Story, &mut Progress)> {
        let story = self.story.as_mut().context("the custodian of this drill was not founded")?;
        Ok((story, &mut self.progress))
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// The verifying shares before the refresh, once there was one.
    pub(super) fn first_epoch(&self) -> Option<&Exact<ShareEpoch>> {
        self.first_epoch.as_ref()
    }

    /// Keeps the verifying shares of the time before a refresh.
    pub(super) fn remember_first(&mut self, shares: Exact<ShareEpoch>) {
        self.first_epoch = Some(shares);
    }

    /// Lets time pass for every party.
    pub(super) fn pass(&self, seconds: Seconds) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Founds the custodian, seals its clients, and answers a lawful order: without that no refusal would prove anything.
    pub(super) async fn begin(&mut self, report: &mut Report) -> Result<()> {
        self.found().await?;
        let (story, progress) = self.parts()?;
        genesis::check(story, report).await?;
        register::import(story, report).await?;
        story.snapshot().await?;
        lawful::court(story, progress, report).await
    }

    /// Another lawful order that nothing speaks against, asked of every trustee.
    pub(super) async fn ask_honestly(&self, report: &mut Report) -> Result<Vec<Said>> {
        let story = self.story()?;
        let lawful = lawful_case(story, &self.progress).await?;
        let proposal = lawful_copy(story, &lawful, |_| {}).await?;
        attempt(story, &proposal, &both(story, &proposal)?, report).await
    }

    /// The control: so many trustees answer, which are all that are in force.
    pub(super) async fn honest_order(&self, in_force: usize, report: &mut Report) -> Result<()> {
        let said = self.ask_honestly(report).await?;
        let answered = said.iter().filter(|said| said.reply.is_some()).count();
        report.set("trustees_answered", answered);
        for said in said.iter().filter(|said| said.reply.is_none()) {
            report.push("failed", &format!("trustee {}: {}", said.trustee, said.summary));
        }
        report.expect("every trustee in force answers", answered == in_force);
        Ok(())
    }

    /// Closes the custodian; what served the drill only goes, unless something is to be looked at.
    pub(super) async fn leave(mut self, ok: bool) -> Result<()> {
        self.close().await?;
        match self.passing {
            Some(passing) if ok => {
                std::fs::remove_dir_all(&passing).with_context(|| format!("cannot remove {}", passing.display()))?;
            }
            _ => eprintln!("the custodian of this drill lies in {}", self.folder.display()),
        }
        Ok(())
    }
}

/// A folder among the temporary ones that nobody else can enter.
fn passing() -> Result<PathBuf> {
    let name = format!("countersign-drill-{}", hex(&edge::seed()?[..8]));
    let folder = std::env::temp_dir().join(name);
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}
