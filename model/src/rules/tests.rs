//! Tests of the module `rules`.

use super::*;
use aiops_domain::{Interval, LogRecord, Shape, Source, Time};
use proptest::prelude::*;

fn window(source: Source, shape: Shape, lines: &[String]) -> EventWindow {
    let records = lines
        .iter()
        .enumerate()
        .map(|(index, line)| LogRecord {
            v: 1,
            id: index.to_string(),
            time: Time::default(),
            timestamp: Time::default(),
            ingested: Time::default(),
            source,
            group: "g".into(),
            stream: "s".into(),
            entity: "i-1".into(),
            shape,
            message: line.clone(),
        })
        .collect();
    EventWindow {
        source,
        entity: "i-1".into(),
        key: None,
        interval: Interval {
            start: Time::default(),
            end: Time::from_millis(60_000),
        },
        records,
    }
}

fn sshd(message: &str) -> String {
    format!("Dec 10 06:55:46 web-1 sshd[24200]: {message}")
}

fn hits(window: &EventWindow) -> Vec<RuleHit> {
    evaluate(window, &RuleConfig::default())
}

#[test]
fn repeated_failures_from_one_address_are_brute_force() {
    let lines: Vec<String> = (0..8)
        .map(|port| {
            sshd(&format!(
                "Failed password for root from 203.0.113.9 port {port} ssh2"
            ))
        })
        .collect();
    let hits = hits(&window(Source::Ec2, Shape::Syslog, &lines));
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].kind, Kind::SshBruteForce);
    assert_eq!(hits[0].actor, Some("203.0.113.9".parse().unwrap()));
    assert_eq!(hits[0].severity, Severity::High);
    assert_eq!(hits[0].lines, (0..8).collect::<Vec<_>>());
    assert_eq!(
        hits[0].summary,
        "8 failed SSH logins from 203.0.113.9 on i-1"
    );
    assert!(
        super::evaluate(
            &window(Source::Ec2, Shape::Syslog, &lines[..7]),
            &RuleConfig::default()
        )
        .is_empty()
    );
}

#[test]
fn one_attempt_told_by_three_messages_counts_once() {
    let lines: Vec<String> = (0..3)
        .flat_map(|_| {
            [
                sshd("Invalid user ann from 203.0.113.9 port 1"),
                sshd("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9"),
                sshd("Failed password for invalid user ann from 203.0.113.9 port 1 ssh2"),
            ]
        })
        .collect();
    assert!(hits(&window(Source::Ec2, Shape::Syslog, &lines)).is_empty());
}

#[test]
fn a_login_after_the_failures_is_critical() {
    let mut lines = vec![
        sshd("Failed password for root from 203.0.113.9 port 1 ssh2"),
        sshd("message repeated 9 times: [ Failed password for root from 203.0.113.9 port 1 ssh2]"),
    ];
    lines.push(sshd(
        "Accepted password for root from 203.0.113.9 port 1 ssh2",
    ));
    let hits = hits(&window(Source::Ec2, Shape::Syslog, &lines));
    assert_eq!(hits[0].severity, Severity::Critical);
    assert_eq!(hits[0].count, 10);
}

