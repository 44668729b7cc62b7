//! A topic, a web, secrets and a pause in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::locked;
use crate::ports::PortResult;
use crate::ports::cloud::{Pause, SecretVersion, Secrets, Topic, Web, WebAnswer};

/// A topic that keeps what was published: (subject, text, message).
#[derive(Debug, Clone, Default)]
pub struct FakeTopic {
    published: Arc<Mutex<Vec<(String, String, Value)>>>,
}

impl FakeTopic {
    /// What was published.
    pub fn published(&self) -> Vec<(String, String, Value)> {
        locked(&self.published).clone()
    }
}

impl Topic for FakeTopic {
    async fn publish(&self, subject: &str, text: &str, message: &Value) -> PortResult<()> {
        let published = (subject.to_owned(), text.to_owned(), message.clone());
        locked(&self.published).push(published);
        Ok(())
    }
}

/// What was posted: URL, bearer token, body.
pub type Posted = (String, Option<String>, Value);

/// A web that keeps what was posted and answers what was planned, then 200.
#[derive(Debug, Clone, Default)]
pub struct FakeWeb {
    posted: Arc<Mutex<Vec<Posted>>>,
    answers: Arc<Mutex<VecDeque<WebAnswer>>>,
}

impl FakeWeb {
    /// What was posted.
    pub fn posted(&self) -> Vec<Posted> {
        locked(&self.posted).clone()
    }

    /// The next answers.
    pub fn answer_with(&self, answers: impl IntoIterator<Item = WebAnswer>) {
        locked(&self.answers).extend(answers);
    }
}

impl Web for FakeWeb {
    async fn post(&self, url: &str, bearer: Option<&str>, body: &Value) -> PortResult<WebAnswer> {
        let posted = (url.to_owned(), bearer.map(str::to_owned), body.clone());
        locked(&self.posted).push(posted);
        Ok(locked(&self.answers).pop_front().unwrap_or(WebAnswer {
            status: 200,
            retry_after: None,
            body: br#"{"ok":true,"ts":"1700000000.000100","channel":"C1"}"#.to_vec(),
        }))
    }
}

/// Secrets by ARN and version.
#[derive(Debug, Clone, Default)]
pub struct FakeSecrets {
    secrets: Arc<Mutex<BTreeMap<(String, SecretVersion), String>>>,
}

impl FakeSecrets {
    /// Sets a secret.
    pub fn set(&self, arn: &str, version: SecretVersion, text: &str) {
        locked(&self.secrets).insert((arn.to_owned(), version), text.to_owned());
    }
}

impl Secrets for FakeSecrets {
    async fn secret(&self, arn: &str, version: SecretVersion) -> PortResult<Option<String>> {
        Ok(locked(&self.secrets)
            .get(&(arn.to_owned(), version))
            .cloned())
    }
}

/// A pause that keeps how long it would have been.
#[derive(Debug, Clone, Default)]
pub struct FakePause {
    pauses: Arc<Mutex<Vec<Duration>>>,
}

impl FakePause {
    /// The pauses so far.
    pub fn pauses(&self) -> Vec<Duration> {
        locked(&self.pauses).clone()
    }
}

impl Pause for FakePause {
    async fn pause(&self, duration: Duration) {
        locked(&self.pauses).push(duration);
    }
}
