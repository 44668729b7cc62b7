//! The detector over AWS.

use aiops_domain::config::DetectorConfig;
use aiops_model::WindowSpec;
use anyhow::ensure;

use super::endpoint::EndpointModels;
use super::model::{PointedModels, PointerSettings};
use super::trained::TrainedModel;
use super::{Detector, Seams};
use crate::adapters::signed::SignedClient;
use crate::adapters::{
    DynamoDbTable, S3, SageMakerEndpoint, SqsQueue, StateMachine, SystemClock, sdk,
};

/// The detector's seams on AWS.
pub type AwsDetector = Detector<
    S3,
    DynamoDbTable,
    SqsQueue,
    StateMachine,
    SystemClock,
    EndpointModels<PointedModels<SignedClient, S3, SystemClock, TrainedModel>, SageMakerEndpoint>,
>;

/// The detector of this configuration, with the environment's region and credentials.
///
/// # Errors
/// When the configuration is out of range or the environment has no region or credentials.
pub async fn on_aws(config: &DetectorConfig) -> anyhow::Result<AwsDetector> {
    let problems = config.problems();
    ensure!(
        problems.is_empty(),
        "the configuration is out of range: {}",
        problems.join("; ")
    );
    let sdk = sdk::load().await;
    let objects = S3::new(&sdk);
    let settings = PointerSettings {
        parameter: config.model_parameter.clone(),
        reread_ms: i64::from(config.model_reread_seconds) * 1000,
        bytes_max: config.limits.model_bytes_max,
        shadow: config.shadow,
        untrained_window: WindowSpec::Tumbling {
            length_ms: i64::from(config.untrained_window_seconds) * 1000,
        },
        untrained_flow_format: config.flow_format.clone(),
    };
    let client = SignedClient::new(&sdk)?;
    let endpoint = config.endpoint.as_ref().map(|endpoint| {
        let service = SageMakerEndpoint::new(client.clone(), &endpoint.name);
        (service, endpoint)
    });
    let models = PointedModels::new(client.clone(), objects.clone(), SystemClock, settings);
    let seams = Seams {
        models: EndpointModels::new(models, endpoint),
        objects,
        state: DynamoDbTable::new(&sdk, &config.state_table),
        incidents: DynamoDbTable::new(&sdk, &config.incidents_table),
        queue: SqsQueue::new(&sdk, &config.queue_url),
        workflow: StateMachine::new(&sdk, &config.state_machine_arn),
        clock: SystemClock,
    };
    Ok(Detector::new(seams, config.clone()))
}
