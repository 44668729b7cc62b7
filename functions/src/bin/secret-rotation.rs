//! The `secret-rotation` function.

use aiops_functions::adapters::{SecretsManager, sdk};
use aiops_functions::rotation::{Event, Rotation};
use aiops_functions::runtime::{self, FunctionError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    runtime::init_tracing();
    let rotation = &Rotation {
        config: runtime::config()?,
        secrets: SecretsManager::new(&sdk::load().await),
    };
    runtime::serve(|event: Event| async move {
        let answer = rotation.handle(&event).await;
        answer.map_err(|error| FunctionError::new("NotRotated", error))
    })
    .await
}
