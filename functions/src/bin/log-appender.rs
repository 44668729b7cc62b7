//! The `log-appender` function.

use aiops_functions::adapters::{S3, SystemClock, sdk};
use aiops_functions::appender::{Appender, KinesisEvent};
use aiops_functions::ports::Clock as _;
use aiops_functions::runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    runtime::init_tracing();
    let appender = Appender::new(runtime::config()?);
    let store = S3::new(&sdk::load().await);
    runtime::serve(|event: KinesisEvent| async {
        Ok(appender.handle(&store, event, SystemClock.now()).await)
    })
    .await
}
