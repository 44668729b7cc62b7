//! Models, endpoints and their invocation: the real `serve`, in an unpacked root.

use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::answer::{Answer, Refusal, json_1_1, respond};
use super::{Shared, api, check, files, images, jobs};
use crate::image::{BINARIES, layer};

/// How long a container may take until it answers its first ping.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long between two pings of a container that starts.
const PING_AGAIN: Duration = Duration::from_millis(50);

/// Bytes of a real-time request.
const REQUEST_BYTES_MAX: usize = 6 << 20;

/// An endpoint. Dropping it ends its container.
pub(crate) struct Hosted {
    configuration: String,
    created: f64,
    status: &'static str,
    failure: Option<String>,
    port: Option<u16>,
    _child: Option<Child>,
}

pub(super) async fn create_model(shared: &Shared, request: Value) -> Answer {
    let name = api::text(&request, "ModelName")?.to_owned();
    check::name("modelName", &name)?;
    let container = request
        .get("PrimaryContainer")
        .ok_or_else(|| Refusal::validation("PrimaryContainer must not be null"))?;
    let image = api::text(container, "Image")?;
    let data = api::text(container, "ModelDataUrl")?;
    check::role(shared, api::text(&request, "ExecutionRoleArn")?).await?;
    images::find(shared, image)?;
    let (bucket, key) = check::location("ModelDataUrl", data)?;
    if !key.ends_with(".tar.gz") {
        return Err(Refusal::validation(format!(
            "ModelDataUrl {data} must be a single gzip compressed tar archive (.tar.gz suffix)"
        )));
    }
    let found = files::object(shared, bucket, key).await;
    if !matches!(found, Ok(Some(_))) {
        return Err(Refusal::validation(format!(
            "Could not find model data at {data}."
        )));
    }
    let arn = shared.arn(&format!("model/{name}"));
    let mut state = shared.state();
    if state.models.contains_key(&name) {
        return Err(Refusal::validation(format!(
            "Cannot create already existing model \"{arn}\"."
        )));
    }
    state.models.insert(name, request);
    Ok(json!({ "ModelArn": arn }))
}

pub(super) fn create_configuration(shared: &Shared, request: Value) -> Answer {
    let name = api::text(&request, "EndpointConfigName")?.to_owned();
    check::name("endpointConfigName", &name)?;
    let variants = request.get("ProductionVariants").and_then(Value::as_array);
    let [variant] = variants.map(Vec::as_slice).unwrap_or_default() else {
        return Err(Refusal::validation("one production variant is served here"));
    };
    let model = api::text(variant, "ModelName")?;
    check::name("variantName", api::text(variant, "VariantName")?)?;
    let mut state = shared.state();
    let Some(known) = state.models.get(model) else {
        return Err(Refusal::not_found(&format!(
            "model \"{}\"",
            shared.arn(&format!("model/{model}"))
        )));
    };
    let serverless = variant.get("ServerlessConfig").is_some();
    if serverless && known.get("VpcConfig").is_some() {
        return Err(Refusal::validation(
            "VpcConfig is not supported for serverless endpoints",
        ));
    }
    let instances = variant.get("InstanceType").is_some();
    if serverless == instances {
        return Err(Refusal::validation(
            "a variant has either InstanceType or ServerlessConfig",
        ));
    }
    let arn = shared.arn(&format!("endpoint-config/{name}"));
    if state.configurations.contains_key(&name) {
        return Err(Refusal::validation(format!(
            "Cannot create already existing endpoint configuration \"{arn}\"."
        )));
    }
    state.configurations.insert(name, request);
    Ok(json!({ "EndpointConfigArn": arn }))
}

pub(super) fn create_endpoint(shared: &Arc<Shared>, request: &Value) -> Answer {
    let name = api::text(request, "EndpointName")?.to_owned();
    check::name("endpointName", &name)?;
    let configuration = api::text(request, "EndpointConfigName")?.to_owned();
    let arn = shared.arn(&format!("endpoint/{name}"));
    {
        let mut state = shared.state();
        if state.endpoints.contains_key(&name) {
            return Err(Refusal::validation(format!(
                "Cannot create already existing endpoint \"{arn}\"."
            )));
        }
        if !state.configurations.contains_key(&configuration) {
            return Err(Refusal::not_found(&format!(
                "endpoint configuration \"{configuration}\""
            )));
        }
        let hosted = Hosted {
            configuration,
            created: jobs::now(),
            status: "Creating",
            failure: None,
            port: None,
            _child: None,
        };
        state.endpoints.insert(name.clone(), hosted);
    }
    tokio::spawn(host(Arc::clone(shared), name));
    Ok(json!({ "EndpointArn": arn }))
}

pub(super) fn describe_endpoint(shared: &Shared, request: &Value) -> Answer {
    let name = api::text(request, "EndpointName")?;
    let arn = shared.arn(&format!("endpoint/{name}"));
    let state = shared.state();
    let Some(hosted) = state.endpoints.get(name) else {
        return Err(Refusal::not_found(&format!("endpoint \"{arn}\"")));
    };
    let mut answer = json!({
        "EndpointName": name,
        "EndpointArn": arn,
        "EndpointConfigName": hosted.configuration,
        "EndpointStatus": hosted.status,
        "CreationTime": hosted.created,
        "LastModifiedTime": hosted.created,
    });
    if let Some(reason) = &hosted.failure {
        answer["FailureReason"] = reason.as_str().into();
    }
    Ok(answer)
}

