//! The graph, spoken to Pulumi's engine.
//!
//! [`monitor`] is the seam: what a driver asks of an engine, in the project's own types. [`grpc`] is
//! the real one behind it, [`recorder`] the one for tests. [`deploy`] walks the graph: a resource is
//! registered as soon as what it refers to is, as many at a time as the user allows. [`wire`] turns
//! values into the protocol's and back. Why there is no SDK: docs/decisions/0003.

pub mod aliases;
pub mod deploy;
pub mod environment;
pub mod error;
pub mod grpc;
pub mod known;
pub mod monitor;
pub mod plugins;
pub mod program;
pub mod recorder;
pub mod schedule;
pub mod wire;

pub use deploy::{Deployed, STACK_REFERENCE, deploy};
pub use environment::Environment;
pub use error::DeployError;
pub use monitor::{EngineLog, Monitor, MonitorError, Registered, Registration, Severity};
pub use program::run;
