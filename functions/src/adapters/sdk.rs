//! The SDK's configuration: one HTTP client, one TLS provider for everything.

use std::time::Duration;

use aws_config::BehaviorVersion;
pub use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// Shorter than any function's own timeout, so that a hanging call is told apart from a hanging function.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Long enough for the SDK's own retries, which back off with jitter.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(30);

/// Region, credentials and endpoints from the environment (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).
pub async fn load() -> SdkConfig {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .load()
        .await
}

/// The configuration of a local cloud at `endpoint`, whatever the environment says: its credentials
/// are made up, since it checks none, and real ones must not be sent to it.
pub async fn load_local(endpoint: &str, region: &str) -> SdkConfig {
    let credentials = aws_credential_types::Credentials::new("local", "local", None, None, "local");
    load()
        .await
        .into_builder()
        .endpoint_url(endpoint)
        .region(aws_config::Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}
