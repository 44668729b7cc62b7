//! A deterministic workload: what three EC2 hosts more or less, an EKS cluster and a VPC write on a
//! quiet day, then the same with six labelled incidents in it. The same seed and start give the
//! same lines, byte for byte.
//!
//! Lines have the exact formats of AWS: syslog as the CloudWatch agent ships it, Kubernetes audit
//! events, container lines in Fluent Bit's form, VPC flow logs in the format that the stack
//! declares. Addresses are of the ranges for documentation (RFC 5737).

mod audit;
mod containers;
mod flow;
mod host;
pub mod incidents;
pub mod measured;
mod nodes;
pub(crate) mod random;
mod service;
pub mod topology;

use std::net::IpAddr;
use std::sync::Arc;

use aiops_domain::{Kind, Source, Time};
use serde::{Deserialize, Serialize};

use random::Random;
pub use topology::{LogGroups, Topology};

/// Milliseconds of a minute.
pub(crate) const MINUTE_MILLIS: i64 = 60_000;

/// A line on its way to CloudWatch Logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// When its producer hands it over: the envelope's timestamp. A flow record is handed over when
    /// its interval has ended; every other line at its event time.
    pub timestamp: Time,
    /// Log group.
    pub group: Arc<str>,
    /// Log stream.
    pub stream: Arc<str>,
    /// The line.
    pub message: String,
}

/// An incident that was put into the workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// What it is.
    pub kind: Kind,
    /// Where its lines come from.
    pub source: Source,
    /// What they are about.
    pub entity: String,
    /// On what else its traces show.
    #[serde(default)]
    pub traces_on: Vec<String>,
    /// Event time of its first line.
    pub start: Time,
    /// First instant after its last line.
    pub end: Time,
    /// The remote address behind it, if there is one.
    pub actor: Option<IpAddr>,
}

/// How much to generate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The same seed gives the same lines.
    pub seed: u64,
    /// Event time of the first line; the quiet period begins here.
    pub start: Time,
    /// Minutes without incidents, for training.
    pub quiet_minutes: u32,
    /// Minutes with the incidents in them; at least [`MIN_LIVE_MINUTES`].
    pub live_minutes: u32,
    /// Where lines go.
    pub groups: LogGroups,
    /// Ids of the EC2 hosts, at least [`MIN_INSTANCES`].
    pub instances: Vec<String>,
}

/// Each incident of a host has a host of its own.
pub const MIN_INSTANCES: usize = 6;

/// The incidents need this much room.
pub const MIN_LIVE_MINUTES: u32 = 20;

/// The generated lines, each part in order of timestamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Lines of the quiet period.
    pub quiet: Vec<LogEvent>,
    /// Lines of the live period.
    pub live: Vec<LogEvent>,
    /// What was put into the live period.
    pub labels: Vec<Label>,
    /// First instant of the live period.
    pub live_start: Time,
    /// First instant after it.
    pub live_end: Time,
}

/// A period of ordinary operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period<'a> {
    pub(crate) topology: &'a Topology,
    pub(crate) groups: &'a LogGroups,
    pub(crate) from: Time,
    pub(crate) to: Time,
    seed: u64,
}

impl Period<'_> {
    /// Randomness for the lines of `who`, of this period alone.
    fn random(&self, who: &str) -> Random {
        Random::of(self.seed, &format!("{who} {}", self.from))
    }
}

/// Collects lines.
#[derive(Debug, Default)]
pub(crate) struct Lines(Vec<LogEvent>);

impl Lines {
    pub(crate) fn push(
        &mut self,
        group: &Arc<str>,
        stream: &Arc<str>,
        timestamp: Time,
        message: String,
    ) {
        self.0.push(LogEvent {
            timestamp,
            group: Arc::clone(group),
            stream: Arc::clone(stream),
            message,
        });
    }
}

/// Generates the workload.
pub fn generate(settings: &Settings) -> Workload {
    let topology = Topology::generate(settings.seed, &settings.instances);
    let groups = &settings.groups;
    let live_start = settings
        .start
        .plus_millis(i64::from(settings.quiet_minutes) * MINUTE_MILLIS);
    let live_minutes = settings.live_minutes.max(MIN_LIVE_MINUTES);
    let live_end = live_start.plus_millis(i64::from(live_minutes) * MINUTE_MILLIS);
    let period = |from: Time, to: Time| {
        let period = Period {
            topology: &topology,
            groups,
            from,
            to,
            seed: settings.seed,
        };
        let mut lines = Lines::default();
        for noise in [
            host::noise,
            service::noise,
            containers::noise,
            nodes::noise,
            audit::noise,
            flow::noise,
        ] {
            noise(&period, &mut lines);
        }
        lines
    };
    let quiet = period(settings.start, live_start);
    let mut live = period(live_start, live_end);
    let labels = incidents::inject(
        &topology,
        groups,
        &mut Random::of(settings.seed, "incidents"),
        live_start,
        live_minutes,
        &mut live,
    );
    Workload {
        quiet: in_order(quiet),
        live: in_order(live),
        labels,
        live_start,
        live_end,
    }
}

fn in_order(lines: Lines) -> Vec<LogEvent> {
    let mut events = lines.0;
    // Stable: lines of one instant stay in the order in which their program wrote them.
    events.sort_by_key(|event| event.timestamp);
    events
}

#[cfg(test)]
mod tests;
