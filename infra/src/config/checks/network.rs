//! What subnets, gateways and endpoints ask of one another.

use super::{Problems, note};
use crate::config::{Cidr, InterfaceEndpoint, Nat, StackConfig};

pub(super) fn network(config: &StackConfig, problems: &mut Problems) {
    let network = &config.network;
    if !(16..=20).contains(&network.cidr.prefix()) {
        note(
            problems,
            "network.cidr",
            format!(
                "{} has a prefix of {} bits; a VPC for three zones and a cluster needs /16 to /20",
                network.cidr,
                network.cidr.prefix()
            ),
        );
    }
    let mut taken: Vec<(String, Cidr)> = vec![("network.cidr".to_owned(), network.cidr)];
    if config.eks.enabled {
        taken.push(("eks.serviceCidr".to_owned(), config.eks.service_cidr));
    }
    for (index, range) in network.reserved_cidrs.iter().enumerate() {
        taken.push((format!("network.reservedCidrs[{index}]"), *range));
    }
    for (index, (path, range)) in taken.iter().enumerate() {
        for (other_path, other) in taken.iter().take(index) {
            let both_reserved =
                path.starts_with("network.reserved") && other_path.starts_with("network.reserved");
            if range.overlaps(*other) && !both_reserved {
                note(
                    problems,
                    path,
                    format!("{range} overlaps {other} (aiops:{other_path})"),
                );
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    for (index, endpoint) in network.interface_endpoints.iter().enumerate() {
        if !seen.insert(endpoint) {
            note(
                problems,
                format!("network.interfaceEndpoints[{index}]"),
                format!("`{endpoint}` stands here twice"),
            );
        }
    }
    if network.nat == Nat::None && !config.compute.instances.is_empty() {
        // Without a way out, the agents reach AWS through these or not at all.
        for needed in [
            InterfaceEndpoint::Logs,
            InterfaceEndpoint::Monitoring,
            InterfaceEndpoint::Ssm,
        ] {
            if !seen.contains(&needed) {
                note(
                    problems,
                    "network.interfaceEndpoints",
                    format!(
                        "`{needed}` is needed: with `nat: none` the instances' agent has no other way to it"
                    ),
                );
            }
        }
    }
}
