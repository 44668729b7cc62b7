//! Configuration of `training-manifest`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::source::Source;

/// The longest name of a training job.
const JOB_NAME_MAX: usize = 63;

/// What follows the prefix in a job's name: `-YYYYMMDD-HHMMSS-` and eight digits.
const JOB_NAME_SUFFIX: usize = 25;

/// What `training-manifest` needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// The bucket of `segments/`.
    pub segments_bucket: String,
    /// The bucket of `models/`, which receives manifests and results below `training/`.
    pub models_bucket: String,
    /// The SSM parameter that points to the current model, which the new one is evaluated against.
    pub model_parameter: String,
    /// The role of the training job.
    pub role_arn: String,
    /// The training image, `<repository>:<tag>` or `<repository>@sha256:…`.
    pub image: String,
    /// What the names of jobs begin with.
    pub job_prefix: String,
    /// Which lines, and how much of them.
    #[serde(default)]
    pub range: TrainingRange,
    /// What it runs on.
    #[serde(default)]
    pub resources: TrainingResources,
    /// The key of volumes and results; none: the services' own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<String>,
    /// The private subnets of the container; empty: no VPC.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnet_ids: Vec<String>,
    /// The security groups of the container; needed with `subnet_ids`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_group_ids: Vec<String>,
    /// Tags of the job.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What the container is told beside its data (`docs/sagemaker.md` has the keys).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hyperparameters: BTreeMap<String, String>,
    /// The namespace of the function's own metrics.
    #[serde(default = "default_metric_namespace")]
    pub metric_namespace: String,
}

/// Which segments are trained and evaluated on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingRange {
    /// Days up to the job's time, validation included.
    pub days: u32,
    /// Hours at the end of them that are evaluated on and not learnt from.
    pub validation_hours: u32,
    /// Whose lines.
    pub sources: Vec<Source>,
    /// Objects that a manifest may name.
    pub objects_max: usize,
}

impl Default for TrainingRange {
    fn default() -> Self {
        Self {
            days: 14,
            validation_hours: 48,
            sources: vec![Source::Ec2, Source::Eks, Source::VpcFlow, Source::Other],
            objects_max: 200_000,
        }
    }
}

/// What a training job runs on, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingResources {
    /// Instance type.
    pub instance_type: String,
    /// Number of instances: one. A model is learnt from all of its lines together, and two weeks of
    /// ten million lines take less than 2 GB of memory on one.
    pub instances: u32,
    /// Size of each instance's volume in GiB.
    pub volume_gib: u32,
    /// Longest run in minutes.
    pub maximum_minutes: u32,
    /// Whether it may run on spot instances: cheaper, and begun again when they are taken away.
    pub spot: bool,
}

impl Default for TrainingResources {
    fn default() -> Self {
        Self {
            instance_type: "ml.m5.large".to_owned(),
            instances: 1,
            volume_gib: 30,
            maximum_minutes: 120,
            spot: false,
        }
    }
}

/// The names that have no default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingNames {
    /// [`TrainingConfig::segments_bucket`].
    pub segments_bucket: String,
    /// [`TrainingConfig::models_bucket`].
    pub models_bucket: String,
    /// [`TrainingConfig::model_parameter`].
    pub model_parameter: String,
    /// [`TrainingConfig::role_arn`].
    pub role_arn: String,
    /// [`TrainingConfig::image`].
    pub image: String,
    /// [`TrainingConfig::job_prefix`].
    pub job_prefix: String,
}

impl TrainingConfig {
    /// The defaults with these names.
    pub fn new(names: TrainingNames) -> Self {
        Self {
            segments_bucket: names.segments_bucket,
            models_bucket: names.models_bucket,
            model_parameter: names.model_parameter,
            role_arn: names.role_arn,
            image: names.image,
            job_prefix: names.job_prefix,
            range: TrainingRange::default(),
            resources: TrainingResources::default(),
            kms_key_arn: None,
            subnet_ids: Vec::new(),
            security_group_ids: Vec::new(),
            tags: BTreeMap::new(),
            hyperparameters: BTreeMap::new(),
            metric_namespace: default_metric_namespace(),
        }
    }

    /// What is out of range, as `key: why`; empty if nothing is.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let prefix_max = JOB_NAME_MAX - JOB_NAME_SUFFIX;
        let alphanumeric = |at: Option<char>| at.is_some_and(|c| c.is_ascii_alphanumeric());
        let prefix = &self.job_prefix;
        if prefix.len() > prefix_max
            || !alphanumeric(prefix.chars().next())
            || !alphanumeric(prefix.chars().last())
            || !prefix
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-')
        {
            problems.push(format!(
                "job_prefix: `{prefix}` is not 1 to {prefix_max} letters, digits and inner hyphens"
            ));
        }
        let range = &self.range;
        if u64::from(range.days) * 24 <= u64::from(range.validation_hours) {
            problems.push(format!(
                "range.validation_hours: {} of {} days leave nothing to learn from",
                range.validation_hours, range.days
            ));
        }
        if range.sources.is_empty() {
            problems.push("range.sources: empty reads nothing".to_owned());
        }
        if self.resources.instances != 1 {
            problems.push(format!(
                "resources.instances: {} cannot be: a model is trained on one instance",
                self.resources.instances
            ));
        }
        for (key, value) in [
            ("volume_gib", self.resources.volume_gib),
            ("maximum_minutes", self.resources.maximum_minutes),
        ] {
            if value == 0 {
                problems.push(format!("resources.{key}: 0 runs nothing"));
            }
        }
        if self.subnet_ids.is_empty() != self.security_group_ids.is_empty() {
            problems.push(
                "subnet_ids, security_group_ids: a VPC needs both, none of them means no VPC"
                    .to_owned(),
            );
        }
        problems
    }
}

fn default_metric_namespace() -> String {
    "Aiops".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> TrainingNames {
        TrainingNames {
            segments_bucket: "segments".into(),
            models_bucket: "models".into(),
            model_parameter: "/aiops-dev/model".into(),
            role_arn: "arn:aws:iam::111122223333:role/train".into(),
            image: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/aiops-dev/model:1".into(),
            job_prefix: "aiops-dev".into(),
        }
    }

    #[test]
    fn the_names_are_enough_and_unknown_keys_are_refused() {
        let config = TrainingConfig::new(names());
        assert!(config.problems().is_empty());
        let json = serde_json::to_value(&config).unwrap();
        assert_eq!(
            serde_json::from_value::<TrainingConfig>(json.clone()).unwrap(),
            config
        );
        for place in ["/range", "/resources", ""] {
            let mut unknown = json.clone();
            unknown.pointer_mut(place).unwrap()["dayz"] = 3.into();
            assert!(
                serde_json::from_value::<TrainingConfig>(unknown).is_err(),
                "{place}"
            );
        }
    }

    #[test]
    fn every_problem_is_listed() {
        let mut config = TrainingConfig::new(names());
        config.job_prefix = "-x".into();
        config.range.days = 2;
        config.range.sources.clear();
        config.resources.instances = 0;
        config.subnet_ids = vec!["subnet-1".into()];
        assert_eq!(
            config.problems(),
            [
                "job_prefix: `-x` is not 1 to 38 letters, digits and inner hyphens",
                "range.validation_hours: 48 of 2 days leave nothing to learn from",
                "range.sources: empty reads nothing",
                "resources.instances: 0 cannot be: a model is trained on one instance",
                "subnet_ids, security_group_ids: a VPC needs both, none of them means no VPC",
            ]
        );
    }
}
