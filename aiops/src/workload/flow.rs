//! VPC flow log records, one stream for each network interface, fields up to version 5 in whatever
//! order the stack's flow log declares.

use std::net::Ipv4Addr;

use aiops_domain::Time;

use super::random::Random;
use super::topology::{Host, LogGroups, Topology, attacker_address, client_address};
use super::{Lines, MINUTE_MILLIS, Period};

/// One aggregated flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    /// IANA protocol number.
    pub(super) protocol: u8,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    /// When its first packet came.
    pub(super) start: Time,
    /// When its last packet came.
    pub(super) end: Time,
    pub(super) accepted: bool,
}

/// The record of `flow` at the interface of `host`, its fields as `format` names them.
pub(super) fn record(topology: &Topology, host: &Host, format: &str, flow: &Flow) -> String {
    let ingress = flow.destination == host.address;
    let fields = format.split_ascii_whitespace().map(|field| {
        let name = field.trim_start_matches("${").trim_end_matches('}');
        match name {
            "version" => "5".to_owned(),
            "account-id" => topology.account.clone(),
            "interface-id" => host.interface.to_string(),
            "srcaddr" | "pkt-srcaddr" => flow.source.to_string(),
            "dstaddr" | "pkt-dstaddr" => flow.destination.to_string(),
            "srcport" => flow.source_port.to_string(),
            "dstport" => flow.destination_port.to_string(),
            "protocol" => flow.protocol.to_string(),
            "packets" => flow.packets.to_string(),
            "bytes" => flow.bytes.to_string(),
            "start" => (flow.start.as_millis() / 1_000).to_string(),
            "end" => (flow.end.as_millis() / 1_000).to_string(),
            "action" => if flow.accepted { "ACCEPT" } else { "REJECT" }.to_owned(),
            "log-status" => "OK".to_owned(),
            "vpc-id" => topology.vpc.clone(),
            "subnet-id" => topology.subnet.clone(),
            "instance-id" => host.instance.to_string(),
            // SYN alone for what was rejected, SYN-ACK and FIN for what went through.
            "tcp-flags" => match (flow.protocol, flow.accepted) {
                (6, true) => "19",
                (6, false) => "2",
                _ => "0",
            }
            .to_owned(),
            "type" => "IPv4".to_owned(),
            "region" => "us-east-1".to_owned(),
            "az-id" => "use1-az1".to_owned(),
            "flow-direction" => if ingress { "ingress" } else { "egress" }.to_owned(),
            "traffic-path" if !ingress => "8".to_owned(),
            _ => "-".to_owned(),
        }
    });
    fields.collect::<Vec<_>>().join(" ")
}

/// Hands a flow over when its interval has ended.
pub(super) fn push(
    topology: &Topology,
    groups: &LogGroups,
    host: &Host,
    flow: &Flow,
    lines: &mut Lines,
) {
    let line = record(topology, host, &groups.flow_format, flow);
    let stream = format!("{}-all", host.interface).into();
    lines.push(&groups.flow, &stream, flow.end, line);
}

fn port(random: &mut Random, low: u64, high: u64) -> u16 {
    u16::try_from(random.range(low, high)).unwrap_or(u16::MAX)
}

fn usual(random: &mut Random, host: &Host, start: Time, end: Time) -> Flow {
    let ephemeral = port(random, 32_768, 61_000);
    let packets = random.amount(18.0, 0.7).max(1);
    let flow =
        |source, source_port, destination, destination_port, protocol, packets, bytes| Flow {
            source,
            destination,
            source_port,
            destination_port,
            protocol,
            packets,
            bytes,
            start,
            end,
            accepted: true,
        };
    let size = packets * random.range(80, 900);
    match random.range(0, 10) {
        // A client asks, the host answers.
        0..=2 => flow(
            client_address(random),
            ephemeral,
            host.address,
            443,
            6,
            packets,
            size,
        ),
        3 | 4 => flow(
            host.address,
            443,
            client_address(random),
            ephemeral,
            6,
            packets,
            size * 3,
        ),
        // The database, the interface endpoints, the resolver, the time.
        5 | 6 => flow(
            host.address,
            ephemeral,
            Ipv4Addr::new(10, 0, 3, 20),
            5432,
            6,
            packets,
            size,
        ),
        7 => flow(
            host.address,
            ephemeral,
            Ipv4Addr::new(10, 0, 3, 40),
            443,
            6,
            packets,
            size,
        ),
        8 => flow(
            host.address,
            ephemeral,
            Ipv4Addr::new(10, 0, 0, 2),
            53,
            17,
            2,
            180,
        ),
        _ => flow(
            host.address,
            123,
            Ipv4Addr::new(169, 254, 169, 123),
            123,
            17,
            1,
            76,
        ),
    }
}

/// Somebody on the Internet knocks at one port: every public address sees it all day.
fn knock(random: &mut Random, host: &Host, start: Time, end: Time) -> Flow {
    Flow {
        source: if random.chance(0.5) {
            client_address(random)
        } else {
            attacker_address(random)
        },
        destination: host.address,
        source_port: port(random, 32_768, 61_000),
        destination_port: *random.pick(&[22, 23, 80, 445, 3389, 5060, 8080, 6379]),
        protocol: 6,
        packets: 1,
        bytes: 40,
        start,
        end,
        accepted: false,
    }
}

/// What interfaces record on a quiet day.
pub(super) fn noise(period: &Period<'_>, lines: &mut Lines) {
    let Period {
        topology,
        groups,
        from,
        to,
        ..
    } = *period;
    for host in &topology.hosts {
        let mut random = period.random(&format!("flow {}", host.interface));
        let mut minute = from;
        while minute < to {
            let next = minute.plus_millis(MINUTE_MILLIS);
            for (rate, rejected) in [(14.0, false), (1.2, true)] {
                for start in random.arrivals(rate, minute, next) {
                    // Aggregated over at most a minute, cut at the minute's end.
                    let end = start
                        .plus_millis(i64::try_from(random.range(1_000, 40_000)).unwrap_or(1_000))
                        .min(next.plus_millis(-1));
                    let flow = if rejected {
                        knock(&mut random, host, start, end)
                    } else {
                        usual(&mut random, host, start, end)
                    };
                    push(topology, groups, host, &flow, lines);
                }
            }
            minute = next;
        }
    }
}
