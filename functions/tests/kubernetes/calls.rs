//! Which calls reach a cluster, with what, and which are refused before anything is sent.

use std::cell::RefCell;
use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};

use aiops_domain::{ApiCall, Operation};
use aiops_functions::adapters::AwsCloud;
use aiops_functions::adapters::signed::{Service, SignedClient};
use aiops_functions::ports::cloud::Cloud as _;
use aiops_functions::ports::{PortError, PortResult};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use base64::Engine as _;
use http::{Request, Response, Version};
use serde_json::{Value, json};

use crate::certificates::{Authority, EXPIRED, Name, VALID, described};
use crate::server::Server;
use crate::{REGION, SECRET_KEY, token};

/// Every call that plans make of a cluster: its method and path, and the media type of its body.
const CALLS: [(Operation, &str, &str); 8] = [
    (Operation::GetNode, "GET /api/v1/nodes/n", ""),
    (Operation::ListNodes, "GET /api/v1/nodes?limit=500", ""),
    (
        Operation::PatchNode,
        "PATCH /api/v1/nodes/n",
        "application/merge-patch+json",
    ),
    (
        Operation::ListPods,
        "GET /api/v1/pods?limit=500&fieldSelector=f%3Dn",
        "",
    ),
    (
        Operation::EvictPod,
        "POST /api/v1/namespaces/shop/pods/n/eviction",
        "application/json",
    ),
    (
        Operation::GetDeployment,
        "GET /apis/apps/v1/namespaces/shop/deployments/n",
        "",
    ),
    (
        Operation::ListReplicaSets,
        "GET /apis/apps/v1/namespaces/shop/replicasets?limit=500",
        "",
    ),
    (
        Operation::PatchDeployment,
        "PATCH /apis/apps/v1/namespaces/shop/deployments/n",
        "application/json-patch+json",
    ),
];

/// A role's credentials, which are others each time that they are asked for.
#[derive(Debug, Default)]
struct Role(AtomicUsize);

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let key = format!("KEY{}", self.0.fetch_add(1, Ordering::Relaxed));
        let session = Some("session+/=".to_owned());
        future::ProvideCredentials::ready(Ok(Credentials::new(
            key, SECRET_KEY, session, None, "test",
        )))
    }
}

/// What is logged in this thread, by whatever crate and at whatever level.
struct Log;

thread_local!(static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An account in which EKS describes the cluster `main`.
struct Account {
    cloud: AwsCloud,
    eks: Server,
}

impl Account {
    async fn new(endpoint: &str, authority: &str) -> Self {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_writer(|| Log)
                .init();
        });
        let description = json!({"cluster": {"name": "main", "endpoint": endpoint,
                                             "certificateAuthority": {"data": authority}}});
        let eks = Server::start(None, answer(200, &description.to_string())).await;
        let sdk = aws_config::SdkConfig::builder()
            .region(aws_config::Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(Role::default()))
            .build();
        let client = SignedClient::new(&sdk)
            .unwrap()
            .with_endpoint(Service::Eks, &format!("http://{}", eks.address));
        let cloud = AwsCloud::new(client);
        Self { cloud, eks }
    }

    /// With the cluster's API at `api`.
    async fn with_api(api: &Server, authority: &str) -> Self {
        Self::new(&format!("https://{}", api.address), authority).await
    }

    /// Makes a call. Whatever becomes of it, its token is in no log and no error.
    async fn call(&self, operation: Operation, parameters: Value) -> PortResult<Value> {
        let result = self.cloud.call(&ApiCall::new(operation, parameters)).await;
        let log = String::from_utf8(LOGGED.take()).unwrap();
        assert!(log.contains("sigv4"), "nothing was logged: {log}");
        for text in [log, format!("{result:?}")] {
            assert!(!text.contains("k8s-aws-v1"), "{text}");
            assert!(!text.contains("X-Amz-Signature"), "{text}");
        }
        result
    }

    async fn list(&self) -> PortResult<Value> {
        self.call(Operation::ListNodes, json!({"cluster": "main"}))
            .await
    }
}

fn header<'a>(asked: &'a Request<String>, name: &str) -> &'a str {
    let value = asked.headers().get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

fn answer(status: u16, body: &str) -> Response<String> {
    let answer = Response::builder().status(status);
    answer.body(body.to_owned()).unwrap()
}

/// An API with a certificate that it should have, and its account.
async fn cluster(answer: Response<String>) -> (Server, Account) {
    let authority = Authority::new();
    let api = Server::start(Some(authority.server(&Name::Loopback, VALID)), answer).await;
    let account = Account::with_api(&api, &authority.described()).await;
    (api, account)
}

