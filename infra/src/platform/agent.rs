//! The CloudWatch agent: its permissions, and its configuration as types.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::config::Instance;
use crate::graph::Expr;
use crate::iam::action::{cloudwatch, ec2, logs};
use crate::iam::{Condition, Statement};

/// What the agent needs to write to the streams of `groups` and to the metric namespace.
pub fn statements(
    groups: impl Iterator<Item = Expr<String>>,
    namespace: &'static str,
) -> Vec<Statement> {
    vec![
        Statement::allow(
            "Logs",
            [
                logs::CREATE_LOG_STREAM,
                logs::DESCRIBE_LOG_STREAMS,
                logs::PUT_LOG_EVENTS,
            ],
            groups,
        ),
        Statement::allow_any(
            "Metrics",
            [cloudwatch::PUT_METRIC_DATA],
            "a metric is no resource of IAM; the namespace narrows it",
        )
        .when(Condition::equals("cloudwatch:namespace", namespace)),
        Statement::allow_any(
            "Look",
            [ec2::DESCRIBE_TAGS, ec2::DESCRIBE_VOLUMES],
            "EC2 narrows no Describe action to a resource",
        ),
    ]
}

/// The agent's configuration file. Its keys are the agent's own.
#[derive(Debug, Serialize)]
pub struct AgentConfig {
    agent: Agent,
    logs: Logs,
    metrics: Metrics,
}

#[derive(Debug, Serialize)]
struct Agent {
    metrics_collection_interval: u32,
    run_as_user: &'static str,
}

#[derive(Debug, Serialize)]
struct Logs {
    logs_collected: LogsCollected,
}

#[derive(Debug, Serialize)]
struct LogsCollected {
    files: Files,
}

#[derive(Debug, Serialize)]
struct Files {
    collect_list: Vec<File>,
}

#[derive(Debug, Serialize)]
struct File {
    file_path: String,
    log_group_name: String,
    log_stream_name: &'static str,
}

#[derive(Debug, Serialize)]
struct Metrics {
    namespace: &'static str,
    append_dimensions: BTreeMap<&'static str, &'static str>,
    aggregation_dimensions: [[&'static str; 1]; 1],
    metrics_collected: BTreeMap<&'static str, Measurement>,
}

#[derive(Debug, Serialize)]
struct Measurement {
    measurement: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<[&'static str; 1]>,
}

impl AgentConfig {
    /// The configuration of one instance; `group` gives the group's name in CloudWatch.
    pub fn new(instance: &Instance, group: impl Fn(&str) -> Option<String>) -> Self {
        let collect_list = instance
            .log_files
            .iter()
            .filter_map(|file| {
                Some(File {
                    file_path: file.path.clone(),
                    log_group_name: group(&file.group)?,
                    log_stream_name: "{instance_id}",
                })
            })
            .collect();
        let measure = |measurement, resources| Measurement {
            measurement,
            resources,
        };
        Self {
            agent: Agent {
                metrics_collection_interval: instance.metrics_interval_seconds,
                run_as_user: "root",
            },
            logs: Logs {
                logs_collected: LogsCollected {
                    files: Files { collect_list },
                },
            },
            metrics: Metrics {
                namespace: "CWAgent",
                append_dimensions: BTreeMap::from([("InstanceId", "${aws:InstanceId}")]),
                aggregation_dimensions: [["InstanceId"]],
                metrics_collected: BTreeMap::from([
                    (
                        "cpu",
                        measure(&["usage_active", "usage_iowait"], Some(["*"])),
                    ),
                    ("mem", measure(&["used_percent"], None)),
                    ("swap", measure(&["used_percent"], None)),
                    (
                        "disk",
                        measure(&["used_percent", "inodes_free"], Some(["*"])),
                    ),
                    (
                        "netstat",
                        measure(&["tcp_established", "tcp_time_wait"], None),
                    ),
                ]),
            },
        }
    }
}
