//! SageMaker's training jobs and endpoints, through the signed client: two calls do not earn the largest
//! crate of the SDK a place in a function (`docs/decisions/0002-few-sdk-crates.md`).

use aiops_domain::scoring::{ScoringRequest, ScoringResponse};

use super::signed::endpoint::path_segment;
use super::signed::{Service, SignedClient};
use crate::detector::endpoint::ScoringService;
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

/// An endpoint that serves the model.
#[derive(Debug, Clone)]
pub struct SageMakerEndpoint {
    client: SignedClient,
    path: String,
}

impl SageMakerEndpoint {
    /// The endpoint of this name.
    pub fn new(client: SignedClient, name: &str) -> Self {
        Self {
            client,
            path: format!("/endpoints/{}/invocations", path_segment(name)),
        }
    }
}

impl ScoringService for SageMakerEndpoint {
    async fn score(&self, request: &ScoringRequest) -> PortResult<ScoringResponse> {
        let malformed = |error: serde_json::Error| PortError::Permanent {
            what: "the endpoint".to_owned(),
            detail: error.to_string(),
        };
        let body = serde_json::to_value(request).map_err(malformed)?;
        let answer = self
            .client
            .rest(
                Service::SageMakerRuntime,
                reqwest::Method::POST,
                &self.path,
                Some(&body),
            )
            .await?;
        serde_json::from_value(answer).map_err(malformed)
    }
}
