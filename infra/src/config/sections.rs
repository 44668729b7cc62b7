//! The keys of a stack file, a file per concern, each with its defaults per environment.

mod data;
mod detection;
mod functions;
mod network;
mod notify;
mod remediation;
mod sagemaker;
mod workloads;

pub use data::{Archive, LifecycleRules, LogGroup, Logs, Stream, Tiers};
pub use detection::{Detection, DetectorEndpoint, Mask, MetricCapacity};
pub use functions::{Function, Functions};
pub use network::Network;
pub use notify::{MicrosoftTeams, Notify, Slack};
pub use remediation::{Remediation, RemediationPolicy, RemediationResponse, RemediationRule, Team};
pub use sagemaker::{Instances, Sagemaker, Serverless, Training};
pub use workloads::{Compute, Eks, Instance, LogFile, Nodes};
