//! Addons, and the log groups that the observability addon writes to.

use crate::aws::eks;
use crate::graph::{Options, Scope};
use crate::iam::action::sts;
use crate::iam::{Principal, trust};
use crate::platform::agent;
use crate::platform::context::Context;
use crate::platform::keys::Keys;
use crate::platform::logs::{self, Subscribed};
use crate::platform::roles;

/// Addons that run without nodes; the node needs the first two to become ready.
const BEFORE_NODES: [&str; 3] = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"];

/// The namespace of the observability addon and its service account.
const OBSERVABILITY: (&str, &str) = ("amazon-cloudwatch", "cloudwatch-agent");

/// What Container Insights writes; `performance` holds metrics, not lines, and is not analysed.
const GROUPS: [(&str, bool); 4] = [
    ("application", true),
    ("dataplane", true),
    ("host", true),
    ("performance", false),
];

/// Declares the addons; returns the groups of containers.
pub(super) fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    keys: Option<&Keys>,
    cluster: &eks::Cluster,
    nodes: &eks::NodeGroup,
) -> Vec<Subscribed> {
    let addon = |name: &str| {
        eks::AddonArgs::new(eks::AddonRequired {
            addon_name: name.into(),
            cluster_name: cluster.name(),
        })
        .resolve_conflicts_on_create("OVERWRITE")
        .resolve_conflicts_on_update("PRESERVE")
    };
    for name in BEFORE_NODES {
        scope.declare(name, addon(name));
    }
    let after_nodes = || Options::new().after(nodes, "its pods need a node to run on");
    scope.declare_with("coredns", addon("coredns"), after_nodes());
    let prefix = context.config.prefix();
    let days = context.config.logs.retention_days;
    let groups: Vec<_> = GROUPS
        .iter()
        .map(|(kind, analysed)| {
            let name = format!("eks-{kind}");
            let physical = format!("/aws/containerinsights/{prefix}/{kind}");
            let group = logs::group(scope, keys, &name, physical, days);
            (name, group, *analysed)
        })
        .collect();
    let role = roles::role(
        scope,
        context,
        "eks-observability",
        trust(
            Principal::service("pods.eks.amazonaws.com"),
            [sts::ASSUME_ROLE, sts::TAG_SESSION],
            [],
        ),
        agent::statements(
            groups.iter().map(|(_, group, _)| logs::streams(group)),
            "ContainerInsights",
        ),
    );
    let (_, account) = OBSERVABILITY;
    let mut options = role.before(after_nodes(), "the agent would start without permissions");
    for (_, group, _) in &groups {
        options = options.after(
            group,
            "the agent would create the group itself, without retention",
        );
    }
    scope.declare_with(
        "observability",
        addon("amazon-cloudwatch-observability").pod_identity_associations([
            eks::AddonPodIdentityAssociation::new(eks::AddonPodIdentityAssociationRequired {
                role_arn: role.arn(),
                service_account: account.into(),
            }),
        ]),
        options,
    );
    groups
        .into_iter()
        .filter(|(_, _, analysed)| *analysed)
        .map(|(name, group, _)| Subscribed {
            name,
            group: group.name(),
            resource: Some(group),
            pattern: String::new(),
            team: None,
        })
        .collect()
}
