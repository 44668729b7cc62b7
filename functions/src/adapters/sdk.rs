//! The SDK's configuration: one HTTP client, one TLS provider for everything.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// Shorter than any function's own timeout, so that a hanging call is told apart from a hanging function.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Long enough for the SDK's own retries, which back off with jitter.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The local cloud at `endpoint`, which takes any credentials: for the command line, which knows
/// the endpoint from elsewhere than the environment.
pub async fn load_at(endpoint: &str, region: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "local");
    loader()
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .load()
        .await
}

/// Region, credentials and endpoints from the environment (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).
pub async fn load() -> SdkConfig {
    loader().load().await
}

fn loader() -> ConfigLoader {
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
}
