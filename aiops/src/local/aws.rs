//! One small client for every protocol of the AWS APIs that the driver needs: JSON by target,
//! REST-JSON, the form-encoded Query protocol and S3's REST. The emulator checks no signature, so
//! none is made; the header only names region and service, by which it routes. What is deployed to
//! AWS uses the SDK (`aiops-functions`), never this.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;

pub mod query;
pub mod s3;

/// The account that the emulator gives to any credentials.
pub const ACCOUNT: &str = "000000000000";
/// The region of the local cloud.
pub const REGION: &str = "us-east-1";

/// A service that is called by `X-Amz-Target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonService {
    /// The name in a credential's scope.
    pub scope: &'static str,
    /// What precedes the operation in the target.
    pub target: &'static str,
}

/// A service of the Query protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryService {
    /// The name in a credential's scope.
    pub scope: &'static str,
    /// The version of its API.
    pub version: &'static str,
}

macro_rules! json_services {
    ($($(#[$meta:meta])* $name:ident = $scope:literal, $target:literal;)*) => {
        $($(#[$meta])* pub const $name: JsonService = JsonService { scope: $scope, target: $target };)*
    };
}

json_services! {
    /// CloudWatch Logs.
    LOGS = "logs", "Logs_20140328";
    /// Kinesis data streams.
    KINESIS = "kinesis", "Kinesis_20131202";
    /// Data Firehose.
    FIREHOSE = "firehose", "Firehose_20150804";
    /// DynamoDB.
    DYNAMODB = "dynamodb", "DynamoDB_20120810";
    /// Step Functions.
    STATES = "states", "AWSStepFunctions";
    /// Systems Manager.
    SSM = "ssm", "AmazonSSM";
    /// Secrets Manager.
    SECRETS = "secretsmanager", "secretsmanager";
    /// Key Management Service.
    KMS = "kms", "TrentService";
    /// Simple Queue Service.
    SQS = "sqs", "AmazonSQS";
    /// EventBridge.
    EVENTS = "events", "AWSEvents";
}

/// Simple Notification Service.
pub const SNS: QueryService = QueryService {
    scope: "sns",
    version: "2010-03-31",
};
/// Identity and Access Management.
pub const IAM: QueryService = QueryService {
    scope: "iam",
    version: "2010-05-08",
};
/// Elastic Compute Cloud.
pub const EC2: QueryService = QueryService {
    scope: "ec2",
    version: "2016-11-15",
};
/// CloudWatch metrics and alarms.
pub const CLOUDWATCH: QueryService = QueryService {
    scope: "monitoring",
    version: "2010-08-01",
};

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// Nobody answered, or not in time.
    #[error("{call}: the local cloud did not answer")]
    Unreachable {
        /// Service and operation.
        call: String,
        /// The cause.
        source: reqwest::Error,
    },
    /// The service refused.
    #[error("{call}: {code}: {message}")]
    Refused {
        /// Service and operation.
        call: String,
        /// HTTP status.
        status: u16,
        /// The service's code.
        code: String,
        /// The service's words.
        message: String,
    },
    /// The answer cannot be read.
    #[error("{call}: the answer cannot be read: {detail}")]
    Malformed {
        /// Service and operation.
        call: String,
        /// What is wrong with it.
        detail: String,
    },
}

impl AwsError {
    /// Whether the service refused with one of these codes (a code ends a longer one, as in
    /// `com.amazonaws…#ResourceNotFoundException`).
    pub fn is(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Refused { code, .. } if codes.iter().any(|wanted| code == wanted))
    }

    /// Whether there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status, code, .. }
            if *status == 404 || code.contains("NotFound") || code.contains("NoSuch") || code.contains("NonExistent"))
    }
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

/// The client of one local cloud. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Aws {
    http: reqwest::Client,
    endpoint: String,
}

impl Aws {
    /// A client of the emulator at `endpoint` (`http://127.0.0.1:port`).
    pub fn new(endpoint: impl Into<String>) -> anyhow::Result<Self> {
        let http = http_client(Duration::from_secs(120))?;
        Ok(Self {
            http,
            endpoint: endpoint.into(),
        })
    }

