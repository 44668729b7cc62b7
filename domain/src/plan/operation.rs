//! The closed set of calls that a plan may hold. A plan with any other does not parse.

use serde::{Deserialize, Serialize};

macro_rules! operations {
    ($($variant:ident = $name:literal, $effect:ident;)+) => {
        /// A call that remediation may make.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the words are the APIs' own")]
        pub enum Operation {
            $(#[serde(rename = $name)] $variant,)+
        }

        impl Operation {
            /// Every call.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// `service:Operation`, the word of IAM where the service is AWS's.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether it changes something.
            pub const fn is_mutating(self) -> bool {
                matches!(match self { $(Self::$variant => Effect::$effect,)+ }, Effect::Changes)
            }
        }
    };
}

enum Effect {
    Reads,
    Changes,
}

operations! {
    DescribeNetworkAcls = "ec2:DescribeNetworkAcls", Reads;
    CreateNetworkAclEntry = "ec2:CreateNetworkAclEntry", Changes;
    DeleteNetworkAclEntry = "ec2:DeleteNetworkAclEntry", Changes;
    DescribeSecurityGroups = "ec2:DescribeSecurityGroups", Reads;
    DescribeSecurityGroupRules = "ec2:DescribeSecurityGroupRules", Reads;
    RevokeSecurityGroupIngress = "ec2:RevokeSecurityGroupIngress", Changes;
    AuthorizeSecurityGroupIngress = "ec2:AuthorizeSecurityGroupIngress", Changes;
    DescribeInstances = "ec2:DescribeInstances", Reads;
    DescribeSnapshots = "ec2:DescribeSnapshots", Reads;
    CreateSnapshots = "ec2:CreateSnapshots", Changes;
    ModifyInstanceAttribute = "ec2:ModifyInstanceAttribute", Changes;
    CreateTags = "ec2:CreateTags", Changes;
    DeleteTags = "ec2:DeleteTags", Changes;
    RebootInstances = "ec2:RebootInstances", Changes;
    DescribeAutoScalingInstances = "autoscaling:DescribeAutoScalingInstances", Reads;
    DescribeAutoScalingGroups = "autoscaling:DescribeAutoScalingGroups", Reads;
    TerminateInstanceInAutoScalingGroup = "autoscaling:TerminateInstanceInAutoScalingGroup", Changes;
    SendCommand = "ssm:SendCommand", Changes;
    ListCommands = "ssm:ListCommands", Reads;
    DescribeNodegroup = "eks:DescribeNodegroup", Reads;
    UpdateNodegroupConfig = "eks:UpdateNodegroupConfig", Changes;
    ListAccessKeys = "iam:ListAccessKeys", Reads;
    UpdateAccessKey = "iam:UpdateAccessKey", Changes;
    DescribeStreamSummary = "kinesis:DescribeStreamSummary", Reads;
    UpdateShardCount = "kinesis:UpdateShardCount", Changes;
    GetNode = "kubernetes:GetNode", Reads;
    ListNodes = "kubernetes:ListNodes", Reads;
    PatchNode = "kubernetes:PatchNode", Changes;
    ListPods = "kubernetes:ListPods", Reads;
    EvictPod = "kubernetes:EvictPod", Changes;
    GetDeployment = "kubernetes:GetDeployment", Reads;
    ListReplicaSets = "kubernetes:ListReplicaSets", Reads;
    PatchDeployment = "kubernetes:PatchDeployment", Changes;
}

impl std::fmt::Display for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}
