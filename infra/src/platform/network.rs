//! The VPC: subnets over zones, routes that reach every subnet, ways out by configuration.
//!
//! Coming from HCL: `aws_vpc`, `aws_subnet` (most of them without a route table association),
//! `aws_security_group` (with SSH open to the world). Here every subnet has a route table and a
//! network ACL, and no security group admits an address range from outside.

use super::context::Context;
use super::keys::Keys;
use super::logs::Subscribed;
use crate::aws::ec2;
use crate::config::{Cidr, Nat};
use crate::graph::{Options, Scope};
use crate::text;

mod acl;
mod endpoints;
mod flow;
mod groups;

pub use groups::Groups;

/// What others place into the VPC or refer to.
#[derive(Debug, Clone)]
pub struct Network {
    /// The VPC.
    pub vpc: ec2::Vpc,
    /// Public subnets, one per zone.
    pub public: Vec<ec2::Subnet>,
    /// Private subnets, one per zone.
    pub private: Vec<ec2::Subnet>,
    /// The ways out of the private subnets: nodes cannot join before them.
    pub routes_out: Vec<ec2::Route>,
    /// The rules of the private subnets' network ACL: without them nothing passes.
    pub private_rules: Vec<ec2::NetworkAclRule>,
    /// Network ACL of the public subnets.
    pub public_acl: ec2::NetworkAcl,
    /// Network ACL of the private subnets.
    pub private_acl: ec2::NetworkAcl,
    /// Security groups.
    pub groups: Groups,
    /// The group of the flow logs.
    pub flow_logs: Subscribed,
}

/// Subnets are a sixteenth of the VPC each: three public, three private, ten spare.
const SUBNET_BITS: u8 = 4;

/// Where the private subnets begin among the sixteenths; the public ones begin at 0.
const FIRST_PRIVATE: u32 = 8;

/// Declares the network.
pub fn declare(scope: &Scope<'_>, context: &Context<'_>, keys: Option<&Keys>) -> Network {
    let scope = scope.component("Network", "network");
    let network = &context.config.network;
    let vpc = scope.declare(
        "vpc",
        ec2::VpcArgs::new()
            .cidr_block(network.cidr.to_string())
            .enable_dns_hostnames(true)
            .enable_dns_support(true)
            .tags([("Name", context.config.prefix())]),
    );
    let gateway = scope.declare("internet", ec2::InternetGatewayArgs::new().vpc_id(vpc.id()));
    let public = subnets(&scope, context, &vpc, "public", 0);
    let private = subnets(&scope, context, &vpc, "private", FIRST_PRIVATE);
    let public_table = scope.declare("public", ec2::RouteTableArgs::new(vpc.id()));
    let internet = scope.declare(
        "public-internet",
        ec2::RouteArgs::new(public_table.id())
            .destination_cidr_block("0.0.0.0/0")
            .gateway_id(gateway.id()),
    );
    associate(&scope, "public", &public, |_| &public_table);
    let tables: Vec<ec2::RouteTable> = (0..private.len())
        .map(|zone| {
            scope.declare(
                format!("private-{zone}"),
                ec2::RouteTableArgs::new(vpc.id()),
            )
        })
        .collect();
    for (zone, (table, subnet)) in tables.iter().zip(&private).enumerate() {
        association(&scope, &format!("private-{zone}"), subnet, table);
    }
    let nats = nat_gateways(&scope, network.nat, &public, &internet);
    let routes_out = tables
        .iter()
        .enumerate()
        .filter_map(|(zone, table)| {
            // One gateway serves every zone; with one per zone, a zone keeps to itself.
            let nat = nats.get(zone).or(nats.first())?;
            Some(
                scope.declare(
                    format!("private-{zone}-nat"),
                    ec2::RouteArgs::new(table.id())
                        .destination_cidr_block("0.0.0.0/0")
                        .nat_gateway_id(nat.id()),
                ),
            )
        })
        .collect();
    // Nothing uses the default security group; without this it would admit its own members.
    scope.declare(
        "closed",
        ec2::DefaultSecurityGroupArgs::new().vpc_id(vpc.id()),
    );
    let groups = groups::declare(&scope, context, &vpc);
    endpoints::declare(
        &scope,
        context,
        &endpoints::Places {
            vpc: &vpc,
            private: &private,
            tables: tables.iter().chain([&public_table]).collect(),
            group: groups.endpoints.as_ref(),
        },
    );
    let public_acl = acl::public(&scope, context, &vpc, &public).acl;
    let acl::Acl {
        acl: private_acl,
        rules: private_rules,
    } = acl::private(&scope, context, &vpc, &private);
    let flow_logs = flow::declare(&scope, context, keys, &vpc);
    Network {
        vpc,
        public,
        private,
        routes_out,
        private_rules,
        public_acl,
        private_acl,
        groups,
        flow_logs,
    }
}

