//! The `notifier` function.

use aiops_domain::config::NotifierConfig;
use aiops_functions::adapters::{
    DynamoDbTable, HttpWeb, SecretsManager, SystemClock, TokioPause, sdk,
};
use aiops_functions::incidents::Incidents;
use aiops_functions::notifier::{Invocation, Notifier};
use aiops_functions::operations;
use aiops_functions::ports::Clock as _;
use aiops_functions::runtime::{self, FunctionError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    runtime::init_tracing();
    let config: NotifierConfig = runtime::config()?;
    let sdk = sdk::load().await;
    let notifier = Notifier {
        incidents: Incidents::new(DynamoDbTable::new(&sdk, &config.incidents_table)),
        web: HttpWeb::new()?,
        secrets: SecretsManager::new(&sdk),
        clock: SystemClock,
        pause: TokioPause,
        config,
    };
    runtime::serve(|event: Invocation| async {
        let answer = Box::pin(notifier.handle(event)).await;
        operations::of_delivery(&answer).emit(SystemClock.now(), std::io::stdout());
        answer.map_err(|error| FunctionError::new("Undelivered", error))
    })
    .await
}
