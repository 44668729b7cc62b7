//! What went wrong, in one word that is fixed when an incident opens.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::incident::Severity;

/// The kind of a finding or an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the field's own")]
pub enum Kind {
    SshBruteForce,
    PortScan,
    DataExfiltration,
    OomCrashLoop,
    PoolExhaustion,
    DiskFull,
    LogAnomaly,
    MetricAnomaly,
    ExhaustionForecast,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::SshBruteForce,
        Self::PortScan,
        Self::DataExfiltration,
        Self::OomCrashLoop,
        Self::PoolExhaustion,
        Self::DiskFull,
        Self::LogAnomaly,
        Self::MetricAnomaly,
        Self::ExhaustionForecast,
    ];

    /// The fixed word of interfaces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SshBruteForce => "ssh_brute_force",
            Self::PortScan => "port_scan",
            Self::DataExfiltration => "data_exfiltration",
            Self::OomCrashLoop => "oom_crash_loop",
            Self::PoolExhaustion => "pool_exhaustion",
            Self::DiskFull => "disk_full",
            Self::LogAnomaly => "log_anomaly",
            Self::MetricAnomaly => "metric_anomaly",
            Self::ExhaustionForecast => "exhaustion_forecast",
        }
    }
}

impl Kind {
    /// Whether it says what is wrong, as a rule does; a learned detector says only that something is.
    pub const fn is_named(self) -> bool {
        !matches!(self, Self::LogAnomaly | Self::MetricAnomaly)
    }

    /// How much an incident of this kind matters before anybody has looked at it.
    pub const fn severity(self) -> Severity {
        match self {
            Self::DataExfiltration => Severity::Critical,
            Self::SshBruteForce | Self::OomCrashLoop | Self::PoolExhaustion | Self::DiskFull => {
                Severity::High
            }
            Self::PortScan | Self::LogAnomaly | Self::MetricAnomaly | Self::ExhaustionForecast => {
                Severity::Medium
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
