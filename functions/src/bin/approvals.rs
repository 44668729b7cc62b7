//! The `approvals` function.

use aiops_domain::config::ApprovalsConfig;
use aiops_functions::adapters::{DynamoDbTable, SecretsManager, StateMachine, SystemClock, sdk};
use aiops_functions::approvals::{Approvals, Request};
use aiops_functions::incidents::Incidents;
use aiops_functions::operations;
use aiops_functions::ports::Clock as _;
use aiops_functions::runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    runtime::init_tracing();
    let config: ApprovalsConfig = runtime::config()?;
    let sdk = sdk::load().await;
    let approvals = Approvals {
        incidents: Incidents::new(DynamoDbTable::new(&sdk, &config.incidents_table)),
        // A task's token says whose it is.
        workflow: StateMachine::new(&sdk, ""),
        secrets: SecretsManager::new(&sdk),
        clock: SystemClock,
        config,
    };
    runtime::serve(|request: Request| async {
        let route = request.route();
        let response = Box::pin(approvals.handle(request)).await;
        operations::of_request(&route, &response).emit(SystemClock.now(), std::io::stdout());
        Ok(response)
    })
    .await
}
