//! Times of the contestants, and what is promised of their ratios. Times are the thread's own on its
//! core, so that a busy machine does not count.

use std::io::Write as _;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::corpus::Corpus;

fn time_on_core() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// The measurements of one contestant.
#[derive(Default)]
pub(crate) struct Series(Vec<Duration>);

impl Series {
    /// Runs `round` so many times; answers how long it took.
    pub(crate) fn time(&mut self, rounds: u64, mut round: impl FnMut()) -> Duration {
        let start = time_on_core();
        for _ in 0..rounds {
            round();
        }
        self.add(rounds, time_on_core().saturating_sub(start))
    }

    /// Adds a measurement of `rounds` rounds.
    pub(crate) fn add(&mut self, rounds: u64, elapsed: Duration) -> Duration {
        self.0
            .push(elapsed / u32::try_from(rounds.max(1)).unwrap_or(u32::MAX));
        elapsed
    }

    /// Seconds of the fastest round: noise of the machine only ever adds.
    pub(crate) fn best(&self) -> Option<f64> {
        self.0.iter().min().map(Duration::as_secs_f64)
    }
}

/// Everything measured, in seconds for the whole corpus.
pub(crate) struct Measured {
    events: f64,
    bytes: f64,
    pub(crate) floor: Option<f64>,
    pub(crate) read: Option<f64>,
    pub(crate) segments: Option<f64>,
    pub(crate) python: Option<f64>,
}

impl Measured {
    pub(crate) fn new(corpus: &Corpus) -> Self {
        Self {
            events: corpus.events as f64,
            bytes: corpus.bytes as f64,
            floor: None,
            read: None,
            segments: None,
            python: None,
        }
    }

    /// Prints the events per second of each and the promised ratios.
    pub(crate) fn print(&self) {
        let mut text = String::new();
        for (name, seconds) in [
            ("floor: decompress", self.floor),
            ("decode, categorise, deduplicate", self.read),
            ("the same, with compressed segments", self.segments),
            ("Python: gzip, json, set of ids", self.python),
        ] {
            let Some(seconds) = seconds else { continue };
            text.push_str(&format!(
                "{name:36} {:6.2} M events/s {:8.1} MB/s\n",
                self.events / seconds / 1e6,
                self.bytes / seconds / 1e6
            ));
        }
        if let (Some(floor), Some(read)) = (self.floor, self.read) {
            text.push_str(&format!(
                "time of reading / time of decompressing   {:5.2}   (at most 1.80)\n",
                read / floor
            ));
        }
        if let (Some(python), Some(read)) = (self.python, self.read) {
            text.push_str(&format!(
                "speed of reading / speed of Python        {:5.2}   (at least 2.00)\n",
                python / read
            ));
        }
        if let (Some(python), Some(segments)) = (self.python, self.segments) {
            text.push_str(&format!(
                "speed with segments / speed of Python     {:5.2}   (at least 1.20)\n",
                python / segments
            ));
        }
        // A benchmark's result is its standard output.
        let _printed = write!(std::io::stdout(), "\n{text}");
    }
}
