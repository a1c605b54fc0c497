//! Jobs at a fixed hour of every day (UTC), once a day.
//!
//! The day on which a job was last done stands in the store's settings under `daily/NAME`, so a restart neither repeats nor forgets
//! it. A job whose hour passed while nothing ran is done at the next start, for the day of that start only.

use anyhow::{Context, Result};
use async_trait::async_trait;
use countersign_core::time::{Clock, DAY, HOUR, MINUTE, Seconds, Timestamp};
use countersign_store::Settings;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Wait before a job that failed is tried again.
const RETRY: Seconds = 10 * MINUTE;

/// An hour of the day, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub(crate) struct Hour(u8);

impl Hour {
    /// Three in the morning.
    pub(crate) const THREE: Self = Self(3);

    /// The hour `hour`:00, when there is one.
    pub(crate) const fn new(hour: u8) -> Option<Self> {
        if hour < 24 { Some(Self(hour)) } else { None }
    }

    /// That hour of the day that begins at `day`.
    pub(crate) fn of(self, day: Timestamp) -> Timestamp {
        day.plus(self.seconds())
    }

    /// Seconds after midnight.
    pub(crate) fn seconds(self) -> Seconds {
        HOUR * Seconds::from(self.0)
    }
}

impl TryFrom<u8> for Hour {
    type Error = String;

    fn try_from(hour: u8) -> Result<Self, String> {
        Self::new(hour).ok_or_else(|| format!("`{hour}` is no hour of the day: write 0 to 23"))
    }
}

impl From<Hour> for u8 {
    fn from(hour: Hour) -> Self {
        hour.0
    }
}

/// Work that is done once a day.
#[async_trait]
pub(crate) trait DailyJob: Send + Sync {
    /// Its name in the settings; never changes.
    fn name(&self) -> &'static str;

    /// Does the work of the day that begins at `day`. If the process dies before the run is noted, it comes again for the same day:
    /// what was done then must not be done twice.
    async fn run(&self, day: Timestamp) -> Result<()>;
}

/// The jobs and when they were done.
pub(crate) struct Daily {
    settings: Arc<dyn Settings>,
    clock: Arc<dyn Clock>,
    jobs: Vec<Planned>,
}

struct Planned {
    hour: Hour,
    job: Box<dyn DailyJob>,
    /// After a failure: not before this.
    again: Timestamp,
}

impl Daily {
    /// No jobs yet.
    pub(crate) fn new(settings: Arc<dyn Settings>, clock: Arc<dyn Clock>) -> Self {
        Self { settings, clock, jobs: Vec::new() }
    }

    /// Adds a job. Jobs of one hour are done in the order in which they were added.
    pub(crate) fn at(mut self, hour: Hour, job: impl DailyJob + 'static) -> Self {
        self.jobs.push(Planned { hour, job: Box::new(job), again: Timestamp::MIN });
        self
    }

    /// Does what is due. Returns the names of the jobs that were done, and what failed; a failure keeps no other job from its turn.
    pub(crate) async fn look(&mut self) -> (Vec<&'static str>, Vec<anyhow::Error>) {
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for planned in &mut self.jobs {
            let now = self.clock.now();
            let name = planned.job.name();
            match planned.look(self.settings.as_ref(), now).await {
                Ok(true) => done.push(name),
                Ok(false) => {}
                Err(error) => {
                    planned.again = now.plus(RETRY);
                    failed.push(error.context(format!("the daily job `{name}` failed and is tried again")));
                }
            }
        }
        (done, failed)
    }
}

impl Planned {
    async fn look(&self, settings: &dyn Settings, now: Timestamp) -> Result<bool> {
        let day = day_of(now);
        if now < self.hour.of(day) || now < self.again {
            return Ok(false);
        }
        let (setting, today) = (format!("daily/{}", self.job.name()), day.to_string().into_bytes());
        // Any other day is another day, a later one too: a clock that was wrong for a moment must not stop a job for good.
        if settings.setting(&setting).await?.as_ref() == Some(&today) {
            return Ok(false);
        }
        self.job.run(day).await?;
        settings.set_setting(&setting, &today).await.context("cannot note that it is done")?;
        Ok(true)
    }
}

