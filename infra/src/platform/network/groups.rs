//! Security groups. None admits an address range from outside the VPC: people come through Session
//! Manager, which needs no inbound rule at all.

use crate::aws::{ec2, vpc};
use crate::graph::Scope;
use crate::platform::context::Context;

/// The security groups.
#[derive(Debug, Clone)]
pub struct Groups {
    /// Instances and notebooks: HTTPS out.
    pub workload: ec2::SecurityGroup,
    /// Interface endpoints, if there are any: HTTPS in from the VPC.
    pub endpoints: Option<ec2::SecurityGroup>,
    /// Nothing in, nothing out: where remediation puts an isolated instance.
    pub quarantine: ec2::SecurityGroup,
}

/// Declares the groups.
pub(super) fn declare(scope: &Scope<'_>, context: &Context<'_>, network: &ec2::Vpc) -> Groups {
    let group = |name: &str, description: &str| {
        scope.declare(
            name,
            ec2::SecurityGroupArgs::new()
                .name(context.name(name))
                .description(description)
                .vpc_id(network.id())
                // Rules are resources of their own, so that two changes do not fight.
                .revoke_rules_on_delete(true),
        )
    };
    let workload = group("workload", "Instances: HTTPS out, nothing in");
    let endpoints = (!context.config.network.interface_endpoints.is_empty())
        .then(|| group("endpoints", "Interface endpoints: HTTPS from the VPC"));
    let quarantine = group("quarantine", "Isolated instances: nothing in, nothing out");
    scope.declare(
        "workload-https",
        vpc::SecurityGroupEgressRuleArgs::new(vpc::SecurityGroupEgressRuleRequired {
            ip_protocol: "tcp".into(),
            security_group_id: workload.id(),
        })
        .description("AWS APIs, package repositories")
        .from_port(443)
        .to_port(443)
        .cidr_ipv4("0.0.0.0/0"),
    );
    if let Some(endpoints) = &endpoints {
        scope.declare(
            "endpoints-https",
            vpc::SecurityGroupIngressRuleArgs::new(vpc::SecurityGroupIngressRuleRequired {
                ip_protocol: "tcp".into(),
                security_group_id: endpoints.id(),
            })
            .description("Callers in the VPC")
            .from_port(443)
            .to_port(443)
            .cidr_ipv4(context.config.network.cidr.to_string()),
        );
    }
    Groups {
        workload,
        endpoints,
        quarantine,
    }
}
