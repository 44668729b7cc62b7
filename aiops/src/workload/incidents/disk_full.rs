//! A host's root file system is full: whatever writes complains.

use aiops_domain::{Kind, Source};

use super::super::host::system_line;
use super::super::random::Random;
use super::super::service::service_line;
use super::super::{Label, Lines};
use super::Scene;

pub(super) fn inject(scene: &Scene<'_>, random: &mut Random, lines: &mut Lines) -> Label {
    let host = scene.host;
    for time in random.arrivals(11.0, scene.start, scene.end) {
        let pid = random.range(1_000, 32_000);
        let (tag, text) = match random.range(0, 5) {
            0 => (
                "rsyslogd".to_owned(),
                format!("file '/var/log/messages'[{}] write error - see https://www.rsyslog.com/solving-rsyslog-write-errors/ for help OS error: No space left on device [v8.2204.0-3 try https://www.rsyslog.com/e/2027 ]", random.range(4, 12)),
            ),
            1 => (
                "kernel".to_owned(),
                format!("[{}.{:06}] EXT4-fs warning (device nvme0n1p1): ext4_da_write_begin: {}: No space left on device", random.range(40_000, 900_000), random.range(0, 1_000_000), random.range(100, 9_000)),
            ),
            2 => (
                "systemd-journald[512]".to_owned(),
                "Failed to write entry to /var/log/journal/system.journal (9 items, 312 bytes), ignoring: No space left on device".to_owned(),
            ),
            3 => (
                format!("CROND[{pid}]"),
                "(root) ERROR (failed to create temporary file: No space left on device)".to_owned(),
            ),
            _ => (
                format!("amazon-cloudwatch-agent[{pid}]"),
                "disk usage of / is 100% (0 bytes of 8577355776 free)".to_owned(),
            ),
        };
        lines.push(
            &scene.groups.system,
            &host.instance,
            time,
            system_line(host, time, &tag, &text),
        );
    }
    for time in random.arrivals(6.0, scene.start, scene.end) {
        let line = service_line(
            time,
            "ERROR",
            &format!("http-nio-8080-exec-{}", random.range(1, 30)),
            "c.e.orders.ReportWriter",
            &format!(
                "report {} not written: java.io.IOException: No space left on device",
                random.range(1_000, 9_999)
            ),
        );
        lines.push(&scene.groups.application, &host.instance, time, line);
    }
    Label {
        kind: Kind::DiskFull,
        source: Source::Ec2,
        entity: host.instance.to_string(),
        traces_on: Vec::new(),
        start: scene.start,
        end: scene.end,
        actor: None,
    }
}
