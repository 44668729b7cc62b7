//! What every binary does before its handler: structured logs, configuration from the environment.

use aiops_domain::config::ENVIRONMENT_VARIABLE;
use anyhow::Context;
use serde::de::DeserializeOwned;

/// Structured logs on standard output, one JSON object per line, where CloudWatch Logs takes them.
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("AIOPS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second initialisation is refused and harmless.
    drop(
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .without_time()
            .with_env_filter(filter)
            .try_init(),
    );
}

/// The function's configuration.
///
/// # Errors
/// When the variable is missing or is not what the function takes.
pub fn config<C: DeserializeOwned>() -> anyhow::Result<C> {
    let text = std::env::var(ENVIRONMENT_VARIABLE)
        .with_context(|| format!("{ENVIRONMENT_VARIABLE} is not set"))?;
    serde_json::from_str(&text).with_context(|| format!("{ENVIRONMENT_VARIABLE} cannot be read"))
}
