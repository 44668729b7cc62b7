//! Rules on what programs say when memory, connections or disk space run out. The phrases are those
//! of the programs themselves; where one comes from stands beside it.

use std::sync::LazyLock;

use aiops_domain::shape::{self, syslog::SyslogLine};
use aiops_domain::{Kind, LogRecord, Severity, Shape, Source};
use regex::Regex;

use super::{Evidence, RuleConfig, RuleHit};
use crate::window::EventWindow;

/// Bytes of a line that are searched.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// A process was killed for its memory.
static KILLS: LazyLock<Regex> = LazyLock::new(|| {
    any_of(&[
        "out of memory: killed process",
        "out of memory: kill process",
        "memory cgroup out of memory",
        "invoked oom-killer",
        "oomkilled",
        "oomkilling",
        // A JVM that ends at its first OutOfMemoryError
        "terminating due to java.lang.outofmemoryerror",
    ])
});

/// A container is started again and again.
static RESTARTS: LazyLock<Regex> = LazyLock::new(|| {
    any_of(&[
        "crashloopbackoff",
        "back-off restarting failed container",
        "back-off 5m0s restarting failed",
        "restarting failed container",
    ])
});

static POOL: LazyLock<Regex> = LazyLock::new(|| {
    any_of(&[
        // HikariCP
        "connection is not available, request timed out after",
        // PostgreSQL
        "remaining connection slots are reserved",
        "sorry, too many clients already",
        // MySQL
        "too many connections",
        // PgBouncer
        "no more connections allowed",
        "query_wait_timeout",
        // Apache HttpClient, the AWS SDK for Java
        "timeout waiting for connection from pool",
        // SQLAlchemy
        "queuepool limit of size",
        // Apache Commons DBCP
        "cannot get a connection, pool error",
        "timeout waiting for idle object",
        // Rails
        "could not obtain a connection from the pool",
        "could not obtain a database connection within",
        // knex
        "the pool is probably full",
        // .NET
        "prior to obtaining a connection from the pool",
        // psycopg, redis-py and others
        "connection pool exhausted",
        "connection pool is exhausted",
        // sqlx
        "pool timed out while waiting for an open connection",
    ])
});

static DISK: LazyLock<Regex> = LazyLock::new(|| {
    any_of(&[
        "no space left on device",
        "enospc",
        "disk quota exceeded",
        "there is not enough space on the disk",
        "evictionthresholdmet",
        "diskpressure",
        "disk is full",
    ])
});

/// Lower-case text of a record: the inner text of JSON, which may be escaped in the line itself,
/// and the line.
fn lower<'t>(record: &LogRecord, text: &'t mut String) -> &'t str {
    let line = &record.message;
    let end = line.floor_char_boundary(line.len().min(LINE_BYTES_MAX));
    text.clear();
    text.push_str(line.get(..end).unwrap_or_default());
    text.make_ascii_lowercase();
    text
}

/// One search for all phrases at once: every line of every window passes through here.
fn any_of(phrases: &[&str]) -> Regex {
    let escaped: Vec<String> = phrases.iter().map(|phrase| regex::escape(phrase)).collect();
    Regex::new(&escaped.join("|")).expect("phrases are literals")
}

/// The kernel's and Kubernetes' own words count, not those of any program that quotes them.
fn speaks_for_memory(record: &LogRecord) -> bool {
    if record.source == Source::Eks {
        return true;
    }
    let text = shape::text(record);
    let line = match record.shape {
        Shape::Json => text.as_ref(),
        _ => record.message.as_str(),
    };
    SyslogLine::parse(line.trim()).is_some_and(|syslog| {
        matches!(
            syslog.program,
            "kernel"
                | "kubelet"
                | "systemd"
                | "systemd-oomd"
                | "containerd"
                | "dockerd"
                | "earlyoom"
        )
    })
}

pub(super) fn oom_crash_loop(window: &EventWindow, config: &RuleConfig) -> Option<RuleHit> {
    let mut kills = 0_u64;
    let mut restarts = 0_u64;
    let mut evidence = Evidence::default();
    let mut text = String::new();
    for (line, record) in window.records.iter().enumerate() {
        if record.shape == Shape::Flow {
            continue;
        }
        let text = lower(record, &mut text);
        let (kill, restart) = (KILLS.is_match(text), RESTARTS.is_match(text));
        if !(kill || restart) || !speaks_for_memory(record) {
            continue;
        }
        kills += u64::from(kill);
        restarts += u64::from(restart);
        evidence.add(line, 1);
    }
    // One kill that is followed by restarts is a loop; restarts alone have many causes.
    if kills == 0 || evidence.count < config.oom_events_min {
        return None;
    }
    Some(RuleHit {
        kind: Kind::OomCrashLoop,
        severity: Severity::High,
        actor: None,
        lines: evidence.lines,
        count: evidence.count,
        summary: format!(
            "{} was killed for its memory ({kills} messages) and restarts again and again ({restarts} messages)",
            window.entity
        ),
    })
}

fn phrases(window: &EventWindow, phrases: &Regex) -> Evidence {
    let mut evidence = Evidence::default();
    let mut text = String::new();
    for (line, record) in window.records.iter().enumerate() {
        if record.shape != Shape::Flow && phrases.is_match(lower(record, &mut text)) {
            evidence.add(line, 1);
        }
    }
    evidence
}

pub(super) fn pool_exhaustion(window: &EventWindow, config: &RuleConfig) -> Option<RuleHit> {
    let evidence = phrases(window, &POOL);
    (evidence.count >= config.pool_messages_min.max(1)).then(|| RuleHit {
        kind: Kind::PoolExhaustion,
        severity: Severity::High,
        actor: None,
        summary: format!(
            "{} has no connection left in its pool ({} messages)",
            window.entity, evidence.count
        ),
        count: evidence.count,
        lines: evidence.lines,
    })
}

pub(super) fn disk_full(window: &EventWindow, config: &RuleConfig) -> Option<RuleHit> {
    let evidence = phrases(window, &DISK);
    (evidence.count >= config.disk_messages_min.max(1)).then(|| RuleHit {
        kind: Kind::DiskFull,
        severity: Severity::High,
        actor: None,
        summary: format!(
            "{} has no disk space left ({} messages)",
            window.entity, evidence.count
        ),
        count: evidence.count,
        lines: evidence.lines,
    })
}
