//! Which request is which call.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::answer::{Answer, Refusal, respond};
use super::{Shared, hosting, images, jobs, packages};

/// The prefix of `X-Amz-Target`.
const TARGET: &str = "SageMaker.";

pub(super) async fn handle(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(path) = uri.path().strip_prefix("/v2/") {
        return images::handle(&shared, &method, path, uri.query(), &headers, body).await;
    }
    let signed = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("/sagemaker/aws4_request"));
    if !signed {
        return respond(Err(Refusal {
            code: "MissingAuthenticationTokenException",
            message: "the request is not signed for sagemaker".to_owned(),
        }));
    }
    let invoked = uri
        .path()
        .strip_prefix("/endpoints/")
        .and_then(|rest| rest.strip_suffix("/invocations"));
    if let Some(name) = invoked {
        return hosting::invoke(&shared, name, &headers, body).await;
    }
    let operation = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .and_then(|target| target.strip_prefix(TARGET));
    let Some(operation) = operation.filter(|_| method == Method::POST) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let request: Value = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => {
            return respond(Err(Refusal {
                code: "SerializationException",
                message: error.to_string(),
            }));
        }
    };
    respond(call(&shared, operation, request).await)
}

async fn call(shared: &Arc<Shared>, operation: &str, request: Value) -> Answer {
    match operation {
        "CreateTrainingJob" => jobs::create(shared, request).await,
        "DescribeTrainingJob" => jobs::describe(shared, &request),
        "StopTrainingJob" => jobs::stop(shared, &request),
        "CreateModel" => hosting::create_model(shared, request).await,
        "CreateEndpointConfig" => hosting::create_configuration(shared, request),
        "CreateEndpoint" => hosting::create_endpoint(shared, &request),
        "DescribeEndpoint" => hosting::describe_endpoint(shared, &request),
        "DeleteEndpoint" => hosting::delete_endpoint(shared, &request),
        "CreateModelPackageGroup" => packages::create_group(shared, &request),
        "CreateModelPackage" => packages::create(shared, request).await,
        "DescribeModelPackage" => packages::describe(shared, &request),
        "ListModelPackages" => packages::list(shared, &request),
        "UpdateModelPackage" => packages::update(shared, &request),
        _ => Err(Refusal {
            code: "UnknownOperationException",
            message: format!("{operation} is not answered here"),
        }),
    }
}

/// A member of a request that is text.
pub(super) fn text<'a>(request: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    request
        .get(member)
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::validation(format!("1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null")))
}
