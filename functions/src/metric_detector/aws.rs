//! The metric detector over AWS.

use aiops_domain::config::MetricDetectorConfig;
use anyhow::ensure;

use super::{MetricDetector, Seams};
use crate::adapters::{DynamoDbTable, S3, StateMachine, SystemClock, sdk};

/// The metric detector's seams on AWS.
pub type AwsMetricDetector = MetricDetector<S3, DynamoDbTable, StateMachine, SystemClock>;

/// The metric detector of this configuration, with the environment's region and credentials.
///
/// # Errors
/// When the configuration is out of range or the environment has no region or credentials.
pub async fn on_aws(config: &MetricDetectorConfig) -> anyhow::Result<AwsMetricDetector> {
    let problems = config.problems();
    ensure!(
        problems.is_empty(),
        "the configuration is out of range: {}",
        problems.join("; ")
    );
    let sdk = sdk::load().await;
    let seams = Seams {
        objects: S3::new(&sdk),
        state: DynamoDbTable::new(&sdk, &config.state_table),
        incidents: DynamoDbTable::new(&sdk, &config.incidents_table),
        workflow: StateMachine::new(&sdk, &config.state_machine_arn),
        clock: SystemClock,
    };
    Ok(MetricDetector::new(seams, config.clone()))
}
