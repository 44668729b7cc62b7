//! Static rules: what nobody has to learn. Each is a pure function of a window with documented
//! thresholds, and says with which lines it came to its conclusion.
//!
//! Log lines are hostile. An address becomes a [`RuleHit::actor`], and so the target of a
//! remediation, only from a parsed field of a flow or from the place in a message of sshd that
//! sshd itself writes; what a client chose (a user name) cannot move it.

use std::net::IpAddr;

use aiops_domain::shape::flow::FlowFormat;
use aiops_domain::{Kind, Severity};
use serde::{Deserialize, Serialize};

use crate::window::EventWindow;

mod flow;
mod ssh;
mod text;

pub(crate) use flow::is_answer;
pub use flow::is_internal;

/// Lines that a hit names at most.
const EVIDENCE_MAX: usize = 20;

/// Thresholds of the rules, per window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleConfig {
    /// Format of VPC flow log lines, for the rules and for the words that mining makes of flows. A
    /// line with another number of fields is read as AWS's default or the platform's own format.
    pub flow_format: FlowFormat,
    /// Failed logins from one address.
    pub ssh_failures_min: u64,
    /// Failed logins from three or more addresses together, none of which reaches
    /// `ssh_failures_min`.
    pub ssh_distributed_failures_min: u64,
    /// Distinct ports of one destination that one address probed.
    pub scan_ports_min: usize,
    /// Distinct destinations that one address probed on one port.
    pub scan_hosts_min: usize,
    /// Bytes that went out to one external address in connections made from inside.
    pub exfiltration_bytes_min: u64,
    /// By how much they exceed the bytes that came back.
    pub exfiltration_ratio_min: u64,
    /// Memory kills together with restarts or back-offs.
    pub oom_events_min: u64,
    /// Messages that a pool has no connection left.
    pub pool_messages_min: u64,
    /// Messages that a disk has no space left.
    pub disk_messages_min: u64,
}

impl Default for RuleConfig {
    fn default() -> Self {
        Self {
            flow_format: FlowFormat::default(),
            ssh_failures_min: 8,
            ssh_distributed_failures_min: 40,
            scan_ports_min: 20,
            scan_hosts_min: 25,
            exfiltration_bytes_min: 256 << 20,
            exfiltration_ratio_min: 10,
            oom_events_min: 3,
            pool_messages_min: 3,
            disk_messages_min: 2,
        }
    }
}

/// What a rule found in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHit {
    /// What it is.
    pub kind: Kind,
    /// How bad it looks.
    pub severity: Severity,
    /// The remote address behind it, where a parsed field names one.
    pub actor: Option<IpAddr>,
    /// Positions in the window's records of the first lines that show it, ascending.
    pub lines: Vec<usize>,
    /// How many lines (flows, attempts) show it.
    pub count: u64,
    /// One sentence for a person.
    pub summary: String,
}

/// Applies every rule to a window; the hits are in the order of [`Kind`].
pub fn evaluate(window: &EventWindow, config: &RuleConfig) -> Vec<RuleHit> {
    let mut hits: Vec<RuleHit> = [
        ssh::brute_force(window, config),
        flow::port_scan(window, config),
        flow::exfiltration(window, config),
    ]
    .into_iter()
    .chain(text::evaluate(window, config))
    .flatten()
    .collect();
    hits.sort_by_key(|hit| hit.kind);
    hits
}

/// The lines that show something, the first [`EVIDENCE_MAX`] of them.
#[derive(Debug, Clone, Default)]
struct Evidence {
    lines: Vec<usize>,
    count: u64,
}

impl Evidence {
    fn add(&mut self, line: usize, count: u64) {
        self.count += count;
        if self.lines.len() < EVIDENCE_MAX {
            self.lines.push(line);
        }
    }
}

#[cfg(test)]
mod tests;
