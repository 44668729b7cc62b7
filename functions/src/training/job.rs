//! A training job as SageMaker's `CreateTrainingJob` wants it, in that API's own words
//! (<https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html>).

use std::collections::BTreeMap;

use aiops_domain::config::TrainingConfig;
use aiops_domain::training::{
    CURRENT_CHANNEL, TRAINING_CHANNEL, TrainingMetric, VALIDATION_CHANNEL,
};
use serde::{Deserialize, Serialize};

/// How much longer than its run a job may wait for spot capacity, in seconds.
const SPOT_WAIT_SECONDS: u32 = 3600;

/// Where a job's data lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// The manifest of the segments to learn from.
    pub training: String,
    /// The manifest of the segments to evaluate on.
    pub validation: Option<String>,
    /// The current model's artefact.
    pub current: Option<String>,
}

/// The request. Absent members are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct TrainingJob {
    pub training_job_name: String,
    pub algorithm_specification: AlgorithmSpecification,
    pub role_arn: String,
    #[serde(default)]
    pub hyper_parameters: BTreeMap<String, String>,
    #[serde(default)]
    pub input_data_config: Vec<Channel>,
    pub output_data_config: OutputDataConfig,
    pub resource_config: ResourceConfig,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<VpcConfig>,
    pub stopping_condition: StoppingCondition,
    #[serde(default)]
    pub tags: Vec<Tag>,
    #[serde(default)]
    pub enable_network_isolation: bool,
    #[serde(default)]
    pub enable_managed_spot_training: bool,
}

/// The image and what it prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct AlgorithmSpecification {
    pub training_image: String,
    pub training_input_mode: String,
    #[serde(default)]
    pub metric_definitions: Vec<MetricDefinition>,
}

/// A metric by its regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct MetricDefinition {
    pub name: String,
    pub regex: String,
}

/// A channel of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct Channel {
    pub channel_name: String,
    pub data_source: DataSource,
    pub input_mode: String,
    pub compression_type: String,
}

/// Where a channel's data lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct DataSource {
    pub s3_data_source: S3DataSource,
}

/// Objects of S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct S3DataSource {
    pub s3_data_type: String,
    pub s3_uri: String,
    pub s3_data_distribution_type: String,
}

/// Where `model.tar.gz` goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct OutputDataConfig {
    pub s3_output_path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// The machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct ResourceConfig {
    pub instance_type: String,
    pub instance_count: u32,
    #[serde(rename = "VolumeSizeInGB")]
    pub volume_size_in_gb: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_kms_key_id: Option<String>,
}

/// The network of the containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct VpcConfig {
    pub security_group_ids: Vec<String>,
    pub subnets: Vec<String>,
}

/// When it is stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct StoppingCondition {
    pub max_runtime_in_seconds: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_wait_time_in_seconds: Option<u32>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words are the API's own")]
pub struct Tag {
    pub key: String,
    pub value: String,
}

impl TrainingJob {
    /// The job of this name over these inputs. The container needs no network and gets none.
    pub fn new(config: &TrainingConfig, name: String, inputs: Inputs) -> Self {
        let resources = &config.resources;
        let max_runtime_in_seconds = resources.maximum_minutes.saturating_mul(60);
        Self {
            training_job_name: name,
            algorithm_specification: AlgorithmSpecification {
                training_image: config.image.clone(),
                training_input_mode: "File".to_owned(),
                metric_definitions: TrainingMetric::ALL
                    .into_iter()
                    .map(|metric| MetricDefinition {
                        name: metric.name().to_owned(),
                        regex: metric.regex(),
                    })
                    .collect(),
            },
            role_arn: config.role_arn.clone(),
            hyper_parameters: config.hyperparameters.clone(),
            input_data_config: channels(inputs),
            output_data_config: OutputDataConfig {
                s3_output_path: format!("s3://{}/training/", config.models_bucket),
                kms_key_id: config.kms_key_arn.clone(),
            },
            resource_config: ResourceConfig {
                instance_type: resources.instance_type.clone(),
                instance_count: resources.instances,
                volume_size_in_gb: resources.volume_gib,
                volume_kms_key_id: config.kms_key_arn.clone(),
            },
            vpc_config: (!config.subnet_ids.is_empty()).then(|| VpcConfig {
                security_group_ids: config.security_group_ids.clone(),
                subnets: config.subnet_ids.clone(),
            }),
            stopping_condition: StoppingCondition {
                max_runtime_in_seconds,
                max_wait_time_in_seconds: resources
                    .spot
                    .then(|| max_runtime_in_seconds.saturating_add(SPOT_WAIT_SECONDS)),
            },
            tags: config
                .tags
                .iter()
                .map(|(key, value)| Tag {
                    key: key.clone(),
                    value: value.clone(),
                })
                .collect(),
            enable_network_isolation: true,
            enable_managed_spot_training: resources.spot,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.training_job_name
    }
}

fn channels(inputs: Inputs) -> Vec<Channel> {
    let parts = [
        (TRAINING_CHANNEL, "ManifestFile", Some(inputs.training)),
        (VALIDATION_CHANNEL, "ManifestFile", inputs.validation),
        (CURRENT_CHANNEL, "S3Prefix", inputs.current),
    ];
    parts
        .into_iter()
        .filter_map(|(name, kind, uri)| {
            Some(Channel {
                channel_name: name.to_owned(),
                data_source: DataSource {
                    s3_data_source: S3DataSource {
                        s3_data_type: kind.to_owned(),
                        s3_uri: uri?,
                        s3_data_distribution_type: "FullyReplicated".to_owned(),
                    },
                },
                input_mode: "File".to_owned(),
                // Segments are gzip already, and the container reads them as they are.
                compression_type: "None".to_owned(),
            })
        })
        .collect()
}
