//! The Lambda functions: a library of handlers over [`ports`], and one thin binary for each.

pub mod adapters;
pub mod appender;
pub mod approvals;
pub mod detector;
pub mod fakes;
pub mod incidents;
pub mod metric_detector;
pub mod metrics;
pub mod notification;
pub mod notifier;
pub mod operations;
pub mod ports;
pub mod remediator;
pub mod replay;
pub mod rotation;
pub mod runtime;
pub mod token;
pub mod training;
