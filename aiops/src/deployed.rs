//! A stack that stands: the laptop's, from what was kept of it, or a deployed one, from its outputs as
//! Pulumi tells them or a file has them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use aiops_functions::adapters::S3;
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

/// The file beside the local cloud's state that says where its SageMaker is.
pub const LOCAL_SAGEMAKER: &str = ".aiops/sagemaker.json";

/// The output that names the image of the local cloud's SageMaker.
pub const LOCAL_IMAGE: &str = "localImage";

/// What the local cloud exports only while SageMaker stands beside it.
const OF_SAGEMAKER: [&str; 5] = [
    LOCAL_IMAGE,
    "modelPackageGroup",
    "modelRepositoryUrl",
    "sagemakerEndpoint",
    "sagemakerRoleArn",
];

/// Which stack, and where its outputs come from.
#[derive(Debug, Clone, clap::Args)]
pub struct StackArgs {
    /// The stack: `local` for the kept local cloud, else one of Pulumi's.
    #[arg(long, value_name = "STACK", default_value = LOCAL)]
    pub stack: String,
    /// The stack's outputs as `pulumi stack output --json` prints them, instead of asking Pulumi.
    #[arg(long, value_name = "FILE")]
    pub outputs: Option<PathBuf>,
}

impl StackArgs {
    /// The stack of this name, its outputs asked for.
    pub fn named(stack: &str) -> Self {
        Self {
            stack: stack.to_owned(),
            outputs: None,
        }
    }
}

/// A stack, its outputs and how it is reached.
#[derive(Debug)]
pub struct Deployed {
    /// Its name.
    pub stack: String,
    /// Its outputs.
    pub outputs: BTreeMap<String, Value>,
    /// Credentials, region, endpoint.
    pub sdk: sdk::SdkConfig,
    /// Objects.
    pub objects: S3,
    /// The client of what has no SDK crate here.
    pub client: SignedClient,
}

impl Deployed {
    /// The stack that the arguments name, with the environment's credentials; the local one with none.
    ///
    /// # Errors
    /// When there is no such stack, it is not deployed, or its outputs cannot be read.
    pub async fn open(args: &StackArgs) -> Result<Self, CommandError> {
        if args.stack != LOCAL {
            let outputs = match &args.outputs {
                Some(path) => read(path)?,
                None => outputs(&args.stack)?,
            };
            return Self::new(&args.stack, outputs, sdk::load().await);
        }
        let home = std::env::current_dir()?;
        let state = LocalState::read(&home)?.ok_or_else(|| {
            CommandError::bad_key(
                "--stack",
                "no local cloud is kept here: run aiops local up, or aiops demo --keep",
            )
        })?;
        let mut outputs = state.exports;
        let beside = home.join(LOCAL_SAGEMAKER);
        match &args.outputs {
            Some(path) => outputs.extend(read(path)?),
            None if beside.is_file() => outputs.extend(read(&beside)?),
            None => {}
        }
        Self::local(&state.endpoint, &state.region, outputs).await
    }

    /// The local cloud with these outputs.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub async fn local(
        endpoint: &str,
        region: &str,
        outputs: BTreeMap<String, Value>,
    ) -> Result<Self, CommandError> {
        let sdk = sdk::load_local(endpoint, region).await;
        let mut stack = Self::new(LOCAL, outputs, sdk)?;
        let sagemaker = stack.outputs.get("sagemakerEndpoint");
        if let Some(url) = sagemaker.and_then(Value::as_str) {
            stack.client = stack
                .client
                .with_endpoint(Service::SageMaker, url)
                .with_endpoint(Service::SageMakerRuntime, url);
        }
        Ok(stack)
    }

    fn new(
        stack: &str,
        outputs: BTreeMap<String, Value>,
        sdk: sdk::SdkConfig,
    ) -> Result<Self, CommandError> {
        Ok(Self {
            stack: stack.to_owned(),
            outputs,
            objects: S3::new(&sdk),
            client: SignedClient::new(&sdk).map_err(anyhow::Error::from)?,
            sdk,
        })
    }

    /// An output that is text.
    ///
    /// # Errors
    /// When the stack has none of this name.
    pub fn text(&self, name: &str) -> Result<&str, CommandError> {
        self.outputs
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| self.missing(name))
    }

    /// An output that is a list of texts; empty when there is none.
    pub fn list(&self, name: &str) -> Vec<String> {
        let values = self.outputs.get(name).and_then(Value::as_array);
        let texts = values.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// An output as it is.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.outputs.get(name)
    }

    /// The names of the functions, by what they are.
    ///
    /// # Errors
    /// When the stack has no such output.
    pub fn functions(&self) -> Result<BTreeMap<String, String>, CommandError> {
        let functions = self.outputs.get("functions").cloned();
        serde_json::from_value(functions.unwrap_or(Value::Null))
            .map_err(|_| self.missing("functions"))
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

    fn missing(&self, name: &str) -> CommandError {
        let advice = if self.stack == LOCAL && OF_SAGEMAKER.contains(&name) {
            "start it with aiops local sagemaker"
        } else {
            "deploy it again with this version"
        };
        CommandError::bad_key(
            "--stack",
            format_args!("the stack {} has no output {name}: {advice}", self.stack),
        )
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Value>, CommandError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| CommandError::bad_path(path, error))?;
    serde_json::from_str(&text).map_err(|error| CommandError::bad_path(path, error))
}

/// The outputs of a deployed stack, as Pulumi tells them; secrets stay out.
fn outputs(name: &str) -> Result<BTreeMap<String, Value>, CommandError> {
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
