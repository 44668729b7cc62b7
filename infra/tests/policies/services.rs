//! What services ask of one another, and say too late.

use serde_json::{Value as Json, json};

use crate::Rule;
use crate::fault::{remove, set, unset};
use crate::view::{Seen, View};

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            name: "a message stays hidden six times as long as its function may run",
            broken: impatient_queues,
            fault: |graph| set(graph, "Queue", "segments", "visibilityTimeoutSeconds", 60),
        },
        Rule {
            name: "a queue that is worked off sets aside what it cannot",
            broken: |view| {
                let worked: Vec<&str> = sources(view, ":sqs:").collect();
                view.any("Queue", |seen| {
                    worked.contains(&seen.arn.as_str()) && !seen.has("/redrivePolicy")
                })
            },
            fault: |graph| unset(graph, "Queue", "segments", "redrivePolicy"),
        },
        Rule {
            name: "a batch of a stream is bisected, given up in the end, and then kept",
            broken: |view| {
                mappings(view, ":kinesis:", |seen| {
                    *seen.at("/bisectBatchOnFunctionError") != json!(true)
                        || !seen.has("/maximumRetryAttempts")
                        || !seen.has("/destinationConfig/onFailure/destinationArn")
                })
            },
            fault: |graph| {
                unset(
                    graph,
                    "EventSourceMapping",
                    "log-appender",
                    "destinationConfig",
                )
            },
        },
        Rule {
            name: "records of a shard come in order",
            broken: |view| {
                mappings(view, ":kinesis:", |seen| {
                    *seen.at("/parallelizationFactor") != json!(1)
                })
            },
            fault: |graph| {
                set(
                    graph,
                    "EventSourceMapping",
                    "log-appender",
                    "parallelizationFactor",
                    2,
                );
            },
        },
        Rule {
            name: "a mapping of a queue has no options of a stream",
            broken: |view| {
                mappings(view, ":sqs:", |seen| {
                    [
                        "/bisectBatchOnFunctionError",
                        "/maximumRetryAttempts",
                        "/destinationConfig",
                    ]
                    .iter()
                    .any(|option| seen.has(option))
                })
            },
            fault: |graph| {
                set(
                    graph,
                    "EventSourceMapping",
                    "anomaly-detector",
                    "maximumRetryAttempts",
                    3,
                );
            },
        },
        Rule {
            name: "a mapping takes reports of single failures",
            broken: |view| {
                view.any("EventSourceMapping", |seen| {
                    seen.text("/functionResponseTypes/0") != "ReportBatchItemFailures"
                })
            },
            fault: |graph| {
                unset(
                    graph,
                    "EventSourceMapping",
                    "anomaly-detector",
                    "functionResponseTypes",
                );
            },
        },
        Rule {
            name: "no function is subscribed to its own log",
            broken: |view| {
                let own: Vec<&str> = view
                    .of("Function")
                    .map(|seen| seen.text("/loggingConfig/logGroup"))
                    .collect();
                view.any("LogSubscriptionFilter", |seen| {
                    own.contains(&seen.text("/logGroup"))
                })
            },
            fault: |graph| {
                let own = "/aws/lambda/aiops-prod-log-appender";
                set(graph, "LogSubscriptionFilter", "vpc-flow", "logGroup", own);
            },
        },
        Rule {
            name: "a subscription filter has a role",
            broken: |view| view.any("LogSubscriptionFilter", |seen| !seen.has("/roleArn")),
            fault: |graph| unset(graph, "LogSubscriptionFilter", "vpc-flow", "roleArn"),
        },
        Rule {
            name: "every subnet has a route table",
            broken: |view| {
                let routed: Vec<&str> = view
                    .of("RouteTableAssociation")
                    .map(|seen| seen.text("/subnetId"))
                    .collect();
                view.any("Subnet", |seen| {
                    let id = seen.arn.rsplit('/').next().unwrap();
                    !routed.contains(&id)
                })
            },
            fault: |graph| remove(graph, "RouteTableAssociation", "private-0"),
        },
        Rule {
            name: "every subnet is behind an ACL that remediation may change",
            broken: |view| {
                let acls = view.of("NetworkAcl");
                let guarded: Vec<&str> = acls
                    .filter_map(|seen| seen.at("/subnetIds").as_array())
                    .flatten()
                    .filter_map(serde_json::Value::as_str)
                    .collect();
                view.any("Subnet", |seen| {
                    let id = seen.arn.rsplit('/').next().unwrap();
                    !guarded.contains(&id)
                })
            },
            fault: |graph| unset(graph, "NetworkAcl", "private", "subnetIds/0"),
        },
        Rule {
            name: "a serverless variant has no machine, and an endpoint's model no VPC",
            broken: |view| {
                let mixed = view.any("EndpointConfiguration", |seen| {
                    variants(seen).iter().any(|variant| {
                        variant.get("serverlessConfig").is_some()
                            && variant.get("instanceType").is_some()
                    })
                });
                let in_vpc = view.any("Model", |seen| seen.has("/vpcConfig"));
                mixed.into_iter().chain(in_vpc).collect()
            },
            fault: |graph| {
                let none: std::collections::BTreeMap<String, aiops_infra::graph::Value> = [(
                    "subnets".to_owned(),
                    Vec::<aiops_infra::graph::Value>::new().into(),
                )]
                .into();
                let vpc = aiops_infra::graph::Value::Object(none);
                set(graph, "Model", "model", "vpcConfig", vpc);
            },
        },
        Rule {
            name: "a function behind the API answers before the API gives up",
            broken: |view| {
                let behind: Vec<&str> = view
                    .of("Integration")
                    .map(|seen| seen.text("/integrationUri"))
                    .collect();
                view.any("Function", |seen| {
                    behind
                        .iter()
                        .any(|uri| uri.contains(&format!(":{}/", seen.text("/name"))))
                        && seen
                            .at("/timeout")
                            .as_i64()
                            .is_none_or(|seconds| seconds > 30)
                })
            },
            fault: |graph| set(graph, "Function", "approvals", "timeout", 60),
        },
        Rule {
            name: "envelopes are delivered as they are, gzip already",
            broken: |view| {
                view.any("FirehoseDeliveryStream", |seen| {
                    seen.has("/kinesisSourceConfiguration")
                        && seen.text("/extendedS3Configuration/compressionFormat") != "UNCOMPRESSED"
                })
            },
            fault: |graph| {
                let path = "extendedS3Configuration/compressionFormat";
                set(graph, "FirehoseDeliveryStream", "raw", path, "GZIP");
            },
        },
        Rule {
            name: "a tag of an image names one image for ever, and images are scanned",
            broken: |view| {
                view.any("Repository", |seen| {
                    seen.text("/imageTagMutability") != "IMMUTABLE"
                        || *seen.at("/imageScanningConfiguration/scanOnPush") != json!(true)
                })
            },
            fault: |graph| {
                set(
                    graph,
                    "Repository",
                    "model",
                    "imageTagMutability",
                    "MUTABLE",
                )
            },
        },
        Rule {
            name: "the key that signs approvals is rotated",
            broken: |view| {
                let rotated: Vec<&str> = view
                    .of("SecretRotation")
                    .map(|seen| seen.text("/secretId"))
                    .collect();
                view.deployed("Secret", |seen| {
                    seen.name == "approval-token-key" && !rotated.contains(&seen.arn.as_str())
                })
            },
            fault: |graph| remove(graph, "SecretRotation", "approval-token-key"),
        },
        Rule {
            name: "what a schedule cannot deliver goes somewhere",
            broken: |view| view.any("Schedule", |seen| !seen.has("/target/deadLetterConfig/arn")),
            fault: |graph| unset(graph, "Schedule", "training", "target/deadLetterConfig"),
        },
    ]
}

