//! What an action acts on: only identifiers that were parsed, never text of a log line.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Name of an action in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the catalogue's own")]
pub enum ActionName {
    DenyAddress,
    RevokeSecurityGroupRule,
    IsolateInstance,
    RunDocument,
    RebootInstance,
    ReplaceInstance,
    DrainNode,
    RestartDeployment,
    RollBackDeployment,
    ScaleNodeGroup,
    DeactivateAccessKey,
    RaiseShardCount,
}

impl ActionName {
    /// Every action.
    pub const ALL: [Self; 12] = [
        Self::DenyAddress,
        Self::RevokeSecurityGroupRule,
        Self::IsolateInstance,
        Self::RunDocument,
        Self::RebootInstance,
        Self::ReplaceInstance,
        Self::DrainNode,
        Self::RestartDeployment,
        Self::RollBackDeployment,
        Self::ScaleNodeGroup,
        Self::DeactivateAccessKey,
        Self::RaiseShardCount,
    ];

    /// Whether its effect takes minutes to show, because something has to start first.
    pub const fn is_slow(self) -> bool {
        matches!(
            self,
            Self::RunDocument
                | Self::ReplaceInstance
                | Self::DrainNode
                | Self::RestartDeployment
                | Self::RollBackDeployment
                | Self::ScaleNodeGroup
                | Self::RaiseShardCount
        )
    }

    /// The fixed word of interfaces and configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DenyAddress => "deny_address",
            Self::RevokeSecurityGroupRule => "revoke_security_group_rule",
            Self::IsolateInstance => "isolate_instance",
            Self::RunDocument => "run_document",
            Self::RebootInstance => "reboot_instance",
            Self::ReplaceInstance => "replace_instance",
            Self::DrainNode => "drain_node",
            Self::RestartDeployment => "restart_deployment",
            Self::RollBackDeployment => "roll_back_deployment",
            Self::ScaleNodeGroup => "scale_node_group",
            Self::DeactivateAccessKey => "deactivate_access_key",
            Self::RaiseShardCount => "raise_shard_count",
        }
    }
}

impl fmt::Display for ActionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// What an action acts on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are AWS's own identifiers")]
pub enum Target {
    Address {
        address: IpAddr,
        network_acl_ids: Vec<String>,
    },
    SecurityGroupRule {
        group_id: String,
        rule: String,
    },
    Instance {
        instance_id: String,
    },
    Node {
        cluster: String,
        node: String,
    },
    Deployment {
        cluster: String,
        namespace: String,
        deployment: String,
    },
    NodeGroup {
        cluster: String,
        node_group: String,
    },
    AccessKey {
        user: String,
        access_key_id: String,
    },
    Stream {
        stream: String,
    },
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address {
                address,
                network_acl_ids,
            } => {
                write!(formatter, "{address} in {}", network_acl_ids.join(", "))
            }
            Self::SecurityGroupRule { group_id, rule } => write!(formatter, "{group_id}: {rule}"),
            Self::Instance { instance_id } => formatter.write_str(instance_id),
            Self::Node { cluster, node } => write!(formatter, "{cluster}/{node}"),
            Self::Deployment {
                cluster,
                namespace,
                deployment,
            } => {
                write!(formatter, "{cluster}/{namespace}/{deployment}")
            }
            Self::NodeGroup {
                cluster,
                node_group,
            } => write!(formatter, "{cluster}/{node_group}"),
            // The key id names a credential: its last characters tell it apart well enough.
            Self::AccessKey {
                user,
                access_key_id,
            } => {
                let skip = access_key_id.chars().count().saturating_sub(4);
                let end: String = access_key_id.chars().skip(skip).collect();
                write!(formatter, "{user}: access key …{end}")
            }
            Self::Stream { stream } => formatter.write_str(stream),
        }
    }
}
