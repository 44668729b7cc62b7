//! Who reaches the Kubernetes API.

use crate::aws::eks;
use crate::graph::Scope;
use crate::platform::context::Context;

/// Declares the access entries of people.
pub(super) fn declare(scope: &Scope<'_>, context: &Context<'_>, cluster: &eks::Cluster) {
    let settings = &context.config.eks;
    let roles = [
        (
            "administrator",
            "AmazonEKSClusterAdminPolicy",
            &settings.administrators,
        ),
        ("viewer", "AmazonEKSViewPolicy", &settings.viewers),
    ];
    for (kind, policy, arns) in roles {
        for (index, arn) in arns.iter().enumerate() {
            let name = format!("{kind}-{index}");
            let entry = scope.declare(
                name.as_str(),
                eks::AccessEntryArgs::new(eks::AccessEntryRequired {
                    cluster_name: cluster.name(),
                    principal_arn: arn.into(),
                }),
            );
            scope.declare(
                name,
                eks::AccessPolicyAssociationArgs::new(eks::AccessPolicyAssociationRequired {
                    access_scope: eks::AccessPolicyAssociationAccessScope::new("cluster").into(),
                    cluster_name: cluster.name(),
                    policy_arn: format!(
                        "arn:{}:eks::aws:cluster-access-policy/{policy}",
                        context.partition()
                    )
                    .into(),
                    principal_arn: entry.principal_arn(),
                }),
            );
        }
    }
}
