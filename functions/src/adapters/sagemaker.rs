//! SageMaker's training jobs, through the signed client: one call does not earn the largest crate of
//! the SDK a place in a function (`docs/decisions/0002-few-sdk-crates.md`).

use super::signed::{Service, SignedClient};
use crate::ports::training::{Creation, TrainingJobs};
use crate::ports::{PortError, PortResult};
use crate::training::job::TrainingJob;

impl TrainingJobs for SignedClient {
    async fn create(&self, job: &TrainingJob) -> PortResult<Creation> {
        let body = serde_json::to_value(job).map_err(|error| PortError::Permanent {
            what: format!("training job {}", job.name()),
            detail: error.to_string(),
        })?;
        match self
            .json(Service::SageMaker, "CreateTrainingJob", &body)
            .await
        {
            Ok(_) => Ok(Creation::Started),
            Err(PortError::Permanent { detail, .. }) if detail.starts_with("ResourceInUse") => {
                Ok(Creation::Known)
            }
            Err(error) => Err(error),
        }
    }
}
