//! Versions of the model: packages of the stack's model package group.

use aiops_functions::adapters::signed::Service;
use serde::Serialize;
use serde_json::{Value, json};

use super::of_port;
use crate::deployed::Deployed;
use crate::error::CommandError;

/// Packages that are listed.
const LISTED_MAX: usize = 100;

/// Characters of a metadata value.
const VALUE_CHARS_MAX: usize = 256;

/// What was decided about a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Approval {
    /// The gate let it pass; nobody promoted it.
    Pending,
    /// It was promoted.
    Approved,
    /// The gate refused it.
    Rejected,
}

impl Approval {
    const fn word(self) -> &'static str {
        match self {
            Self::Pending => "PendingManualApproval",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "Approved" => Self::Approved,
            "Rejected" => Self::Rejected,
            _ => Self::Pending,
        }
    }
}

/// A version of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Its name at SageMaker.
    pub arn: String,
    /// The model's version.
    pub version: String,
    /// SHA-256 of the artefact.
    pub sha256: String,
    /// The artefact's bucket.
    pub bucket: String,
    /// The artefact's key.
    pub key: String,
    /// What was decided.
    pub approval: Approval,
    /// Why the gate refused it; empty when it passed.
    pub reasons: String,
    /// The training job.
    pub job: String,
    /// When it was registered.
    pub created: String,
}

/// Registers a version; one that is registered already is answered as it is.
///
/// # Errors
/// When SageMaker refuses.
pub async fn register(
    stack: &Deployed,
    package: Package,
    image: &str,
    artefact: &str,
) -> Result<Package, CommandError> {
    let same = |known: &Package| known.sha256 == package.sha256 && known.job == package.job;
    if let Some(known) = list(stack).await?.into_iter().find(same) {
        return Ok(known);
    }
    let mut metadata = json!({
        "version": package.version,
        "sha256": package.sha256,
        "bucket": package.bucket,
        "key": package.key,
        "job": package.job,
    });
    if !package.reasons.is_empty() {
        let reasons: String = package.reasons.chars().take(VALUE_CHARS_MAX).collect();
        metadata["reasons"] = reasons.into();
    }
    let request = json!({
        "ModelPackageGroupName": stack.text("modelPackageGroup")?,
        "ModelPackageDescription": format!("model {} of training job {}", package.version, package.job),
        "InferenceSpecification": {
            "Containers": [{"Image": image, "ModelDataUrl": artefact}],
            "SupportedContentTypes": ["application/json", "application/jsonlines"],
            "SupportedResponseMIMETypes": ["application/json", "application/jsonlines"],
        },
        "ModelApprovalStatus": package.approval.word(),
        "CustomerMetadataProperties": metadata,
    });
    let answer = stack
        .client
        .json(Service::SageMaker, "CreateModelPackage", &request)
        .await
        .map_err(of_port)?;
    let arn = answer
        .get("ModelPackageArn")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    Ok(Package { arn, ..package })
}

/// Every version, the newest first. Packages that others put into the group are left out.
///
/// # Errors
/// When SageMaker refuses.
pub async fn list(stack: &Deployed) -> Result<Vec<Package>, CommandError> {
    let request = json!({
        "ModelPackageGroupName": stack.text("modelPackageGroup")?,
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "MaxResults": LISTED_MAX,
    });
    let answer = stack
        .client
        .json(Service::SageMaker, "ListModelPackages", &request)
        .await
        .map_err(of_port)?;
    let summaries = answer
        .get("ModelPackageSummaryList")
        .and_then(Value::as_array);
    let mut packages = Vec::new();
    for arn in summaries
        .into_iter()
        .flatten()
        .filter_map(|summary| summary.get("ModelPackageArn")?.as_str())
    {
        let described = stack
            .client
            .json(
                Service::SageMaker,
                "DescribeModelPackage",
                &json!({ "ModelPackageName": arn }),
            )
            .await
            .map_err(of_port)?;
        packages.extend(read(arn, &described));
    }
    Ok(packages)
}

fn read(arn: &str, described: &Value) -> Option<Package> {
    let metadata = described.get("CustomerMetadataProperties")?;
    let text = |member: &str| {
        metadata
            .get(member)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let created = described.get("CreationTime").and_then(Value::as_f64);
    let created = created
        .and_then(|seconds| jiff::SignedDuration::try_from_secs_f64(seconds).ok())
        .and_then(|since| jiff::Timestamp::from_duration(since).ok());
    Some(Package {
        arn: arn.to_owned(),
        version: text("version")?,
        sha256: text("sha256")?,
        bucket: text("bucket")?,
        key: text("key")?,
        approval: Approval::of(
            described
                .get("ModelApprovalStatus")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        ),
        reasons: text("reasons").unwrap_or_default(),
        job: text("job").unwrap_or_default(),
        created: created.map(|time| format!("{time:.0}")).unwrap_or_default(),
    })
}

/// The version that `name` begins: whole, or its first digits as long as they mean one.
///
/// # Errors
/// When there is none, or several.
pub fn find<'a>(packages: &'a [Package], name: &str) -> Result<&'a Package, CommandError> {
    let mut found = packages
        .iter()
        .filter(|package| !name.is_empty() && package.version.starts_with(name));
    let first = found.next().ok_or_else(|| {
        CommandError::bad_key(
            "VERSION",
            format_args!("there is no model {name}: aiops model list"),
        )
    })?;
    if found.any(|other| other.version != first.version) {
        return Err(CommandError::bad_key(
            "VERSION",
            format_args!("several models begin with {name}: give more digits"),
        ));
    }
    Ok(first)
}

/// Writes down a decision about a version.
///
/// # Errors
/// When SageMaker refuses.
pub async fn decide(
    stack: &Deployed,
    package: &Package,
    approval: Approval,
    why: &str,
) -> Result<(), CommandError> {
    let request = json!({
        "ModelPackageArn": package.arn,
        "ModelApprovalStatus": approval.word(),
        "ApprovalDescription": why.chars().take(1024).collect::<String>(),
    });
    let answer = stack
        .client
        .json(Service::SageMaker, "UpdateModelPackage", &request)
        .await;
    answer.map(drop).map_err(of_port)
}