#[test]
fn a_user_name_cannot_name_the_address() {
    let real: IpAddr = "203.0.113.9".parse().unwrap();
    for (message, expected) in [
        (
            "Failed password for invalid user x from 198.51.100.1 port 22 ssh2 from 203.0.113.9 port 5 ssh2",
            Some(real),
        ),
        (
            "Failed password for invalid user from 198.51.100.1 from 203.0.113.9 port 5 ssh2",
            Some(real),
        ),
        (
            "Invalid user x from 198.51.100.1 port 7 from 203.0.113.9 port 5",
            Some(real),
        ),
        (
            "Invalid user x from 198.51.100.1 port 7 from 203.0.113.9",
            Some(real),
        ),
        ("Invalid user  from 203.0.113.9 port 5", Some(real)),
        (
            "Connection closed by invalid user 198.51.100.1 port 7 203.0.113.9 port 5 [preauth]",
            Some(real),
        ),
        (
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=x rhost=198.51.100.1",
            Some(real),
        ),
        (
            "Failed publickey for root from 203.0.113.9 port 5 ssh2: RSA SHA256:abc",
            Some(real),
        ),
        (
            "Failed publickey for root from 203.0.113.9 port 5 ssh2: RSA-CERT SHA256:abc ID x from 198.51.100.1 port 1 ssh2 (serial 0)",
            None,
        ),
        (
            "Failed publickey for root from 203.0.113.9 port 5 ssh2: RSA-CERT SHA256:abc ID x from 198.51.100.1 port 1 ssh2",
            None,
        ),
    ] {
        let attempt = ssh::parse(message, false).unwrap_or_else(|| panic!("{message}"));
        assert_eq!(attempt.address, expected, "{message}");
    }
}

#[test]
fn only_sshd_speaks_for_ssh() {
    let lines: Vec<String> = (0..20)
        .map(|_| {
            "Dec 10 06:55:46 web-1 app[1]: Failed password for root from 203.0.113.9 port 1 ssh2"
                .to_owned()
        })
        .collect();
    assert!(hits(&window(Source::Ec2, Shape::Syslog, &lines)).is_empty());
}

#[test]
fn many_addresses_with_few_failures_each_are_one_attack() {
    let lines: Vec<String> = (0..40)
        .map(|index| {
            sshd(&format!(
                "Failed password for root from 203.0.113.{} port 1 ssh2",
                index % 10
            ))
        })
        .collect();
    let hits = hits(&window(Source::Ec2, Shape::Syslog, &lines));
    assert_eq!((hits[0].kind, hits[0].actor), (Kind::SshBruteForce, None));
}

fn flow(
    source: &str,
    destination: &str,
    ports: (u16, u16),
    packets: u64,
    bytes: u64,
    action: &str,
) -> String {
    format!(
        "2 123456789012 eni-1 {source} {destination} {} {} 6 {packets} {bytes} 1620000000 1620000060 {action} OK",
        ports.0, ports.1
    )
}

#[test]
fn many_ports_from_one_address_are_a_scan() {
    let lines: Vec<String> = (0..20)
        .map(|port| {
            flow(
                "203.0.113.9",
                "10.0.0.5",
                (50_000, 20 + port),
                1,
                40,
                "REJECT",
            )
        })
        .collect();
    let hits = hits(&window(Source::VpcFlow, Shape::Flow, &lines));
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].kind, Kind::PortScan);
    assert_eq!(hits[0].actor, Some("203.0.113.9".parse().unwrap()));
}

#[test]
fn answers_of_a_server_to_many_clients_are_no_scan() {
    let lines: Vec<String> = (0..200)
        .map(|port| {
            flow(
                "10.0.0.5",
                "203.0.113.9",
                (443, 40_000 + port),
                3,
                400,
                "ACCEPT",
            )
        })
        .collect();
    assert!(hits(&window(Source::VpcFlow, Shape::Flow, &lines)).is_empty());
}

#[test]
fn bytes_that_leave_in_a_connection_from_inside_are_exfiltration() {
    let out = |ports| {
        vec![
            flow(
                "10.0.0.5",
                "203.0.113.9",
                ports,
                200_000,
                300 << 20,
                "ACCEPT",
            ),
            flow(
                "203.0.113.9",
                "10.0.0.5",
                (ports.1, ports.0),
                9_000,
                1 << 20,
                "ACCEPT",
            ),
        ]
    };
    let found = hits(&window(Source::VpcFlow, Shape::Flow, &out((50_000, 443))));
    assert_eq!(found[0].kind, Kind::DataExfiltration);
    assert_eq!(found[0].actor, Some("203.0.113.9".parse().unwrap()));
    // A web server that serves a large file.
    assert!(hits(&window(Source::VpcFlow, Shape::Flow, &out((443, 50_000)))).is_empty());
    // A transfer between machines of the network.
    let inside = vec![flow(
        "10.0.0.5",
        "10.1.0.9",
        (50_000, 443),
        200_000,
        300 << 20,
        "ACCEPT",
    )];
    assert!(hits(&window(Source::VpcFlow, Shape::Flow, &inside)).is_empty());
}

