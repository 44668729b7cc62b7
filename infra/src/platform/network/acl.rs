//! Network ACLs. Rules below 100 belong to remediation: the program declares none there, and
//! ignores what the ACL itself lists, so that a deployment never takes a denial away.

use crate::aws::ec2;
use crate::graph::{Options, Scope};
use crate::platform::context::Context;

/// An ACL and its rules: until they are there, it denies everything.
pub(super) struct Acl {
    pub(super) acl: ec2::NetworkAcl,
    pub(super) rules: Vec<ec2::NetworkAclRule>,
}

/// A rule of the program.
struct Rule {
    egress: bool,
    number: u32,
    protocol: &'static str,
    cidr: String,
    ports: Option<(u16, u16)>,
}

/// The program's rules begin here.
const FIRST: u32 = 100;

/// Anywhere.
const WORLD: &str = "0.0.0.0/0";

/// The ACL of the public subnets: HTTPS from anywhere, answers to what was asked from inside.
pub(super) fn public(
    scope: &Scope<'_>,
    context: &Context<'_>,
    vpc: &ec2::Vpc,
    subnets: &[ec2::Subnet],
) -> Acl {
    let rule = |number, protocol, ports| Rule {
        egress: false,
        number,
        protocol,
        cidr: WORLD.to_owned(),
        ports,
    };
    let mut rules = answers(context);
    rules.push(rule(FIRST + 10, "tcp", Some((443, 443))));
    declare(scope, "public", vpc, subnets, rules)
}

/// The ACL of the private subnets: the VPC, and answers from outside.
pub(super) fn private(
    scope: &Scope<'_>,
    context: &Context<'_>,
    vpc: &ec2::Vpc,
    subnets: &[ec2::Subnet],
) -> Acl {
    declare(scope, "private", vpc, subnets, answers(context))
}

/// A network ACL keeps no state: the answers to connections from inside come to ephemeral ports,
/// and must be let in. Remote desktop's port lies among them and stays shut.
fn answers(context: &Context<'_>) -> Vec<Rule> {
    let rule = |number, protocol, cidr: &str, ports| Rule {
        egress: false,
        number,
        protocol,
        cidr: cidr.to_owned(),
        ports,
    };
    let inside = context.config.network.cidr.to_string();
    vec![
        rule(FIRST, "tcp", &inside, Some((1, 65535))),
        rule(FIRST + 1, "udp", &inside, Some((1, 65535))),
        rule(FIRST + 20, "tcp", WORLD, Some((1024, 3388))),
        rule(FIRST + 21, "tcp", WORLD, Some((3390, 65535))),
        rule(FIRST + 30, "udp", WORLD, Some((1024, 3388))),
        rule(FIRST + 31, "udp", WORLD, Some((3390, 65535))),
        Rule {
            egress: true,
            number: FIRST,
            protocol: "-1",
            cidr: WORLD.to_owned(),
            ports: None,
        },
    ]
}

fn declare(
    scope: &Scope<'_>,
    name: &str,
    vpc: &ec2::Vpc,
    subnets: &[ec2::Subnet],
    rules: Vec<Rule>,
) -> Acl {
    let acl = scope.declare_with(
        name,
        ec2::NetworkAclArgs::new(vpc.id())
            .subnet_ids(subnets.iter().map(ec2::Subnet::id).collect::<Vec<_>>())
            .tags([("Name", name)]),
        // Rules are resources of their own; those that remediation adds show up here.
        Options::new().ignore_changes(["ingress", "egress"]),
    );
    let rules = rules
        .into_iter()
        .map(|rule| {
            let direction = if rule.egress { "out" } else { "in" };
            let args = ec2::NetworkAclRuleArgs::new(ec2::NetworkAclRuleRequired {
                network_acl_id: acl.id(),
                protocol: rule.protocol.into(),
                rule_action: "allow".into(),
                rule_number: rule.number.into(),
            })
            .egress(rule.egress)
            .cidr_block(rule.cidr);
            scope.declare(
                format!("{name}-{direction}-{}", rule.number),
                match rule.ports {
                    Some((from, to)) => args.from_port(from).to_port(to),
                    None => args,
                },
            )
        })
        .collect();
    Acl { acl, rules }
}
