//! The `metric-detector` function.

use aiops_functions::adapters::SystemClock;
use aiops_functions::detector::event::SqsEvent;
use aiops_functions::metric_detector::aws;
use aiops_functions::ports::Clock as _;
use aiops_functions::runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    runtime::init_tracing();
    let config = runtime::config()?;
    let detector = aws::on_aws(&config).await?;
    let (detector, namespace) = (&detector, config.metric_namespace.as_str());
    runtime::serve(|event: SqsEvent| async move {
        let outcome = Box::pin(detector.handle(&event.into_messages())).await;
        outcome.emit(namespace, SystemClock.now(), std::io::stdout());
        Ok(outcome.answer())
    })
    .await
}
