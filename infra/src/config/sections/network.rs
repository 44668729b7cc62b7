//! `network`: the VPC.

use crate::config::choices::{Environment, InterfaceEndpoint, Nat};
use crate::config::cidr::Cidr;
use crate::config::field::{Rule, Section, section};

section! {
    /// The VPC, its zones and its ways out.
    pub struct Network {
        /// Address range of the VPC, /16 to /20, apart from every range in `reservedCidrs`.
        cidr: Cidr,
        /// Ranges in use elsewhere (peered networks, offices): the VPC and its services keep clear of them.
        reserved_cidrs: Vec<Cidr>,
        /// Number of availability zones, each with a public and a private subnet.
        zones: u32 => Rule::Range(2.0, 3.0),
        /// How private subnets reach the internet.
        nat: Nat,
        /// AWS services reached through interface endpoints; S3 and DynamoDB always have gateway endpoints.
        interface_endpoints: Vec<InterfaceEndpoint>,
        /// Seconds over which flow logs are aggregated.
        flow_log_interval_seconds: u32 => Rule::OneOf(&[60, 600]),
    }
}

impl Section for Network {
    fn defaults(environment: Environment) -> Self {
        use InterfaceEndpoint as E;
        let second_octet = match environment {
            Environment::Local => 0,
            Environment::Dev => 10,
            Environment::Staging => 20,
            Environment::Prod => 30,
            Environment::Team => 40,
        };
        // A workload in a private subnet logs, is reached by Session Manager and gets credentials
        // even while the NAT gateway's zone is down.
        let essential = vec![E::Logs, E::Ec2Messages, E::Ssm, E::SsmMessages, E::Sts];
        Self {
            cidr: Cidr::containing(std::net::Ipv4Addr::new(10, second_octet, 0, 0), 16),
            reserved_cidrs: Vec::new(),
            zones: 3,
            nat: match environment {
                Environment::Local => Nat::None,
                Environment::Dev | Environment::Team | Environment::Staging => Nat::One,
                Environment::Prod => Nat::PerZone,
            },
            interface_endpoints: match environment {
                Environment::Local | Environment::Dev | Environment::Team => Vec::new(),
                Environment::Staging => essential,
                Environment::Prod => {
                    let mut all = essential;
                    all.extend([
                        E::EcrApi,
                        E::EcrDkr,
                        E::Ec2,
                        E::Eks,
                        E::EksAuth,
                        E::Kms,
                        E::Monitoring,
                    ]);
                    all
                }
            },
            flow_log_interval_seconds: match environment {
                Environment::Dev | Environment::Team => 600,
                _ => 60,
            },
        }
    }
}
