//! One address knocks at hundreds of ports of one interface.

use aiops_domain::{Kind, Source};

use super::super::flow::{Flow, push};
use super::super::random::Random;
use super::super::topology::attacker_address;
use super::super::{Label, Lines, MINUTE_MILLIS};
use super::Scene;

pub(super) fn inject(scene: &Scene<'_>, random: &mut Random, lines: &mut Lines) -> Label {
    let actor = attacker_address(random);
    let source_port = u16::try_from(random.range(40_000, 60_000)).unwrap_or(40_000);
    // Ports in a random order, as scanners take them; one that is open answers.
    let mut ports = random.permutation(10_000).into_iter();
    for start in random.arrivals(180.0, scene.start, scene.end.plus_millis(-2_000)) {
        let Some(port) = ports.next() else { break };
        let flow = Flow {
            source: actor,
            destination: scene.host.address,
            source_port,
            destination_port: u16::try_from(port + 1).unwrap_or(1),
            protocol: 6,
            packets: 1,
            bytes: 44,
            start,
            end: start
                .plus_millis(i64::try_from(random.range(0, 1_500)).unwrap_or(0))
                .min(minute_end(start)),
            accepted: port + 1 == 443,
        };
        push(scene.topology, scene.groups, scene.host, &flow, lines);
    }
    Label {
        kind: Kind::PortScan,
        source: Source::VpcFlow,
        entity: scene.host.interface.to_string(),
        traces_on: Vec::new(),
        start: scene.start,
        end: scene.end,
        actor: Some(actor.into()),
    }
}

/// Flow logs cut their intervals at the minute.
pub(super) fn minute_end(time: aiops_domain::Time) -> aiops_domain::Time {
    let millis = time.as_millis();
    aiops_domain::Time::from_millis(millis - millis.rem_euclid(MINUTE_MILLIS) + MINUTE_MILLIS - 1)
}
