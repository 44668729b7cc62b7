//! The remediator may do what the catalogue's plans call, on what they may touch, and nothing beside:
//! each operation of the domain is asked of the role's own policy.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/allowed.rs"]
mod allowed;
#[path = "support/resolved.rs"]
mod resolved;
#[path = "support/stacks.rs"]
mod stacks;

use aiops_domain::Operation;
use aiops_infra::config::{RemediationAction, RemediationMode, RemediationPolicy, StackConfig};
use aiops_infra::graph::Graph;
use aiops_infra::platform;
use allowed::allowed;
use resolved::{ACCOUNT, Resolved};

/// Production, with every action approved by people.
fn everything() -> StackConfig {
    let mut configs = stacks::configs();
    configs.retain(|config| config.stack == "prod");
    let mut config = configs.remove(0);
    for action in RemediationAction::ALL {
        let policy = RemediationPolicy {
            mode: RemediationMode::Approve,
            maximum_per_hour: 5,
            maximum_share_percent: 25,
            entities: Vec::new(),
        };
        config.remediation.actions.insert(*action, policy);
    }
    config
}

/// A stack with its resolved names.
struct Stack {
    config: StackConfig,
    graph: Graph,
}

impl Stack {
    fn new(config: StackConfig) -> Self {
        let graph = platform::declare(&config);
        Self { config, graph }
    }

    fn resolved(&self) -> Resolved<'_> {
        Resolved::new(&self.graph, &self.config.region)
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        let resource = self.graph.of_kind(kind).find(|r| r.name == name).unwrap();
        self.resolved().arn(resource)
    }

    fn ec2(&self, what: &str) -> String {
        format!("arn:aws:ec2:{}:{ACCOUNT}:{what}", self.config.region)
    }

    /// Whether the remediator may do `action` on `resource` in this context.
    fn may(&self, action: &str, resource: &str, context: &[(&str, &str)]) -> bool {
        allowed(&self.resolved(), "remediator", action, resource, context)
    }
}

const TAG: (&str, &str) = ("aws:ResourceTag/aiops:remediation", "allowed");

