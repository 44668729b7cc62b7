//! The system log of an EC2 host, RFC 3164 as the CloudWatch agent ships `/var/log/messages` and
//! `/var/log/secure`: sshd, cron, systemd, the SSM agent, chrony, the kernel.

use aiops_domain::Time;

use super::random::Random;
use super::topology::{Host, client_address, stamp};
use super::{Lines, Period};

pub(super) const SYSLOG_STAMP: &str = "%b %e %H:%M:%S";

/// A line of `host`'s system log.
pub(super) fn system_line(host: &Host, time: Time, tag: &str, text: &str) -> String {
    format!("{} {} {tag}: {text}", stamp(time, SYSLOG_STAMP), host.name)
}

/// What hosts write on a quiet day.
pub(super) fn noise(period: &Period<'_>, lines: &mut Lines) {
    let Period {
        topology,
        groups,
        from,
        to,
        ..
    } = *period;
    for host in &topology.hosts {
        let mut random = period.random(&format!("host {}", host.instance));
        let mut write = |time: Time, tag: String, text: String| {
            if time < to {
                let message = system_line(host, time, &tag, &text);
                lines.push(&groups.system, &host.instance, time, message);
            }
        };
        for time in random.arrivals(0.6, from, to) {
            login(&mut random, time, &mut write);
        }
        for time in random.arrivals(0.25, from, to) {
            stray_login(&mut random, time, &mut write);
        }
        for time in random.arrivals(1.0, from, to) {
            cron(&mut random, time, &mut write);
        }
        for time in random.arrivals(0.5, from, to) {
            unit(&mut random, time, &mut write);
        }
        for time in random.arrivals(0.8, from, to) {
            agent(&mut random, time, &mut write);
        }
        for time in random.arrivals(0.3, from, to) {
            kernel(&mut random, time, &mut write);
        }
    }
}

/// An operator or a deployment logs in with a key and leaves again.
fn login(random: &mut Random, time: Time, write: &mut dyn FnMut(Time, String, String)) {
    let pid = random.range(1_000, 32_000);
    let port = random.range(32_768, 61_000);
    let user = *random.pick(&["ec2-user", "deploy", "backup"]);
    let from = format!("10.0.9.{}", random.range(4, 40));
    let sshd = || format!("sshd[{pid}]");
    let key = random.hex(43);
    write(
        time,
        sshd(),
        format!("Accepted publickey for {user} from {from} port {port} ssh2: ED25519 SHA256:{key}"),
    );
    write(
        time.plus_millis(40),
        sshd(),
        format!("pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)"),
    );
    let session = random.range(100, 9_000);
    write(
        time.plus_millis(90),
        "systemd[1]".to_owned(),
        format!("Started session-{session}.scope - Session {session} of User {user}."),
    );
    let end = time.plus_millis(i64::try_from(random.amount(8_000.0, 0.6)).unwrap_or(8_000));
    write(
        end,
        sshd(),
        format!("Received disconnect from {from} port {port}:11: disconnected by user"),
    );
    write(
        end.plus_millis(3),
        sshd(),
        format!("Disconnected from user {user} {from} port {port}"),
    );
    write(
        end.plus_millis(10),
        sshd(),
        format!("pam_unix(sshd:session): session closed for user {user}"),
    );
    write(
        end.plus_millis(30),
        "systemd[1]".to_owned(),
        format!("session-{session}.scope: Deactivated successfully."),
    );
}

/// What every host on the Internet sees now and then: one attempt, then gone.
fn stray_login(random: &mut Random, time: Time, write: &mut dyn FnMut(Time, String, String)) {
    let pid = random.range(1_000, 32_000);
    let port = random.range(32_768, 61_000);
    let from = client_address(random);
    let sshd = || format!("sshd[{pid}]");
    match random.range(0, 4) {
        0 => {
            let user = *random.pick(&["admin", "test", "oracle", "ubuntu", "git"]);
            write(
                time,
                sshd(),
                format!("Invalid user {user} from {from} port {port}"),
            );
            write(
                time.plus_millis(800),
                sshd(),
                format!("Connection closed by invalid user {user} {from} port {port} [preauth]"),
            );
        }
        1 => {
            write(
                time,
                sshd(),
                format!("Failed password for ec2-user from {from} port {port} ssh2"),
            );
            write(
                time.plus_millis(500),
                sshd(),
                format!(
                    "Connection closed by authenticating user ec2-user {from} port {port} [preauth]"
                ),
            );
        }
        2 => write(
            time,
            sshd(),
            format!("Connection closed by {from} port {port} [preauth]"),
        ),
        _ => write(
            time,
            sshd(),
            format!("banner exchange: Connection from {from} port {port}: invalid format"),
        ),
    }
}