/// The `index`-th sixteenth of the VPC.
fn block(cidr: Cidr, index: u32) -> Cidr {
    // The configuration admits /16 to /20 only, so that there are sixteen.
    cidr.subnet(cidr.prefix().saturating_add(SUBNET_BITS), index)
        .unwrap_or(cidr)
}

fn subnets(
    scope: &Scope<'_>,
    context: &Context<'_>,
    vpc: &ec2::Vpc,
    kind: &str,
    first: u32,
) -> Vec<ec2::Subnet> {
    let network = &context.config.network;
    // Where Kubernetes puts its load balancers.
    let role = if kind == "public" {
        "kubernetes.io/role/elb"
    } else {
        "kubernetes.io/role/internal-elb"
    };
    (0..network.zones)
        .map(|zone| {
            let index = usize::try_from(zone).unwrap_or_default();
            scope.declare(
                format!("{kind}-{zone}"),
                ec2::SubnetArgs::new(vpc.id())
                    .cidr_block(block(network.cidr, first + zone).to_string())
                    .availability_zone(context.zone(index))
                    // An address of its own is given to whom it is asked for, not to everybody.
                    .map_public_ip_on_launch(false)
                    .tags([
                        (
                            "Name".to_owned(),
                            format!("{}-{kind}-{zone}", context.config.prefix()),
                        ),
                        (role.to_owned(), "1".to_owned()),
                    ]),
            )
        })
        .collect()
}

fn associate<'a>(
    scope: &Scope<'_>,
    kind: &str,
    subnets: &[ec2::Subnet],
    table: impl Fn(usize) -> &'a ec2::RouteTable,
) {
    for (zone, subnet) in subnets.iter().enumerate() {
        association(scope, &format!("{kind}-{zone}"), subnet, table(zone));
    }
}

fn association(scope: &Scope<'_>, name: &str, subnet: &ec2::Subnet, table: &ec2::RouteTable) {
    scope.declare(
        name,
        ec2::RouteTableAssociationArgs::new(table.id()).subnet_id(subnet.id()),
    );
}

fn nat_gateways(
    scope: &Scope<'_>,
    nat: Nat,
    public: &[ec2::Subnet],
    internet: &ec2::Route,
) -> Vec<ec2::NatGateway> {
    let count = match nat {
        Nat::None => 0,
        Nat::One => 1,
        Nat::PerZone => public.len(),
    };
    public
        .iter()
        .take(count)
        .enumerate()
        .map(|(zone, subnet)| {
            let name = format!("nat-{zone}");
            let address = scope.declare(name.as_str(), ec2::EipArgs::new().domain("vpc"));
            scope.declare_with(
                name.as_str(),
                ec2::NatGatewayArgs::new()
                    .subnet_id(subnet.id())
                    .allocation_id(text!(address.allocation_id())),
                Options::new().after(
                    internet,
                    "a NAT gateway needs its subnet's way to the internet",
                ),
            )
        })
        .collect()
}

impl Network {
    /// Options of what runs in the private subnets: traffic must be able to pass first.
    pub fn before(&self, mut options: Options) -> Options {
        for route in &self.routes_out {
            options = options.after(
                route,
                "without a way out it installs, pulls and joins nothing",
            );
        }
        for rule in &self.private_rules {
            options = options.after(rule, "a network ACL without its rules lets nothing pass");
        }
        options
    }
}
