//! What roles may do, and who may take them.

use aiops_infra::iam::action::Action;
use serde_json::Value as Json;

use crate::Rule;
use crate::fault::{set, unset};
use crate::view::View;

/// Policies of AWS's own that its software needs and that AWS keeps current.
const MANAGED: [&str; 6] = [
    "AmazonEKSClusterPolicy",
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonSSMManagedInstanceCore",
];

/// Services that take a role for one attached resource of this account and send no account to compare.
const ATTACHED: [&str; 4] = [
    "ec2.amazonaws.com",
    "eks.amazonaws.com",
    "lambda.amazonaws.com",
    "pods.eks.amazonaws.com",
];

pub(crate) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            name: "no role may do everything of a service",
            broken: |view| allowed(view, |action, _, _| action.contains('*')),
            fault: |graph| {
                set(
                    graph,
                    "RolePolicy",
                    "notifier",
                    "policy/Statement/0/Action/0",
                    "dynamodb:*",
                );
            },
        },
        Rule {
            name: "every action of a role is on the list",
            broken: |view| {
                allowed(view, |action, _, _| {
                    !action.contains('*') && Action::find(action).is_none()
                })
            },
            fault: |graph| {
                let path = "policy/Statement/0/Action/0";
                set(
                    graph,
                    "RolePolicy",
                    "notifier",
                    path,
                    "dynamodb:DeleteTable",
                );
            },
        },
        Rule {
            name: "a role names resources wherever AWS can narrow the action",
            broken: |view| {
                allowed(view, |action, resource, _| {
                    resource == "*" && Action::find(action).is_some_and(Action::is_narrowable)
                })
            },
            fault: |graph| {
                set(
                    graph,
                    "RolePolicy",
                    "notifier",
                    "policy/Statement/0/Resource/0",
                    "*",
                );
            },
        },
        Rule {
            name: "a role is passed on to the one service that it is for",
            broken: |view| {
                allowed(view, |action, _, conditions| {
                    action == "iam:PassRole"
                        && conditions["StringEquals"]["iam:PassedToService"].is_null()
                })
            },
            fault: |graph| {
                let path = "policy/Statement/4/Condition";
                unset(graph, "RolePolicy", "training-manifest", path);
            },
        },
        Rule {
            name: "no role has a managed policy beyond what AWS's own software needs",
            broken: |view| {
                view.any("RolePolicyAttachment", |seen| {
                    let name = seen.text("/policyArn").rsplit('/').next().unwrap();
                    !MANAGED.contains(&name)
                })
            },
            fault: |graph| {
                let full = "arn:aws:iam::aws:policy/AmazonEC2FullAccess";
                set(
                    graph,
                    "RolePolicyAttachment",
                    "instances",
                    "policyArn",
                    full,
                );
            },
        },
        Rule {
            name: "a role is trusted by services and identity providers, never by anybody",
            broken: |view| {
                view.any("Role", |seen| {
                    seen.statements("/assumeRolePolicy")
                        .iter()
                        .any(|statement| {
                            let principal = &statement["Principal"];
                            principal.get("Service").is_none()
                                && principal.get("Federated").is_none()
                        })
                })
            },
            fault: |graph| {
                let path = "assumeRolePolicy/Statement/0/Principal";
                let anybody: aiops_infra::graph::Value = "*".into();
                set(graph, "Role", "notifier", path, anybody);
            },
        },
        Rule {
            name: "a service that takes a role for many customers says for whom",
            broken: |view| {
                view.any("Role", |seen| {
                    seen.statements("/assumeRolePolicy")
                        .iter()
                        .any(|statement| {
                            let service = statement["Principal"]["Service"].as_str();
                            service.is_some_and(|host| !ATTACHED.contains(&host))
                                && statement["Condition"].is_null()
                        })
                })
            },
            fault: |graph| {
                unset(
                    graph,
                    "Role",
                    "workflow",
                    "assumeRolePolicy/Statement/0/Condition",
                );
            },
        },
        Rule {
            name: "an invocation is allowed for one source",
            broken: |view| view.any("Permission", |seen| !seen.has("/sourceArn")),
            fault: |graph| unset(graph, "Permission", "notifier-topic", "sourceArn"),
        },
    ]
}

/// Roles with a statement that allows something for which `is_broken` holds, given action, resource
/// and conditions.
fn allowed(view: &View, is_broken: impl Fn(&str, &str, &Json) -> bool) -> Vec<String> {
    let texts = |value: &Json| -> Vec<String> {
        match value {
            Json::String(text) => vec![text.clone()],
            Json::Array(items) => items
                .iter()
                .map(|item| item.as_str().unwrap().to_owned())
                .collect(),
            other => panic!("{other} is neither a text nor texts"),
        }
    };
    view.any("RolePolicy", |seen| {
        seen.statements("/policy").iter().any(|statement| {
            statement["Effect"] == "Allow"
                && texts(&statement["Action"]).iter().any(|action| {
                    texts(&statement["Resource"])
                        .iter()
                        .any(|resource| is_broken(action, resource, &statement["Condition"]))
                })
        })
    })
}
