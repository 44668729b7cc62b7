//! The managed node group on a launch template: IMDSv2, encrypted disks.

use crate::aws::{ec2, eks};
use crate::config::Capacity;
use crate::graph::{CustomTimeouts, Options, Scope, text_of};
use crate::platform::compute::is_graviton;
use crate::platform::context::Context;
use crate::platform::network::Network;
use crate::platform::roles;

/// What a node needs: to join, to pull images, to be reached by Session Manager.
const POLICIES: [&str; 4] = [
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonSSMManagedInstanceCore",
];

/// Declares the node group.
pub(super) fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    network: &Network,
    cluster: &eks::Cluster,
) -> eks::NodeGroup {
    let settings = &context.config.eks.nodes;
    let role = roles::role(
        scope,
        context,
        "eks-nodes",
        roles::attached("ec2.amazonaws.com"),
        [],
    );
    let attachments: Vec<_> = POLICIES
        .iter()
        .map(|policy| {
            roles::attach(
                scope,
                context,
                &role,
                &format!("eks-nodes-{policy}"),
                policy,
            )
        })
        .collect();
    let template = template(scope, context);
    let graviton = settings
        .instance_types
        .first()
        .is_some_and(|kind| is_graviton(kind));
    let args = eks::NodeGroupArgs::new(eks::NodeGroupRequired {
        cluster_name: cluster.name(),
        node_role_arn: role.arn(),
        scaling_config: eks::NodeGroupScalingConfig::new(eks::NodeGroupScalingConfigRequired {
            desired_size: settings.desired.into(),
            max_size: settings.maximum.into(),
            min_size: settings.minimum.into(),
        })
        .into(),
        subnet_ids: network.private.iter().map(|subnet| subnet.id()).collect(),
    })
    .node_group_name(context.name("nodes"))
    .ami_type(if graviton {
        "AL2023_ARM_64_STANDARD"
    } else {
        "AL2023_x86_64_STANDARD"
    })
    .instance_types(settings.instance_types.clone())
    .capacity_type(match settings.capacity {
        Capacity::OnDemand => "ON_DEMAND",
        Capacity::Spot => "SPOT",
    })
    .launch_template(
        eks::NodeGroupLaunchTemplate::new(text_of(&template.latest_version())).id(template.id()),
    )
    .update_config(eks::NodeGroupUpdateConfig::new().max_unavailable(1))
    .node_repair_config(eks::NodeGroupNodeRepairConfig::new().enabled(true));
    // The autoscaler and remediation own the number of nodes.
    let mut options = Options::new()
        .ignore_changes(["scalingConfig.desiredSize"])
        .timeouts(CustomTimeouts {
            create: Some("30m".to_owned()),
            update: Some("60m".to_owned()),
            delete: Some("30m".to_owned()),
        });
    for attachment in &attachments {
        options = options.after(
            attachment,
            "a node that cannot describe its cluster never joins",
        );
    }
    scope.declare_with("eks", args, network.before(options))
}

fn template(scope: &Scope<'_>, context: &Context<'_>) -> ec2::LaunchTemplate {
    let tags: Vec<(String, String)> = context.config.all_tags().into_iter().collect();
    let specification = |kind: &str| {
        ec2::LaunchTemplateTagSpecification::new()
            .resource_type(kind)
            .tags(
                tags.iter()
                    .cloned()
                    .collect::<std::collections::BTreeMap<_, _>>(),
            )
    };
    scope.declare(
        "eks-nodes",
        ec2::LaunchTemplateArgs::new()
            .name(context.name("nodes"))
            .update_default_version(true)
            .metadata_options(
                ec2::LaunchTemplateMetadataOptions::new()
                    .http_endpoint("enabled")
                    .http_tokens("required")
                    // One hop: a pod has an identity of its own and does not borrow the node's.
                    .http_put_response_hop_limit(1),
            )
            .block_device_mappings([ec2::LaunchTemplateBlockDeviceMapping::new()
                .device_name("/dev/xvda")
                .ebs(
                    ec2::LaunchTemplateBlockDeviceMappingEbs::new()
                        .encrypted("true")
                        .volume_type("gp3")
                        .volume_size(context.config.eks.nodes.disk_gib)
                        .delete_on_termination("true"),
                )])
            .monitoring(ec2::LaunchTemplateMonitoring::new().enabled(true))
            .tag_specifications([specification("instance"), specification("volume")]),
    )
}
