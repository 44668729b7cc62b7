//! What the system talks about: log records, segments, findings, incidents, remediation plans, and
//! their versioned wire forms. No I/O, no clock (time is passed in), no AWS.

pub mod categorise;
pub mod change;
pub mod config;
pub mod digits;
pub mod envelope;
pub mod event_time;
pub mod finding;
pub mod incident;
pub mod kind;
pub mod label;
pub mod metric;
pub mod model_pointer;
pub mod plan;
pub mod policy;
pub mod quarantine;
pub mod record;
pub mod redact;
pub mod scoring;
pub mod segment;
pub mod shape;
pub mod source;
pub mod time;
pub mod training;

pub use change::Change;
pub use finding::{Finding, FindingTemplate, Interval, LineExample};
pub use incident::event::{IncidentEvent, Outcome, Who};
pub use incident::lifecycle::Trigger;
pub use incident::{Incident, IncidentAction, IncidentStatus, Severity};
pub use kind::Kind;
pub use label::{FindingLabel, Verdict};
pub use plan::{ApiCall, Operation, Probe, RemediationPlan};
pub use policy::{Mode, Policy};
pub use record::LogRecord;
pub use source::{Shape, Source};
pub use time::Time;
