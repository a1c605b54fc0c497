//! What some work takes: time, processor time, bytes handed to the system, memory.

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};

/// What some work has taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Wall time in seconds.
    pub wall: f64,
    /// Processor time of all threads of this process in seconds.
    pub processor: f64,
    /// Bytes handed to the system by writes of all kinds; 0 where the system does not tell.
    pub written: f64,
}

impl Usage {
    /// For a workload's answer.
    pub fn to_json(self) -> Value {
        json!({ "wall": self.wall, "processor": self.processor, "written": self.written })
    }

    /// What [`Usage::to_json`] wrote.
    pub fn from_json(value: &Value) -> Option<Self> {
        let number = |name: &str| value.get(name)?.as_f64();
        Some(Self { wall: number("wall")?, processor: number("processor")?, written: number("written")? })
    }
}

/// A meter that runs.
#[derive(Debug)]
pub struct Meter {
    start: Instant,
    processor: Duration,
    written: u64,
}

impl Meter {
    /// Starts.
    pub fn start() -> Self {
        let (written, processor) = (written(), processor());
        Self { start: now(), processor, written }
    }

    /// Stops.
    pub fn stop(self) -> Usage {
        let wall = self.start.elapsed();
        Usage {
            wall: wall.as_secs_f64(),
            processor: processor().saturating_sub(self.processor).as_secs_f64(),
            written: written().saturating_sub(self.written) as f64,
        }
    }
}

/// The machine's clock.
pub fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine")]
    Instant::now()
}

/// Lets the peak of memory begin anew, so that preparations do not count.
pub fn forget_peak() {
    // Where this is not allowed the peak is that of the whole process: higher, never lower.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Most memory this process has held since [`forget_peak`], in bytes.
pub fn peak_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024.0)
}

/// The middle of some figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The figure below which `share` of all figures lie.
pub fn percentile(mut figures: Vec<f64>, share: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let place = (figures.len() as f64 * share).ceil() as usize;
    figures.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

fn processor() -> Duration {
    spent(ClockId::ProcessCPUTime)
}

/// Processor time of this thread so far: what one short piece of work takes, also where other programs take their turns in between.
pub fn thread_time() -> Duration {
    spent(ClockId::ThreadCPUTime)
}

fn spent(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn written() -> u64 {
    let counters = fs::read_to_string("/proc/self/io").unwrap_or_default();
    counters.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok()).unwrap_or(0)
}
