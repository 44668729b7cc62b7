//! What the remediator may do in the cluster: cordon nodes, evict pods, restart Deployments. No
//! access policy of AWS below the administrator's grants this, so it has a ClusterRole of its own.

use crate::aws::eks;
use crate::graph::{Expr, Options, Scope, json};
use crate::kubernetes::{ClusterRoleArgs, ClusterRoleBindingArgs, ProviderArgs, Rule};
use crate::platform::context::Context;
use crate::platform::functions::Function;
use crate::{list, object};

/// The Kubernetes group of the remediator.
const GROUP: &str = "aiops:remediator";

/// Name of the ClusterRole and of its binding.
const NAME: &str = "aiops-remediator";

/// Declares the access entry and the Kubernetes objects, if the configuration wants them.
pub fn declare(
    scope: &Scope<'_>,
    context: &Context<'_>,
    cluster: &eks::Cluster,
    remediator: &Function,
) {
    if !context.config.eks.node_remediation {
        return;
    }
    let scope = scope.component("NodeRemediation", "node-remediation");
    scope.declare(
        "remediator",
        eks::AccessEntryArgs::new(eks::AccessEntryRequired {
            cluster_name: cluster.name(),
            principal_arn: remediator.role.arn(),
        })
        .kubernetes_groups([GROUP]),
    );
    let provider = scope.declare(
        "cluster",
        ProviderArgs {
            kubeconfig: kubeconfig(context, cluster),
        },
    );
    let explicit = || Options::new().provider(&provider);
    let role = scope.declare_with(
        NAME,
        ClusterRoleArgs {
            name: NAME,
            rules: vec![
                Rule {
                    api_groups: &[""],
                    resources: &["nodes"],
                    verbs: &["get", "list", "patch"],
                },
                Rule {
                    api_groups: &[""],
                    resources: &["pods"],
                    verbs: &["get", "list"],
                },
                Rule {
                    api_groups: &[""],
                    resources: &["pods/eviction"],
                    verbs: &["create"],
                },
                Rule {
                    api_groups: &["apps"],
                    resources: &["deployments", "replicasets"],
                    verbs: &["get", "list", "patch"],
                },
            ],
        },
        explicit(),
    );
    scope.declare_with(
        NAME,
        ClusterRoleBindingArgs {
            role,
            name: NAME,
            group: GROUP,
        },
        explicit(),
    );
}

/// Signs in as whoever runs the deployment.
fn kubeconfig(context: &Context<'_>, cluster: &eks::Cluster) -> Expr<String> {
    let name: Expr<String> = cluster.name();
    json(object! {
        "apiVersion" => "v1",
        "kind" => "Config",
        "current-context" => "cluster",
        "contexts" => list![object! {
            "name" => "cluster",
            "context" => object! { "cluster" => "cluster", "user" => "deployer" },
        }],
        "clusters" => list![object! {
            "name" => "cluster",
            "cluster" => object! {
                "server" => cluster.endpoint(),
                "certificate-authority-data" => cluster.certificate_authority().data(),
            },
        }],
        "users" => list![object! {
            "name" => "deployer",
            "user" => object! { "exec" => object! {
                "apiVersion" => "client.authentication.k8s.io/v1beta1",
                "command" => "aws",
                "args" => list!["eks", "get-token", "--region", context.region(), "--cluster-name", name],
            } },
        }],
    })
}
