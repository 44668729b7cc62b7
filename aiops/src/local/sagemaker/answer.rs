//! Answers of the JSON 1.1 protocol.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refusal, by the service's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// The result of a call.
pub(super) type Answer = Result<Value, Refusal>;

impl Refusal {
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self {
            code: "ValidationException",
            message: message.into(),
        }
    }

    pub(super) fn not_found(what: &str) -> Self {
        // SageMaker has no code of its own for most of what is not there.
        Self::validation(format!("Could not find {what}."))
    }

    pub(super) fn in_use(message: impl Into<String>) -> Self {
        Self {
            code: "ResourceInUse",
            message: message.into(),
        }
    }
}

pub(super) fn respond(answer: Answer) -> Response {
    match answer {
        Ok(value) => json_1_1(StatusCode::OK, &value),
        Err(refusal) => {
            let body = json!({"__type": refusal.code, "message": refusal.message});
            json_1_1(StatusCode::BAD_REQUEST, &body)
        }
    }
}

pub(super) fn json_1_1(status: StatusCode, value: &Value) -> Response {
    let mut response = (status, value.to_string()).into_response();
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.1"),
    );
    response
}
