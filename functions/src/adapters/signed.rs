//! One small SigV4-signed client for the calls whose SDK crate costs minutes to compile
//! (`docs/decisions/0002-few-sdk-crates.md`): EC2, Auto Scaling, IAM and SNS (form-encoded Query),
//! SSM, Kinesis and SageMaker (JSON by `X-Amz-Target`), EKS (REST). `AWS_ENDPOINT_URL` overrides the endpoints.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use serde_json::Value;

use crate::ports::{PortError, PortResult};

pub mod endpoint;
mod form;
mod xml;

pub use endpoint::Service;

/// Answers larger than this are refused: none of the calls made here has a reason to be longer.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// Shorter than any function's own timeout, so that a hanging call is told apart from a hanging function.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The signed client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SignedClient {
    http: reqwest::Client,
    credentials: SharedCredentialsProvider,
    region: String,
    endpoint: Option<String>,
    own_endpoints: BTreeMap<Service, String>,
}

/// A request before it is signed.
#[derive(Debug, Clone)]
struct Request {
    service: Service,
    method: reqwest::Method,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    what: String,
}

impl SignedClient {
    /// The client of this SDK configuration (region, credentials) and of `AWS_ENDPOINT_URL`.
    ///
    /// # Errors
    /// When the configuration has no region or no credentials.
    pub fn new(config: &aws_config::SdkConfig) -> PortResult<Self> {
        let missing = |what: &str| PortError::Permanent {
            what: "the AWS configuration".to_owned(),
            detail: format!("it has no {what}; set it in the environment or the profile"),
        };
        let region = config.region().ok_or_else(|| missing("region"))?;
        let credentials = config
            .credentials_provider()
            .ok_or_else(|| missing("credentials"))?;
        Ok(Self {
            http: http_client()?,
            credentials,
            region: region.to_string(),
            endpoint: config
                .endpoint_url()
                .map(|url| url.trim_end_matches('/').to_owned()),
            own_endpoints: own_endpoints(),
        })
    }

    /// The same client with this service at `url`.
    #[must_use]
    pub fn with_endpoint(mut self, service: Service, url: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        self.own_endpoints.insert(service, url);
        self
    }

    /// The region that calls go to.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// A form-encoded Query call (EC2, Auto Scaling, IAM, SNS, STS); the XML answer as JSON: an element
    /// with children is an object, a list of `item` or `member` an array, a leaf its text, an empty one null.
    ///
    /// # Errors
    /// [`PortError::Transient`] when it is worth trying again (it may have happened), else
    /// [`PortError::Permanent`] with AWS's error code.
    pub async fn query(
        &self,
        service: Service,
        action: &str,
        parameters: &Value,
    ) -> PortResult<Value> {
        let what = format!("{}:{action}", service.as_str());
        let body = form::encode(service, action, parameters);
        let answer = self
            .send(Request {
                service,
                method: reqwest::Method::POST,
                url: format!("{}/", self.base(service)),
                headers: vec![(
                    "content-type",
                    "application/x-www-form-urlencoded".to_owned(),
                )],
                body: body.into_bytes(),
                what: what.clone(),
            })
            .await?;
        xml::to_json(&answer).map_err(|detail| PortError::Permanent { what, detail })
    }

    /// A JSON call with `X-Amz-Target` (SSM, Kinesis).
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn json(&self, service: Service, operation: &str, body: &Value) -> PortResult<Value> {
        let what = format!("{}:{operation}", service.as_str());
        let answer = self
            .send(Request {
                service,
                method: reqwest::Method::POST,
                url: format!("{}/", self.base(service)),
                headers: vec![
                    ("content-type", "application/x-amz-json-1.1".to_owned()),
                    (
                        "x-amz-target",
                        format!("{}.{operation}", service.target_prefix()),
                    ),
                ],
                body: body.to_string().into_bytes(),
                what: what.clone(),
            })
            .await?;
        json_answer(&answer, what)
    }

    /// A REST call with a JSON body (EKS, API Gateway, Lambda). `path` begins with `/`; its parts are
    /// percent-encoded by the caller ([`endpoint::path_segment`]).
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn rest(
        &self,
        service: Service,
        method: reqwest::Method,
        path: &str,
        body: Option<&Value>,
    ) -> PortResult<Value> {
        let url = format!("{}{path}", self.base(service));
        self.rest_at(service, method, &url, body).await
    }

