//! A host sends gigabytes to one address outside, within the network of a partner: what denies it must
//! stand before what lets the partner in.

use aiops_domain::{Kind, Source};

use super::super::flow::{Flow, push};
use super::super::random::Random;
use super::super::topology::partner_address;
use super::super::{Label, Lines};
use super::Scene;
use super::port_scan::minute_end;

pub(super) fn inject(scene: &Scene<'_>, random: &mut Random, lines: &mut Lines) -> Label {
    let actor = partner_address(random);
    for start in random.arrivals(9.0, scene.start, scene.end.plus_millis(-20_000)) {
        let packets = random.amount(220_000.0, 0.3);
        let flow = Flow {
            source: scene.host.address,
            destination: actor,
            source_port: u16::try_from(random.range(32_768, 61_000)).unwrap_or(40_000),
            destination_port: 443,
            protocol: 6,
            packets,
            bytes: packets * 1_420,
            start,
            end: start
                .plus_millis(i64::try_from(random.range(5_000, 20_000)).unwrap_or(5_000))
                .min(minute_end(start)),
            accepted: true,
        };
        push(scene.topology, scene.groups, scene.host, &flow, lines);
    }
    Label {
        kind: Kind::DataExfiltration,
        source: Source::VpcFlow,
        entity: scene.host.interface.to_string(),
        traces_on: Vec::new(),
        start: scene.start,
        end: scene.end,
        actor: Some(actor.into()),
    }
}
