//! API Gateway's HTTP API, payload format 2.0, as far as it is read.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A body is at most this long; Slack's interactions are far shorter.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// A request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Path without the stage.
    #[serde(default)]
    pub raw_path: String,
    /// Headers, names in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Parameters.
    #[serde(default)]
    pub query_string_parameters: BTreeMap<String, String>,
    /// Body.
    #[serde(default)]
    pub body: Option<String>,
    /// Whether the body is base64.
    #[serde(default)]
    pub is_base64_encoded: bool,
    /// Context.
    pub request_context: RequestContext,
}

/// What API Gateway knows of a request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// HTTP.
    pub http: Http,
    /// The stage, which paths may begin with.
    #[serde(default)]
    pub stage: String,
    /// What the route's authorizer found.
    #[serde(default)]
    pub authorizer: Option<Value>,
}

/// HTTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    /// Method.
    pub method: String,
    /// The client's address.
    #[serde(default)]
    pub source_ip: String,
}

impl Request {
    /// `METHOD /path`, without the stage.
    pub fn route(&self) -> String {
        let stage = format!("/{}", self.request_context.stage);
        let path = match self.raw_path.strip_prefix(&stage) {
            Some(rest) if stage.len() > 1 && rest.starts_with('/') => rest,
            _ => self.raw_path.as_str(),
        };
        format!(
            "{} {}",
            self.request_context.http.method,
            path.trim_end_matches('/')
        )
    }

    /// The client's address.
    pub fn source_ip(&self) -> &str {
        &self.request_context.http.source_ip
    }

    /// A parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query_string_parameters.get(name).map(String::as_str)
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The ARN that the IAM authorizer proved.
    pub fn iam_arn(&self) -> Option<&str> {
        let authorizer = self.request_context.authorizer.as_ref()?;
        let arn = authorizer.pointer("/iam/userArn")?.as_str()?;
        arn.starts_with("arn:").then_some(arn)
    }

    /// The body as it was sent; `None` if it is too long or no text.
    pub fn body(&self) -> Option<String> {
        let body = self.body.as_deref().unwrap_or_default();
        if body.len() > MAX_BODY_BYTES * 4 / 3 + 4 {
            return None;
        }
        let body = if self.is_base64_encoded {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(body)
                .ok()?;
            String::from_utf8(bytes).ok()?
        } else {
            body.to_owned()
        };
        (body.len() <= MAX_BODY_BYTES).then_some(body)
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Status of HTTP.
    pub status_code: u16,
    /// Headers.
    pub headers: BTreeMap<&'static str, &'static str>,
    /// Body.
    pub body: String,
}

impl Response {
    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// A text answer.
    pub fn text(status: u16, body: String) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    fn new(status_code: u16, content_type: &'static str, body: String) -> Self {
        Self {
            status_code,
            headers: BTreeMap::from([
                ("content-type", content_type),
                ("cache-control", "no-store"),
                (
                    "content-security-policy",
                    "default-src 'none'; frame-ancestors 'none'",
                ),
                ("referrer-policy", "no-referrer"),
                ("x-content-type-options", "nosniff"),
            ]),
            body,
        }
    }
}
