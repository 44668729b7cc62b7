//! The Kubernetes API of an EKS cluster, as far as plans call it. Who calls is proved by a token that
//! is made from the function's role for each call; the server is proved by the cluster's own authority.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use aiops_domain::{ApiCall, Operation};
use base64::Engine as _;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::signed::endpoint::path_segment;
use super::signed::{Service, SignedClient, causes, http_client_builder, json_answer, read_capped};
use crate::ports::{PortError, PortResult};

/// Objects of one answer. A list that is longer is refused rather than half read.
const LIST_MAX: u32 = 500;

/// The APIs of the clusters that plans speak of.
#[derive(Debug, Clone)]
pub struct Kubernetes {
    aws: SignedClient,
    clusters: Arc<Mutex<HashMap<String, Api>>>,
}

/// One cluster's API: a client that trusts the cluster's own authority alone. It holds no token.
#[derive(Debug, Clone)]
struct Api {
    http: reqwest::Client,
    url: String,
}

/// A call as HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpCall {
    /// Method.
    pub method: reqwest::Method,
    /// Path and query.
    pub path: String,
    /// Media type of the body.
    pub content_type: &'static str,
    /// Body.
    pub body: Option<Value>,
}

impl Kubernetes {
    /// The clusters that this client's role may describe.
    pub fn new(aws: SignedClient) -> Self {
        Self {
            aws,
            clusters: Arc::default(),
        }
    }

    /// Makes a plan's call.
    ///
    /// # Errors
    /// [`PortError::Transient`] when it is worth trying again: a time-out, a conflict, or a
    /// PodDisruptionBudget that does not let the pod go now; else [`PortError::Permanent`], as when the
    /// cluster's authority does not vouch for the server, which then hears neither call nor token.
    pub async fn call(&self, call: &ApiCall) -> PortResult<Value> {
        let what = call.operation.to_string();
        let cluster = text(call, "cluster")?;
        let request = http_call(call)?;
        let api = self.api(&cluster).await?;
        // Made for this call: the client is kept for longer than a token and a role's credentials last.
        let token = self.aws.eks_token(&cluster).await?;
        match api.send(&request, &token).await {
            Ok(response) => read_answer(&what, response).await,
            Err(error) => {
                // A cluster that was replaced has another address and authority: look again next time.
                self.clusters.lock().await.remove(&cluster);
                Err(api.unanswered(what, &cluster, error))
            }
        }
    }

    async fn api(&self, cluster: &str) -> PortResult<Api> {
        let mut clusters = self.clusters.lock().await;
        if let Some(api) = clusters.get(cluster) {
            return Ok(api.clone());
        }
        let path = format!("/clusters/{}", path_segment(cluster));
        let answer = self
            .aws
            .rest(Service::Eks, reqwest::Method::GET, &path, None)
            .await?;
        let api = Api::described(&answer).map_err(|why| {
            let detail = format!("{why}; look at `aws eks describe-cluster --name {cluster}`");
            refused(&format!("cluster {cluster}"), detail)
        })?;
        clusters.insert(cluster.to_owned(), api.clone());
        Ok(api)
    }
}

impl Api {
    /// The API of the cluster that EKS describes so, or what is wrong with the description.
    fn described(answer: &Value) -> Result<Self, String> {
        let field = |name: &str| {
            answer
                .pointer(&format!("/cluster/{name}"))
                .and_then(Value::as_str)
                .ok_or_else(|| format!("its description has no {}", name.replace('/', ".")))
        };
        let url = field("endpoint")?.trim_end_matches('/').to_owned();
        if !url.starts_with("https://") {
            return Err(format!("its endpoint {url} is not https"));
        }
        let pem = base64::engine::general_purpose::STANDARD
            .decode(field("certificateAuthority/data")?)
            .map_err(|error| format!("its certificateAuthority.data is not base64 ({error})"))?;
        let no_certificate =
            |why: &str| format!("its certificateAuthority.data holds no certificate ({why})");
        let authorities = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|error| no_certificate(&causes(error)))?;
        if authorities.is_empty() {
            return Err(no_certificate("it is not PEM"));
        }
        let http = http_client_builder()
            .tls_certs_only(authorities)
            .build()
            .map_err(|error| no_certificate(&causes(error)))?;
        Ok(Self { http, url })
    }

    async fn send(&self, call: &HttpCall, token: &str) -> reqwest::Result<reqwest::Response> {
        let mut request = self
            .http
            .request(call.method.clone(), format!("{}{}", self.url, call.path))
            .header("accept", "application/json")
            .bearer_auth(token);
        if let Some(body) = &call.body {
            request = request
                .header("content-type", call.content_type)
                .body(body.to_string());
        }
        request.send().await
    }

    fn unanswered(&self, what: String, cluster: &str, error: reqwest::Error) -> PortError {
        use rustls::CertificateError::{BadSignature, UnknownIssuer};
        let Some(distrust) = distrust(&error) else {
            return PortError::Transient {
                what,
                detail: causes(error),
            };
        };
        let why = match distrust {
            UnknownIssuer | BadSignature => {
                "another authority than the cluster's has signed it".to_owned()
            }
            // It may quote the certificate, which is whoever's.
            other => other.to_string().chars().take(300).collect(),
        };
        let detail = format!(
            "nothing was sent, for the certificate of {} does not hold: {why}; look who answers there, \
             and at endpoint and authority in `aws eks describe-cluster --name {cluster}`",
            self.url
        );
        PortError::Permanent { what, detail }
    }
}

