//! Training and serving: the image repository, the role, the notebook, the model and its endpoint.
//!
//! Coming from HCL: `aws_sagemaker_*` with `AmazonSageMakerFullAccess`, and `aws_ecr_repository`
//! with mutable tags.

use super::archive::Buckets;
use super::context::Context;
use super::keys::Keys;
use super::network::Network;
use super::roles::{self, Role};
use crate::aws::{ecr, sagemaker};
use crate::graph::{Expr, Scope, json};
use crate::iam::Condition;
use crate::iam::Statement;
use crate::iam::action::{cloudwatch, ec2, ecr as pull, logs as write, s3};
use crate::{list, object, text};

mod endpoint;
mod notebook;

/// What the rest of the platform needs of it.
#[derive(Debug, Clone)]
pub struct Sagemaker {
    /// Where our image is pushed.
    pub repository: ecr::Repository,
    /// The role of training jobs, models and notebooks.
    pub role: Role,
    /// Versions of the model, each with the gate's verdict.
    pub packages: sagemaker::ModelPackageGroup,
    /// The endpoint, once there is a model.
    pub endpoint: Option<sagemaker::Endpoint>,
}

impl Sagemaker {
    /// The full name of our image with this tag or digest.
    pub fn image(&self, tag: &str) -> Expr<String> {
        image(&self.repository, tag)
    }
}

fn image(repository: &ecr::Repository, tag: &str) -> Expr<String> {
    let separator = if tag.starts_with("sha256:") { "@" } else { ":" };
    text!(repository.repository_url(), separator, tag)
}

/// Declares it; nothing on the laptop, whose emulator has no SageMaker.
pub fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    network: &Network,
    buckets: &Buckets,
) -> Option<Sagemaker> {
    if context.is_local() {
        return None;
    }
    let scope = scope.component("Sagemaker", "sagemaker");
    let repository = repository(&scope, context, keys);
    let role = role(&scope, context, keys, network, buckets, &repository);
    let packages = scope.declare(
        "models",
        sagemaker::ModelPackageGroupArgs::new(context.name("models"))
            .model_package_group_description("Detection models and the gate's verdict on each"),
    );
    if context.config.sagemaker.notebook {
        notebook::declare(&scope, context, keys, network, &role);
    }
    let endpoint = endpoint::declare(&scope, context, keys, buckets, &repository, &role);
    Some(Sagemaker {
        repository,
        role,
        packages,
        endpoint,
    })
}

fn repository(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> ecr::Repository {
    let encryption = match keys {
        Some(keys) => ecr::RepositoryEncryptionConfiguration::new()
            .encryption_type("KMS")
            .kms_key(keys.data.arn()),
        None => ecr::RepositoryEncryptionConfiguration::new().encryption_type("AES256"),
    };
    let repository = scope.declare(
        "model",
        ecr::RepositoryArgs::new()
            .name(format!("{}/model", context.config.prefix()))
            // A tag names one image for ever: what was evaluated is what runs.
            .image_tag_mutability("IMMUTABLE")
            .image_scanning_configuration(ecr::RepositoryImageScanningConfiguration::new(true))
            .encryption_configurations([encryption])
            .force_delete(!context.config.protect),
    );
    let rule = |priority: i64, description: &str, selection| {
        object! {
            "rulePriority" => priority,
            "description" => description,
            "selection" => selection,
            "action" => object! { "type" => "expire" },
        }
    };
    scope.declare(
        "model",
        ecr::LifecyclePolicyArgs::new(ecr::LifecyclePolicyRequired {
            policy: json(object! { "rules" => list![
                rule(1, "untagged: a week", object! {
                    "tagStatus" => "untagged",
                    "countType" => "sinceImagePushed",
                    "countUnit" => "days",
                    "countNumber" => 7,
                }),
                rule(2, "tagged: the last thirty", object! {
                    "tagStatus" => "any",
                    "countType" => "imageCountMoreThan",
                    "countNumber" => 30,
                }),
            ] }),
            repository: repository.name(),
        }),
    );
    repository
}

/// What placing a job or a notebook in the private subnets touches.
fn interfaces(context: &Context<'_>, network: &Network) -> Vec<Expr<String>> {
    let subnets = network.private.iter().map(|subnet| subnet.arn());
    subnets
        .chain([
            network.groups.workload.arn(),
            context.arn("ec2", "network-interface/*"),
        ])
        .collect()
}

fn role(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    network: &Network,
    buckets: &Buckets,
    repository: &ecr::Repository,
) -> Role {
    let mut statements = vec![
        Statement::allow(
            "List",
            [s3::LIST_BUCKET],
            [buckets.segments.bucket.arn(), buckets.models.bucket.arn()],
        ),
        Statement::allow(
            "Read",
            [s3::GET_OBJECT],
            [
                buckets.segments.objects("segments/"),
                buckets.models.objects(""),
            ],
        ),
        Statement::allow(
            "Write",
            [s3::PUT_OBJECT],
            [
                buckets.models.objects("training/"),
                buckets.models.objects("models/"),
            ],
        ),
        Statement::allow(
            "Image",
            [
                pull::BATCH_CHECK_LAYER_AVAILABILITY,
                pull::BATCH_GET_IMAGE,
                pull::GET_DOWNLOAD_URL_FOR_LAYER,
            ],
            [repository.arn()],
        ),
        Statement::allow_any(
            "Registry",
            [pull::GET_AUTHORIZATION_TOKEN],
            "a token is for the registry",
        ),
        Statement::allow(
            "Log",
            [
                write::CREATE_LOG_GROUP,
                write::CREATE_LOG_STREAM,
                write::DESCRIBE_LOG_STREAMS,
                write::PUT_LOG_EVENTS,
            ],
            [context.arn("logs", "log-group:/aws/sagemaker/*")],
        ),
        Statement::allow_any(
            "Metrics",
            [cloudwatch::PUT_METRIC_DATA],
            "a metric is no resource of IAM; the namespace narrows it",
        )
        .when(Condition::new(
            crate::iam::Operator::StringLike,
            "cloudwatch:namespace",
            ["/aws/sagemaker/*", "aws/sagemaker/*"],
        )),
        Statement::allow(
            "Interfaces",
            [
                ec2::CREATE_NETWORK_INTERFACE,
                ec2::CREATE_NETWORK_INTERFACE_PERMISSION,
                ec2::DELETE_NETWORK_INTERFACE,
            ],
            interfaces(context, network),
        ),
        Statement::allow_any(
            "Network",
            [
                ec2::DESCRIBE_DHCP_OPTIONS,
                ec2::DESCRIBE_NETWORK_INTERFACES,
                ec2::DESCRIBE_SECURITY_GROUPS,
                ec2::DESCRIBE_SUBNETS,
                ec2::DESCRIBE_VPCS,
            ],
            "EC2 narrows no Describe action to a resource",
        ),
    ];
    statements.extend(Keys::use_data(keys));
    // The disks of jobs and notebooks are attached under a grant that SageMaker makes with this role.
    statements.extend(Keys::grant_data(keys));
    let trust = roles::service(context, "sagemaker.amazonaws.com");
    roles::role(scope, context, "sagemaker", trust, statements)
}
