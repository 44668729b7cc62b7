//! The cluster's nodes, as Container Insights' Fluent Bit ships them: `/var/log/messages` to the group
//! `host`, the journal of the kubelet to the group `dataplane`.

use aiops_domain::Time;
use serde_json::json;

use super::random::Random;
use super::topology::{LogGroups, Node, stamp};
use super::{Lines, Period};

/// A line of the node's `/var/log/messages`, parsed as syslog.
pub(super) fn push_system(
    groups: &LogGroups,
    node: &Node,
    time: Time,
    ident: &str,
    text: &str,
    lines: &mut Lines,
) {
    let host = node.name.split('.').next().unwrap_or_default();
    let message = json!({
        "host": host,
        "ident": ident,
        "message": text,
        "az": "us-east-1a",
        "ec2_instance_id": node.instance,
    });
    let stream = format!("{}.host.messages", node.name).into();
    lines.push(&groups.nodes, &stream, time, message.to_string());
}

/// A line of the kubelet; `text` is its severity and what follows the thread, as klog writes them.
pub(super) fn push_kubelet(
    groups: &LogGroups,
    node: &Node,
    time: Time,
    text: &str,
    lines: &mut Lines,
) {
    let (severity, rest) = text.split_once(' ').unwrap_or(("I", text));
    let message = json!({
        "hostname": node.name,
        "systemd_unit": "kubelet.service",
        "message": format!("{severity}{}    2841 {rest}", stamp(time, "%m%d %H:%M:%S.%6f")),
        "az": "us-east-1a",
        "ec2_instance_id": node.instance,
    });
    let stream = format!("{}.dataplane.systemd.kubelet.service", node.name).into();
    lines.push(&groups.dataplane, &stream, time, message.to_string());
}

/// What nodes write on a quiet day.
pub(super) fn noise(period: &Period<'_>, lines: &mut Lines) {
    let Period {
        topology,
        groups,
        from,
        to,
        ..
    } = *period;
    for node in &topology.nodes {
        let mut random = period.random(&format!("node {}", node.name));
        for time in random.arrivals(1.5, from, to) {
            let (ident, text) = system(&mut random);
            push_system(groups, node, time, ident, &text, lines);
        }
        for time in random.arrivals(2.0, from, to) {
            let text = kubelet(&mut random);
            push_kubelet(groups, node, time, &text, lines);
        }
    }
}

fn system(random: &mut Random) -> (&'static str, String) {
    match random.range(0, 3) {
        0 => (
            "systemd",
            format!(
                "run-containerd-runc-k8s.io-{}-runc.mount: Deactivated successfully.",
                random.hex(12)
            ),
        ),
        1 => (
            "kernel",
            format!("eni{}: Caught tx_queue_len zero misconfig", random.hex(11)),
        ),
        _ => (
            "dhclient",
            format!(
                "bound to 10.0.2.{} -- renewal in {} seconds.",
                random.range(4, 250),
                random.range(1_500, 1_800)
            ),
        ),
    }
}

fn kubelet(random: &mut Random) -> String {
    match random.range(0, 3) {
        0 => format!(
            "I scope.go:117] \"RemoveContainer\" containerID=\"{}\"",
            random.hex(64)
        ),
        1 => format!(
            "I kubelet_volumes.go:163] \"Cleaned up orphaned pod volumes dir\" podUID=\"{}\" path=\"/var/lib/kubelet/pods\"",
            random.uuid()
        ),
        _ => format!(
            "I reconciler_common.go:293] \"Volume detached for volume\" volumeName=\"kube-api-access-{}\" devicePath=\"\"",
            random.name_suffix(5)
        ),
    }
}
