//! Endpoints: gateways for S3 and DynamoDB always, interfaces by configuration.

use crate::aws::ec2;
use crate::graph::Scope;
use crate::platform::context::Context;

/// Where endpoints are placed.
pub(super) struct Places<'a> {
    pub(super) vpc: &'a ec2::Vpc,
    pub(super) private: &'a [ec2::Subnet],
    pub(super) tables: Vec<&'a ec2::RouteTable>,
    /// Who may reach interface endpoints.
    pub(super) group: Option<&'a ec2::SecurityGroup>,
}

/// Declares the endpoints.
pub(super) fn declare(scope: &Scope<'_>, context: &Context<'_>, places: &Places<'_>) {
    let service = |name: &str| format!("com.amazonaws.{}.{name}", context.region());
    for name in ["s3", "dynamodb"] {
        scope.declare(
            name,
            ec2::VpcEndpointArgs::new(places.vpc.id())
                .service_name(service(name))
                .vpc_endpoint_type("Gateway")
                .route_table_ids(places.tables.iter().map(|t| t.id()).collect::<Vec<_>>()),
        );
    }
    for endpoint in &context.config.network.interface_endpoints {
        let name = endpoint.as_str();
        scope.declare(
            name,
            ec2::VpcEndpointArgs::new(places.vpc.id())
                .service_name(service(name))
                .vpc_endpoint_type("Interface")
                .private_dns_enabled(true)
                .subnet_ids(
                    places
                        .private
                        .iter()
                        .map(ec2::Subnet::id)
                        .collect::<Vec<_>>(),
                )
                .security_group_ids(
                    places
                        .group
                        .iter()
                        .map(|group| group.id())
                        .collect::<Vec<_>>(),
                ),
        );
    }
}