/// Why the server's certificate was refused, if that is what went wrong.
fn distrust(error: &reqwest::Error) -> Option<&rustls::CertificateError> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(rustls::Error::InvalidCertificate(reason)) = error.downcast_ref() {
            return Some(reason);
        }
        // What an I/O error wraps is not its source.
        cause = match error.downcast_ref().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// What the API says, and whether it is worth asking again.
async fn read_answer(what: &str, response: reqwest::Response) -> PortResult<Value> {
    let status = response.status();
    let body = read_capped(response, what).await?;
    if status.is_success() {
        let answer = json_answer(&body, what.to_owned())?;
        let rest = answer
            .pointer("/metadata/continue")
            .and_then(Value::as_str)
            .is_some_and(|token| !token.is_empty());
        return if rest {
            Err(refused(
                what,
                format!("the answer has more than {LIST_MAX} objects"),
            ))
        } else {
            Ok(answer)
        };
    }
    let said = serde_json::from_slice::<Value>(&body).unwrap_or(Value::Null);
    let part = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
    let detail: String = format!("{status} {}: {}", part("reason"), part("message"))
        .chars()
        .take(500)
        .collect();
    // 429 is a budget that does not let a pod go now; 409 is somebody else's write at the same time.
    let again = status.is_server_error()
        || status == reqwest::StatusCode::TOO_MANY_REQUESTS
        || status == reqwest::StatusCode::CONFLICT;
    let what = what.to_owned();
    Err(if again {
        PortError::Transient { what, detail }
    } else {
        PortError::Permanent { what, detail }
    })
}

/// The HTTP of a plan's call.
///
/// # Errors
/// When a parameter is missing or the operation is not the cluster's.
pub fn http_call(call: &ApiCall) -> PortResult<HttpCall> {
    use reqwest::Method;
    let part = |name: &str| text(call, name).map(|text| path_segment(&text));
    let patch = || {
        call.parameters
            .get("patch")
            .cloned()
            .ok_or_else(|| refused(&call.operation.to_string(), "the plan's call lacks patch"))
    };
    let get = |path: String| HttpCall {
        method: Method::GET,
        path,
        content_type: "application/json",
        body: None,
    };
    let of_deployment = || -> PortResult<String> {
        Ok(format!(
            "/apis/apps/v1/namespaces/{}/deployments/{}",
            part("namespace")?,
            part("name")?
        ))
    };
    Ok(match call.operation {
        Operation::GetNode => get(format!("/api/v1/nodes/{}", part("name")?)),
        Operation::ListNodes => get(format!("/api/v1/nodes?limit={LIST_MAX}")),
        Operation::PatchNode => HttpCall {
            method: Method::PATCH,
            path: format!("/api/v1/nodes/{}", part("name")?),
            content_type: "application/merge-patch+json",
            body: Some(patch()?),
        },
        Operation::ListPods => get(format!(
            "/api/v1/pods?limit={LIST_MAX}&fieldSelector={}",
            part("fieldSelector")?
        )),
        Operation::EvictPod => {
            let (namespace, name) = (text(call, "namespace")?, text(call, "name")?);
            HttpCall {
                method: Method::POST,
                path: format!(
                    "/api/v1/namespaces/{}/pods/{}/eviction",
                    part("namespace")?,
                    part("name")?
                ),
                content_type: "application/json",
                body: Some(json!({
                    "apiVersion": "policy/v1",
                    "kind": "Eviction",
                    "metadata": {"namespace": namespace, "name": name},
                    // A pod of the same name that came later is not the one of the plan.
                    "deleteOptions": {"preconditions": {"uid": text(call, "uid")?}},
                })),
            }
        }
        Operation::GetDeployment => get(of_deployment()?),
        Operation::ListReplicaSets => get(format!(
            "/apis/apps/v1/namespaces/{}/replicasets?limit={LIST_MAX}",
            part("namespace")?
        )),
        Operation::PatchDeployment => HttpCall {
            method: Method::PATCH,
            path: of_deployment()?,
            content_type: match text(call, "kind")?.as_str() {
                "json" => "application/json-patch+json",
                _ => "application/strategic-merge-patch+json",
            },
            body: Some(patch()?),
        },
        other => return Err(refused(&other.to_string(), "no call of a cluster")),
    })
}

fn text(call: &ApiCall, name: &str) -> PortResult<String> {
    call.parameters
        .get(name)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| {
            refused(
                &call.operation.to_string(),
                format!("the plan's call lacks {name}"),
            )
        })
}

fn refused(what: &str, detail: impl std::fmt::Display) -> PortError {
    PortError::Permanent {
        what: what.to_owned(),
        detail: detail.to_string(),
    }
}
