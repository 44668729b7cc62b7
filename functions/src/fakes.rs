//! The seams' forms for tests, usable from every crate: in memory with the conditional semantics
//! of the real ones ([`FakeObjectStore`], [`FakeTable`], [`FakeQueue`], [`FakeWorkflow`],
//! [`FakeParameters`], [`FakeTrainingJobs`],
//! [`FakeClock`]); [`Failing`], which puts planned faults and interleavings around any other form;
//! [`Unconditional`], which drops one condition to show that a test notices. [`opening`] is what a
//! detector leaves behind, where a test begins with what comes after.
//!
//! Everything here is deterministic: no clock, no randomness, no order of a hash map.

mod clock;
mod cloud;
mod condition;
mod failing;
mod faults;
mod messages;
mod objects;
mod opened;
mod parameters;
mod queue;
mod replay;
mod rotation;
mod table;
mod training;
mod unconditional;
mod workflow;

pub use clock::FakeClock;
pub use cloud::FakeCloud;
pub use failing::Failing;
pub use faults::{Fault, Faults};
pub use messages::{FakePause, FakeSecrets, FakeTopic, FakeWeb, Posted};
pub use objects::FakeObjectStore;
pub use opened::{flow_finding, opening};
pub use parameters::FakeParameters;
pub use queue::{FakeQueue, SentMessage};
pub use replay::{Exchange, ReplayCloud};
pub use rotation::FakeRotatedSecrets;
pub use table::FakeTable;
pub use training::FakeTrainingJobs;
pub use unconditional::{ConditionSites, Unconditional};
pub use workflow::FakeWorkflow;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The content of a lock, also after a test panicked while it held it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
