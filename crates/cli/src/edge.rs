//! The one place that reads the machine's clock and generator; everything else gets them as arguments.

use anyhow::{Context, Result};
use countersign_core::time::{Clock, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::sync::Arc;

/// The machine's clock, whole seconds.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the binary's edge: this is where the clock enters")]
        let now = std::time::SystemTime::now();
        let seconds = now.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        i64::try_from(seconds).ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX)
    }
}

/// The machine's clock as an argument.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// A generator seeded by the operating system.
pub(crate) fn rng() -> Result<ChaCha20Rng> {
    Ok(ChaCha20Rng::from_seed(seed()?))
}

/// 32 bytes of the operating system.
pub(crate) fn seed() -> Result<[u8; 32]> {
    let mut seed = [0; 32];
    #[expect(clippy::disallowed_methods, reason = "the binary's edge: this is where randomness enters")]
    getrandom::fill(&mut seed)
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("the operating system gives no randomness")?;
    Ok(seed)
}

/// 32 bytes of the operating system, for interfaces that cannot fail. Without randomness no party may go on.
pub(crate) fn seed_or_abort() -> [u8; 32] {
    match seed() {
        Ok(seed) => seed,
        Err(error) => {
            eprintln!("countersign: {error:#}");
            std::process::abort();
        }
    }
}

/// A stopwatch for what people are shown; nothing is decided by it.
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the binary's edge: durations shown to people")]
        Self(std::time::Instant::now())
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    /// Milliseconds since the start.
    pub(crate) fn millis(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Processor time of this thread so far; nothing where the system does not tell.
pub(crate) fn thread_time() -> Option<std::time::Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(std::time::Duration::from_nanos)
}

/// Most memory that this process held, in bytes; nothing where the system does not tell.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}
