//! Where the incidents are: a deployed stack, or the local cloud that was kept.

use aiops_domain::incident::event::Who;
use aiops_functions::adapters::signed::{Service, SignedClient};
use aiops_functions::adapters::{DynamoDbTable, SystemClock, sdk};
use aiops_functions::incidents::{IncidentError, Incidents};
use aiops_functions::ports::{Clock, PortError};
use serde_json::{Value, json};

use crate::error::CommandError;
use crate::local::state::LocalState;

/// Everything a command needs of a stack.
pub(super) struct Desk {
    pub(super) incidents: Incidents<DynamoDbTable>,
    pub(super) client: SignedClient,
    pub(super) remediator: String,
    pub(super) approvals_url: Option<String>,
}

impl Desk {
    /// The desk of the stack whose names begin with `prefix`, or of the local cloud.
    pub(super) async fn open(
        prefix: Option<&str>,
        approvals_url: Option<String>,
    ) -> Result<Self, CommandError> {
        let (config, table, remediator, url) = match prefix {
            Some(prefix) => (
                sdk::load().await,
                format!("{prefix}-incidents"),
                format!("{prefix}-remediator"),
                None,
            ),
            None => {
                let state = LocalState::read(&std::env::current_dir()?)?.ok_or_else(|| {
                    CommandError::bad_key("--prefix", "no local cloud is kept here; name a deployed stack, or run aiops demo --keep")
                })?;
                let name = |kind: &str, end: &str| {
                    state
                        .resources
                        .iter()
                        .find(|(key, resource)| resource.kind == kind && key.ends_with(end))
                        .and_then(|(_, resource)| resource.outputs.get("name"))
                        .and_then(Value::as_str)
                        .map(str::to_owned)
                        .ok_or_else(|| {
                            CommandError::bad_key(kind, format!("the local cloud has no {end}"))
                        })
                };
                let table = name("aws:dynamodb/table:Table", "incidents")?;
                let remediator = name("aws:lambda/function:Function", "remediator")?;
                let url = state
                    .exports
                    .get("approvalsUrl")
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                let config = sdk::load_local(&state.endpoint, &state.region).await;
                (config, table, remediator, url)
            }
        };
        Ok(Self {
            incidents: Incidents::new(DynamoDbTable::new(&config, table)),
            client: SignedClient::new(&config).map_err(failed)?,
            remediator,
            approvals_url: approvals_url.or(url),
        })
    }

    /// Who runs this command, as IAM knows it.
    pub(super) async fn who(&self) -> Result<Who, CommandError> {
        let answer = self
            .client
            .query(Service::Sts, "GetCallerIdentity", &json!({}))
            .await
            .map_err(failed)?;
        let arn = answer
            .pointer("/GetCallerIdentityResult/Arn")
            .and_then(Value::as_str)
            .ok_or_else(|| anyhow::anyhow!("sts:GetCallerIdentity answered without an ARN"))?;
        Ok(Who::Iam {
            arn: arn.to_owned(),
        })
    }

    /// The present.
    pub(super) fn now(&self) -> aiops_domain::Time {
        SystemClock.now()
    }
}

/// A seam's failure as the command's.
pub(super) fn failed(error: PortError) -> CommandError {
    CommandError::Failed(error.into())
}

/// An incident's failure as the command's: an unknown id is bad input.
pub(super) fn of_incident(error: IncidentError) -> CommandError {
    match error {
        IncidentError::Unknown(id) => CommandError::bad_key(&id, "there is no such incident"),
        other => CommandError::Failed(other.into()),
    }
}
