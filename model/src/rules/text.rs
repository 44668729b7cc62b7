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
const KILLS: &[&str] = &[
    "out of memory: killed process",
    "out of memory: kill process",
    "memory cgroup out of memory",
    "invoked oom-killer",
    "oomkilled",
    "oomkilling",
    // A JVM that ends at its first OutOfMemoryError
    "terminating due to java.lang.outofmemoryerror",
];

/// A container is started again and again.
const RESTARTS: &[&str] = &[
    "crashloopbackoff",
    "back-off restarting failed container",
    "back-off 5m0s restarting failed",
    "restarting failed container",
];

const POOL: &[&str] = &[
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
];

const DISK: &[&str] = &[
    "no space left on device",
    "enospc",
    "disk quota exceeded",
    "there is not enough space on the disk",
    "evictionthresholdmet",
    "diskpressure",
    "disk is full",
];

/// The phrases, each list as one search, and all of them as one: every line of every window passes
/// through that, and next to none goes on to the others.
struct Phrases {
    all: Regex,
    kills: Regex,
    restarts: Regex,
    pool: Regex,
    disk: Regex,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| Phrases {
    all: any_of(&[KILLS, RESTARTS, POOL, DISK]),
    kills: any_of(&[KILLS]),
    restarts: any_of(&[RESTARTS]),
    pool: any_of(&[POOL]),
    disk: any_of(&[DISK]),
});

fn any_of(lists: &[&[&str]]) -> Regex {
    let phrases: Vec<String> = lists
        .iter()
        .flat_map(|list| list.iter().map(|phrase| regex::escape(phrase)))
        .collect();
    Regex::new(&phrases.join("|")).expect("phrases are literals")
}

/// The lines of a window that speak of something, by what they speak of.
#[derive(Default)]
struct Spoken {
    kills: u64,
    restarts: u64,
    memory: Evidence,
    pool: Evidence,
    disk: Evidence,
}

impl Spoken {
    fn of(window: &EventWindow) -> Self {
        let mut spoken = Self::default();
        let mut text = String::new();
        for (line, record) in window.records.iter().enumerate() {
            if record.shape == Shape::Flow {
                continue;
            }
            let text = lower(record, &mut text);
            if PHRASES.all.is_match(text) {
                spoken.add(line, record, text);
            }
        }
        spoken
    }

    fn add(&mut self, line: usize, record: &LogRecord, text: &str) {
        let (kill, restart) = (
            PHRASES.kills.is_match(text),
            PHRASES.restarts.is_match(text),
        );
        if (kill || restart) && speaks_for_memory(record) {
            self.kills += u64::from(kill);
            self.restarts += u64::from(restart);
            self.memory.add(line, 1);
        }
        if PHRASES.pool.is_match(text) {
            self.pool.add(line, 1);
        }
        if PHRASES.disk.is_match(text) {
            self.disk.add(line, 1);
        }
    }
}

/// The line in lower case. Of JSON too: no phrase holds what JSON escapes.
fn lower<'t>(record: &LogRecord, text: &'t mut String) -> &'t str {
    let line = &record.message;
    let end = line.floor_char_boundary(line.len().min(LINE_BYTES_MAX));
    text.clear();
    text.push_str(line.get(..end).unwrap_or_default());
    text.make_ascii_lowercase();
    text
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

/// The hits of these rules on a window.
pub(super) fn evaluate(window: &EventWindow, config: &RuleConfig) -> [Option<RuleHit>; 3] {
    let spoken = Spoken::of(window);
    [
        oom_crash_loop(&window.entity, &spoken, config),
        pool_exhaustion(&window.entity, spoken.pool, config),
        disk_full(&window.entity, spoken.disk, config),
    ]
}

fn oom_crash_loop(entity: &str, spoken: &Spoken, config: &RuleConfig) -> Option<RuleHit> {
    let Spoken {
        kills,
        restarts,
        memory,
        ..
    } = spoken;
    // One kill that is followed by restarts is a loop; restarts alone have many causes.
    if *kills == 0 || memory.count < config.oom_events_min {
        return None;
    }
    Some(RuleHit {
        kind: Kind::OomCrashLoop,
        severity: Severity::High,
        actor: None,
        lines: memory.lines.clone(),
        count: memory.count,
        summary: format!(
            "{entity} was killed for its memory ({kills} messages) and restarts again and again ({restarts} messages)"
        ),
    })
}

fn pool_exhaustion(entity: &str, evidence: Evidence, config: &RuleConfig) -> Option<RuleHit> {
    (evidence.count >= config.pool_messages_min.max(1)).then(|| RuleHit {
        kind: Kind::PoolExhaustion,
        severity: Severity::High,
        actor: None,
        summary: format!(
            "{entity} has no connection left in its pool ({} messages)",
            evidence.count
        ),
        count: evidence.count,
        lines: evidence.lines,
    })
}

fn disk_full(entity: &str, evidence: Evidence, config: &RuleConfig) -> Option<RuleHit> {
    (evidence.count >= config.disk_messages_min.max(1)).then(|| RuleHit {
        kind: Kind::DiskFull,
        severity: Severity::High,
        actor: None,
        summary: format!(
            "{entity} has no disk space left ({} messages)",
            evidence.count
        ),
        count: evidence.count,
        lines: evidence.lines,
    })
}
