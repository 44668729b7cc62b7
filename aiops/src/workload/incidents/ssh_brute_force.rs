//! One address tries passwords at a host's sshd.

use aiops_domain::{Kind, Source};

use super::super::host::system_line;
use super::super::random::Random;
use super::super::topology::attacker_address;
use super::super::{Label, Lines};
use super::Scene;

const USERS: [&str; 10] = [
    "admin",
    "test",
    "oracle",
    "postgres",
    "ubuntu",
    "git",
    "user",
    "ftp",
    "jenkins",
    "minecraft",
];

pub(super) fn inject(scene: &Scene<'_>, random: &mut Random, lines: &mut Lines) -> Label {
    let actor = attacker_address(random);
    let host = scene.host;
    for time in random.arrivals(24.0, scene.start, scene.end.plus_millis(-3_000)) {
        let pid = random.range(1_000, 32_000);
        let port = random.range(32_768, 61_000);
        let mut write = |after: i64, text: String| {
            let at = time.plus_millis(after);
            lines.push(
                &scene.groups.system,
                &host.instance,
                at,
                system_line(host, at, &format!("sshd[{pid}]"), &text),
            );
        };
        if random.chance(0.3) {
            write(
                0,
                format!(
                    "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={actor}  user=root"
                ),
            );
            for attempt in 0..3 {
                write(
                    700 + attempt * 600,
                    format!("Failed password for root from {actor} port {port} ssh2"),
                );
            }
            write(
                2_600,
                format!(
                    "error: maximum authentication attempts exceeded for root from {actor} port {port} ssh2 [preauth]"
                ),
            );
            write(
                2_610,
                format!(
                    "Disconnecting authenticating user root {actor} port {port}: Too many authentication failures [preauth]"
                ),
            );
        } else {
            let user = *random.pick(&USERS);
            write(0, format!("Invalid user {user} from {actor} port {port}"));
            write(
                20,
                "pam_unix(sshd:auth): check pass; user unknown".to_owned(),
            );
            write(
                30,
                format!(
                    "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={actor}"
                ),
            );
            write(
                1_800,
                format!("Failed password for invalid user {user} from {actor} port {port} ssh2"),
            );
            write(
                2_100,
                format!("Connection closed by invalid user {user} {actor} port {port} [preauth]"),
            );
        }
    }
    Label {
        kind: Kind::SshBruteForce,
        source: Source::Ec2,
        entity: host.instance.to_string(),
        traces_on: Vec::new(),
        start: scene.start,
        end: scene.end,
        actor: Some(actor.into()),
    }
}
