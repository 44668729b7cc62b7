//! The provider's side of the protocol.

use std::collections::{BTreeMap, BTreeSet};

use aiops_infra::engine::wire;
use aiops_infra::graph::Evaluated;
use aiops_infra::schema::aws;
use prost_types::Struct;
use prost_types::value::Kind;
use pulumi_gestalt_proto::pulumi::pulumirpc as rpc;
use rpc::diff_response::DiffChanges;
use rpc::resource_provider_server::ResourceProvider;
use tonic::{Request, Response, Status, async_trait};

use super::outputs::{self, Mode};
use super::validate;

type Answer<T> = Result<Response<T>, Status>;

/// A provider that touches nothing.
pub(crate) struct Stub {
    /// Whether inputs are checked against the schema.
    checks: bool,
    /// The resource whose creation fails.
    fails: Option<String>,
}

impl Stub {
    pub(crate) fn new(checks: bool, fails: Option<String>) -> Self {
        Self { checks, fails }
    }

    fn refuse(&self, urn: &str) -> Result<(), Status> {
        match &self.fails {
            Some(name) if name_of(urn) == name => Err(Status::unknown(format!(
                "{name} fails because AIOPS_STUB_FAIL says so"
            ))),
            _ => Ok(()),
        }
    }
}

fn name_of(urn: &str) -> &str {
    urn.split("::").nth(3).unwrap_or_default()
}

/// The last of the types that a urn names.
fn kind_of(urn: &str) -> &str {
    let types = urn.split("::").nth(2).unwrap_or_default();
    types.rsplit('$').next().unwrap_or_default()
}

fn decoded(properties: Option<&Struct>) -> BTreeMap<String, Evaluated> {
    properties.map(wire::decode_object).unwrap_or_default()
}

fn failures(found: Vec<validate::Failure>) -> Vec<rpc::CheckFailure> {
    found
        .into_iter()
        .map(|(property, reason)| rpc::CheckFailure { property, reason })
        .collect()
}

/// An archive's hash says whether it changed; its path does not. The protocol's own form is compared,
/// because only there the hash is.
fn same(old: Option<&prost_types::Value>, new: Option<&prost_types::Value>) -> bool {
    let (Some(old), Some(new)) = (old, new) else {
        return old.is_none() && new.is_none();
    };
    match (&old.kind, &new.kind) {
        (Some(Kind::StructValue(old)), Some(Kind::StructValue(new))) => {
            match (old.fields.get("hash"), new.fields.get("hash")) {
                (Some(old), Some(new)) => old == new,
                _ => {
                    let keys: BTreeSet<&String> =
                        old.fields.keys().chain(new.fields.keys()).collect();
                    keys.into_iter()
                        .all(|key| same(old.fields.get(key), new.fields.get(key)))
                }
            }
        }
        (Some(Kind::ListValue(old)), Some(Kind::ListValue(new))) => {
            old.values.len() == new.values.len()
                && old
                    .values
                    .iter()
                    .zip(&new.values)
                    .all(|(old, new)| same(Some(old), Some(new)))
        }
        (old, new) => old == new,
    }
}

#[async_trait]
impl ResourceProvider for Stub {
    async fn handshake(
        &self,
        _: Request<rpc::ProviderHandshakeRequest>,
    ) -> Answer<rpc::ProviderHandshakeResponse> {
        Ok(Response::new(rpc::ProviderHandshakeResponse {
            accept_secrets: true,
            ..Default::default()
        }))
    }

    async fn get_schema(
        &self,
        _: Request<rpc::GetSchemaRequest>,
    ) -> Answer<rpc::GetSchemaResponse> {
        Ok(Response::new(rpc::GetSchemaResponse {
            schema: "{}".to_owned(),
        }))
    }

    async fn check_config(
        &self,
        request: Request<rpc::CheckRequest>,
    ) -> Answer<rpc::CheckResponse> {
        Ok(Response::new(rpc::CheckResponse {
            inputs: request.into_inner().news,
            failures: Vec::new(),
        }))
    }

    async fn diff_config(&self, _: Request<rpc::DiffRequest>) -> Answer<rpc::DiffResponse> {
        Ok(Response::new(rpc::DiffResponse {
            changes: DiffChanges::DiffNone.into(),
            ..Default::default()
        }))
    }

    async fn configure(&self, _: Request<rpc::ConfigureRequest>) -> Answer<rpc::ConfigureResponse> {
        Ok(Response::new(rpc::ConfigureResponse {
            accept_secrets: true,
            supports_preview: true,
            ..Default::default()
        }))
    }

    async fn invoke(&self, request: Request<rpc::InvokeRequest>) -> Answer<rpc::InvokeResponse> {
        let request = request.into_inner();
        let arguments = decoded(request.args.as_ref());
        let found = validate::function(&request.tok, &arguments);
        if !found.is_empty() {
            return Ok(Response::new(rpc::InvokeResponse {
                r#return: None,
                failures: failures(found),
            }));
        }
        let result = outputs::function(&request.tok, &arguments);
        Ok(Response::new(rpc::InvokeResponse {
            r#return: Some(wire::object(&result)),
            failures: Vec::new(),
        }))
    }

