//! A stack that has SageMaker: its outputs, from Pulumi, a file or the kept local cloud.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aiops_functions::adapters::S3;
use aiops_functions::adapters::sdk;
use aiops_functions::adapters::signed::{Service, SignedClient};
use serde_json::Value;

use crate::deployed::outputs;
use crate::error::CommandError;
use crate::local::state::LocalState;

pub use crate::deployed::LOCAL;

/// The file beside the local cloud's state that says where its SageMaker is.
pub const LOCAL_SAGEMAKER: &str = ".aiops/sagemaker.json";

/// The output that names the image of the local cloud's SageMaker.
pub const LOCAL_IMAGE: &str = "localImage";

/// Where the outputs come from.
#[derive(Debug, Clone, clap::Args)]
pub struct StackArgs {
    /// The stack: `local` for the kept local cloud, else one of Pulumi's.
    #[arg(long, value_name = "STACK", default_value = LOCAL)]
    pub stack: String,
    /// The stack's outputs as `pulumi stack output --json` prints them, instead of asking Pulumi.
    #[arg(long, value_name = "FILE")]
    pub outputs: Option<PathBuf>,
}

/// A deployed stack.
pub struct Deployed {
    /// Its name.
    pub stack: String,
    outputs: BTreeMap<String, Value>,
    /// Objects.
    pub objects: S3,
    /// Everything else.
    pub client: SignedClient,
}

impl Deployed {
    /// The stack that the arguments name, with the environment's credentials; the local one with none.
    ///
    /// # Errors
    /// When there is no such stack, or its outputs cannot be read.
    pub async fn open(args: &StackArgs) -> Result<Self, CommandError> {
        let home = std::env::current_dir()?;
        if args.stack != LOCAL {
            let outputs = match &args.outputs {
                Some(path) => read(path)?,
                None => outputs(&args.stack)?,
            };
            let sdk = sdk::load().await;
            let client = SignedClient::new(&sdk).map_err(anyhow::Error::from)?;
            return Ok(Self {
                stack: args.stack.clone(),
                outputs,
                objects: S3::new(&sdk),
                client,
            });
        }
        let state = LocalState::read(&home)?.ok_or_else(|| {
            CommandError::bad_key("--stack", "no local cloud is kept here: aiops local up")
        })?;
        let mut outputs = state.exports;
        let path = home.join(LOCAL_SAGEMAKER);
        let known = args.outputs.as_ref().unwrap_or(&path);
        if args.outputs.is_some() || known.is_file() {
            outputs.extend(read(known)?);
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
        let mut client = SignedClient::new(&sdk).map_err(anyhow::Error::from)?;
        if let Some(url) = outputs.get("sagemakerEndpoint").and_then(Value::as_str) {
            client = client
                .with_endpoint(Service::SageMaker, url)
                .with_endpoint(Service::SageMakerRuntime, url);
        }
        Ok(Self {
            stack: LOCAL.to_owned(),
            outputs,
            objects: S3::new(&sdk),
            client,
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

    fn missing(&self, name: &str) -> CommandError {
        let advice = if self.stack == LOCAL && name != "modelsBucket" {
            "start it with aiops local sagemaker"
        } else {
            "deploy the stack first"
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
