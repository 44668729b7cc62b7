//! What SageMaker refuses at once. The limits are those of its API reference.

use std::collections::BTreeSet;

use aiops_functions::adapters::signed::Service;
use aiops_functions::training::job::{Channel, TrainingJob};
use regex::Regex;
use serde_json::{Value, json};

use super::Shared;
use super::answer::Refusal;

const CHANNELS_MAX: usize = 20;
const HYPERPARAMETERS_MAX: usize = 100;
const HYPERPARAMETER_CHARS_MAX: usize = 2500;
const METRICS_MAX: usize = 40;
const TAGS_MAX: usize = 50;

/// A name of 1 to 63 letters, digits and inner hyphens.
pub(super) fn name(member: &str, text: &str) -> Result<(), Refusal> {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if text.len() <= 63
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    {
        return Ok(());
    }
    let shown: String = text.chars().take(100).collect();
    Err(Refusal::validation(format!(
        "1 validation error detected: Value '{shown}' at '{member}' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){{0,62}}"
    )))
}

/// Everything of a job that needs nobody else.
pub(super) fn job(job: &TrainingJob) -> Result<(), Refusal> {
    name("trainingJobName", &job.training_job_name)?;
    let resources = &job.resource_config;
    let stopping = &job.stopping_condition;
    let require = |holds: bool, message: &str| {
        if holds {
            Ok(())
        } else {
            Err(Refusal::validation(message))
        }
    };
    require(
        resources.instance_type.starts_with("ml."),
        "the instance type is none of SageMaker's: they begin with ml.",
    )?;
    require(
        resources.instance_count >= 1 && resources.volume_size_in_gb >= 1,
        "InstanceCount and VolumeSizeInGB must be at least 1",
    )?;
    require(
        stopping.max_runtime_in_seconds >= 1,
        "MaxRuntimeInSeconds must be at least 1",
    )?;
    match (
        job.enable_managed_spot_training,
        stopping.max_wait_time_in_seconds,
    ) {
        (true, Some(wait)) => require(
            wait >= stopping.max_runtime_in_seconds,
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
        )?,
        (true, None) => require(
            false,
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds",
        )?,
        (false, Some(_)) => require(
            false,
            "MaxWaitTimeInSeconds is for managed spot training only",
        )?,
        (false, None) => {}
    }
    let parameters = &job.hyper_parameters;
    require(
        parameters.len() <= HYPERPARAMETERS_MAX
            && parameters
                .values()
                .all(|value| value.chars().count() <= HYPERPARAMETER_CHARS_MAX),
        "at most 100 hyperparameters of at most 2500 characters",
    )?;
    let metrics = &job.algorithm_specification.metric_definitions;
    require(
        metrics.len() <= METRICS_MAX
            && metrics
                .iter()
                .all(|metric| Regex::new(&metric.regex).is_ok()),
        "at most 40 metric definitions, each with a regular expression",
    )?;
    require(job.tags.len() <= TAGS_MAX, "at most 50 tags")?;
    location("S3OutputPath", &job.output_data_config.s3_output_path)?;
    require(
        job.input_data_config.len() <= CHANNELS_MAX,
        "at most 20 channels",
    )?;
    let mut names = BTreeSet::new();
    for one in &job.input_data_config {
        channel(one)?;
        require(
            names.insert(&one.channel_name),
            "the names of channels must be different",
        )?;
    }
    if let Some(vpc) = &job.vpc_config {
        require(
            vpc.subnets.iter().all(|id| id.starts_with("subnet-"))
                && vpc
                    .security_group_ids
                    .iter()
                    .all(|id| id.starts_with("sg-"))
                && !vpc.subnets.is_empty()
                && !vpc.security_group_ids.is_empty(),
            "VpcConfig needs subnets and security groups",
        )?;
    }
    Ok(())
}

fn channel(channel: &Channel) -> Result<(), Refusal> {
    let name_holds = !channel.channel_name.is_empty()
        && channel.channel_name.len() <= 64
        && channel
            .channel_name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    let source = &channel.data_source.s3_data_source;
    let holds = name_holds
        && ["File", "Pipe", "FastFile"].contains(&channel.input_mode.as_str())
        && ["None", "Gzip"].contains(&channel.compression_type.as_str())
        && ["ManifestFile", "S3Prefix"].contains(&source.s3_data_type.as_str())
        && ["FullyReplicated", "ShardedByS3Key"]
            .contains(&source.s3_data_distribution_type.as_str());
    if !holds {
        let name: String = channel.channel_name.chars().take(100).collect();
        return Err(Refusal::validation(format!(
            "channel '{name}' is malformed"
        )));
    }
    location("S3Uri", &source.s3_uri).map(|_| ())
}

/// Bucket and key of an `s3://` address.
pub(super) fn location<'a>(member: &str, uri: &'a str) -> Result<(&'a str, &'a str), Refusal> {
    uri.strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/').or(Some((rest, ""))))
        .filter(|(bucket, _)| !bucket.is_empty())
        .ok_or_else(|| {
            let shown: String = uri.chars().take(200).collect();
            Refusal::validation(format!("{member}: '{shown}' is no address in S3"))
        })
}

/// Whether SageMaker may take the role: it exists, and trusts the service.
pub(super) async fn role(shared: &Shared, arn: &str) -> Result<(), Refusal> {
    let refusal = || {
        let shown: String = arn.chars().take(200).collect();
        Refusal::validation(format!(
            "Could not assume role {shown}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role."
        ))
    };
    let (_, name) = arn
        .split_once(":role/")
        .filter(|_| arn.starts_with("arn:aws:iam::"))
        .ok_or_else(refusal)?;
    let name = name.rsplit('/').next().unwrap_or(name);
    let found = shared
        .cloud
        .query(Service::Iam, "GetRole", &json!({ "RoleName": name }))
        .await
        .map_err(|_| refusal())?;
    let trusts = found
        .pointer("/GetRoleResult/Role/AssumeRolePolicyDocument")
        .and_then(Value::as_str)
        .is_some_and(|document| document.contains("sagemaker.amazonaws.com"));
    if trusts { Ok(()) } else { Err(refusal()) }
}