    async fn check(&self, request: Request<rpc::CheckRequest>) -> Answer<rpc::CheckResponse> {
        let request = request.into_inner();
        let found = if self.checks {
            validate::resource(kind_of(&request.urn), &decoded(request.news.as_ref()))
        } else {
            Vec::new()
        };
        Ok(Response::new(rpc::CheckResponse {
            inputs: request.news,
            failures: failures(found),
        }))
    }

    async fn diff(&self, request: Request<rpc::DiffRequest>) -> Answer<rpc::DiffResponse> {
        let request = request.into_inner();
        let old = request.old_inputs.unwrap_or_default().fields;
        let new = request.news.unwrap_or_default().fields;
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let diffs: Vec<String> = keys
            .into_iter()
            .filter(|key| !same(old.get(*key), new.get(*key)))
            .cloned()
            .collect();
        let replaces = diffs
            .iter()
            .filter(|property| {
                aws()
                    .resources
                    .get(kind_of(&request.urn))
                    .and_then(|resource| resource.input_properties.get(*property))
                    .is_some_and(|property| property.will_replace_on_changes)
            })
            .cloned()
            .collect();
        let changes = if diffs.is_empty() {
            DiffChanges::DiffNone
        } else {
            DiffChanges::DiffSome
        };
        Ok(Response::new(rpc::DiffResponse {
            changes: changes.into(),
            replaces,
            diffs,
            ..Default::default()
        }))
    }

    async fn create(&self, request: Request<rpc::CreateRequest>) -> Answer<rpc::CreateResponse> {
        let request = request.into_inner();
        let (name, kind) = (name_of(&request.urn), kind_of(&request.urn));
        let mode = if request.preview {
            Mode::Preview
        } else {
            Mode::Real
        };
        if mode == Mode::Real {
            self.refuse(&request.urn)?;
        }
        let mut properties = request.properties.unwrap_or_default();
        let inputs = wire::decode_object(&properties);
        for (property, value) in outputs::resource(kind, name, &inputs, mode) {
            // Inputs go back as they came: an archive keeps its hash.
            properties
                .fields
                .entry(property)
                .or_insert_with(|| wire::encode(&value));
        }
        Ok(Response::new(rpc::CreateResponse {
            id: if request.preview {
                String::new()
            } else {
                format!("{name}-id")
            },
            properties: Some(properties),
            ..Default::default()
        }))
    }

    async fn read(&self, request: Request<rpc::ReadRequest>) -> Answer<rpc::ReadResponse> {
        let request = request.into_inner();
        Ok(Response::new(rpc::ReadResponse {
            id: request.id,
            properties: request.properties,
            inputs: request.inputs,
            ..Default::default()
        }))
    }

    async fn update(&self, request: Request<rpc::UpdateRequest>) -> Answer<rpc::UpdateResponse> {
        let request = request.into_inner();
        if !request.preview {
            self.refuse(&request.urn)?;
        }
        let mut properties = request.news.unwrap_or_default();
        // What the inputs do not say stays as it was.
        for (property, value) in request.olds.unwrap_or_default().fields {
            properties.fields.entry(property).or_insert(value);
        }
        Ok(Response::new(rpc::UpdateResponse {
            properties: Some(properties),
            ..Default::default()
        }))
    }

    async fn delete(&self, _: Request<rpc::DeleteRequest>) -> Answer<()> {
        Ok(Response::new(()))
    }

    async fn cancel(&self, _: Request<()>) -> Answer<()> {
        Ok(Response::new(()))
    }

    async fn get_plugin_info(&self, _: Request<()>) -> Answer<rpc::PluginInfo> {
        Ok(Response::new(rpc::PluginInfo {
            version: aws().version.clone(),
        }))
    }

    async fn attach(&self, _: Request<rpc::PluginAttach>) -> Answer<()> {
        Ok(Response::new(()))
    }

    async fn parameterize(
        &self,
        _: Request<rpc::ParameterizeRequest>,
    ) -> Answer<rpc::ParameterizeResponse> {
        Err(Status::unimplemented("this provider takes no parameters"))
    }

    async fn call(&self, _: Request<rpc::CallRequest>) -> Answer<rpc::CallResponse> {
        Err(Status::unimplemented("this provider has no methods"))
    }

    async fn construct(&self, _: Request<rpc::ConstructRequest>) -> Answer<rpc::ConstructResponse> {
        Err(Status::unimplemented("this provider has no components"))
    }

    async fn get_mapping(
        &self,
        _: Request<rpc::GetMappingRequest>,
    ) -> Answer<rpc::GetMappingResponse> {
        Err(Status::unimplemented("this provider maps nothing"))
    }

    async fn get_mappings(
        &self,
        _: Request<rpc::GetMappingsRequest>,
    ) -> Answer<rpc::GetMappingsResponse> {
        Err(Status::unimplemented("this provider maps nothing"))
    }
}
