//! A stack that stands: the laptop's, from what was kept of it, or a deployed one, from its outputs.

use std::collections::BTreeMap;
use std::process::Command;

use aiops_functions::adapters::sdk;
use aiops_functions::adapters::signed::endpoint::path_segment;
use aiops_functions::adapters::signed::{Service, SignedClient};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::CommandError;
use crate::local::state::LocalState;
use crate::stack;

/// The stack of the laptop.
pub const LOCAL: &str = "local";

/// A stack, its outputs and how it is reached.
#[derive(Debug)]
pub struct Deployed {
    /// Its outputs.
    pub outputs: BTreeMap<String, Value>,
    /// Credentials, region, endpoint.
    pub sdk: sdk::SdkConfig,
    /// The client of what has no SDK crate here.
    pub client: SignedClient,
}

impl Deployed {
    /// The stack of this name.
    ///
    /// # Errors
    /// When there is no such stack, or it is not deployed.
    pub async fn open(name: &str) -> Result<Self, CommandError> {
        let (outputs, sdk) = if name == LOCAL {
            let state = LocalState::read(&std::env::current_dir()?)?.ok_or_else(|| {
                CommandError::bad_key(
                    "--stack",
                    "no local cloud is kept here: run aiops local up, or aiops demo --keep",
                )
            })?;
            let sdk = sdk::load_local(&state.endpoint, &state.region).await;
            (state.exports, sdk)
        } else {
            (outputs(name)?, sdk::load().await)
        };
        let client = SignedClient::new(&sdk).map_err(anyhow::Error::from)?;
        Ok(Self {
            outputs,
            sdk,
            client,
        })
    }

    /// A text among the outputs.
    ///
    /// # Errors
    /// When the stack has no such output.
    pub fn text(&self, name: &str) -> Result<&str, CommandError> {
        self.outputs
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| missing(name))
    }

    /// The names of the functions, by what they are.
    ///
    /// # Errors
    /// When the stack has no such output.
    pub fn functions(&self) -> Result<BTreeMap<String, String>, CommandError> {
        let functions = self.outputs.get("functions").cloned();
        serde_json::from_value(functions.unwrap_or(Value::Null)).map_err(|_| missing("functions"))
    }

    /// What Lambda knows of a function.
    ///
    /// # Errors
    /// When Lambda does not answer.
    pub async fn function(&self, name: &str) -> anyhow::Result<Value> {
        let path = format!("/2015-03-31/functions/{}/configuration", path_segment(name));
        let method = reqwest::Method::GET;
        Ok(self
            .client
            .rest(Service::Lambda, method, &path, None)
            .await?)
    }

    /// The configuration that a function was deployed with.
    ///
    /// # Errors
    /// When there is no such function, or its configuration is of another version.
    pub async fn configuration<T: DeserializeOwned>(&self, what: &str) -> anyhow::Result<T> {
        let functions = self
            .functions()
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let name = functions
            .get(what)
            .ok_or_else(|| anyhow::anyhow!("the stack has no function {what}"))?;
        let function = self.function(name).await?;
        let pointer = format!(
            "/Environment/Variables/{}",
            aiops_domain::config::ENVIRONMENT_VARIABLE
        );
        let text = function
            .pointer(&pointer)
            .and_then(Value::as_str)
            .ok_or_else(|| anyhow::anyhow!("function {name} has no configuration"))?;
        serde_json::from_str(text).map_err(|error| {
            anyhow::anyhow!(
                "function {name} was deployed by another version of this program: {error}"
            )
        })
    }
}

fn missing(name: &str) -> CommandError {
    CommandError::bad_key(
        "--stack",
        format!("the stack has no output {name}: deploy it again with this version"),
    )
}

/// The outputs of a deployed stack, as Pulumi tells them; secrets stay out.
pub(crate) fn outputs(name: &str) -> Result<BTreeMap<String, Value>, CommandError> {
    let project = stack::project()?;
    // An unknown name is told apart before Pulumi is asked.
    stack::config(&project, name)?;
    let output = Command::new("pulumi")
        .args(["stack", "output", "--json", "--stack", name])
        .current_dir(&project)
        .output()
        .map_err(|error| {
            CommandError::bad_key(
                "--stack",
                format!("its outputs are read with pulumi, which does not run: {error}"),
            )
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().find(|line| !line.trim().is_empty());
        return Err(CommandError::bad_key(
            "--stack",
            format!(
                "pulumi has no outputs of `{name}`: {}",
                line.unwrap_or_default().trim()
            ),
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| {
        CommandError::bad_key("--stack", format!("pulumi's outputs are not JSON: {error}"))
    })
}
