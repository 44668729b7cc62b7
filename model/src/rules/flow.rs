//! Port scans and exfiltration, from the parsed fields of VPC flow logs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use aiops_domain::shape::flow::{FlowAction, FlowRecord};
use aiops_domain::{Kind, Severity, Shape};

use super::{Evidence, RuleConfig, RuleHit};
use crate::window::EventWindow;

/// Packets of a flow up to which it may be a probe: a handshake that led to nothing.
const PROBE_PACKETS_MAX: u64 = 4;

/// Distinct ports and hosts that are remembered of one address.
const PROBES_MAX: usize = 4_096;

/// Ports below this are servers': a flow from one of them to a high port answers somebody.
const EPHEMERAL_PORTS_MIN: u16 = 1024;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// Whether an address belongs to private, shared, link-local or loopback space.
pub fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|address| is_internal(IpAddr::V4(address)))
        }
    }
}

/// The flows of a window that carry data, with their lines.
fn flows<'w>(
    window: &'w EventWindow,
    config: &'w RuleConfig,
) -> impl Iterator<Item = (usize, FlowRecord<'w>)> {
    window
        .records
        .iter()
        .enumerate()
        .filter(|(_, record)| record.shape == Shape::Flow)
        .filter_map(|(line, record)| {
            let format = config.flow_format.fitting(&record.message);
            let flow = FlowRecord::parse(&record.message, format).ok()?;
            flow.has_data().then_some((line, flow))
        })
}

/// Whether a flow looks like an answer: from a service's port to one of a client.
pub(crate) fn is_answer(flow: &FlowRecord) -> bool {
    matches!((flow.src_port, flow.dst_port), (Some(from), Some(to))
        if from < EPHEMERAL_PORTS_MIN && to >= EPHEMERAL_PORTS_MIN)
}

#[derive(Default)]
struct Probes {
    ports_by_host: BTreeMap<IpAddr, BTreeSet<u16>>,
    hosts_by_port: BTreeMap<u16, BTreeSet<IpAddr>>,
    held: usize,
    rejected: u64,
    evidence: Evidence,
}

impl Probes {
    fn ports(&self) -> usize {
        self.ports_by_host
            .values()
            .map(BTreeSet::len)
            .max()
            .unwrap_or(0)
    }

    fn hosts(&self) -> usize {
        self.hosts_by_port
            .values()
            .map(BTreeSet::len)
            .max()
            .unwrap_or(0)
    }
}

/// One address tries many ports of a host, or one port of many hosts, in flows that were rejected
/// or led to nothing.
pub(super) fn port_scan(window: &EventWindow, config: &RuleConfig) -> Option<RuleHit> {
    let mut by_source: BTreeMap<IpAddr, Probes> = BTreeMap::new();
    for (line, flow) in flows(window, config) {
        let (Some(source), Some(host), Some(port)) =
            (flow.source(), flow.destination(), flow.dst_port)
        else {
            continue;
        };
        let rejected = flow.action == Some(FlowAction::Reject);
        let short = flow
            .packets
            .is_some_and(|packets| packets <= PROBE_PACKETS_MAX);
        let ports = matches!(flow.protocol, Some(TCP | UDP) | None);
        if !ports || !(rejected || short) || is_answer(&flow) {
            continue;
        }
        let probes = by_source.entry(source).or_default();
        if probes.held < PROBES_MAX {
            let new_port = probes.ports_by_host.entry(host).or_default().insert(port);
            let new_host = probes.hosts_by_port.entry(port).or_default().insert(host);
            probes.held += usize::from(new_port || new_host);
        }
        probes.rejected += u64::from(rejected);
        probes.evidence.add(line, 1);
    }
    let (source, probes) = by_source
        .iter()
        .filter(|(_, probes)| {
            probes.ports() >= config.scan_ports_min || probes.hosts() >= config.scan_hosts_min
        })
        .min_by_key(|(source, probes)| (std::cmp::Reverse(probes.held), **source))?;
    let what = if probes.ports() >= config.scan_ports_min {
        format!("{} ports", probes.ports())
    } else {
        format!("{} hosts on one port", probes.hosts())
    };
    Some(RuleHit {
        kind: Kind::PortScan,
        // A scanner from inside is a machine already taken.
        severity: if is_internal(*source) {
            Severity::High
        } else {
            Severity::Medium
        },
        actor: Some(*source),
        lines: probes.evidence.lines.clone(),
        count: probes.evidence.count,
        summary: format!(
            "{source} probed {what} in {} flows ({} rejected), seen at {}",
            probes.evidence.count, probes.rejected, window.entity
        ),
    })
}

#[derive(Default)]
struct Transfer {
    out: u64,
    back: u64,
    evidence: Evidence,
}

/// Many bytes leave for one external address, in connections that were made from inside: a server
/// that answers its clients sends much too.
pub(super) fn exfiltration(window: &EventWindow, config: &RuleConfig) -> Option<RuleHit> {
    let mut by_peer: BTreeMap<IpAddr, Transfer> = BTreeMap::new();
    for (line, flow) in flows(window, config) {
        let (Some(source), Some(destination), Some(bytes)) =
            (flow.source(), flow.destination(), flow.bytes)
        else {
            continue;
        };
        if flow.action == Some(FlowAction::Reject) {
            continue;
        }
        match (is_internal(source), is_internal(destination)) {
            (true, false) if !is_answer(&flow) => {
                let transfer = by_peer.entry(destination).or_default();
                transfer.out = transfer.out.saturating_add(bytes);
                transfer.evidence.add(line, 1);
            }
            (false, true) => {
                let transfer = by_peer.entry(source).or_default();
                transfer.back = transfer.back.saturating_add(bytes);
            }
            _ => {}
        }
    }
    let (peer, transfer) = by_peer
        .iter()
        .filter(|(_, transfer)| {
            transfer.out >= config.exfiltration_bytes_min
                && transfer.out
                    >= transfer
                        .back
                        .saturating_mul(config.exfiltration_ratio_min.max(1))
        })
        .min_by_key(|(peer, transfer)| (std::cmp::Reverse(transfer.out), **peer))?;
    Some(RuleHit {
        kind: Kind::DataExfiltration,
        severity: Severity::Critical,
        actor: Some(*peer),
        lines: transfer.evidence.lines.clone(),
        count: transfer.evidence.count,
        summary: format!(
            "{} MiB left {} for {peer}, {} MiB came back",
            transfer.out >> 20,
            window.entity,
            transfer.back >> 20
        ),
    })
}
