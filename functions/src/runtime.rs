//! What every function's binary does around its handler: structured logs, typed configuration,
//! and Lambda's loop with errors that say what they are.

use std::fmt;
use std::future::Future;

use aiops_domain::config::ENVIRONMENT_VARIABLE;
use anyhow::Context as _;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument as _;
use tracing_subscriber::EnvFilter;

/// Logs as one JSON object per line on standard output, which is the function's log stream. The
/// level is `AIOPS_LOG` (`info` if it is not set), in the syntax of `tracing`'s filters.
pub fn init_tracing() {
    let filter = EnvFilter::try_from_env("AIOPS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        // The invocation and its trace stand in every entry.
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .init();
}

/// The function's configuration, from `AIOPS_CONFIG`.
///
/// # Errors
/// If the variable is missing, or its value is not this function's configuration; the message names
/// the key and its place, never the value.
pub fn config<T: DeserializeOwned>() -> anyhow::Result<T> {
    let json = std::env::var(ENVIRONMENT_VARIABLE)
        .with_context(|| format!("the environment variable {ENVIRONMENT_VARIABLE} is not set"))?;
    parse_config(&json)
}

fn parse_config<T: DeserializeOwned>(json: &str) -> anyhow::Result<T> {
    serde_json::from_str(json).with_context(|| {
        format!("the value of {ENVIRONMENT_VARIABLE} is not this function's configuration")
    })
}

/// A failed invocation, as Lambda reports it: Step Functions retries and catches by `kind`.
#[derive(Debug)]
pub struct FunctionError {
    /// One word in CamelCase, part of the function's contract.
    pub kind: &'static str,
    /// What, where, what to do.
    pub message: String,
}

impl FunctionError {
    /// An error of this kind, with the whole chain of causes in its message.
    pub fn new(kind: &'static str, error: impl Into<anyhow::Error>) -> Self {
        Self {
            kind,
            message: format!("{:#}", error.into()),
        }
    }
}

impl fmt::Display for FunctionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for FunctionError {}

impl From<FunctionError> for Diagnostic {
    fn from(error: FunctionError) -> Self {
        Self {
            error_type: error.kind.to_owned(),
            error_message: error.message,
        }
    }
}

/// Answers invocations with `handler` until Lambda stops the process.
///
/// # Errors
/// If Lambda's runtime interface cannot be reached.
pub async fn serve<E, R, F>(handler: impl Fn(E) -> F) -> anyhow::Result<()>
where
    E: DeserializeOwned,
    R: Serialize,
    F: Future<Output = Result<R, FunctionError>>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(|event: LambdaEvent<E>| async move {
        let span = tracing::info_span!(
            "invocation",
            request = %event.context.request_id,
            trace = event.context.xray_trace_id.as_deref().unwrap_or_default(),
        );
        let answer = handler(event.payload).instrument(span.clone()).await;
        let _entered = span.enter();
        if let Err(error) = &answer {
            tracing::error!(kind = error.kind, error = %error.message, "invocation failed");
        }
        answer
    }))
    .await
    .map_err(|error| anyhow::anyhow!("the Lambda runtime stopped: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aiops_domain::config::AppenderConfig;

    #[test]
    fn a_wrong_key_is_named_with_its_place() {
        let error = parse_config::<AppenderConfig>(r#"{"segments_bucket":"b","bukket":1}"#)
            .expect_err("unknown key");
        let message = format!("{error:#}");
        assert!(message.contains("AIOPS_CONFIG"), "{message}");
        assert!(message.contains("bukket"), "{message}");
        assert!(message.contains("line 1 column"), "{message}");
    }

    #[test]
    fn an_error_keeps_its_causes() {
        let cause = anyhow::anyhow!("bucket b refused").context("writing the segment failed");
        let diagnostic = Diagnostic::from(FunctionError::new("WriteFailed", cause));
        assert_eq!(diagnostic.error_type, "WriteFailed");
        assert_eq!(
            diagnostic.error_message,
            "writing the segment failed: bucket b refused"
        );
    }
}
