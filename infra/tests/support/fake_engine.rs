//! An engine of our own behind the real protocol: the server's side of the generated stubs. It records
//! every message as it came over the wire and answers like the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aiops_infra::engine::grpc::LARGEST_MESSAGE_BYTES;
use aiops_infra::engine::{Environment, wire};
use aiops_infra::graph::Evaluated;
use pulumi_gestalt_proto::pulumi::pulumirpc as rpc;
use rpc::engine_server::{Engine, EngineServer};
use rpc::resource_monitor_server::{ResourceMonitor, ResourceMonitorServer};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, async_trait};

type Answer<T> = Result<Response<T>, Status>;

/// What came in.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) registrations: Vec<rpc::RegisterResourceRequest>,
    pub(crate) invokes: Vec<rpc::ResourceInvokeRequest>,
    pub(crate) outputs: Vec<rpc::RegisterResourceOutputsRequest>,
    pub(crate) log: Vec<rpc::LogRequest>,
    pub(crate) root: String,
    pub(crate) shut_down: bool,
}

/// The engine.
#[derive(Debug, Clone)]
pub(crate) struct FakeEngine {
    pub(crate) seen: Arc<Mutex<Seen>>,
    preview: bool,
    refuse: BTreeSet<String>,
    address: SocketAddr,
}

impl FakeEngine {
    /// Starts one; it ends with the test's runtime.
    pub(crate) async fn start(preview: bool, refuse: &[&str]) -> Self {
        let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let engine = Self {
            seen: Arc::default(),
            preview,
            refuse: refuse.iter().map(|name| (*name).to_owned()).collect(),
            address: incoming.local_addr().unwrap(),
        };
        let monitor = ResourceMonitorServer::new(engine.clone())
            .max_decoding_message_size(LARGEST_MESSAGE_BYTES)
            .max_encoding_message_size(LARGEST_MESSAGE_BYTES);
        let server = Server::builder()
            .add_service(monitor)
            .add_service(EngineServer::new(engine.clone()))
            .serve_with_incoming(incoming);
        tokio::spawn(server);
        engine
    }

    /// What the language host would hand over.
    pub(crate) fn environment(&self, stack: &str, config: BTreeMap<String, String>) -> Environment {
        Environment {
            monitor: self.address.to_string(),
            engine: self.address.to_string(),
            project: "aiops".to_owned(),
            stack: stack.to_owned(),
            preview: self.preview,
            parallel: Some(16),
            config,
            secret_keys: BTreeSet::new(),
        }
    }
}