fn cron(random: &mut Random, time: Time, write: &mut dyn FnMut(Time, String, String)) {
    let pid = random.range(1_000, 32_000);
    let command = *random.pick(&[
        "(root) CMD (/usr/lib64/sa/sa1 1 1)",
        "(root) CMD (run-parts /etc/cron.hourly)",
        "(app) CMD (/opt/orders/bin/rotate-reports)",
    ]);
    write(time, format!("CROND[{pid}]"), command.to_owned());
    write(
        time.plus_millis(900),
        format!("CROND[{pid}]"),
        command.replace("CMD", "CMDEND"),
    );
}

fn unit(random: &mut Random, time: Time, write: &mut dyn FnMut(Time, String, String)) {
    let (name, description) = *random.pick(&[
        ("sysstat-collect", "system activity accounting tool"),
        ("logrotate", "Rotate log files"),
        ("update-motd", "Dynamically Generate Message Of The Day"),
        (
            "refresh-policy-routes@ens5",
            "Refresh policy routes for ens5",
        ),
    ]);
    let systemd = || "systemd[1]".to_owned();
    write(
        time,
        systemd(),
        format!("Starting {name}.service - {description}..."),
    );
    let end = time.plus_millis(i64::try_from(random.amount(300.0, 0.5)).unwrap_or(300));
    write(
        end,
        systemd(),
        format!("{name}.service: Deactivated successfully."),
    );
    write(
        end.plus_millis(2),
        systemd(),
        format!("Finished {name}.service - {description}."),
    );
}

fn agent(random: &mut Random, time: Time, write: &mut dyn FnMut(Time, String, String)) {
    let at = stamp(time, "%Y-%m-%d %H:%M:%S");
    match random.range(0, 3) {
        0 => write(
            time,
            "amazon-ssm-agent[1423]".to_owned(),
            format!("{at} INFO [HealthCheck] HealthCheck reporting agent health."),
        ),
        1 => write(
            time,
            "amazon-ssm-agent[1423]".to_owned(),
            format!(
                "{at} INFO [ssm-agent-worker] [MessageService] [MGSInteractor] send ping success, next in {} seconds",
                random.range(200, 300)
            ),
        ),
        _ => write(
            time,
            "chronyd[611]".to_owned(),
            "Selected source 169.254.169.123".to_owned(),
        ),
    }
}

fn kernel(random: &mut Random, time: Time, write: &mut dyn FnMut(Time, String, String)) {
    let uptime = format!(
        "{}.{:06}",
        random.range(40_000, 900_000),
        random.range(0, 1_000_000)
    );
    match random.range(0, 3) {
        0 => write(
            time,
            "kernel".to_owned(),
            format!(
                "[{uptime}] audit: type=1334 audit({}.{:03}:{}): prog-id={} op=LOAD",
                time.as_millis() / 1_000,
                random.range(0, 1_000),
                random.range(100, 9_000),
                random.range(10, 300)
            ),
        ),
        1 => write(
            time,
            "kernel".to_owned(),
            format!(
                "[{uptime}] TCP: request_sock_TCP: Possible SYN flooding on port {}. Sending cookies.",
                random.range(8_080, 8_090)
            ),
        ),
        _ => write(
            time,
            "dhclient[812]".to_owned(),
            format!(
                "bound to 10.0.1.{} -- renewal in {} seconds.",
                random.range(4, 250),
                random.range(1_500, 1_800)
            ),
        ),
    }
}
