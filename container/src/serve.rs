//! The endpoint: `GET /ping`, `POST /invocations`, `GET /execution-parameters`.
//!
//! Real-time requests are JSON; NDJSON (a window or a record a line) serves batch transform, whose
//! answer has one finding a line. Scoring happens on threads of its own, a bounded number at once;
//! a bounded number waits; what comes beyond is told to come again.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use aiops_domain::training::MODEL_FILE;
use aiops_model::Model;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::exit::ContainerError;
use crate::root::Root;

pub mod score;
pub mod settings;

use score::{Failure, Form};
use settings::Settings;

#[derive(Debug, Clone)]
struct Service {
    model: Arc<Model>,
    settings: Settings,
    /// Who scores.
    at_work: Arc<Semaphore>,
    /// Who scores or waits for it.
    admitted: Arc<Semaphore>,
}

/// Loads the model and answers until the process is asked to stop; what was begun is finished.
///
/// # Errors
/// When there is no usable model, or the port is taken.
pub async fn run(root: &Root, settings: &Settings) -> Result<(), ContainerError> {
    let model = load(root)?;
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, settings.port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ContainerError::Listen {
            port: settings.port,
            source,
        })?;
    axum::serve(listener, router(model, settings.clone()))
        .with_graceful_shutdown(crate::stopped())
        .await
        .map_err(|source| ContainerError::Listen {
            port: settings.port,
            source,
        })
}

fn load(root: &Root) -> Result<Model, ContainerError> {
    let path = root.model().join(MODEL_FILE);
    let bytes = std::fs::read(&path).map_err(ContainerError::file(&path))?;
    Model::from_bytes(&bytes).map_err(|error| ContainerError::input(&path, error))
}

/// The service over a model.
pub fn router(model: Model, settings: Settings) -> Router {
    let service = Service {
        model: Arc::new(model),
        at_work: Arc::new(Semaphore::new(settings.concurrency)),
        admitted: Arc::new(Semaphore::new(settings.concurrency + settings.waiting)),
        settings,
    };
    Router::new()
        // The listener is there only once the model is.
        .route("/ping", get(|| async { StatusCode::OK }))
        .route("/execution-parameters", get(execution_parameters))
        .route("/invocations", post(invocations))
        .with_state(service)
}

/// What batch transform asks before it sends anything.
async fn execution_parameters(State(service): State<Service>) -> Response {
    axum_json(&serde_json::json!({
        "MaxConcurrentTransforms": service.settings.concurrency,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": (service.settings.body_bytes_max >> 20).max(1),
    }))
}

async fn invocations(State(service): State<Service>, headers: HeaderMap, body: Body) -> Response {
    let Ok(_admitted) = service.admitted.clone().try_acquire_owned() else {
        let busy = "as many requests as can wait are waiting";
        let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, busy);
        response
            .headers_mut()
            .insert(RETRY_AFTER, axum::http::HeaderValue::from_static("1"));
        return response;
    };
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/json");
    let Some(form) = Form::of(content_type) else {
        return refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send application/json, application/jsonlines or application/x-ndjson",
        );
    };
    let Ok(body) = to_bytes(body, service.settings.body_bytes_max).await else {
        return refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!(
                "the body is incomplete, or larger than {} bytes",
                service.settings.body_bytes_max
            ),
        );
    };
    let Ok(_working) = service.at_work.clone().acquire_owned().await else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "the service is stopping");
    };
    let model = service.model.clone();
    let answer = tokio::task::spawn_blocking(move || score::score(&model, form, &body)).await;
    match answer {
        Ok(Ok(answer)) => ([(CONTENT_TYPE, form.content_type())], answer).into_response(),
        Ok(Err(Failure(problem))) => refusal(StatusCode::BAD_REQUEST, &problem),
        Err(_panicked) => refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "scoring ended without a result",
        ),
    }
}

fn refusal(status: StatusCode, problem: &str) -> Response {
    let mut response = axum_json(&serde_json::json!({ "error": problem }));
    *response.status_mut() = status;
    response
}

fn axum_json(value: &serde_json::Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
