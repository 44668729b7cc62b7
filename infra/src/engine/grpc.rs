//! The real engine, over gRPC.

use std::collections::BTreeMap;

use prost_types::Struct;
use pulumi_gestalt_proto::pulumi::pulumirpc::engine_client::EngineClient;
use pulumi_gestalt_proto::pulumi::pulumirpc::register_resource_request::{
    CustomTimeouts, PropertyDependencies,
};
use pulumi_gestalt_proto::pulumi::pulumirpc::resource_monitor_client::ResourceMonitorClient;
use pulumi_gestalt_proto::pulumi::pulumirpc::{
    LogRequest, LogSeverity, ReadResourceRequest, RegisterResourceOutputsRequest,
    RegisterResourceRequest, ResourceInvokeRequest, Result as ProtocolResult,
    SetRootResourceRequest, SupportsFeatureRequest,
};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, async_trait};

use super::monitor::{
    EngineLog, Monitor, MonitorError, Outcome, Reading, Registered, Registration, Severity,
};
use super::wire;
use crate::graph::Evaluated;

/// gRPC's own limit of 4 MiB is too small for a stack's state; this is the SDKs' convention.
pub const LARGEST_MESSAGE_BYTES: usize = 400 * 1024 * 1024;

/// What the engine says when it stops because something else failed, which it has shown.
const STOPPED: [&str; 4] = [
    "resource monitor shut down",
    "resource monitor shutting down",
    "monitor has been canceled",
    "transport is closing",
];

/// A connection to the resource monitor.
#[derive(Debug, Clone)]
pub struct GrpcMonitor {
    client: ResourceMonitorClient<Channel>,
}

/// A connection to the engine.
#[derive(Debug, Clone)]
pub struct GrpcEngine {
    client: EngineClient<Channel>,
}

async fn connect(address: &str) -> Result<Channel, MonitorError> {
    let unreachable = |error: tonic::transport::Error| MonitorError::Unreachable {
        address: address.to_owned(),
        detail: error.to_string(),
    };
    Endpoint::from_shared(format!("http://{address}"))
        .map_err(unreachable)?
        .connect()
        .await
        .map_err(unreachable)
}

impl GrpcMonitor {
    /// Connects to the resource monitor at `address` (host and port).
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn connect(address: &str) -> Result<Self, MonitorError> {
        let client = ResourceMonitorClient::new(connect(address).await?)
            .max_decoding_message_size(LARGEST_MESSAGE_BYTES)
            .max_encoding_message_size(LARGEST_MESSAGE_BYTES);
        Ok(Self { client })
    }
}

impl GrpcEngine {
    /// Connects to the engine at `address` (host and port).
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn connect(address: &str) -> Result<Self, MonitorError> {
        let client = EngineClient::new(connect(address).await?)
            .max_decoding_message_size(LARGEST_MESSAGE_BYTES)
            .max_encoding_message_size(LARGEST_MESSAGE_BYTES);
        Ok(Self { client })
    }
}

/// Takes a status by value: `map_err` gives it so.
fn refusal(status: Status) -> MonitorError {
    let message = status.message();
    let stopped = matches!(status.code(), Code::Cancelled | Code::Unavailable)
        || STOPPED.iter().any(|words| message.contains(words));
    if stopped {
        MonitorError::Stopped(message.to_owned())
    } else {
        MonitorError::Refused(message.to_owned())
    }
}

fn outcome(code: i32) -> Outcome {
    match ProtocolResult::try_from(code) {
        Ok(ProtocolResult::Fail) => Outcome::Failed,
        Ok(ProtocolResult::Skip) => Outcome::Skipped,
        _ => Outcome::Success,
    }
}

fn outputs(object: Option<Struct>) -> BTreeMap<String, Evaluated> {
    object.as_ref().map(wire::decode_object).unwrap_or_default()
}

/// The message of a registration.
fn request(registration: Registration) -> RegisterResourceRequest {
    let timeouts = registration.custom_timeouts;
    let custom_timeouts = (!timeouts.is_empty()).then(|| CustomTimeouts {
        create: timeouts.create.unwrap_or_default(),
        update: timeouts.update.unwrap_or_default(),
        delete: timeouts.delete.unwrap_or_default(),
    });
    let property_dependencies = registration
        .property_dependencies
        .into_iter()
        .map(|(property, urns)| {
            let urns = urns.into_iter().collect();
            (property, PropertyDependencies { urns })
        })
        .collect();
    RegisterResourceRequest {
        r#type: registration.kind,
        name: registration.name,
        parent: registration.parent.unwrap_or_default(),
        custom: registration.custom,
        object: Some(wire::object(&registration.inputs)),
        protect: registration.protect.then_some(true),
        dependencies: registration.dependencies.into_iter().collect(),
        property_dependencies,
        version: registration.version,
        provider: registration.provider.unwrap_or_default(),
        ignore_changes: registration.ignore_changes,
        delete_before_replace: registration.delete_before_replace,
        delete_before_replace_defined: registration.delete_before_replace,
        replace_on_changes: registration.replace_on_changes,
        alias_ur_ns: registration.aliases,
        import_id: registration.import_id.unwrap_or_default(),
        custom_timeouts,
        retain_on_delete: registration.retain_on_delete.then_some(true),
        additional_secret_outputs: registration.additional_secret_outputs,
        accept_secrets: true,
        accept_resources: true,
        supports_partial_values: true,
        supports_result_reporting: true,
        alias_specs: true,
        ..RegisterResourceRequest::default()
    }
}

