//! The function that stands in for the delivery of subscriptions to Kinesis on the local cloud.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let relay = &aiops::local::relay::Relay::from_environment()?;
    run(service_fn(
        |event: LambdaEvent<aiops::local::relay::SubscriptionEvent>| async move {
            relay.handle(event.payload).await.map_err(Error::from)
        },
    ))
    .await
}