    /// [`Self::rest`] at a whole URL: an API Gateway stage has an address of its own.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn rest_at(
        &self,
        service: Service,
        method: reqwest::Method,
        url: &str,
        body: Option<&Value>,
    ) -> PortResult<Value> {
        let what = format!("{} {method} {url}", service.as_str());
        let answer = self
            .send(Request {
                service,
                method,
                url: url.to_owned(),
                headers: vec![("content-type", "application/json".to_owned())],
                body: body
                    .map(|body| body.to_string().into_bytes())
                    .unwrap_or_default(),
                what: what.clone(),
            })
            .await?;
        json_answer(&answer, what)
    }

    /// The value of an SSM parameter, or `None` if there is none.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub async fn parameter(&self, name: &str) -> PortResult<Option<String>> {
        let body = serde_json::json!({ "Name": name, "WithDecryption": true });
        match self.json(Service::Ssm, "GetParameter", &body).await {
            Ok(answer) => Ok(answer
                .pointer("/Parameter/Value")
                .and_then(Value::as_str)
                .map(str::to_owned)),
            Err(PortError::Permanent { detail, .. }) if detail.starts_with("ParameterNotFound") => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A token for the Kubernetes API of an EKS cluster: a `GetCallerIdentity` that is signed for this
    /// cluster. STS takes it for 15 minutes, if the credentials last so long, whatever expiry is asked
    /// for; 60 s is what every authenticator accepts. No static credential exists (`aws eks get-token`
    /// makes the same).
    ///
    /// # Errors
    /// When there are no credentials.
    pub async fn eks_token(&self, cluster: &str) -> PortResult<String> {
        use base64::Engine as _;
        let url = format!(
            "{}/?Action=GetCallerIdentity&Version=2011-06-15",
            endpoint::url(Service::Sts, &self.region)
        );
        let identity = self.identity().await?;
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(60));
        settings.percent_encoding_mode = PercentEncodingMode::Double;
        let request = SignableRequest::new(
            "GET",
            Cow::Borrowed(url.as_str()),
            [("x-k8s-aws-id", cluster)].into_iter(),
            SignableBody::Bytes(&[]),
        )
        .map_err(|error| refused("an EKS token", error))?;
        let parameters = self.signing_parameters(&identity, Service::Sts, settings)?;
        let (instructions, _signature) = sign(request, &parameters)
            .map_err(|error| refused("an EKS token", error))?
            .into_parts();
        let mut signed =
            reqwest::Url::parse(&url).map_err(|error| refused("an EKS token", error))?;
        for (name, value) in instructions.params() {
            signed.query_pairs_mut().append_pair(name, value);
        }
        let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(signed.as_str());
        Ok(format!("k8s-aws-v1.{encoded}"))
    }

    fn base(&self, service: Service) -> String {
        self.own_endpoints
            .get(&service)
            .or(self.endpoint.as_ref())
            .cloned()
            .unwrap_or_else(|| endpoint::url(service, &self.region))
    }

    async fn identity(&self) -> PortResult<aws_smithy_runtime_api::client::identity::Identity> {
        let credentials = self
            .credentials
            .provide_credentials()
            .await
            .map_err(|error| PortError::Transient {
                what: "the credentials".to_owned(),
                detail: error.to_string(),
            })?;
        Ok(credentials.into())
    }

    fn signing_parameters<'a>(
        &'a self,
        identity: &'a aws_smithy_runtime_api::client::identity::Identity,
        service: Service,
        settings: SigningSettings,
    ) -> PortResult<aws_sigv4::http_request::SigningParams<'a>> {
        Ok(v4::SigningParams::builder()
            .identity(identity)
            .region(endpoint::signing_region(service, &self.region))
            .name(service.as_str())
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(|error| refused("a signature", error))?
            .into())
    }

    async fn send(&self, request: Request) -> PortResult<Vec<u8>> {
        let identity = self.identity().await?;
        let parameters =
            self.signing_parameters(&identity, request.service, SigningSettings::default())?;
        let signable = SignableRequest::new(
            request.method.as_str(),
            Cow::Borrowed(request.url.as_str()),
            request
                .headers
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
            SignableBody::Bytes(&request.body),
        )
        .map_err(|error| refused(&request.what, error))?;
        let (instructions, _signature) = sign(signable, &parameters)
            .map_err(|error| refused(&request.what, error))?
            .into_parts();
        let mut builder = self.http.request(request.method, &request.url);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        for (name, value) in instructions.headers() {
            builder = builder.header(name, value);
        }
        let response = builder
            .body(request.body)
            .send()
            .await
            .map_err(|error| transient(&request.what, error))?;
        let status = response.status();
        let body = read_capped(response, &request.what).await?;
        if status.is_success() {
            return Ok(body);
        }
        let detail = error_text(&body, status);
        let code = detail.split(':').next().unwrap_or_default();
        let again = status.is_server_error()
            || status == reqwest::StatusCode::TOO_MANY_REQUESTS
            || endpoint::is_throttling(code);
        Err(if again {
            PortError::Transient {
                what: request.what,
                detail,
            }
        } else {
            PortError::Permanent {
                what: request.what,
                detail,
            }
        })
    }
}

