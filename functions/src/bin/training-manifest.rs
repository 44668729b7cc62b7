//! The `training-manifest` function.

use aiops_functions::adapters::signed::SignedClient;
use aiops_functions::adapters::{S3, SystemClock, sdk};
use aiops_functions::runtime::{self, FunctionError};
use aiops_functions::training::{Trainer, TrainingEvent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    runtime::init_tracing();
    let config = runtime::config()?;
    let sdk = sdk::load().await;
    let client = SignedClient::new(&sdk)?;
    let trainer = Trainer {
        objects: S3::new(&sdk),
        parameters: client.clone(),
        jobs: client,
        clock: SystemClock,
        config,
    };
    let trainer = &trainer;
    runtime::serve(|event: TrainingEvent| async move {
        let answer = Box::pin(trainer.handle(event)).await;
        answer.map_err(|error| FunctionError::new("NotStarted", error))
    })
    .await
}
