//! `aiops local sagemaker`: SageMaker beside the kept local cloud.

use std::path::PathBuf;

use aiops_functions::adapters::signed::{Service, SignedClient};
use aiops_functions::adapters::{S3, sdk};
use serde_json::{Value, json};

use crate::commands::image::send;
use crate::deployed::{LOCAL_IMAGE, LOCAL_SAGEMAKER};
use crate::error::{CommandError, Outcome};
use crate::image::build::{self, Build};
use crate::image::{Image, directory};
use crate::local::sagemaker::{LocalSagemaker, Options};
use crate::local::state::LocalState;
use crate::package::build::{outside_of_project, workspace_root};
use crate::printer::Printer;

/// The role of training jobs and endpoints on this machine.
const ROLE: &str = "aiops-local-sagemaker";

/// The group of the model's versions.
const GROUP: &str = "aiops-local-models";

/// The image's repository.
const REPOSITORY: &str = "aiops-local/model";

/// How to serve.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The port; without it a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// An image that `aiops image build` made; without it, one is made of a development build.
    #[arg(long, value_name = "DIR")]
    pub image: Option<PathBuf>,
}

/// Serves until it is interrupted.
pub(super) async fn run(args: &Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let home = std::env::current_dir()?;
    let state = LocalState::read(&home)?.ok_or_else(|| {
        CommandError::BadInput("no local cloud is kept here: aiops local up".to_owned())
    })?;
    let image = match &args.image {
        Some(path) => directory::read(path)?,
        None => {
            let workspace = workspace_root(&home).ok_or_else(outside_of_project)?;
            let progress = printer.progress(None, "building the training image");
            let image = build::image(&workspace, Build::Local)?;
            progress.finish_and_clear();
            image
        }
    };
    let (served, outputs) = serve(
        &state.endpoint,
        &state.region,
        home.join(".aiops/sagemaker"),
        args.port,
        &image,
    )
    .await?;
    let path = home.join(LOCAL_SAGEMAKER);
    let text = serde_json::to_string_pretty(&outputs).map_err(anyhow::Error::from)?;
    std::fs::write(&path, text).map_err(|error| CommandError::bad_path(&path, error))?;
    printer.line(format_args!(
        "AWS_ENDPOINT_URL_SAGEMAKER={}",
        served.endpoint()
    ))?;
    printer.line(format_args!(
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME={}",
        served.endpoint()
    ))?;
    printer.note("aiops train submit, aiops model list and aiops image push find it by themselves; Ctrl-C ends it");
    tokio::signal::ctrl_c().await?;
    // Nobody is there any more to be found by it.
    let _gone = std::fs::remove_file(&path);
    Ok(Outcome::Done)
}

/// Starts it beside the local cloud at `cloud`, with a role, a repository that holds the image, and a
/// group for the model's versions; answers what a stack that has SageMaker exports.
///
/// # Errors
/// When it cannot start, or the local cloud refuses.
pub async fn serve(
    cloud: &str,
    region: &str,
    directory: PathBuf,
    port: u16,
    image: &Image,
) -> Result<(LocalSagemaker, Value), CommandError> {
    let sdk = sdk::load_local(cloud, region).await;
    let client = SignedClient::new(&sdk).map_err(anyhow::Error::from)?;
    let role = role(&client).await?;
    let served = LocalSagemaker::start(Options {
        directory,
        port,
        objects: S3::new(&sdk),
        cloud: client.clone(),
    })
    .await?;
    let client = client.with_endpoint(Service::SageMaker, &served.endpoint());
    let group = json!({ "ModelPackageGroupName": GROUP });
    client
        .json(Service::SageMaker, "CreateModelPackageGroup", &group)
        .await
        .map_err(anyhow::Error::from)?;
    let repository = format!("{}/{REPOSITORY}", served.registry());
    let parsed = repository
        .parse()
        .map_err(|error: crate::image::reference::NoReference| anyhow::Error::from(error))?;
    let digest = image.digest();
    send(image, parsed, &digest.short(), None).await?;
    let outputs = json!({
        "sagemakerEndpoint": served.endpoint(),
        "sagemakerRoleArn": role,
        "modelRepositoryUrl": repository,
        "modelPackageGroup": GROUP,
        LOCAL_IMAGE: digest,
    });
    Ok((served, outputs))
}

/// The role, made if it is not there.
async fn role(client: &SignedClient) -> Result<String, CommandError> {
    let name = json!({ "RoleName": ROLE });
    let found = client.query(Service::Iam, "GetRole", &name).await;
    let answer = match found {
        Ok(answer) => answer,
        Err(_missing) => {
            let trust = json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": {"Service": "sagemaker.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }],
            });
            let request = json!({"RoleName": ROLE, "AssumeRolePolicyDocument": trust.to_string()});
            client
                .query(Service::Iam, "CreateRole", &request)
                .await
                .map_err(anyhow::Error::from)?
        }
    };
    let arn = ["/GetRoleResult/Role/Arn", "/CreateRoleResult/Role/Arn"]
        .iter()
        .find_map(|pointer| answer.pointer(pointer).and_then(Value::as_str));
    arn.map(str::to_owned)
        .ok_or_else(|| CommandError::Failed(anyhow::anyhow!("the local cloud made no role {ROLE}")))
}