#[tokio::test]
async fn every_call_of_a_plan_carries_a_token_of_the_role_as_it_is_then() {
    let (api, account) = cluster(answer(200, r#"{"kind":"Status"}"#)).await;
    let mut callers = Vec::new();
    for (operation, line, media_type) in CALLS {
        let parameters = json!({"cluster": "main", "namespace": "shop", "name": "n", "uid": "u",
                                "fieldSelector": "f=n", "kind": "json", "patch": [{"op": "test"}]});
        let answer = account.call(operation, parameters).await.unwrap();
        assert_eq!(answer["kind"], "Status");
        let asked = api.asked().pop().unwrap();
        assert_eq!(asked.version(), Version::HTTP_2);
        let path = asked.uri().path_and_query().unwrap();
        assert_eq!(format!("{} {path}", asked.method()), line);
        assert_eq!(header(&asked, "content-type"), media_type);
        assert_eq!(asked.body().is_empty(), media_type.is_empty(), "{asked:?}");
        let token = header(&asked, "authorization").strip_prefix("Bearer ");
        callers.push(token::accepted(token.unwrap(), "main"));
    }
    // The cluster is described once; no token is used again once the role's credentials are others.
    let keys: Vec<String> = (1..=CALLS.len()).map(|key| format!("KEY{key}")).collect();
    assert_eq!(callers, keys);
    let described = account.eks.asked();
    assert_eq!(described.len(), 1);
    assert_eq!(described[0].uri(), "/clusters/main");
    assert!(header(&described[0], "authorization").contains("/eu-west-1/eks/"));
}

#[tokio::test]
async fn a_server_that_is_not_the_cluster_s_hears_nothing() {
    let authority = Authority::new();
    let servers = [
        (
            Authority::new().server(&Name::Loopback, VALID),
            "another authority",
        ),
        (
            authority.server(&Name::Host("other.example"), VALID),
            "other.example",
        ),
        (authority.server(&Name::Loopback, EXPIRED), "expired"),
    ];
    for (server, reason) in servers {
        let api = Server::start(Some(server), answer(200, "{}")).await;
        let account = Account::with_api(&api, &authority.described()).await;
        let error = account.list().await.unwrap_err();
        assert!(matches!(error, PortError::Permanent { .. }), "{error}");
        let error = error.to_string();
        let endpoint = format!("https://{}", api.address);
        for part in [
            "ListNodes",
            "nothing was sent",
            &endpoint,
            reason,
            "describe-cluster",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(api.asked().is_empty());
        assert_eq!(api.connections(), 1);
        // Nobody has to restart the function once EKS describes the cluster as it is.
        account.list().await.unwrap_err();
        assert_eq!(account.eks.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_description_that_is_of_no_use_is_refused_before_anything_is_sent() {
    let text = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let api = Server::start(None, answer(200, "{}")).await;
    for (scheme, authority, reason) in [
        (
            "https",
            "-----BEGIN".to_owned(),
            "certificateAuthority.data is not base64",
        ),
        (
            "https",
            text("no certificate"),
            "certificateAuthority.data holds no certificate",
        ),
        (
            "https",
            described(b"no certificate"),
            "certificateAuthority.data holds no certificate",
        ),
        ("http", Authority::new().described(), "is not https"),
    ] {
        let endpoint = format!("{scheme}://{}", api.address);
        let account = Account::new(&endpoint, &authority).await;
        let error = account.list().await.unwrap_err();
        assert!(matches!(error, PortError::Permanent { .. }), "{error}");
        let error = error.to_string();
        for part in [
            "cluster main",
            reason,
            "aws eks describe-cluster --name main",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    assert_eq!(api.connections(), 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let authority = Authority::new();
    let server = || authority.server(&Name::Loopback, VALID);
    let elsewhere = Server::start(Some(server()), answer(200, "{}")).await;
    let location = format!("https://{}/", elsewhere.address);
    let answer = Response::builder().status(307).header("location", location);
    let answer = answer.body(String::new()).unwrap();
    let api = Server::start(Some(server()), answer).await;
    let account = Account::with_api(&api, &authority.described()).await;
    let error = account.list().await.unwrap_err();
    assert!(matches!(error, PortError::Permanent { .. }), "{error}");
    assert!(
        error.to_string().contains("307 Temporary Redirect"),
        "{error}"
    );
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_cluster_that_has_moved_is_found_again() {
    // A port that nobody else gets and nobody listens at.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let endpoint = format!("https://{}", socket.local_addr().unwrap());
    let account = Account::new(&endpoint, &Authority::new().described()).await;
    for descriptions in 1..=2 {
        let error = account.list().await.unwrap_err();
        assert!(matches!(error, PortError::Transient { .. }), "{error}");
        assert!(error.to_string().contains("refused (os error"), "{error}");
        assert_eq!(account.eks.asked().len(), descriptions);
    }
}

#[tokio::test]
async fn an_answer_says_whether_to_come_again() {
    let said = r#"{"reason":"TooManyRequests","message":"the budget allows no disruption"}"#;
    for (status, again) in [
        (429, true),
        (409, true),
        (503, true),
        (401, false),
        (403, false),
        (404, false),
    ] {
        let (_api, account) = cluster(answer(status, said)).await;
        let error = account.list().await.unwrap_err();
        assert_eq!(
            matches!(error, PortError::Transient { .. }),
            again,
            "{error}"
        );
        assert!(error.to_string().contains("budget"), "{error}");
    }
    let more = r#"{"items":[],"metadata":{"continue":"more"}}"#;
    let (_api, account) = cluster(answer(200, more)).await;
    let error = account.list().await.unwrap_err().to_string();
    assert!(error.contains("more than 500"), "{error}");
}