/// What an operation touches: every ARN that IAM asks about, each with its context; none for what the
/// cluster's own roles decide.
fn touches(stack: &Stack, operation: Operation) -> Vec<(String, Vec<(&'static str, String)>)> {
    use Operation as O;
    let tagged = |resource: String| (resource, vec![(TAG.0, TAG.1.to_owned())]);
    let any = || vec![("*".to_owned(), Vec::new())];
    let region = &stack.config.region;
    let prefix = stack.config.prefix();
    let here = |service: &str, what: &str| format!("arn:aws:{service}:{region}:{ACCOUNT}:{what}");
    let instance = || tagged(stack.ec2("instance/i-0123456789abcdef0"));
    let snapshot = || format!("arn:aws:ec2:{region}::snapshot/snap-0123456789abcdef0");
    match operation {
        O::DescribeNetworkAcls
        | O::DescribeSecurityGroups
        | O::DescribeInstances
        | O::DescribeSnapshots
        | O::DescribeAutoScalingInstances
        | O::DescribeAutoScalingGroups
        | O::DescribeSecurityGroupRules
        | O::ListCommands => any(),
        O::CreateNetworkAclEntry | O::DeleteNetworkAclEntry => ["public", "private"]
            .map(|name| (stack.arn("aws:ec2/networkAcl:NetworkAcl", name), Vec::new()))
            .into(),
        O::RevokeSecurityGroupIngress | O::AuthorizeSecurityGroupIngress => {
            vec![tagged(stack.ec2("security-group/sg-0123456789abcdef0"))]
        }
        O::CreateSnapshots => vec![
            instance(),
            tagged(stack.ec2("volume/vol-0123456789abcdef0")),
            (snapshot(), Vec::new()),
        ],
        O::ModifyInstanceAttribute => {
            let vpc = stack.arn("aws:ec2/vpc:Vpc", "vpc");
            let group = |name: &str| {
                let arn = stack.arn("aws:ec2/securityGroup:SecurityGroup", name);
                (arn, vec![("ec2:Vpc", vpc.clone())])
            };
            vec![instance(), group("quarantine"), group("workload")]
        }
        O::CreateTags => vec![
            instance(),
            (
                snapshot(),
                vec![("ec2:CreateAction", "CreateSnapshots".to_owned())],
            ),
        ],
        O::DeleteTags | O::RebootInstances => vec![instance()],
        O::TerminateInstanceInAutoScalingGroup => vec![tagged(here(
            "autoscaling",
            "autoScalingGroup:0a1b:autoScalingGroupName/nodes",
        ))],
        O::SendCommand => vec![
            instance(),
            (
                here("ssm", &format!("document/{prefix}-restart")),
                Vec::new(),
            ),
        ],
        O::DescribeNodegroup | O::UpdateNodegroupConfig => {
            vec![(
                here("eks", &format!("nodegroup/{prefix}/nodes/0a1b")),
                Vec::new(),
            )]
        }
        O::ListAccessKeys | O::UpdateAccessKey => {
            vec![tagged(format!("arn:aws:iam::{ACCOUNT}:user/deployer"))]
        }
        O::DescribeStreamSummary | O::UpdateShardCount => {
            vec![(stack.arn("aws:kinesis/stream:Stream", "logs"), Vec::new())]
        }
        O::GetNode
        | O::ListNodes
        | O::PatchNode
        | O::ListPods
        | O::EvictPod
        | O::GetDeployment
        | O::ListReplicaSets
        | O::PatchDeployment => Vec::new(),
    }
}

fn context<'c>(context: &'c [(&'static str, String)]) -> Vec<(&'c str, &'c str)> {
    context
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect()
}

#[test]
fn every_call_of_every_plan_is_allowed_on_what_it_touches() {
    let stack = Stack::new(everything());
    for operation in Operation::ALL {
        for (resource, keys) in touches(&stack, *operation) {
            assert!(
                stack.may(operation.as_str(), &resource, &context(&keys)),
                "{operation} on {resource}"
            );
        }
    }
}

#[test]
fn what_does_not_carry_the_tag_or_is_a_sibling_is_not_touched() {
    let stack = Stack::new(everything());
    for operation in Operation::ALL.iter().filter(|o| o.is_mutating()) {
        for (resource, keys) in touches(&stack, *operation) {
            // Without what the statement asks for: the tag, the VPC, the call that makes snapshots.
            if !keys.is_empty() {
                assert!(
                    !stack.may(operation.as_str(), &resource, &[]),
                    "{operation} on {resource} without {keys:?}"
                );
            }
            let other_account = resource.replace(ACCOUNT, "444455556666");
            if other_account != resource {
                let allowed = stack.may(operation.as_str(), &other_account, &context(&keys));
                assert!(!allowed, "{operation} on {other_account}");
            }
        }
    }
    let siblings = [
        (
            "ec2:CreateNetworkAclEntry",
            stack.ec2("network-acl/acl-0fedcba9876543210"),
        ),
        (
            "kinesis:UpdateShardCount",
            stack.arn("aws:kinesis/stream:Stream", "logs") + "-2",
        ),
        (
            "ssm:SendCommand",
            stack
                .ec2("instance/i-0")
                .replace(":ec2:", ":ssm:")
                .replace("instance/i-0", "document/AWS-RunShellScript"),
        ),
        (
            "eks:UpdateNodegroupConfig",
            stack
                .ec2("x")
                .replace(":ec2:", ":eks:")
                .replace(":x", ":nodegroup/other/nodes/0a1b"),
        ),
    ];
    for (action, resource) in siblings {
        assert!(
            !stack.may(action, &resource, &[TAG]),
            "{action} on {resource}"
        );
    }
}

#[test]
fn what_no_plan_calls_is_denied() {
    let stack = Stack::new(everything());
    let variants = [
        (
            "ec2:DeleteNetworkAcl",
            stack.arn("aws:ec2/networkAcl:NetworkAcl", "public"),
        ),
        (
            "ec2:ReplaceNetworkAclEntry",
            stack.arn("aws:ec2/networkAcl:NetworkAcl", "public"),
        ),
        (
            "ec2:TerminateInstances",
            stack.ec2("instance/i-0123456789abcdef0"),
        ),
        (
            "ec2:DeleteSnapshot",
            format!("arn:aws:ec2:{}::snapshot/snap-0", stack.config.region),
        ),
        ("ec2:DeleteSecurityGroup", stack.ec2("security-group/sg-0")),
        (
            "kinesis:DeleteStream",
            stack.arn("aws:kinesis/stream:Stream", "logs"),
        ),
        (
            "kinesis:PutRecord",
            stack.arn("aws:kinesis/stream:Stream", "logs"),
        ),
        (
            "iam:DeleteAccessKey",
            format!("arn:aws:iam::{ACCOUNT}:user/deployer"),
        ),
        (
            "iam:CreateAccessKey",
            format!("arn:aws:iam::{ACCOUNT}:user/deployer"),
        ),
        (
            "dynamodb:DeleteTable",
            stack.arn("aws:dynamodb/table:Table", "incidents"),
        ),
        (
            "dynamodb:PutItem",
            stack.arn("aws:dynamodb/table:Table", "state"),
        ),
    ];
    for (action, resource) in variants {
        assert!(
            !stack.may(action, &resource, &[TAG]),
            "{action} on {resource}"
        );
    }
}

#[test]
fn an_action_that_is_off_gives_no_right() {
    let mut config = everything();
    for policy in config.remediation.actions.values_mut() {
        policy.mode = RemediationMode::Off;
    }
    let stack = Stack::new(config);
    for operation in Operation::ALL.iter().filter(|o| o.is_mutating()) {
        for (resource, keys) in touches(&stack, *operation) {
            assert!(
                !stack.may(operation.as_str(), &resource, &context(&keys)),
                "{operation} on {resource}"
            );
        }
    }
}