/// The beginning of the day (UTC) in which `time` lies.
fn day_of(time: Timestamp) -> Timestamp {
    time.plus(-(time.unix() % DAY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use countersign_store::memory::MemoryStore;
    use countersign_testkit::clock::StepClock;
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Work {
        name: &'static str,
        days: Arc<Mutex<Vec<String>>>,
        broken: Arc<Mutex<bool>>,
    }

    #[async_trait]
    impl DailyJob for Work {
        fn name(&self) -> &'static str {
            self.name
        }

        async fn run(&self, day: Timestamp) -> Result<()> {
            if *self.broken.lock().unwrap() {
                bail!("no");
            }
            self.days.lock().unwrap().push(day.to_string());
            Ok(())
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn clock_at(text: &str) -> Arc<StepClock> {
        Arc::new(StepClock::new(at(text), 0))
    }

    fn set(clock: &StepClock, text: &str) {
        clock.advance(at(text).since(clock.now()));
    }

    fn daily(store: &MemoryStore, clock: &Arc<StepClock>, hour: u8, work: &Work) -> Daily {
        Daily::new(Arc::new(store.clone()), Arc::clone(clock) as Arc<dyn Clock>)
            .at(Hour::new(hour).unwrap(), work.clone())
    }

    #[tokio::test]
    async fn a_job_is_done_once_a_day_from_its_hour_on_across_restarts() {
        let (store, clock) = (MemoryStore::default(), clock_at("2026-11-20T02:59:59Z"));
        let work = Work { name: "openings", ..Work::default() };
        let mut jobs = daily(&store, &clock, 3, &work);
        assert!(jobs.look().await.0.is_empty());
        for (time, done) in [
            ("2026-11-20T03:00:00Z", true),
            ("2026-11-20T03:00:30Z", false),
            ("2026-11-20T23:59:59Z", false),
            ("2026-11-21T00:00:00Z", false),
            ("2026-11-23T17:00:00Z", true),
            ("2026-11-24T02:59:59Z", false),
            ("2026-11-24T03:00:00Z", true),
            // A clock that was far ahead once and is right again.
            ("2031-01-01T12:00:00Z", true),
            ("2026-11-25T12:00:00Z", true),
        ] {
            set(&clock, time);
            // Every look after a restart.
            let mut jobs = daily(&store, &clock, 3, &work);
            assert_eq!(jobs.look().await.0.len(), usize::from(done), "{time}");
        }
        let days = work.days.lock().unwrap().clone();
        let expected = ["2026-11-20", "2026-11-23", "2026-11-24", "2031-01-01", "2026-11-25"];
        assert_eq!(days, expected.map(|day| format!("{day}T00:00:00Z")));
    }

    #[tokio::test]
    async fn a_job_that_fails_is_tried_again_and_stops_no_other() {
        let (store, clock) = (MemoryStore::default(), clock_at("2026-11-20T12:00:00Z"));
        let (bad, good) = (Work { name: "bad", ..Work::default() }, Work { name: "good", ..Work::default() });
        *bad.broken.lock().unwrap() = true;
        let mut jobs = daily(&store, &clock, 3, &bad).at(Hour::new(4).unwrap(), good);
        let (done, failed) = jobs.look().await;
        assert_eq!((done, failed.len()), (vec!["good"], 1));
        *bad.broken.lock().unwrap() = false;
        set(&clock, "2026-11-20T12:09:59Z");
        assert!(jobs.look().await.0.is_empty());
        set(&clock, "2026-11-20T12:10:00Z");
        assert_eq!(jobs.look().await.0, ["bad"]);
    }

    #[test]
    fn an_hour_is_0_to_23() {
        assert_eq!(serde_json::from_str::<Hour>("23").unwrap(), Hour(23));
        for bad in ["24", "-1", "3.5", "\"3\"", "null"] {
            assert!(serde_json::from_str::<Hour>(bad).is_err(), "{bad}");
        }
    }
}
