//! The Kubernetes cluster: private endpoint, every control-plane log, nodes on a launch template,
//! addons that exist.
//!
//! Coming from HCL: `aws_eks_cluster` and `aws_eks_node_group` without their role attachments, and
//! an addon of a name that AWS does not know.

use super::context::Context;
use super::keys::Keys;
use super::logs::{self, Subscribed};
use super::network::Network;
use super::roles;
use crate::aws::{cloudwatch, eks, iam};
use crate::graph::{Expr, Options, Scope};

mod access;
mod addons;
mod nodes;
pub mod remediation;

/// The cluster and what the rest of the platform needs of it.
#[derive(Debug, Clone)]
pub struct Eks {
    /// The cluster.
    pub cluster: eks::Cluster,
    /// The OIDC provider of its service accounts.
    pub oidc: iam::OpenIdConnectProvider,
    /// The groups that the stream receives.
    pub subscribed: Vec<Subscribed>,
}

/// All kinds of control-plane logs; the audit log is what detection reads.
const LOG_TYPES: [&str; 5] = [
    "api",
    "audit",
    "authenticator",
    "controllerManager",
    "scheduler",
];

/// Declares the cluster, if the stack has one.
pub fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    network: &Network,
) -> Option<Eks> {
    let settings = &context.config.eks;
    if !settings.enabled {
        return None;
    }
    let scope = scope.component("Eks", "eks");
    let name = context.config.prefix();
    let days = context.config.logs.retention_days;
    let control_plane = logs::group(
        &scope,
        keys,
        "eks-control-plane",
        format!("/aws/eks/{name}/cluster"),
        days,
    );
    let cluster = cluster(&scope, context, keys, network, &control_plane);
    let oidc = scope.declare(
        "eks",
        iam::OpenIdConnectProviderArgs::new(iam::OpenIdConnectProviderRequired {
            client_id_lists: ["sts.amazonaws.com"].into(),
            url: issuer(&cluster),
        }),
    );
    access::declare(&scope, context, &cluster);
    let nodes = nodes::declare(&scope, context, network, &cluster);
    let mut subscribed = vec![control_plane_subscription(control_plane)];
    subscribed.extend(addons::declare(&scope, context, keys, &cluster, &nodes));
    Some(Eks {
        cluster,
        oidc,
        subscribed,
    })
}

fn issuer(cluster: &eks::Cluster) -> Expr<String> {
    cluster.identities().at(0).oidcs().at(0).issuer()
}

fn control_plane_subscription(group: cloudwatch::LogGroup) -> Subscribed {
    Subscribed {
        name: "eks-control-plane".to_owned(),
        group: group.name(),
        resource: Some(group),
        pattern: String::new(),
        team: None,
    }
}

fn cluster(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    network: &Network,
    group: &cloudwatch::LogGroup,
) -> eks::Cluster {
    let settings = &context.config.eks;
    let role = roles::role(
        scope,
        context,
        "eks-cluster",
        roles::attached("eks.amazonaws.com"),
        [],
    );
    let attachment = roles::attach(
        scope,
        context,
        &role,
        "eks-cluster",
        "AmazonEKSClusterPolicy",
    );
    let outside: Vec<String> = settings
        .public_access_cidrs
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut vpc =
        eks::ClusterVpcConfig::new(network.private.iter().map(|s| s.id()).collect::<Vec<_>>())
            .endpoint_private_access(true)
            .endpoint_public_access(!outside.is_empty());
    if !outside.is_empty() {
        vpc = vpc.public_access_cidrs(outside);
    }
    let mut args = eks::ClusterArgs::new(eks::ClusterRequired {
        role_arn: role.arn(),
        vpc_config: vpc.into(),
    })
    .name(context.config.prefix())
    .version(settings.version.as_str())
    .enabled_cluster_log_types(LOG_TYPES)
    .access_config(
        eks::ClusterAccessConfig::new()
            .authentication_mode("API")
            // Whoever deploys administers only while nobody is named.
            .bootstrap_cluster_creator_admin_permissions(settings.administrators.is_empty()),
    )
    .kubernetes_network_config(
        eks::ClusterKubernetesNetworkConfig::new()
            .service_ipv4_cidr(settings.service_cidr.to_string()),
    )
    .upgrade_policy(eks::ClusterUpgradePolicy::new().support_type("STANDARD"))
    .deletion_protection(context.config.protect);
    if let Some(keys) = keys {
        args = args.encryption_config(eks::ClusterEncryptionConfig::new(
            eks::ClusterEncryptionConfigRequired {
                provider: eks::ClusterEncryptionConfigProvider::new(keys.data.arn()).into(),
                resources: ["secrets"].into(),
            },
        ));
    }
    let options = Options::new()
        .after(
            group,
            "the cluster would create its log group itself, without retention or key",
        )
        .after(
            &attachment,
            "the cluster makes its network interfaces with these permissions",
        );
    scope.declare_with("eks", args, options)
}
