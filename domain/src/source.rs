//! Where a line comes from and which shape it has.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The kind of system that wrote a line. It is part of partition names, fingerprints and reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The CloudWatch agent on an EC2 instance.
    Ec2,
    /// An EKS control plane or a container.
    Eks,
    /// VPC flow logs.
    VpcFlow,
    /// CloudWatch metrics, from the metric stream.
    Metrics,
    /// Anything that no rule names.
    Other,
}

impl Source {
    /// Every source, in the order of reports.
    pub const ALL: [Self; 5] = [
        Self::Ec2,
        Self::Eks,
        Self::VpcFlow,
        Self::Metrics,
        Self::Other,
    ];

    /// The fixed word of interfaces and partitions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Eks => "eks",
            Self::VpcFlow => "vpc-flow",
            Self::Metrics => "metrics",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A word that names no source.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a source: ec2, eks, vpc-flow, metrics or other")]
pub struct UnknownSource(String);

impl FromStr for Source {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|source| source.as_str() == text)
            .ok_or_else(|| UnknownSource(text.chars().take(80).collect()))
    }
}

/// How a message is to be read. Fields are derived from the message on reading, never stored
/// beside it: the original line stays the only truth.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A VPC flow log line, versions 2 to 5.
    Flow,
    /// A Kubernetes audit event (JSON).
    EksAudit,
    /// A syslog line, RFC 3164 or 5424.
    Syslog,
    /// A line that is one JSON object.
    Json,
    /// Anything else.
    #[default]
    Text,
}

impl Shape {
    /// The word that stands for it in records and rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::EksAudit => "eks-audit",
            Self::Syslog => "syslog",
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}
