//! Tests of the module `header`.

use super::*;

/// Made lines of one format: the header with `{i}` as a running number, before many messages.
fn lines(header: &str, messages: &[&str]) -> Vec<String> {
    (0..40)
        .map(|index: usize| {
            let message = messages[index % messages.len()];
            header
                .replace("{i}", &(index % 50 + 10).to_string())
                .replace("{msg}", message)
        })
        .collect()
}

const MESSAGES: [&str; 7] = [
    "Starting worker pool with 8 threads",
    "request from 10.0.0.9 took 31 ms",
    "cache miss for key alpha",
    "disk nearly full on /var: 93% used",
    "retrying in 5 s - attempt 2",
    "shutdown complete",
    "peer closed connection unexpectedly",
];

fn check(name: &str, header: &str) -> HeaderFormats {
    let lines = lines(header, &MESSAGES);
    let formats = HeaderFormats::learn(lines.iter().map(String::as_str));
    for (index, line) in lines.iter().enumerate() {
        let message = MESSAGES[index % MESSAGES.len()];
        assert_eq!(
            formats.message(line),
            message,
            "{name}: {line}\n{formats:?}"
        );
    }
    formats
}

#[test]
fn the_header_is_found_in_many_formats() {
    for (name, header) in [
        ("syslog", "Jun 14 15:16:{i} web-1 app[{i}2]: {msg}"),
        ("syslog without pid", "Jun  4 15:16:{i} web-1 kernel: {msg}"),
        (
            "rfc 5424",
            "<34>1 2026-08-01T12:00:{i}.003Z web-1.example.org app - ID47 - {msg}",
        ),
        (
            "log4j",
            "2026-08-01 12:00:{i},123 INFO [main] com.example.app.Main: {msg}",
        ),
        (
            "spring",
            "2026-08-01 12:00:{i}.123  INFO 1 --- [           main] c.e.App : {msg}",
        ),
        (
            "python",
            "2026-08-01 12:00:{i},123 - app.views - INFO - {msg}",
        ),
        (
            "glog",
            "I0801 12:00:{i}.123456       1 controller.go:{i}] {msg}",
        ),
        ("cri", "2026-08-01T12:00:{i}.123456789Z stdout F {msg}"),
        ("bracketed", "[Sun Dec 04 04:47:{i} 2005] [notice] {msg}"),
        ("level only", "INFO: {msg}"),
        (
            "two epochs",
            "- 1117838570 2005.06.03 R02-M1-N{i} 2005-06-03-15.42.{i}.675872 R02-M1-N{i} RAS KERNEL INFO {msg}",
        ),
        (
            "number first",
            "1346{i} node-{i} unix.hw state.up 1077804742 1 {msg}",
        ),
        ("pipes", "20171223-22:15:{i}:606|Step_LSC|3000{i}|{msg}"),
        (
            "phone",
            "03-17 16:13:{i}.811  1702  23{i} D WindowManager: {msg}",
        ),
        ("program and dash", "[10.30 16:49:{i}] some.exe *64 - {msg}"),
        (
            "columns",
            "2016-09-28 04:30:{i}, Info                  CBS    {msg}",
        ),
        (
            "label and two hosts",
            "- 1131566461 2005.11.09 dn{i} Nov 9 12:01:{i} dn{i}/dn{i} crond(pam_unix)[29{i}]: {msg}",
        ),
        (
            "address after the pid",
            "Jul  1 09:00:{i} host-{i} com.example.agent[{i}] (com.example.pid.{i}): {msg}",
        ),
        (
            "postgres",
            "2026-08-01 12:00:{i}.123 UTC [12{i}] LOG:  {msg}",
        ),
        ("no header", "{msg}"),
    ] {
        check(name, header);
    }
}

#[test]
fn the_parts_of_a_header_are_named() {
    let lines = lines(
        "Jun 14 15:16:{i} web-1 sshd(pam_unix)[{i}2]: {msg}",
        &MESSAGES,
    );
    let formats = HeaderFormats::learn(lines.iter().map(String::as_str));
    let (header, message) =
        formats.split("Jun 14 15:16:59 web-2 sshd(pam_unix)[77]: session opened for user ann");
    assert_eq!(header.timestamp, Some("Jun 14 15:16:59"));
    assert_eq!(header.host, Some("web-2"));
    assert_eq!(header.component, Some("sshd(pam_unix)"));
    assert_eq!(header.pid, Some("77"));
    assert_eq!(message, "session opened for user ann");
    let (header, message) = formats.split("    at com.example.Main(Main.java:12)");
    assert!(!header.matched);
    assert_eq!(message, "at com.example.Main(Main.java:12)");
}

#[test]
fn json_lines_give_their_message() {
    let lines: Vec<String> = (0..20)
        .map(|index| {
            format!(
                r#"{{"ts":"2026-08-01T12:00:{index:02}Z","level":"info","msg":"hello {index}"}}"#
            )
        })
        .collect();
    let formats = HeaderFormats::learn(lines.iter().map(String::as_str));
    assert_eq!(formats.message(&lines[3]), "hello 3");
    assert_eq!(formats.message("not json"), "not json");
}

#[test]
fn an_audit_event_is_told_by_verb_resource_and_outcome() {
    let line = r#"{"kind":"Event","auditID":"a","verb":"create","objectRef":{"resource":"pods","subresource":"exec","name":"x"},"responseStatus":{"code":403}}"#;
    let formats = HeaderFormats::learn([line, line]);
    assert_eq!(formats.message(line), "audit create pods.exec forbidden");
}

#[test]
fn formats_survive_their_text() {
    let formats = check("syslog", "Jun 14 15:16:{i} web-1 app[{i}2]: {msg}");
    let text = serde_json::to_string(&formats).unwrap();
    assert_eq!(
        serde_json::from_str::<HeaderFormats>(&text).unwrap(),
        formats
    );
}
