//! Brute force against sshd, read from the fixed grammar of OpenSSH's own messages.
//!
//! A message such as `Failed password for invalid user NAME from ADDRESS port PORT ssh2` holds a
//! name that the client chose, blanks included. sshd writes address and port behind it, so messages
//! are read from their end; where the end holds something else that a client chose, no address is
//! taken at all.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use aiops_domain::shape::{self, syslog::SyslogLine};
use aiops_domain::{Kind, LogRecord, Severity};
use memchr::memmem::Finder;

use super::{Evidence, RuleConfig, RuleHit};
use crate::window::EventWindow;

/// What a line of sshd holds; next to no other line does, and those are not parsed.
static SSHD: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("sshd"));

/// What a message of sshd says about a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) outcome: Outcome,
    /// Where sshd says it came from.
    pub(super) address: Option<IpAddr>,
    /// `message repeated N times`.
    pub(super) times: u64,
}

/// The kinds of messages. One attempt gives several of them, so each is counted on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// `Failed password for …`.
    Failed,
    /// `Invalid user …`.
    InvalidUser,
    /// `pam_unix(sshd:auth): authentication failure; …`.
    PamFailure,
    /// `Connection closed by authenticating user …`.
    Dropped,
    /// `Accepted password for …`.
    Accepted,
}

/// Attempts of one address.
#[derive(Debug, Default)]
struct Source {
    by_outcome: BTreeMap<Outcome, u64>,
    evidence: Evidence,
}

impl Source {
    /// Failed attempts: one attempt is told by up to three messages, so the largest count.
    fn failures(&self) -> u64 {
        self.by_outcome
            .iter()
            .filter(|(outcome, _)| **outcome != Outcome::Accepted)
            .map(|(_, count)| *count)
            .max()
            .unwrap_or(0)
    }

    fn accepted(&self) -> bool {
        self.by_outcome.contains_key(&Outcome::Accepted)
    }
}

pub(super) fn brute_force(window: &EventWindow, config: &RuleConfig) -> Option<RuleHit> {
    let mut sources: BTreeMap<Option<IpAddr>, Source> = BTreeMap::new();
    for (line, record) in window.records.iter().enumerate() {
        let Some(attempt) = attempt_of(record) else {
            continue;
        };
        let source = sources.entry(attempt.address).or_default();
        *source.by_outcome.entry(attempt.outcome).or_default() += attempt.times;
        source.evidence.add(line, attempt.times);
    }
    let worst = sources
        .iter()
        .filter(|(address, source)| {
            address.is_some() && source.failures() >= config.ssh_failures_min
        })
        // Ties go to the lower address: the same window always names the same one.
        .min_by_key(|(address, source)| {
            (
                std::cmp::Reverse((source.accepted(), source.failures())),
                **address,
            )
        });
    if let Some((Some(address), source)) = worst {
        let failures = source.failures();
        let accepted = source.accepted();
        let then = if accepted {
            ", then a login succeeded"
        } else {
            ""
        };
        return Some(RuleHit {
            kind: Kind::SshBruteForce,
            severity: if accepted {
                Severity::Critical
            } else {
                Severity::High
            },
            actor: Some(*address),
            lines: source.evidence.lines.clone(),
            count: failures,
            summary: format!(
                "{failures} failed SSH logins from {address} on {}{then}",
                window.entity
            ),
        });
    }
    let failures: u64 = sources.values().map(Source::failures).sum();
    let failing = sources
        .values()
        .filter(|source| source.failures() > 0)
        .count();
    if failures < config.ssh_distributed_failures_min || failing < 3 {
        return None;
    }
    let lines: BTreeSet<usize> = sources
        .values()
        .flat_map(|source| source.evidence.lines.iter().copied())
        .collect();
    Some(RuleHit {
        kind: Kind::SshBruteForce,
        severity: Severity::High,
        actor: None,
        lines: lines.into_iter().take(super::EVIDENCE_MAX).collect(),
        count: failures,
        summary: format!(
            "{failures} failed SSH logins from {failing} addresses on {}",
            window.entity
        ),
    })
}

