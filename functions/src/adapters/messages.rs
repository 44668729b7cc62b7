//! The real forms of the topic, the web, the secrets and the pause.

use std::time::Duration;

use aws_sdk_secretsmanager::operation::get_secret_value::{
    GetSecretValueError, GetSecretValueOutput,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use serde_json::{Value, json};

use super::error::classify;
use super::signed::{Service, SignedClient, http_client, read_capped};
use crate::ports::cloud::{Pause, SecretVersion, Secrets, Topic, Web, WebAnswer};
use crate::ports::{PortError, PortResult};

/// SNS's limit of a subject, in characters.
const MAX_SUBJECT_CHARS: usize = 100;

/// An SNS topic.
#[derive(Debug, Clone)]
pub struct SnsTopic {
    client: SignedClient,
    arn: String,
}

impl SnsTopic {
    /// The topic of this ARN.
    pub fn new(client: SignedClient, arn: impl Into<String>) -> Self {
        Self {
            client,
            arn: arn.into(),
        }
    }
}

impl Topic for SnsTopic {
    async fn publish(&self, subject: &str, text: &str, message: &Value) -> PortResult<()> {
        // Printable ASCII only: anything else is refused by SNS.
        let subject: String = subject
            .chars()
            .map(|character| {
                if character.is_ascii_graphic() || character == ' ' {
                    character
                } else {
                    '?'
                }
            })
            .take(MAX_SUBJECT_CHARS)
            .collect();
        let message = json!({"default": text, "lambda": message.to_string()}).to_string();
        let parameters = json!({
            "TopicArn": self.arn,
            "Subject": subject,
            "MessageStructure": "json",
            "Message": message,
        });
        self.client
            .query(Service::Sns, "Publish", &parameters)
            .await?;
        Ok(())
    }
}

/// The web: HTTPS anywhere, plain HTTP to this machine only (the local cloud's receiver).
#[derive(Debug, Clone)]
pub struct HttpWeb {
    http: reqwest::Client,
}

impl HttpWeb {
    /// A client.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> PortResult<Self> {
        Ok(Self {
            http: http_client()?,
        })
    }
}

impl Web for HttpWeb {
    async fn post(&self, url: &str, bearer: Option<&str>, body: &Value) -> PortResult<WebAnswer> {
        let what = "a web hook";
        let refused = |detail: String| PortError::Permanent {
            what: what.to_owned(),
            detail,
        };
        let url = reqwest::Url::parse(url).map_err(|error| refused(error.to_string()))?;
        let loopback = url.host_str().is_some_and(|host| {
            host == "localhost"
                || host
                    .trim_matches(['[', ']'])
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        });
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(refused("its URL must begin with https://".to_owned()));
        }
        let mut request = self.http.post(url).json(body);
        if let Some(token) = bearer {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| PortError::Transient {
            what: what.to_owned(),
            detail: error.without_url().to_string(),
        })?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get(reqwest::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse().ok())
            .map(Duration::from_secs);
        let body = read_capped(response, what).await?;
        Ok(WebAnswer {
            status,
            retry_after,
            body,
        })
    }
}

/// Secrets Manager.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    client: aws_sdk_secretsmanager::Client,
}

impl SecretsManager {
    /// Secrets Manager of this configuration.
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        Self {
            client: aws_sdk_secretsmanager::Client::new(config),
        }
    }

    pub(super) fn client(&self) -> &aws_sdk_secretsmanager::Client {
        &self.client
    }
}

impl Secrets for SecretsManager {
    async fn secret(&self, arn: &str, version: SecretVersion) -> PortResult<Option<String>> {
        let stage = match version {
            SecretVersion::Current => "AWSCURRENT",
            SecretVersion::Previous => "AWSPREVIOUS",
        };
        let answer = self
            .client
            .get_secret_value()
            .secret_id(arn)
            .version_stage(stage)
            .send()
            .await;
        text_of(arn, answer)
    }
}

/// The text of a secret's version; `None` while there is no such version.
pub(super) fn text_of(
    arn: &str,
    answer: Result<GetSecretValueOutput, SdkError<GetSecretValueError, HttpResponse>>,
) -> PortResult<Option<String>> {
    match answer {
        Ok(answer) => Ok(answer.secret_string),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            Ok(None)
        }
        Err(error) => Err(classify(&format!("secret {arn}"), &error)),
    }
}

/// Waits on the runtime's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioPause;

impl Pause for TokioPause {
    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
