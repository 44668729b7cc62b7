//! `eks` and `compute`: what runs, and therefore logs.

use std::collections::BTreeMap;

use crate::config::choices::{Capacity, Environment};
use crate::config::cidr::Cidr;
use crate::config::field::{Rule, Section, section};
use crate::config::rules;
use crate::config::slug::Slug;

section! {
    /// The Kubernetes cluster.
    pub struct Eks {
        /// Whether there is a cluster.
        enabled: bool,
        /// Kubernetes version, quoted.
        version: String => rules::KUBERNETES_VERSION,
        /// Ranges that reach the API server from outside the VPC; none: private endpoint only.
        public_access_cidrs: Vec<Cidr>,
        /// Address range of Kubernetes services.
        service_cidr: Cidr,
        /// Roles that administer the cluster.
        administrators: Vec<String> => rules::ROLE_ARN,
        /// Roles that may look.
        viewers: Vec<String> => rules::ROLE_ARN,
        /// The managed node group.
        nodes: Nodes,
        /// Whether the remediator may cordon nodes and restart Deployments (adds its ClusterRole and binding).
        node_remediation: bool,
    }
}

impl Section for Eks {
    fn defaults(environment: Environment) -> Self {
        Self {
            enabled: matches!(environment, Environment::Staging | Environment::Prod),
            version: "1.34".to_owned(),
            public_access_cidrs: Vec::new(),
            service_cidr: Cidr::containing(std::net::Ipv4Addr::new(172, 20, 0, 0), 16),
            administrators: Vec::new(),
            viewers: Vec::new(),
            nodes: Nodes::defaults(environment),
            node_remediation: false,
        }
    }
}

section! {
    /// A managed node group.
    pub struct Nodes {
        /// Instance types, first choice first.
        instance_types: Vec<String> => rules::INSTANCE_TYPE,
        /// How capacity is bought.
        capacity: Capacity,
        /// Fewest nodes.
        minimum: u32 => Rule::Range(1.0, 100.0),
        /// Nodes at the start; afterwards the autoscaler and remediation own the number.
        desired: u32 => Rule::Range(1.0, 100.0),
        /// Most nodes.
        maximum: u32 => Rule::Range(1.0, 100.0),
        /// Size of a node's encrypted disk in GiB.
        disk_gib: u32 => Rule::Range(20.0, 1000.0),
    }
}

impl Section for Nodes {
    fn defaults(environment: Environment) -> Self {
        let prod = environment == Environment::Prod;
        Self {
            instance_types: vec![if prod { "m7g.large" } else { "t4g.large" }.to_owned()],
            capacity: Capacity::OnDemand,
            minimum: if prod { 3 } else { 1 },
            desired: if prod { 3 } else { 2 },
            maximum: if prod { 12 } else { 4 },
            disk_gib: if prod { 80 } else { 40 },
        }
    }
}

section! {
    /// Plain instances.
    pub struct Compute {
        /// Instances by name; `null` takes a default one away.
        instances: BTreeMap<Slug, Instance>,
    }
}

impl Section for Compute {
    fn defaults(environment: Environment) -> Self {
        let names: &[&str] = match environment {
            Environment::Local => &[],
            Environment::Dev | Environment::Team | Environment::Staging => &["app"],
            Environment::Prod => &["app-a", "app-b", "app-c"],
        };
        Self {
            instances: names
                .iter()
                .enumerate()
                .filter_map(|(index, name)| {
                    let zone = u32::try_from(index).ok()?;
                    let instance = Instance {
                        zone,
                        ..Instance::defaults(environment)
                    };
                    Some((Slug::new(name)?, instance))
                })
                .collect(),
        }
    }
}

section! {
    /// An Amazon Linux 2023 instance with the CloudWatch agent, reached by Session Manager.
    pub struct Instance {
        /// Instance type; its family decides the architecture of the image.
        instance_type: String => rules::INSTANCE_TYPE,
        /// Index of its availability zone, from 0.
        zone: u32 => Rule::Range(0.0, 2.0),
        /// Size of the encrypted disk in GiB.
        disk_gib: u32 => Rule::Range(8.0, 1000.0),
        /// Log files that the agent ships, beside the journal.
        log_files: Vec<LogFile>,
        /// Seconds between two measurements of the agent.
        metrics_interval_seconds: u32 => Rule::Range(1.0, 3600.0),
        /// Whether remediation may touch it (it gets `remediation.requiredTag`).
        remediation: bool,
    }
}

impl Section for Instance {
    fn defaults(environment: Environment) -> Self {
        let prod = environment == Environment::Prod;
        Self {
            instance_type: if prod { "m7g.large" } else { "t4g.small" }.to_owned(),
            zone: 0,
            disk_gib: if prod { 50 } else { 20 },
            log_files: [
                ("/var/log/messages", "system"),
                ("/var/log/secure", "system"),
                ("/var/log/app/*.log", "application"),
            ]
            .into_iter()
            .map(|(path, group)| LogFile {
                path: path.to_owned(),
                group: group.to_owned(),
            })
            .collect(),
            metrics_interval_seconds: 60,
            remediation: false,
        }
    }
}

section! {
    /// A file that the agent ships.
    pub struct LogFile {
        /// Its path on the instance.
        path: String => rules::ABSOLUTE_PATH,
        /// The name of its group in `logs.groups`.
        group: String => rules::SLUG,
    }
}

impl Section for LogFile {
    fn defaults(_environment: Environment) -> Self {
        Self {
            path: "/var/log/messages".to_owned(),
            group: "system".to_owned(),
        }
    }
}