/// The attempt that a record tells of, if sshd wrote it.
fn attempt_of(record: &LogRecord) -> Option<Attempt> {
    SSHD.find(record.message.as_bytes())?;
    let line: Cow<'_, str> = match record.shape {
        shape @ aiops_domain::Shape::Json => shape::line_text(shape, &record.message),
        _ => Cow::Borrowed(record.message.as_str()),
    };
    let syslog = SyslogLine::parse(line.trim())?;
    let sshd = ["sshd", "sshd-session", "sshd-auth", "sshd(pam_unix)"];
    if !sshd.contains(&syslog.program) {
        return None;
    }
    let pam = syslog.program == "sshd(pam_unix)";
    parse(syslog.message.trim(), pam)
}

/// Reads a message of sshd.
pub(super) fn parse(message: &str, pam: bool) -> Option<Attempt> {
    if let Some(rest) = message.strip_prefix("message repeated ") {
        let (times, rest) = rest.split_once(" times: [ ")?;
        let inner = parse(rest.strip_suffix(']')?.trim(), pam)?;
        // rsyslog counts the repetitions beside the first.
        let times = times.parse::<u64>().ok()?.min(100_000);
        return Some(Attempt { times, ..inner });
    }
    let once = |outcome, address| {
        Some(Attempt {
            outcome,
            address,
            times: 1,
        })
    };
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let pam_message =
        message
            .strip_prefix("pam_unix(sshd:auth): ")
            .or(if pam { Some(message) } else { None });
    if let Some(rest) = pam_message.and_then(|rest| rest.strip_prefix("authentication failure;")) {
        return once(Outcome::PamFailure, pam_address(rest));
    }
    let preauth = message.strip_suffix(" [preauth]").unwrap_or(message);
    if message.starts_with("Failed ") && message.contains(" for ") {
        return once(Outcome::Failed, address_before_protocol(preauth));
    }
    if message.starts_with("maximum authentication attempts exceeded for ") {
        return once(Outcome::Failed, address_before_protocol(preauth));
    }
    if message.starts_with("Accepted ") && message.contains(" for ") {
        return once(Outcome::Accepted, address_before_protocol(preauth));
    }
    if message.starts_with("Invalid user ") || message.starts_with("Illegal user ") {
        return once(Outcome::InvalidUser, address_at_end(preauth, " from "));
    }
    let dropped = [
        "Connection closed by ",
        "Connection reset by ",
        "Disconnected from ",
    ];
    for prefix in dropped {
        if let Some(rest) = preauth.strip_prefix(prefix)
            && (rest.starts_with("authenticating user ") || rest.starts_with("invalid user "))
        {
            return once(Outcome::Dropped, address_at_end(preauth, " "));
        }
    }
    None
}

/// `… from ADDRESS port PORT ssh2`; with a key, the key's fingerprint follows and the id of its
/// certificate, which the client chose: then `ssh2` must occur only once.
fn address_before_protocol(message: &str) -> Option<IpAddr> {
    let keyed = ["publickey ", "hostbased "].iter().any(|method| {
        message
            .split_once(' ')
            .is_some_and(|(_, rest)| rest.starts_with(method))
    });
    if keyed && message.matches(" ssh2").nth(1).is_some() {
        return None;
    }
    let end = match message.strip_suffix(" ssh2") {
        Some(end) => end,
        None if keyed => message.split_once(" ssh2: ")?.0,
        None => return None,
    };
    address_at_end(end, " from ")
}

/// `… from ADDRESS` or `… from ADDRESS port PORT` at the very end.
fn address_at_end(message: &str, before: &str) -> Option<IpAddr> {
    let with_port = message.rsplit_once(" port ").and_then(|(rest, port)| {
        port.parse::<u16>().ok()?;
        Some(rest)
    });
    let message = with_port.unwrap_or(message);
    let (_, address) = message.rsplit_once(before)?;
    address.parse().ok()
}

/// ` logname= uid=0 euid=0 tty=ssh ruser= rhost=ADDRESS  user=NAME`: sshd leaves the fields before
/// `rhost` free of the client's text, so the first one is PAM's.
fn pam_address(fields: &str) -> Option<IpAddr> {
    let (before, rest) = fields.split_once(" rhost=")?;
    if before.contains(" user=") {
        return None;
    }
    rest.split(' ').next()?.parse().ok()
}
