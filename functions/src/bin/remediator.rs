//! The Lambda function `remediator`.

use aiops_functions::adapters::signed::SignedClient;
use aiops_functions::adapters::{AwsCloud, DynamoDbTable, SnsTopic, SystemClock, sdk};
use aiops_functions::bootstrap;
use aiops_functions::incidents::Incidents;
use aiops_functions::remediator::{Invocation, Remediator};
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    bootstrap::log();
    let config: aiops_domain::config::RemediatorConfig = bootstrap::config()?;
    let sdk = sdk::load().await;
    let client = SignedClient::new(&sdk)?;
    let remediator = &Remediator {
        incidents: Incidents::new(DynamoDbTable::new(&sdk, &config.incidents_table)),
        cloud: AwsCloud::new(client.clone()),
        topic: SnsTopic::new(client, &config.topic_arn),
        clock: SystemClock,
        config,
    };
    run(service_fn(
        move |event: LambdaEvent<Invocation>| async move {
            Box::pin(remediator.handle(event.payload))
                .await
                .map_err(|error| {
                    tracing::error!(error = %error, name = error.name(), "step failed");
                    Diagnostic {
                        error_type: error.name().to_owned(),
                        error_message: error.to_string(),
                    }
                })
        },
    ))
    .await
}