pub(super) fn delete_endpoint(shared: &Shared, request: &Value) -> Answer {
    let name = api::text(request, "EndpointName")?;
    match shared.state().endpoints.remove(name) {
        Some(_ended) => Ok(json!({})),
        None => Err(Refusal::not_found(&format!(
            "endpoint \"{}\"",
            shared.arn(&format!("endpoint/{name}"))
        ))),
    }
}

async fn host(shared: Arc<Shared>, name: String) {
    let started = start(&shared, &name).await;
    if let Some(hosted) = shared.state().endpoints.get_mut(&name) {
        match started {
            Ok((child, port)) => {
                hosted._child = Some(child);
                hosted.port = Some(port);
                hosted.status = "InService";
            }
            Err(reason) => {
                hosted.failure = Some(reason);
                hosted.status = "Failed";
            }
        }
    }
}

async fn start(shared: &Shared, name: &str) -> Result<(Child, u16), String> {
    let model = {
        let state = shared.state();
        let configuration = state
            .endpoints
            .get(name)
            .map(|hosted| &hosted.configuration);
        let configuration = configuration.and_then(|name| state.configurations.get(name));
        let model = configuration
            .and_then(|configuration| configuration.pointer("/ProductionVariants/0/ModelName"))
            .and_then(Value::as_str);
        model.and_then(|name| state.models.get(name)).cloned()
    };
    let container = model
        .as_ref()
        .and_then(|model| model.get("PrimaryContainer"))
        .ok_or("the model is gone")?;
    let text = |member| api::text(container, member).map_err(|refusal| refusal.message);
    let manifest = images::find(shared, text("Image")?).map_err(|refusal| refusal.message)?;
    let (bucket, key) = check::location("ModelDataUrl", text("ModelDataUrl")?)
        .map_err(|refusal| refusal.message)?;
    let data = files::object(shared, bucket, key)
        .await?
        .ok_or("the model data is gone")?;
    let root = shared.directory.join("endpoints").join(name);
    // A former endpoint of this name.
    let _none = std::fs::remove_dir_all(&root);
    images::unpack(shared, &manifest, &root).map_err(|error| error.to_string())?;
    let directory = root.join("opt/ml/model");
    std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    layer::unpack(&data, &directory).map_err(|error| format!("model.tar.gz: {error}"))?;
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    let port = free.map_err(|error| error.to_string())?.port();
    let mut command = Command::new(jobs::binary(&root, "serve"));
    if let Some(variables) = container.get("Environment").and_then(Value::as_object) {
        command.env_clear();
        for (name, value) in variables {
            command.env(name, value.as_str().unwrap_or_default());
        }
    } else {
        command.env_clear();
    }
    let mut child = command
        .env("PATH", format!("/{BINARIES}"))
        .env("SAGEMAKER_ROOT", &root)
        .env("SAGEMAKER_BIND_TO_PORT", port.to_string())
        .current_dir(&root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| error.to_string())?;
    let ping = format!("http://127.0.0.1:{port}/ping");
    let answered = tokio::time::timeout(START_TIMEOUT, async {
        loop {
            if let Ok(Some(_)) = child.try_wait() {
                return false;
            }
            let answer = shared.http.get(&ping).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            tokio::time::sleep(PING_AGAIN).await;
        }
    });
    if answered.await == Ok(true) {
        return Ok((child, port));
    }
    let reason = std::fs::read_to_string(root.join("opt/ml/output/failure")).unwrap_or_default();
    Err(format!(
        "The primary container for production variant main did not pass the ping health check. {reason}"
    ))
}

/// `InvokeEndpoint` of the runtime.
pub(super) async fn invoke(
    shared: &Shared,
    name: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Response {
    let refuse = |code: &'static str, message: String| respond(Err(Refusal { code, message }));
    let port = match shared.state().endpoints.get(name) {
        None => {
            return refuse(
                "ValidationError",
                format!("Endpoint {name} of account {} not found.", super::ACCOUNT),
            );
        }
        Some(hosted) => hosted.port,
    };
    let Some(port) = port else {
        return refuse(
            "ValidationError",
            format!("Endpoint {name} is not in service."),
        );
    };
    if body.len() > REQUEST_BYTES_MAX {
        return refuse(
            "ValidationError",
            format!("the body has more than {REQUEST_BYTES_MAX} bytes"),
        );
    }
    let content_type = headers.get(CONTENT_TYPE).cloned();
    let mut request = shared
        .http
        .post(format!("http://127.0.0.1:{port}/invocations"))
        .body(body);
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return model_error(0, &error.without_url().to_string()),
    };
    let status = answer.status().as_u16();
    let content_type = answer.headers().get(CONTENT_TYPE).cloned();
    let Ok(body) = answer.bytes().await else {
        return model_error(status, "the answer broke off");
    };
    if status != 200 {
        return model_error(status, &String::from_utf8_lossy(&body));
    }
    shared.invocations.fetch_add(1, Ordering::Relaxed);
    let mut response = body.into_response();
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}

fn model_error(status: u16, message: &str) -> Response {
    let message: String = message.chars().take(1000).collect();
    let body = json!({
        "__type": "ModelError",
        "message": format!("Received server error ({status}) from primary with message \"{message}\"."),
        "OriginalStatusCode": status,
        "OriginalMessage": message,
    });
    json_1_1(StatusCode::FAILED_DEPENDENCY, &body)
}
