//! The seam to SageMaker's training jobs.

use std::future::Future;

use super::PortResult;
use crate::training::job::TrainingJob;

/// What became of a request to create a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// It begins.
    Started,
    /// There was a job of this name.
    Known,
}

/// SageMaker's training jobs.
pub trait TrainingJobs: Send + Sync {
    /// Creates the job, once per name.
    fn create(&self, job: &TrainingJob) -> impl Future<Output = PortResult<Creation>> + Send;
}