#[test]
fn memory_kills_with_restarts_are_a_crash_loop() {
    let lines = [
        r#"{"kind":"Event","reason":"OOMKilling","message":"Memory cgroup out of memory: Killed process 12 (java)"}"#,
        r#"{"log":"Back-off restarting failed container app in pod shop/app-1\n"}"#,
        r#"{"log":"pod shop/app-1: CrashLoopBackOff\n"}"#,
    ]
    .map(str::to_owned);
    let found = hits(&window(Source::Eks, Shape::Json, &lines));
    assert_eq!(found[0].kind, Kind::OomCrashLoop);
    assert!(hits(&window(Source::Eks, Shape::Json, &lines[1..])).is_empty());
    let quoted = [
        "GET /?q=OOMKilled 200".to_owned(),
        "GET /?q=OOMKilled 200".to_owned(),
        "GET /?q=CrashLoopBackOff 200".to_owned(),
    ];
    assert!(hits(&window(Source::Ec2, Shape::Text, &quoted)).is_empty());
    let kernel =
        "Dec 10 06:55:46 web-1 kernel: Out of memory: Killed process 12 (java) total-vm:1kB"
            .to_owned();
    let found = hits(&window(
        Source::Ec2,
        Shape::Syslog,
        &[kernel.clone(), kernel.clone(), kernel],
    ));
    assert_eq!(found[0].kind, Kind::OomCrashLoop);
}

#[test]
fn pools_and_disks_say_when_they_are_empty() {
    let pool = "2026-08-01 12:00:00 ERROR HikariPool-1 - Connection is not available, request timed out after 30000ms.".to_owned();
    let found = hits(&window(
        Source::Eks,
        Shape::Text,
        &[pool.clone(), pool.clone(), pool],
    ));
    assert_eq!(found[0].kind, Kind::PoolExhaustion);
    let disk = "write /var/lib/x: No space left on device".to_owned();
    let found = hits(&window(Source::Ec2, Shape::Text, &[disk.clone(), disk]));
    assert_eq!(found[0].kind, Kind::DiskFull);
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(7), cases: 128, ..ProptestConfig::default() })]

    /// Whatever user name a client chooses, the address is the one that sshd wrote.
    #[test]
    fn no_user_name_moves_the_actor(name in "[ -~]{0,80}", tail in "( from 198\\.51\\.100\\.[0-9]{1,2}( port [0-9]{1,4})?( ssh2)?){0,3}") {
        let user = format!("{name}{tail}");
        let real: IpAddr = "203.0.113.9".parse().unwrap();
        for message in [
            format!("Failed password for invalid user {user} from 203.0.113.9 port 5 ssh2"),
            format!("Invalid user {user} from 203.0.113.9 port 5"),
            format!("Connection closed by authenticating user {user} 203.0.113.9 port 5 [preauth]"),
        ] {
            if let Some(address) = ssh::parse(&message, false).and_then(|attempt| attempt.address) {
                prop_assert_eq!(address, real, "{}", message);
            }
        }
    }

    /// No line makes a rule panic.
    #[test]
    fn rules_take_any_line(lines in proptest::collection::vec(any::<String>(), 0..6)) {
        for shape in [Shape::Text, Shape::Syslog, Shape::Json, Shape::Flow, Shape::EksAudit] {
            let hits = hits(&window(Source::Eks, shape, &lines));
            prop_assert!(hits.iter().all(|hit| hit.lines.iter().all(|line| *line < lines.len())));
        }
    }
}
