//! Tests of the module `workload`.

use super::*;
use aiops_domain::categorise::{Categoriser, CategoryRule, default_rules};
use aiops_domain::event_time::TimeAssumptions;

const V5: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} ${vpc-id} ${subnet-id} ${instance-id} ${tcp-flags} ${type} ${pkt-srcaddr} ${pkt-dstaddr} ${region} ${az-id} ${flow-direction} ${traffic-path}";

fn settings(seed: u64) -> Settings {
    Settings {
        seed,
        start: "2026-08-01T10:00:00Z".parse().unwrap(),
        quiet_minutes: 10,
        live_minutes: 24,
        groups: LogGroups {
            system: "/aws/ec2/local/system".into(),
            application: "/aws/ec2/local/application".into(),
            control_plane: "/aws/eks/local/cluster".into(),
            containers: "/aws/containerinsights/local/application".into(),
            nodes: "/aws/containerinsights/local/host".into(),
            dataplane: "/aws/containerinsights/local/dataplane".into(),
            flow: "/aws/vpc/local/flow-logs".into(),
            flow_format: V5.to_owned(),
        },
        instances: (1..=6).map(|host| format!("i-0{host:016x}")).collect(),
    }
}

fn categoriser() -> Categoriser {
    let flow: CategoryRule = serde_json::from_value(serde_json::json!({
        "group": "/aws/vpc/*", "source": "vpc-flow", "shape": "flow", "entity": "interface",
        "flow_format": V5,
    }))
    .unwrap();
    let rules = std::iter::once(flow).chain(default_rules()).collect();
    Categoriser::new(rules, TimeAssumptions::default())
}

#[test]
fn one_seed_gives_one_workload_and_another_seed_another() {
    let one = generate(&settings(1));
    assert_eq!(one, generate(&settings(1)));
    assert_ne!(one.live, generate(&settings(2)).live);
}

#[test]
fn every_line_is_read_as_what_it_is() {
    let workload = generate(&settings(3));
    let categoriser = categoriser();
    let (mut sources, mut checked) = (std::collections::BTreeSet::new(), 0);
    for event in workload.quiet.iter().chain(&workload.live) {
        let category = categoriser.category(&event.group, &event.stream);
        let placement = category.place(&event.message, event.timestamp);
        sources.insert(category.source);
        assert_ne!(category.source, Source::Other, "{event:?}");
        // What the line says is when it was handed over, but for a flow's interval and for the
        // formats that have whole seconds only.
        let behind = event.timestamp.millis_since(placement.time);
        let most = if category.source == Source::VpcFlow {
            MINUTE_MILLIS
        } else {
            1_000
        };
        assert!((0..=most).contains(&behind), "{behind} {event:?}");
        checked += 1;
    }
    assert!(checked > 5_000, "{checked}");
    assert_eq!(
        sources.into_iter().collect::<Vec<_>>(),
        [Source::Ec2, Source::Eks, Source::VpcFlow]
    );
}

#[test]
fn lines_are_in_order_and_inside_their_period() {
    let workload = generate(&settings(4));
    for (events, from, to) in [
        (&workload.quiet, settings(4).start, workload.live_start),
        (&workload.live, workload.live_start, workload.live_end),
    ] {
        assert!(events.is_sorted_by_key(|event| event.timestamp));
        assert!(events.first().unwrap().timestamp >= from);
        assert!(events.last().unwrap().timestamp < to.plus_millis(5_000));
    }
}

#[test]
fn each_incident_is_in_the_lines_of_its_entity_and_of_nobody_else() {
    for seed in 0..20 {
        let workload = generate(&settings(seed));
        let categoriser = categoriser();
        let kinds: std::collections::BTreeSet<_> =
            workload.labels.iter().map(|label| label.kind).collect();
        assert_eq!(kinds.len(), 6);
        for label in &workload.labels {
            assert!(label.start >= workload.live_start && label.end < workload.live_end);
            let marks: &[&str] = match label.kind {
                Kind::SshBruteForce => &[
                    "Failed password for invalid user",
                    "Failed password for root",
                ],
                Kind::OomCrashLoop => &["OutOfMemoryError"],
                Kind::PoolExhaustion => &["Connection is not available"],
                Kind::DiskFull => &["No space left on device"],
                _ => continue,
            };
            let actor = label.actor.map(|actor| actor.to_string());
            let of_incident: Vec<_> = workload
                .quiet
                .iter()
                .chain(&workload.live)
                .filter(|event| marks.iter().any(|mark| event.message.contains(mark)))
                .filter(|event| {
                    actor
                        .as_ref()
                        .is_none_or(|actor| event.message.contains(actor.as_str()))
                })
                .collect();
            assert!(
                of_incident.len() >= 5,
                "seed {seed}: {} of {:?}",
                of_incident.len(),
                label
            );
            for event in of_incident {
                let category = categoriser.category(&event.group, &event.stream);
                let placement = category.place(&event.message, event.timestamp);
                assert_eq!(
                    (category.source, &*placement.entity),
                    (label.source, label.entity.as_str())
                );
                assert!(
                    placement.time.plus_millis(1_000) > label.start && placement.time < label.end,
                    "seed {seed}: {event:?} {label:?}"
                );
            }
        }
        let entities: std::collections::BTreeSet<_> =
            workload.labels.iter().map(|label| &label.entity).collect();
        assert_eq!(entities.len(), 6, "seed {seed}: incidents share an entity");
    }
}
