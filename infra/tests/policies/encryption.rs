//! What is at rest has a key of the stack, what travels has TLS.

use serde_json::json;

use crate::Rule;
use crate::fault::{set, unset};
use crate::view::{Seen, View};

/// Whether the resources of a type lack what must stand at one of these places.
macro_rules! keyed {
    ($kind:literal, $pointer:literal) => {
        |view: &View| view.deployed($kind, |seen| !seen.text($pointer).contains(":kms:"))
    };
}

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            name: "a log group is encrypted by the stack's key",
            broken: keyed!("LogGroup", "/kmsKeyId"),
            fault: |graph| unset(graph, "LogGroup", "vpc-flow", "kmsKeyId"),
        },
        Rule {
            name: "a queue is encrypted by the stack's key",
            broken: keyed!("Queue", "/kmsMasterKeyId"),
            fault: |graph| unset(graph, "Queue", "failures", "kmsMasterKeyId"),
        },
        Rule {
            name: "a topic is encrypted by the stack's key",
            broken: keyed!("Topic", "/kmsMasterKeyId"),
            fault: |graph| unset(graph, "Topic", "alarms", "kmsMasterKeyId"),
        },
        Rule {
            name: "a table is encrypted by the stack's key",
            broken: keyed!("Table", "/serverSideEncryption/kmsKeyArn"),
            fault: |graph| unset(graph, "Table", "state", "serverSideEncryption/kmsKeyArn"),
        },
        Rule {
            name: "the stream is encrypted by the stack's key",
            broken: keyed!("Stream", "/kmsKeyId"),
            fault: |graph| set(graph, "Stream", "logs", "kmsKeyId", "alias/aws/kinesis"),
        },
        Rule {
            name: "a delivery stream that is written to is encrypted",
            broken: |view| {
                view.deployed("FirehoseDeliveryStream", |seen| {
                    !seen.has("/kinesisSourceConfiguration")
                        && !seen.text("/serverSideEncryption/keyArn").contains(":kms:")
                })
            },
            fault: |graph| {
                unset(
                    graph,
                    "FirehoseDeliveryStream",
                    "metrics",
                    "serverSideEncryption",
                );
            },
        },
        Rule {
            name: "a bucket's objects are encrypted by the stack's key",
            broken: buckets_without_key,
            fault: |graph| {
                let kind = "BucketServerSideEncryptionConfiguration";
                let path = "rules/0/applyServerSideEncryptionByDefault/sseAlgorithm";
                set(graph, kind, "raw", path, "AES256");
            },
        },
        Rule {
            name: "a bucket that receives access logs has SSE-S3, the only kind that it supports",
            broken: |view| {
                let targets = log_targets(view);
                encryption(view, |bucket, algorithm| {
                    targets.contains(&bucket) && algorithm != "AES256"
                })
            },
            fault: |graph| {
                let kind = "BucketServerSideEncryptionConfiguration";
                let path = "rules/0/applyServerSideEncryptionByDefault/sseAlgorithm";
                set(graph, kind, "access-logs", path, "aws:kms");
            },
        },
        Rule {
            name: "an instance's disk is encrypted",
            broken: |view| {
                view.deployed("Instance", |seen| {
                    *seen.at("/rootBlockDevice/encrypted") != json!(true)
                })
            },
            fault: |graph| {
                set(
                    graph,
                    "Instance",
                    "app-a",
                    "rootBlockDevice/encrypted",
                    false,
                )
            },
        },
        Rule {
            name: "a node's disk is encrypted",
            broken: |view| {
                view.deployed("LaunchTemplate", |seen| {
                    seen.text("/blockDeviceMappings/0/ebs/encrypted") != "true"
                })
            },
            fault: |graph| {
                let path = "blockDeviceMappings/0/ebs/encrypted";
                set(graph, "LaunchTemplate", "eks-nodes", path, "false");
            },
        },
        Rule {
            name: "a function's environment is encrypted by the stack's key",
            broken: keyed!("Function", "/kmsKeyArn"),
            fault: |graph| unset(graph, "Function", "notifier", "kmsKeyArn"),
        },
        Rule {
            name: "a secret is encrypted by the stack's key",
            broken: keyed!("Secret", "/kmsKeyId"),
            fault: |graph| unset(graph, "Secret", "approval-token-key", "kmsKeyId"),
        },
        Rule {
            name: "a parameter is encrypted",
            broken: |view| view.deployed("Parameter", |seen| seen.text("/type") != "SecureString"),
            fault: |graph| set(graph, "Parameter", "model", "type", "String"),
        },
        Rule {
            name: "images are encrypted by the stack's key",
            broken: keyed!("Repository", "/encryptionConfigurations/0/kmsKey"),
            fault: |graph| {
                unset(
                    graph,
                    "Repository",
                    "model",
                    "encryptionConfigurations/0/kmsKey",
                );
            },
        },
        Rule {
            name: "the cluster's secrets are encrypted by the stack's key",
            broken: keyed!("Cluster", "/encryptionConfig/provider/keyArn"),
            fault: |graph| unset(graph, "Cluster", "eks", "encryptionConfig"),
        },
        Rule {
            name: "a workflow is encrypted by the stack's key",
            broken: keyed!("StateMachine", "/encryptionConfiguration/kmsKeyId"),
            fault: |graph| {
                unset(
                    graph,
                    "StateMachine",
                    "incidents",
                    "encryptionConfiguration",
                )
            },
        },
        Rule {
            name: "a key rotates",
            broken: |view| view.any("Key", |seen| *seen.at("/enableKeyRotation") != json!(true)),
            fault: |graph| set(graph, "Key", "data", "enableKeyRotation", false),
        },
        Rule {
            name: "buckets, queues and topics refuse what comes without TLS",
            broken: |view| {
                ["BucketPolicy", "QueuePolicy", "TopicPolicy"]
                    .into_iter()
                    .flat_map(|kind| view.any(kind, |seen| !refuses_plain(seen)))
                    .collect()
            },
            fault: |graph| {
                let path = "policy/Statement/0/Condition/Bool/aws:SecureTransport";
                set(graph, "TopicPolicy", "alarms", path, "true");
            },
        },
    ]
}

