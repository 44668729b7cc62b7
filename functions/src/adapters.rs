//! The real forms of the seams: AWS.

use std::time::SystemTime;

use aiops_domain::Time;

use crate::ports::{Clock, Parameters, PortResult};

mod cloud;
mod dynamodb;
mod error;
pub mod kubernetes;
mod messages;
mod rotation;
mod s3;
mod sagemaker;
pub mod sdk;
pub mod signed;
mod sqs;
mod stepfunctions;

pub use cloud::AwsCloud;
pub use dynamodb::DynamoDbTable;
pub use messages::{HttpWeb, SecretsManager, SnsTopic, TokioPause};
pub use s3::S3;
pub use sagemaker::SageMakerEndpoint;
pub use sqs::SqsQueue;
pub use stepfunctions::StateMachine;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Time::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Parameters for signed::SignedClient {
    async fn parameter(&self, name: &str) -> PortResult<Option<String>> {
        Self::parameter(self, name).await
    }
}
