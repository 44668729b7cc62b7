//! What each remediation needs, narrowed to what carries the required tag.

use crate::config::RemediationAction;
use crate::graph::Expr;
use crate::iam::action::{autoscaling, ec2, eks, iam, kinesis, ssm};
use crate::iam::{Condition, Operator, Statement};
use crate::platform::context::Context;
use crate::platform::network::Network;
use crate::text;

/// What the required tag must say.
pub(in crate::platform) const TAG_VALUE: &str = "allowed";

/// The statements of the enabled actions. A statement is there once, however many actions need it.
pub(super) fn statements(
    context: &Context<'_>,
    network: &Network,
    enabled: impl Iterator<Item = RemediationAction>,
) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    for action in enabled {
        for statement in of(context, network, action) {
            if !statements.contains(&statement) {
                statements.push(statement);
            }
        }
    }
    statements
}

fn of(context: &Context<'_>, network: &Network, action: RemediationAction) -> Vec<Statement> {
    use RemediationAction as A;
    let tagged = || {
        Condition::equals(
            format!(
                "aws:ResourceTag/{}",
                context.config.remediation.required_tag
            ),
            TAG_VALUE,
        )
    };
    let instances: Expr<String> = context.arn("ec2", "instance/*");
    let describe = Statement::allow_any(
        "Look",
        [
            ec2::DESCRIBE_INSTANCES,
            ec2::DESCRIBE_NETWORK_ACLS,
            ec2::DESCRIBE_SECURITY_GROUP_RULES,
            ec2::DESCRIBE_SECURITY_GROUPS,
            ec2::DESCRIBE_SNAPSHOTS,
            ec2::DESCRIBE_VOLUMES,
        ],
        "EC2 narrows no Describe action to a resource",
    );
    match action {
        A::DenyAddress => vec![
            describe,
            Statement::allow(
                "NetworkAcl",
                [ec2::CREATE_NETWORK_ACL_ENTRY, ec2::DELETE_NETWORK_ACL_ENTRY],
                [network.public_acl.arn(), network.private_acl.arn()],
            ),
        ],
        A::RevokeSecurityGroupRule => vec![
            describe,
            Statement::allow(
                "SecurityGroup",
                [
                    ec2::AUTHORIZE_SECURITY_GROUP_INGRESS,
                    ec2::REVOKE_SECURITY_GROUP_INGRESS,
                ],
                [context.arn("ec2", "security-group/*")],
            )
            .when(tagged()),
        ],
        A::IsolateInstance => isolate(context, network, describe, tagged()),
        A::RebootInstance => vec![
            describe,
            Statement::allow("Reboot", [ec2::REBOOT_INSTANCES], [instances]).when(tagged()),
        ],
        A::ReplaceInstance => vec![
            describe,
            Statement::allow_any(
                "ScalingGroups",
                [
                    autoscaling::DESCRIBE_AUTO_SCALING_GROUPS,
                    autoscaling::DESCRIBE_AUTO_SCALING_INSTANCES,
                ],
                "Auto Scaling narrows no Describe action to a resource",
            ),
            // Its group replaces what it terminates: an instance of no group is not terminated.
            Statement::allow(
                "Replace",
                [autoscaling::TERMINATE_INSTANCE_IN_AUTO_SCALING_GROUP],
                [context.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")],
            )
            .when(tagged()),
        ],
        A::RunDocument => vec![
            Statement::allow("Run", [ssm::SEND_COMMAND], [instances]).when(tagged()),
            Statement::allow(
                "Documents",
                [ssm::SEND_COMMAND, ssm::DESCRIBE_DOCUMENT],
                [context.arn("ssm", format!("document/{}-*", context.config.prefix()))],
            ),
            Statement::allow_any(
                "Commands",
                [ssm::GET_COMMAND_INVOCATION, ssm::LIST_COMMANDS],
                "a command is no resource of IAM",
            ),
        ],
        A::CordonNode | A::RestartDeployment | A::RollbackDeployment => {
            vec![cluster(context)]
        }
        A::ScaleNodeGroup => vec![
            cluster(context),
            Statement::allow(
                "NodeGroup",
                [eks::DESCRIBE_NODEGROUP, eks::UPDATE_NODEGROUP_CONFIG],
                [context.arn("eks", format!("nodegroup/{}/*", context.config.prefix()))],
            ),
        ],
        A::DeactivateAccessKey => vec![
            Statement::allow(
                "AccessKey",
                [
                    iam::GET_ACCESS_KEY_LAST_USED,
                    iam::LIST_ACCESS_KEYS,
                    iam::UPDATE_ACCESS_KEY,
                ],
                [context.iam_arn("user/*")],
            )
            .when(tagged()),
        ],
        A::RaiseStreamCapacity => vec![Statement::allow(
            "Stream",
            [
                kinesis::DESCRIBE_STREAM_SUMMARY,
                kinesis::UPDATE_SHARD_COUNT,
            ],
            [context.arn("kinesis", format!("stream/{}", context.name("logs")))],
        )],
    }
}

fn cluster(context: &Context<'_>) -> Statement {
    Statement::allow(
        "Cluster",
        [eks::DESCRIBE_CLUSTER],
        [context.arn("eks", format!("cluster/{}", context.config.prefix()))],
    )
}

/// Moving an instance into the quarantine group touches the instance and the group; the group
/// carries no tag of a workload, so it has a statement of its own.
fn isolate(
    context: &Context<'_>,
    network: &Network,
    describe: Statement,
    tagged: Condition,
) -> Vec<Statement> {
    let snapshots = text!(
        "arn:",
        context.partition(),
        ":ec2:",
        context.region(),
        "::snapshot/*"
    );
    vec![
        describe,
        Statement::allow(
            "Isolate",
            [ec2::MODIFY_INSTANCE_ATTRIBUTE],
            [context.arn("ec2", "instance/*")],
        )
        .when(tagged.clone()),
        // Into the quarantine group, and back into whatever the instance was in before.
        Statement::allow(
            "InstanceGroups",
            [ec2::MODIFY_INSTANCE_ATTRIBUTE],
            [context.arn("ec2", "security-group/*")],
        )
        .when(Condition::new(
            Operator::ArnEquals,
            "ec2:Vpc",
            [network.vpc.arn()],
        )),
        Statement::allow(
            "Tags",
            [ec2::CREATE_TAGS, ec2::DELETE_TAGS],
            [context.arn("ec2", "instance/*")],
        )
        .when(tagged.clone()),
        Statement::allow(
            "SnapshotOf",
            [ec2::CREATE_SNAPSHOTS],
            [
                context.arn("ec2", "instance/*"),
                context.arn("ec2", "volume/*"),
            ],
        )
        .when(tagged),
        Statement::allow("Snapshot", [ec2::CREATE_SNAPSHOTS], [snapshots.clone()]),
        Statement::allow("SnapshotTags", [ec2::CREATE_TAGS], [snapshots])
            .when(Condition::equals("ec2:CreateAction", "CreateSnapshots")),
    ]
}
