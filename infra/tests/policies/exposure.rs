//! What the world reaches.

use serde_json::json;

use crate::Rule;
use crate::fault::{set, unset};
use crate::view::View;

/// Routes of the approvals' API that prove the caller themselves; everything else is closed.
const OPEN_ROUTES: [&str; 2] = ["GET /plan", "POST /slack/interactions"];

const WORLD: [&str; 2] = ["0.0.0.0/0", "::/0"];

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            name: "no bucket can be made public",
            broken: public_buckets,
            fault: |graph| {
                set(
                    graph,
                    "BucketPublicAccessBlock",
                    "raw",
                    "restrictPublicBuckets",
                    false,
                );
            },
        },
        Rule {
            name: "no access list decides on objects",
            broken: |view| {
                view.any("BucketOwnershipControls", |seen| {
                    seen.text("/rule/objectOwnership") != "BucketOwnerEnforced"
                })
            },
            fault: |graph| {
                let kind = "BucketOwnershipControls";
                set(graph, kind, "raw", "rule/objectOwnership", "ObjectWriter");
            },
        },
        Rule {
            name: "no security group admits the world",
            broken: |view| {
                view.any("SecurityGroupIngressRule", |seen| {
                    WORLD.contains(&seen.text("/cidrIpv4"))
                        || WORLD.contains(&seen.text("/cidrIpv6"))
                })
            },
            fault: |graph| {
                let kind = "SecurityGroupIngressRule";
                set(graph, kind, "endpoints-https", "cidrIpv4", "0.0.0.0/0");
            },
        },
        Rule {
            name: "no network ACL admits the world to a port of administration",
            broken: |view| {
                view.any("NetworkAclRule", |seen| {
                    let ports = seen.at("/fromPort").as_i64()..=seen.at("/toPort").as_i64();
                    *seen.at("/egress") == json!(false)
                        && WORLD.contains(&seen.text("/cidrBlock"))
                        && [22, 3389].iter().any(|port| ports.contains(&Some(*port)))
                })
            },
            fault: |graph| set(graph, "NetworkAclRule", "public-in-110", "fromPort", 22),
        },
        Rule {
            name: "the default security group is closed",
            broken: |view| {
                let closed = view.of("DefaultSecurityGroup").count() == 1;
                let open = view.any("DefaultSecurityGroup", |seen| {
                    seen.has("/ingress") || seen.has("/egress")
                });
                if closed {
                    open
                } else {
                    vec!["not declared".to_owned()]
                }
            },
            fault: |graph| {
                let list: Vec<aiops_infra::graph::Value> = vec!["open".into()];
                set(graph, "DefaultSecurityGroup", "closed", "ingress", list);
            },
        },
        Rule {
            name: "no instance has a public address",
            broken: |view| {
                view.any("Instance", |seen| {
                    *seen.at("/associatePublicIpAddress") != json!(false)
                })
            },
            fault: |graph| set(graph, "Instance", "app-a", "associatePublicIpAddress", true),
        },
        Rule {
            name: "no subnet gives public addresses by itself",
            broken: |view| {
                view.any("Subnet", |seen| {
                    *seen.at("/mapPublicIpOnLaunch") == json!(true)
                })
            },
            fault: |graph| set(graph, "Subnet", "public-0", "mapPublicIpOnLaunch", true),
        },
        Rule {
            name: "metadata of instances and nodes needs a token",
            broken: |view| {
                ["Instance", "LaunchTemplate"]
                    .into_iter()
                    .flat_map(|kind| {
                        view.any(kind, |seen| {
                            seen.text("/metadataOptions/httpTokens") != "required"
                        })
                    })
                    .collect()
            },
            fault: |graph| {
                let path = "metadataOptions/httpTokens";
                set(graph, "LaunchTemplate", "eks-nodes", path, "optional");
            },
        },
        Rule {
            name: "the cluster's API server is not open to the world",
            broken: |view| {
                view.any("Cluster", |seen| {
                    let open = seen.at("/vpcConfig/publicAccessCidrs");
                    let world = open.as_array().is_none_or(|ranges| {
                        ranges
                            .iter()
                            .any(|range| WORLD.contains(&range.as_str().unwrap()))
                    });
                    *seen.at("/vpcConfig/endpointPublicAccess") != json!(false) && world
                })
            },
            fault: |graph| {
                set(
                    graph,
                    "Cluster",
                    "eks",
                    "vpcConfig/endpointPublicAccess",
                    true,
                )
            },
        },
        Rule {
            name: "only the reviewed routes are open",
            broken: |view| {
                view.any("Route", |seen| {
                    seen.has("/routeKey")
                        && seen.text("/authorizationType") != "AWS_IAM"
                        && !OPEN_ROUTES.contains(&seen.text("/routeKey"))
                })
            },
            fault: |graph| set(graph, "Route", "decision", "authorizationType", "NONE"),
        },
        Rule {
            name: "no resource's policy gives anything to anybody",
            broken: |view| {
                ["BucketPolicy", "QueuePolicy", "TopicPolicy", "Key"]
                    .into_iter()
                    .flat_map(|kind| {
                        view.any(kind, |seen| {
                            seen.statements("/policy").iter().any(|statement| {
                                statement["Effect"] == "Allow"
                                    && (statement["Principal"] == "*"
                                        || statement["Principal"]["AWS"] == "*")
                            })
                        })
                    })
                    .collect()
            },
            fault: |graph| {
                let anybody: aiops_infra::graph::Value = "*".into();
                set(
                    graph,
                    "QueuePolicy",
                    "segments",
                    "policy/Statement/1/Principal",
                    anybody,
                );
            },
        },
        Rule {
            name: "a service that is let into a resource says for whom it comes",
            broken: deputies,
            fault: |graph| {
                unset(
                    graph,
                    "QueuePolicy",
                    "segments",
                    "policy/Statement/1/Condition",
                )
            },
        },
    ]
}

fn public_buckets(view: &View) -> Vec<String> {
    let closed: Vec<&str> = view
        .of("BucketPublicAccessBlock")
        .filter(|seen| {
            [
                "blockPublicAcls",
                "blockPublicPolicy",
                "ignorePublicAcls",
                "restrictPublicBuckets",
            ]
            .iter()
            .all(|flag| *seen.at(&format!("/{flag}")) == json!(true))
        })
        .map(|seen| seen.text("/bucket"))
        .collect();
    view.any("Bucket", |seen| !closed.contains(&seen.text("/bucket")))
}

/// Statements for a service of many customers without a condition on the account or the resource
/// that it acts for.
fn deputies(view: &View) -> Vec<String> {
    ["BucketPolicy", "QueuePolicy", "TopicPolicy", "Key"]
        .into_iter()
        .flat_map(|kind| {
            view.any(kind, |seen| {
                seen.statements("/policy").iter().any(|statement| {
                    let conditions = statement["Condition"].to_string();
                    statement["Effect"] == "Allow"
                        && statement["Principal"].get("Service").is_some()
                        && ![
                            "aws:SourceAccount",
                            "aws:SourceArn",
                            "kms:EncryptionContext",
                        ]
                        .iter()
                        .any(|key| conditions.contains(key))
                })
            })
        })
        .collect()
}