/// A urn like the engine's, without the parents' types: unique by type and name.
fn urn(request: &rpc::RegisterResourceRequest) -> String {
    format!("urn:pulumi:s::p::{}::{}", request.r#type, request.name)
}

#[async_trait]
impl ResourceMonitor for FakeEngine {
    async fn supports_feature(
        &self,
        _: Request<rpc::SupportsFeatureRequest>,
    ) -> Answer<rpc::SupportsFeatureResponse> {
        Ok(Response::new(rpc::SupportsFeatureResponse {
            has_support: true,
        }))
    }

    async fn register_resource(
        &self,
        request: Request<rpc::RegisterResourceRequest>,
    ) -> Answer<rpc::RegisterResourceResponse> {
        let request = request.into_inner();
        let urn = urn(&request);
        let name = request.name.clone();
        let custom = request.custom;
        let object = request.object.clone();
        self.seen.lock().unwrap().registrations.push(request);
        if self.refuse.contains(&name) {
            return Err(Status::unknown(format!("{name} was refused")));
        }
        let mut object = object.unwrap_or_default();
        if !self.preview {
            // What only a provider knows: any property that is asked for is there.
            let arn = wire::encode(&Evaluated::String(format!("arn:aws:x:r:1:{name}")));
            object.fields.entry("arn".to_owned()).or_insert(arn);
        }
        let id = if custom && !self.preview {
            format!("{name}-id")
        } else {
            String::new()
        };
        Ok(Response::new(rpc::RegisterResourceResponse {
            urn,
            id,
            object: Some(object),
            ..Default::default()
        }))
    }

    async fn register_resource_outputs(
        &self,
        request: Request<rpc::RegisterResourceOutputsRequest>,
    ) -> Answer<()> {
        self.seen.lock().unwrap().outputs.push(request.into_inner());
        Ok(Response::new(()))
    }

    async fn invoke(
        &self,
        request: Request<rpc::ResourceInvokeRequest>,
    ) -> Answer<rpc::InvokeResponse> {
        let request = request.into_inner();
        let schema = aiops_infra::schema::aws();
        let result: BTreeMap<String, Evaluated> = schema.functions[&request.tok]
            .outputs
            .properties
            .keys()
            .map(|property| (property.clone(), Evaluated::Unknown))
            .collect();
        self.seen.lock().unwrap().invokes.push(request);
        Ok(Response::new(rpc::InvokeResponse {
            r#return: Some(wire::object(&result)),
            failures: Vec::new(),
        }))
    }

    async fn signal_and_wait_for_shutdown(&self, _: Request<()>) -> Answer<()> {
        self.seen.lock().unwrap().shut_down = true;
        Ok(Response::new(()))
    }

    async fn call(&self, _: Request<rpc::ResourceCallRequest>) -> Answer<rpc::CallResponse> {
        Err(Status::unimplemented("call"))
    }

    async fn read_resource(
        &self,
        _: Request<rpc::ReadResourceRequest>,
    ) -> Answer<rpc::ReadResourceResponse> {
        Err(Status::unimplemented("read_resource"))
    }

    async fn register_stack_transform(&self, _: Request<rpc::Callback>) -> Answer<()> {
        Err(Status::unimplemented("register_stack_transform"))
    }

    async fn register_stack_invoke_transform(&self, _: Request<rpc::Callback>) -> Answer<()> {
        Err(Status::unimplemented("register_stack_invoke_transform"))
    }

    async fn register_resource_hook(
        &self,
        _: Request<rpc::RegisterResourceHookRequest>,
    ) -> Answer<()> {
        Err(Status::unimplemented("register_resource_hook"))
    }

    async fn register_error_hook(&self, _: Request<rpc::RegisterErrorHookRequest>) -> Answer<()> {
        Err(Status::unimplemented("register_error_hook"))
    }

    async fn register_package(
        &self,
        _: Request<rpc::RegisterPackageRequest>,
    ) -> Answer<rpc::RegisterPackageResponse> {
        Err(Status::unimplemented("register_package"))
    }
}

#[async_trait]
impl Engine for FakeEngine {
    async fn log(&self, request: Request<rpc::LogRequest>) -> Answer<()> {
        self.seen.lock().unwrap().log.push(request.into_inner());
        Ok(Response::new(()))
    }

    async fn get_root_resource(
        &self,
        _: Request<rpc::GetRootResourceRequest>,
    ) -> Answer<rpc::GetRootResourceResponse> {
        let urn = self.seen.lock().unwrap().root.clone();
        Ok(Response::new(rpc::GetRootResourceResponse { urn }))
    }

    async fn set_root_resource(
        &self,
        request: Request<rpc::SetRootResourceRequest>,
    ) -> Answer<rpc::SetRootResourceResponse> {
        self.seen.lock().unwrap().root = request.into_inner().urn;
        Ok(Response::new(rpc::SetRootResourceResponse {}))
    }

    async fn start_debugging(&self, _: Request<rpc::StartDebuggingRequest>) -> Answer<()> {
        Err(Status::unimplemented("start_debugging"))
    }

    async fn require_pulumi_version(
        &self,
        _: Request<rpc::RequirePulumiVersionRequest>,
    ) -> Answer<rpc::RequirePulumiVersionResponse> {
        Err(Status::unimplemented("require_pulumi_version"))
    }
}
