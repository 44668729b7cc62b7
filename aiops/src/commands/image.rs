//! `aiops image`: the training image, built without Docker and pushed to a registry.

use std::path::PathBuf;

use aiops_functions::adapters::signed::{Service, SignedClient, http_client};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

use crate::deployed::{Deployed, StackArgs};
use crate::error::{CommandError, Outcome};
use crate::image::build::{self, Build};
use crate::image::reference::{Repository, is_tag};
use crate::image::registry::{Credentials, Pushed, Registry};
use crate::image::{Image, directory};
use crate::package::Architecture;
use crate::package::build::{outside_of_project, workspace_root};
use crate::printer::Printer;

/// Bytes that the image may have.
const IMAGE_BYTES_MAX: u64 = 30 << 20;

/// Build and push the training image.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops image build                      static binaries, from scratch, into dist/image
  aiops image push --stack dev           to the stack's repository; prints what to set sagemaker.image to
  skopeo copy dir:dist/image docker-daemon:aiops:local    for whoever has Docker")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the image.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Build the binaries and make the image of them.
    Build(BuildArgs),
    /// Send the image to a registry. A tag names one image for ever.
    Push(PushArgs),
}

/// How to build.
#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    /// Directory for the image (the form `dir:` of skopeo and podman); made if it is missing.
    #[arg(long, value_name = "DIR", default_value = "dist/image")]
    pub out: PathBuf,
    /// The machines that it runs on.
    #[arg(long, value_enum, default_value_t = Architecture::of_host())]
    pub arch: Architecture,
    /// For the local endpoint: development build, linked with this machine's libraries.
    #[arg(long, conflicts_with = "arch")]
    pub local: bool,
    /// The result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Where to push.
#[derive(Debug, clap::Args)]
pub struct PushArgs {
    /// The stack whose repository it goes to.
    #[command(flatten)]
    pub stack: StackArgs,
    /// Another repository, `registry/name`, instead of the stack's.
    #[arg(long, value_name = "REPOSITORY", conflicts_with_all = ["stack", "outputs"])]
    pub to: Option<Repository>,
    /// The tag; without it, the first digits of the image's digest.
    #[arg(long)]
    pub tag: Option<String>,
    /// Where `aiops image build` put the image.
    #[arg(long, value_name = "DIR", default_value = "dist/image")]
    pub image: PathBuf,
    /// The result as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    digest: &'a str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pushed: Option<bool>,
}

/// Builds or pushes.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    match args.action {
        Action::Build(args) => build(&args, printer),
        Action::Push(args) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(push(&args, printer)),
    }
}

fn build(args: &BuildArgs, printer: &Printer) -> Result<Outcome, CommandError> {
    let workspace = workspace_root(&std::env::current_dir()?).ok_or_else(outside_of_project)?;
    let kind = if args.local {
        Build::Local
    } else {
        Build::Release(args.arch)
    };
    let progress = printer.progress(None, "building the training image");
    let image = build::image(&workspace, kind)?;
    progress.finish_and_clear();
    if !args.local && image.bytes() > IMAGE_BYTES_MAX {
        printer.warn(format_args!(
            "the image has {} bytes, more than the {IMAGE_BYTES_MAX} that it should have",
            image.bytes()
        ));
    }
    directory::write(&image, &args.out)?;
    let digest = image.digest();
    let report = Report {
        schema: "aiops.image/1",
        digest: digest.as_str(),
        bytes: image.bytes(),
        reference: None,
        pushed: None,
    };
    if args.json {
        printer.json(&report)?;
    } else {
        printer.line(format_args!(
            "{digest}  {}  {} bytes",
            args.out.display(),
            report.bytes
        ))?;
    }
    Ok(Outcome::Done)
}

async fn push(args: &PushArgs, printer: &Printer) -> Result<Outcome, CommandError> {
    let image = directory::read(&args.image)?;
    let tag = args.tag.clone().unwrap_or_else(|| image.digest().short());
    if !is_tag(&tag) {
        return Err(CommandError::bad_key(
            "--tag",
            format_args!("`{tag}` is no tag"),
        ));
    }
    let (repository, client) = match &args.to {
        Some(repository) => (repository.clone(), None),
        None => {
            let stack = Deployed::open(&args.stack).await?;
            let repository = stack.text("modelRepositoryUrl")?.parse().map_err(|error| {
                CommandError::bad_key("modelRepositoryUrl", format_args!("{error}"))
            })?;
            (repository, Some(stack.client))
        }
    };
    let progress = printer.progress(None, "pushing the training image");
    let pushed = send(&image, repository.clone(), &tag, client.as_ref()).await?;
    progress.finish_and_clear();
    let digest = image.digest();
    let report = Report {
        schema: "aiops.image/1",
        digest: digest.as_str(),
        bytes: image.bytes(),
        reference: Some(format!("{repository}@{digest}")),
        pushed: Some(pushed == Pushed::New),
    };
    if args.json {
        printer.json(&report)?;
        return Ok(Outcome::Done);
    }
    if pushed == Pushed::Known {
        printer.note("the registry had this image");
    }
    printer.line(format_args!("{repository}:{tag}"))?;
    printer.line(format_args!("{repository}@{digest}"))?;
    printer.note(format_args!(
        "aiops:sagemaker.image of the stack: {tag} or {digest}"
    ));
    Ok(Outcome::Done)
}

/// Pushes an image; to ECR with a token of its own.
///
/// # Errors
/// When the registry refuses, or the tag names another image.
pub async fn send(
    image: &Image,
    repository: Repository,
    tag: &str,
    client: Option<&SignedClient>,
) -> Result<Pushed, CommandError> {
    let credentials = match (repository.ecr_region(), client) {
        (Some(_), Some(client)) => ecr(client).await?,
        (Some(_), None) => {
            let sdk = aiops_functions::adapters::sdk::load().await;
            ecr(&SignedClient::new(&sdk).map_err(anyhow::Error::from)?).await?
        }
        (None, _) => Credentials::Anonymous,
    };
    let http = http_client().map_err(anyhow::Error::from)?;
    let registry = Registry::new(http, repository, credentials);
    let pushed = registry.push(image, tag).await;
    pushed.map_err(|error| CommandError::Failed(error.into()))
}

/// ECR's token: a password of twelve hours for the user `AWS`.
async fn ecr(client: &SignedClient) -> Result<Credentials, CommandError> {
    let answer = client
        .json(Service::Ecr, "GetAuthorizationToken", &json!({}))
        .await
        .map_err(anyhow::Error::from)?;
    let pair = answer
        .pointer("/authorizationData/0/authorizationToken")
        .and_then(Value::as_str)
        .and_then(|token| STANDARD.decode(token).ok())
        .and_then(|pair| String::from_utf8(pair).ok());
    let (user, password) = pair
        .as_deref()
        .and_then(|pair| pair.split_once(':'))
        .ok_or_else(|| anyhow::anyhow!("the answer of ecr:GetAuthorizationToken has no token"))?;
    Ok(Credentials::Basic {
        user: user.to_owned(),
        password: password.to_owned(),
    })
}
