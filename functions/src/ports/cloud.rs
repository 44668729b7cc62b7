//! The seams of remediation and notification: the APIs that plans call, the topic, webhooks, secrets,
//! and the waiting between two tries.

use std::future::Future;
use std::time::Duration;

use aiops_domain::ApiCall;
use serde_json::Value;

use super::PortResult;

/// The APIs of AWS and of clusters, as far as a plan may call them.
pub trait Cloud: Send + Sync {
    /// Makes the call once; its answer as JSON.
    fn call(&self, call: &ApiCall) -> impl Future<Output = PortResult<Value>> + Send;
}

/// SNS, publishing side.
pub trait Topic: Send + Sync {
    /// Publishes `message` for functions and `text` for people (e-mail), under `subject`.
    fn publish(
        &self,
        subject: &str,
        text: &str,
        message: &Value,
    ) -> impl Future<Output = PortResult<()>> + Send;
}

/// What a web server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAnswer {
    /// Status of HTTP.
    pub status: u16,
    /// `Retry-After`, if it was given in seconds.
    pub retry_after: Option<Duration>,
    /// The body, capped.
    pub body: Vec<u8>,
}

/// Posting to a chat's web hook or API.
pub trait Web: Send + Sync {
    /// Posts JSON, with a bearer token if there is one. Whatever the server answers is an answer; an error
    /// is that there was none.
    fn post(
        &self,
        url: &str,
        bearer: Option<&str>,
        body: &Value,
    ) -> impl Future<Output = PortResult<WebAnswer>> + Send;
}

/// Which version of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretVersion {
    /// The one in use.
    Current,
    /// The one before the last rotation.
    Previous,
}

/// Secrets Manager.
pub trait Secrets: Send + Sync {
    /// The secret's text, or `None` if it has no such version.
    fn secret(
        &self,
        arn: &str,
        version: SecretVersion,
    ) -> impl Future<Output = PortResult<Option<String>>> + Send;
}

/// Waiting, passed in so that tests do not.
pub trait Pause: Send + Sync {
    /// Returns after this long.
    fn pause(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}