fn refuses_plain(policy: &Seen) -> bool {
    policy.statements("/policy").iter().any(|statement| {
        statement["Effect"] == "Deny"
            && statement["Principal"] == "*"
            && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
    })
}

/// Buckets that receive access logs, by name.
fn log_targets(view: &View) -> Vec<&str> {
    view.of("BucketLogging")
        .map(|seen| seen.text("/targetBucket"))
        .collect()
}

/// The encryption settings for which `is_broken` holds, given the bucket and its algorithm.
fn encryption(view: &View, is_broken: impl Fn(&str, &str) -> bool) -> Vec<String> {
    view.any("BucketServerSideEncryptionConfiguration", |seen| {
        let algorithm = seen.text("/rules/0/applyServerSideEncryptionByDefault/sseAlgorithm");
        is_broken(seen.text("/bucket"), algorithm)
    })
}

fn buckets_without_key(view: &View) -> Vec<String> {
    if view.local {
        return Vec::new();
    }
    let targets = log_targets(view);
    let keyed: Vec<&str> = view
        .of("BucketServerSideEncryptionConfiguration")
        .filter(|seen| {
            let default = "/rules/0/applyServerSideEncryptionByDefault";
            seen.text(&format!("{default}/sseAlgorithm")) == "aws:kms"
                && seen
                    .text(&format!("{default}/kmsMasterKeyId"))
                    .contains(":kms:")
        })
        .map(|seen| seen.text("/bucket"))
        .collect();
    view.any("Bucket", |seen| {
        let name = seen.text("/bucket");
        !targets.contains(&name) && !keyed.contains(&name)
    })
}
