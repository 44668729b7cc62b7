//! Where the demonstration looks: the physical names of the stack's resources.

use aiops_infra::config::StackConfig;
use anyhow::Context as _;
use serde_json::Value;

use crate::local::cloud::LocalCloud;
use crate::workload::LogGroups;

/// Physical names of the applied stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Bucket of segments and quarantine.
    pub segments_bucket: String,
    /// Bucket of the raw archive.
    pub raw_bucket: String,
    /// Bucket of models.
    pub models_bucket: String,
    /// Table of incidents.
    pub incidents_table: String,
    /// Queue of the detector: notifications of segments, and timers.
    pub detector_queue_url: String,
    /// Queue of the metric detector: notifications of metrics.
    pub metrics_queue_url: String,
    /// The delivery stream of metrics.
    pub metrics_delivery: String,
    /// SSM parameter that points to the model.
    pub model_parameter: String,
    /// The workflow.
    pub state_machine_arn: String,
    /// The network ACLs that denials go into.
    pub network_acl_ids: Vec<String>,
    /// The hosts.
    pub instance_ids: Vec<String>,
    /// The remediator.
    pub remediator: String,
    /// The anomaly detector.
    pub detector: String,
    /// Address of the approvals API.
    pub approvals_url: String,
    /// Secret that proves interactions to be Slack's.
    pub slack_signing_secret: String,
}

impl Places {
    /// The names of what was applied.
    pub fn of(cloud: &LocalCloud) -> anyhow::Result<Self> {
        let output = |kind: &str, name: &str, property: &str| {
            cloud
                .output(kind, name, property)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .with_context(|| format!("the stack has no {kind}::{name} with `{property}`"))
        };
        let bucket = |name: &str| output("aws:s3/bucket:Bucket", name, "bucket");
        let acl = |name: &str| output("aws:ec2/networkAcl:NetworkAcl", name, "id");
        Ok(Self {
            segments_bucket: bucket("segments")?,
            raw_bucket: bucket("raw")?,
            models_bucket: bucket("models")?,
            incidents_table: output("aws:dynamodb/table:Table", "incidents", "name")?,
            detector_queue_url: output("aws:sqs/queue:Queue", "segments", "url")?,
            metrics_queue_url: output("aws:sqs/queue:Queue", "metrics", "url")?,
            metrics_delivery: output(
                "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
                "metrics",
                "name",
            )?,
            model_parameter: output("aws:ssm/parameter:Parameter", "model", "name")?,
            state_machine_arn: output("aws:sfn/stateMachine:StateMachine", "incidents", "arn")?,
            network_acl_ids: vec![acl("public")?, acl("private")?],
            instance_ids: instances(cloud),
            approvals_url: cloud.export("approvalsUrl")?.to_owned(),
            slack_signing_secret: output(
                "aws:secretsmanager/secret:Secret",
                "slack-signing-secret",
                "arn",
            )?,
            remediator: output("aws:lambda/function:Function", "remediator", "name")?,
            detector: output("aws:lambda/function:Function", "anomaly-detector", "name")?,
        })
    }
}

/// The ids of the stack's hosts, in order.
fn instances(cloud: &LocalCloud) -> Vec<String> {
    let mut ids: Vec<String> = cloud
        .applied()
        .resources
        .values()
        .filter(|resource| resource.kind == "aws:ec2/instance:Instance")
        .filter_map(|resource| resource.outputs.get("id")?.as_str().map(str::to_owned))
        .collect();
    ids.sort();
    ids
}

/// The log groups of the stack that the workload writes to, and the format of its flow log.
pub fn log_groups(config: &StackConfig, cloud: &LocalCloud) -> anyhow::Result<LogGroups> {
    let group = |key: &str| {
        config
            .logs
            .groups
            .iter()
            .find(|(name, _)| name.as_str() == key)
            .map(|(name, group)| config.log_group_name(name, group).into())
            .with_context(|| {
                format!("the stack has no log group `{key}`: add it to aiops:logs.groups of Pulumi.local.yaml")
            })
    };
    let flow = |kind: &str, name: &str, property: &str| {
        cloud
            .output(kind, name, property)
            .and_then(Value::as_str)
            .with_context(|| format!("the stack has no {kind}::{name}"))
    };
    Ok(LogGroups {
        system: group("system")?,
        application: group("application")?,
        control_plane: group("control-plane")?,
        containers: group("containers")?,
        nodes: group("nodes")?,
        dataplane: group("dataplane")?,
        flow: flow("aws:cloudwatch/logGroup:LogGroup", "vpc-flow", "name")?.into(),
        flow_format: flow("aws:ec2/flowLog:FlowLog", "vpc", "logFormat")?.to_owned(),
    })
}