#[async_trait]
impl Monitor for GrpcMonitor {
    async fn supports(&self, feature: &str) -> Result<bool, MonitorError> {
        let request = SupportsFeatureRequest {
            id: feature.to_owned(),
        };
        let answer = self.client.clone().supports_feature(request).await;
        Ok(answer.map_err(refusal)?.into_inner().has_support)
    }

    async fn register(&self, registration: Registration) -> Result<Registered, MonitorError> {
        let answer = self
            .client
            .clone()
            .register_resource(request(registration))
            .await
            .map_err(refusal)?
            .into_inner();
        if answer.urn.is_empty() && outcome(answer.result) == Outcome::Success {
            return Err(MonitorError::Answer("a resource without a urn".to_owned()));
        }
        Ok(Registered {
            result: outcome(answer.result),
            id: known_id(answer.id),
            outputs: outputs(answer.object),
            urn: answer.urn,
        })
    }

    async fn read(&self, reading: Reading) -> Result<Registered, MonitorError> {
        let request = ReadResourceRequest {
            id: reading.id.clone(),
            r#type: reading.kind,
            name: reading.name,
            parent: reading.parent.unwrap_or_default(),
            properties: Some(wire::object(&reading.inputs)),
            accept_secrets: true,
            accept_resources: true,
            ..ReadResourceRequest::default()
        };
        let answer = self.client.clone().read_resource(request).await;
        let answer = answer.map_err(refusal)?.into_inner();
        Ok(Registered {
            urn: answer.urn,
            id: reading.id,
            outputs: outputs(answer.properties),
            result: Outcome::Success,
        })
    }

    async fn invoke(
        &self,
        token: &str,
        arguments: Evaluated,
        version: &str,
    ) -> Result<Evaluated, MonitorError> {
        let arguments = match reveal(arguments) {
            Evaluated::Object(map) => map,
            other => {
                return Err(MonitorError::Answer(format!(
                    "arguments of {token} are {other:?}"
                )));
            }
        };
        let request = ResourceInvokeRequest {
            tok: token.to_owned(),
            args: Some(wire::object(&arguments)),
            version: version.to_owned(),
            accept_resources: true,
            ..ResourceInvokeRequest::default()
        };
        let answer = self.client.clone().invoke(request).await;
        let answer = answer.map_err(refusal)?.into_inner();
        if !answer.failures.is_empty() {
            let reasons: Vec<String> = answer
                .failures
                .iter()
                .map(|failure| {
                    format!("{} {}", failure.property, failure.reason)
                        .trim()
                        .to_owned()
                })
                .collect();
            return Err(MonitorError::Refused(format!(
                "{token}: {}",
                reasons.join("; ")
            )));
        }
        Ok(Evaluated::Object(outputs(answer.r#return)))
    }

    async fn register_outputs(
        &self,
        urn: &str,
        values: BTreeMap<String, Evaluated>,
    ) -> Result<(), MonitorError> {
        let request = RegisterResourceOutputsRequest {
            urn: urn.to_owned(),
            outputs: Some(wire::object(&values)),
        };
        let answer = self.client.clone().register_resource_outputs(request).await;
        answer.map(|_| ()).map_err(refusal)
    }

    async fn shut_down(&self) -> Result<(), MonitorError> {
        match self.client.clone().signal_and_wait_for_shutdown(()).await {
            // Engines before it existed are done when the program is.
            Err(status) if status.code() == Code::Unimplemented => Ok(()),
            // The engine hangs up when it is done.
            Err(status) if status.code() == Code::Unavailable => Ok(()),
            answer => answer.map(|_| ()).map_err(refusal),
        }
    }
}

#[async_trait]
impl EngineLog for GrpcEngine {
    async fn log(&self, severity: Severity, message: &str, urn: &str) -> Result<(), MonitorError> {
        let severity = match severity {
            Severity::Debug => LogSeverity::Debug,
            Severity::Info => LogSeverity::Info,
            Severity::Warning => LogSeverity::Warning,
            Severity::Error => LogSeverity::Error,
        };
        let request = LogRequest {
            severity: severity.into(),
            message: message.to_owned(),
            urn: urn.to_owned(),
            ..LogRequest::default()
        };
        let answer = self.client.clone().log(request).await;
        answer.map(|_| ()).map_err(refusal)
    }

    async fn set_root(&self, urn: &str) -> Result<(), MonitorError> {
        let request = SetRootResourceRequest {
            urn: urn.to_owned(),
        };
        let answer = self.client.clone().set_root_resource(request).await;
        answer.map(|_| ()).map_err(refusal)
    }
}

/// An id that the engine does not know yet is empty, or the text of an unknown value.
fn known_id(id: String) -> String {
    if wire::UNKNOWN.contains(&id.as_str()) {
        String::new()
    } else {
        id
    }
}

/// Data sources take their arguments in clear; the whole result is made a secret in turn.
fn reveal(value: Evaluated) -> Evaluated {
    match value {
        Evaluated::Secret(inner) => reveal(*inner),
        Evaluated::List(items) => Evaluated::List(items.into_iter().map(reveal).collect()),
        Evaluated::Object(map) => Evaluated::Object(
            map.into_iter()
                .map(|(key, item)| (key, reveal(item)))
                .collect(),
        ),
        other => other,
    }
}