/// The services that the environment moves one by one.
fn own_endpoints() -> BTreeMap<Service, String> {
    [Service::SageMaker, Service::SageMakerRuntime]
        .into_iter()
        .filter_map(|service| {
            let url = std::env::var(service.endpoint_variable()?).ok()?;
            Some((service, url.trim_end_matches('/').to_owned()))
        })
        .collect()
}

/// A client for HTTPS that trusts the public authorities and follows no redirects.
///
/// # Errors
/// When the TLS provider refuses its own defaults.
pub fn http_client() -> PortResult<reqwest::Client> {
    http_client_builder()
        .build()
        .map_err(|error| refused("the HTTP client", error))
}

/// What every client here has in common.
pub(super) fn http_client_builder() -> reqwest::ClientBuilder {
    // A second installation is refused and harmless: the first one stays.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .timeout(CALL_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
}

/// Reads an answer's body up to [`MAX_ANSWER_BYTES`].
///
/// # Errors
/// [`PortError::TooLarge`] beyond it, [`PortError::Transient`] when the connection breaks.
pub async fn read_capped(mut response: reqwest::Response, what: &str) -> PortResult<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| transient(what, error))?
    {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(PortError::TooLarge {
                what: what.to_owned(),
                limit: MAX_ANSWER_BYTES as u64,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

pub(super) fn json_answer(body: &[u8], what: String) -> PortResult<Value> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| PortError::Permanent {
        what,
        detail: format!("the answer is not JSON: {error}"),
    })
}

/// `Code: message`, whichever of the three protocols' forms it comes in.
fn error_text(body: &[u8], status: reqwest::StatusCode) -> String {
    let document = xml::to_json(body)
        .ok()
        .or_else(|| serde_json::from_slice(body).ok())
        .unwrap_or(Value::Null);
    let text = |paths: &[&str]| {
        paths
            .iter()
            .find_map(|path| document.pointer(path).and_then(Value::as_str))
            .map(str::to_owned)
    };
    let code = text(&[
        "/Errors/Error/Code",
        "/Error/Code",
        "/__type",
        "/code",
        "/Code",
    ])
    .unwrap_or_else(|| status.to_string());
    let message = text(&[
        "/Errors/Error/Message",
        "/Error/Message",
        "/message",
        "/Message",
    ])
    .unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    format!("{code}: {message}").chars().take(500).collect()
}

fn refused(what: &str, error: impl std::fmt::Display) -> PortError {
    PortError::Permanent {
        what: what.to_owned(),
        detail: error.to_string(),
    }
}

fn transient(what: &str, error: reqwest::Error) -> PortError {
    PortError::Transient {
        what: what.to_owned(),
        detail: causes(error),
    }
}

/// An error with its causes: by itself it only says that sending failed. Not its URL, which may hold a
/// webhook's secret.
pub(super) fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let first: &dyn Error = &error;
    let texts: Vec<String> = std::iter::successors(Some(first), |&error| error.source())
        .map(ToString::to_string)
        .collect();
    texts.join(": ")
}
