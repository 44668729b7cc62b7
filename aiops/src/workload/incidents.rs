//! Six incidents, each in an hour's worth of ordinary lines, on entities of their own and at times
//! that the seed decides.

mod crash_loop;
mod disk_full;
mod exfiltration;
mod pool_exhaustion;
mod port_scan;
mod ssh_brute_force;

use aiops_domain::Time;

use super::random::Random;
use super::topology::{Host, LogGroups, Topology};
use super::{Label, Lines, MINUTE_MILLIS};

/// Where and when an incident happens.
pub(super) struct Scene<'a> {
    pub(super) topology: &'a Topology,
    pub(super) groups: &'a LogGroups,
    pub(super) host: &'a Host,
    pub(super) start: Time,
    pub(super) end: Time,
}

type Inject = fn(&Scene<'_>, &mut Random, &mut Lines) -> Label;

/// In the order of the table that the demonstration prints.
const INCIDENTS: [Inject; 6] = [
    ssh_brute_force::inject,
    port_scan::inject,
    exfiltration::inject,
    crash_loop::inject,
    pool_exhaustion::inject,
    disk_full::inject,
];

/// The first minutes are quiet: whoever watches sees the ordinary first.
const LEAD_MINUTES: u32 = 3;
/// The last minutes are quiet: every window of an incident closes while lines still come.
const TAIL_MINUTES: u32 = 4;

/// Puts every incident into `lines` and answers what was put where.
pub(super) fn inject(
    topology: &Topology,
    groups: &LogGroups,
    random: &mut Random,
    live_start: Time,
    live_minutes: u32,
    lines: &mut Lines,
) -> Vec<Label> {
    let hosts = random.permutation(topology.hosts.len());
    let slots = random.permutation(INCIDENTS.len());
    let room = i64::from(live_minutes - LEAD_MINUTES - TAIL_MINUTES) * MINUTE_MILLIS;
    let first = live_start.plus_millis(i64::from(LEAD_MINUTES) * MINUTE_MILLIS);
    let slot_millis = room / INCIDENTS.len() as i64;
    let mut labels = Vec::with_capacity(INCIDENTS.len());
    for (index, inject) in INCIDENTS.into_iter().enumerate() {
        // Incidents overlap: each starts in a slot of its own and may last into the next.
        let slot = i64::try_from(slots[index]).unwrap_or(0);
        let jitter = i64::try_from(random.range(0, slot_millis.unsigned_abs() / 2)).unwrap_or(0);
        let start = first.plus_millis(slot * slot_millis + jitter);
        let length = i64::try_from(random.range(150_000, 210_000)).unwrap_or(180_000);
        let scene = Scene {
            topology,
            groups,
            host: &topology.hosts[hosts[index % hosts.len()]],
            start,
            end: start.plus_millis(length),
        };
        labels.push(inject(&scene, random, lines));
    }
    labels.sort_by_key(|label| label.start);
    labels
}