    /// Where it speaks to.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Calls an operation of a JSON service.
    pub async fn json(
        &self,
        service: JsonService,
        operation: &str,
        body: Value,
    ) -> Result<Value, AwsError> {
        let call = || format!("{}:{operation}", service.scope);
        let answer = self
            .send(
                service.scope,
                &call,
                self.http
                    .post(format!("{}/", self.endpoint))
                    .header("x-amz-target", format!("{}.{operation}", service.target))
                    .header(CONTENT_TYPE, "application/x-amz-json-1.1")
                    .body(body.to_string()),
            )
            .await?;
        parse_json(&call, &answer.body)
    }

    /// Calls a REST-JSON service; the answer is `null` when it has no body.
    pub async fn rest(
        &self,
        scope: &'static str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, AwsError> {
        let call = || format!("{scope}:{method} {path}");
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.endpoint));
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let answer = self.send(scope, &call, request).await?;
        parse_json(&call, &answer.body)
    }

    /// Calls an operation of a Query service; the answer is its XML.
    pub async fn query(
        &self,
        service: QueryService,
        action: &str,
        parameters: &query::Parameters,
    ) -> Result<query::Xml, AwsError> {
        let call = || format!("{}:{action}", service.scope);
        let answer = self
            .send(
                service.scope,
                &call,
                self.http
                    .post(format!("{}/", self.endpoint))
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(parameters.encode(action, service.version)),
            )
            .await?;
        query::Xml::parse(&answer.body).map_err(|detail| AwsError::Malformed {
            call: call(),
            detail,
        })
    }

    /// Sends a request to a service and answers what came, an error status as an error.
    async fn send(
        &self,
        scope: &str,
        call: &(dyn Fn() -> String + Sync),
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, AwsError> {
        let unreachable = |source| AwsError::Unreachable {
            call: call(),
            source,
        };
        let response = request
            .header(AUTHORIZATION, authorization(scope))
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = response.bytes().await.map_err(unreachable)?.to_vec();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(Answer {
                status,
                headers,
                body,
            });
        }
        let (code, message) = refusal(&headers, &body);
        Err(AwsError::Refused {
            call: call(),
            status: status.as_u16(),
            code,
            message,
        })
    }
}

/// A client for plain HTTP on the loopback interface, which no proxy of the environment redirects.
pub fn http_client(timeout: Duration) -> anyhow::Result<reqwest::Client> {
    // The features of this build bring no default; a second installation changes nothing.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .no_proxy()
        .timeout(timeout)
        .pool_max_idle_per_host(32)
        .build()?)
}

fn authorization(scope: &str) -> HeaderValue {
    let text = format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{scope}/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=unsigned"
    );
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("unsigned"))
}

fn parse_json(call: &(dyn Fn() -> String + Sync), body: &[u8]) -> Result<Value, AwsError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| AwsError::Malformed {
        call: call(),
        detail: error.to_string(),
    })
}

/// Code and message of an error in any of the protocols.
fn refusal(headers: &HeaderMap, body: &[u8]) -> (String, String) {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        let text = |keys: &[&str]| {
            keys.iter()
                .find_map(|key| value.get(key)?.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let code = text(&["__type", "code", "Code", "Type"]);
        let code = if code.is_empty() {
            headers
                .get("x-amzn-errortype")
                .and_then(|value| value.to_str().ok())
                .unwrap_or("error")
                .to_owned()
        } else {
            code
        };
        let code = code.rsplit('#').next().unwrap_or_default();
        let code = code.split(':').next().unwrap_or_default();
        return (
            code.to_owned(),
            text(&["message", "Message", "errorMessage"]),
        );
    }
    if let Ok(xml) = query::Xml::parse(body) {
        let (code, message) = (xml.text("Code"), xml.text("Message"));
        if code.is_some() || message.is_some() {
            return (
                code.unwrap_or_else(|| "error".to_owned()),
                message.unwrap_or_default(),
            );
        }
    }
    let text = String::from_utf8_lossy(body);
    ("error".to_owned(), text.chars().take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_in_each_protocol() {
        let headers = HeaderMap::new();
        for (body, code, message) in [
            (
                r#"{"__type":"com.amazonaws.x#ResourceInUseException","message":"there"}"#,
                "ResourceInUseException",
                "there",
            ),
            (
                r#"{"Type":"User","Message":"gone","__type":"ResourceNotFoundException"}"#,
                "ResourceNotFoundException",
                "gone",
            ),
            (
                "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no role</Message></Error></ErrorResponse>",
                "NoSuchEntity",
                "no role",
            ),
            ("plain", "error", "plain"),
        ] {
            assert_eq!(
                refusal(&headers, body.as_bytes()),
                (code.to_owned(), message.to_owned())
            );
        }
    }
}
