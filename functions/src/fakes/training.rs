//! SageMaker's training jobs in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::locked;
use crate::ports::PortResult;
use crate::ports::training::{Creation, TrainingJobs};
use crate::training::job::TrainingJob;

/// Jobs that were created, by name. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct FakeTrainingJobs {
    jobs: Arc<Mutex<BTreeMap<String, TrainingJob>>>,
}

impl FakeTrainingJobs {
    /// Every job, by name.
    pub fn all(&self) -> BTreeMap<String, TrainingJob> {
        locked(&self.jobs).clone()
    }
}

impl TrainingJobs for FakeTrainingJobs {
    async fn create(&self, job: &TrainingJob) -> PortResult<Creation> {
        let mut jobs = locked(&self.jobs);
        if jobs.contains_key(job.name()) {
            return Ok(Creation::Known);
        }
        jobs.insert(job.name().to_owned(), job.clone());
        Ok(Creation::Started)
    }
}
