//! The `remediator` function.

use aiops_domain::config::RemediatorConfig;
use aiops_functions::adapters::signed::SignedClient;
use aiops_functions::adapters::{AwsCloud, DynamoDbTable, SnsTopic, SystemClock, sdk};
use aiops_functions::incidents::Incidents;
use aiops_functions::operations;
use aiops_functions::ports::Clock as _;
use aiops_functions::remediator::{Invocation, Remediator};
use aiops_functions::runtime::{self, FunctionError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    runtime::init_tracing();
    let config: RemediatorConfig = runtime::config()?;
    let sdk = sdk::load().await;
    let client = SignedClient::new(&sdk)?;
    let remediator = Remediator {
        incidents: Incidents::new(DynamoDbTable::new(&sdk, &config.incidents_table)),
        cloud: AwsCloud::new(client.clone()),
        topic: SnsTopic::new(client, &config.topic_arn),
        clock: SystemClock,
        config,
    };
    runtime::serve(|invocation: Invocation| async {
        let step = invocation.step;
        let answer = Box::pin(remediator.handle(invocation)).await;
        operations::of_step(step, &answer).emit(SystemClock.now(), std::io::stdout());
        answer.map_err(|error| FunctionError::new(error.name(), error))
    })
    .await
}