fn variants(configuration: &Seen) -> Vec<Json> {
    let variants = configuration.at("/productionVariants").as_array();
    variants.cloned().unwrap_or_default()
}

/// ARNs that mappings read from, of one service.
fn sources<'v>(view: &'v View, service: &'v str) -> impl Iterator<Item = &'v str> {
    view.of("EventSourceMapping")
        .map(|seen| seen.text("/eventSourceArn"))
        .filter(move |arn| arn.contains(service))
}

fn mappings(view: &View, service: &str, is_broken: impl Fn(&Seen) -> bool) -> Vec<String> {
    view.any("EventSourceMapping", |seen| {
        seen.text("/eventSourceArn").contains(service) && is_broken(seen)
    })
}

fn impatient_queues(view: &View) -> Vec<String> {
    let mut impatient = Vec::new();
    for mapping in view.of("EventSourceMapping") {
        let by_arn = |arn: &str, kind: &'static str| {
            view.of(kind)
                .find(|seen| seen.arn == arn)
                .map(|seen| (seen.key.clone(), seen))
        };
        let queue = by_arn(mapping.text("/eventSourceArn"), "Queue");
        let function = by_arn(mapping.text("/functionName"), "Function");
        if let (Some((key, queue)), Some((_, function))) = (queue, function) {
            let hidden = queue.at("/visibilityTimeoutSeconds").as_i64().unwrap_or(30);
            if hidden < 6 * function.at("/timeout").as_i64().unwrap() {
                impatient.push(key);
            }
        }
    }
    impatient
}
