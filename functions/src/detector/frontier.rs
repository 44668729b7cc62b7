//! How far a source's windows are closed. Two instants, in terms of when a window closes
//! ([`Windowing::closes_at`]): `announced`, up to which somebody has begun to score, and `done`, up
//! to which everything was scored at least once.
//!
//! It is a flag of the kind that Dekker's algorithm uses. Who scores windows that close announces
//! it first and reads the index after; who adds a segment writes the index first and reads the
//! announcement after. So either the scorer sees the segment, or the adder sees the announcement
//! and scores the segment's windows itself. Where the frontier moves back (lines come after a source
//! was idle, or a model cuts windows otherwise), `epoch` changes, and a pass that began before
//! cannot complete.
//!
//! [`Windowing::closes_at`]: aiops_model::Windowing::closes_at

use aiops_domain::{Interval, Source, Time};
use aiops_model::{WindowSpec, Windowing};
use serde_json::{Value, json};

use super::index::{self, Head, source_key};
use crate::ports::{Attributes, Condition, PortError, PortResult, Table, Write};

/// Tries of a write that others keep winning.
const MAX_TRIES: usize = 64;

/// Before every instant.
const NEVER: Time = Time::from_millis(i64::MIN);

/// How far the windows are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frontier {
    /// Counts its writes.
    writes: i64,
    /// Counts how often it moved back.
    pub epoch: i64,
    /// Somebody scores, or scored, windows that close until then.
    pub announced: Time,
    /// All windows that close until then were scored.
    pub done: Time,
    /// From a record's time to when its window can close, in milliseconds, as windows were cut then.
    reach_ms: i64,
}

/// From a record's time to the earliest instant at which its window can close, in milliseconds.
pub fn reach_ms(windowing: &Windowing) -> i64 {
    match windowing.spec() {
        WindowSpec::Tumbling { .. } => 0,
        WindowSpec::Keyed { gap_ms, .. } => *gap_ms,
    }
}

/// Until when windows are closed, by what is known of the source.
fn closed_until(head: &Head, windowing: &Windowing, lateness_ms: i64) -> Time {
    if head.is_idle() {
        // The end of the input closes all windows.
        return head.latest.map_or(NEVER, |latest| {
            windowing.closes_at(windowing.tumbling_bounds(latest).unwrap_or(Interval {
                start: latest,
                end: latest.plus_millis(1),
            }))
        });
    }
    head.watermark
        .map_or(NEVER, |watermark| watermark.plus_millis(-lateness_ms))
}

/// What is known of a source, and how far its windows are and may be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is known of the source.
    pub head: Head,
    /// Until when windows may be scored, by that.
    pub closed_until: Time,
    /// Until when they are.
    pub frontier: Frontier,
}

/// The progress of a source; its frontier moved back if less is closed now than was announced.
///
/// # Errors
/// When the table fails.
pub async fn progress(
    state: &impl Table,
    source: Source,
    windowing: &Windowing,
    lateness_ms: i64,
) -> PortResult<Progress> {
    for _ in 0..MAX_TRIES {
        // In this order: the head is then at least as new as the one that the announcement was
        // made by, and a frontier that is ahead of it is so because the source is idle no longer.
        let frontier = read(state, source, windowing).await?;
        let head = index::head(state, source).await?;
        let closed_until = closed_until(&head, windowing, lateness_ms);
        let mut moved = frontier;
        if frontier.reach_ms != reach_ms(windowing) {
            // Windows are cut otherwise from now on: begin again where no line was scored yet.
            let change = reach_ms(windowing).saturating_sub(frontier.reach_ms);
            moved.done = frontier.done.min(frontier.done.plus_millis(change));
            moved.announced = moved.done;
            moved.reach_ms = reach_ms(windowing);
            moved.epoch += 1;
        }
        if moved.announced > closed_until {
            moved.announced = closed_until;
            moved.done = moved.done.min(closed_until);
            moved.epoch += 1;
        }
        let frontier = if moved == frontier {
            Ok(frontier)
        } else {
            write(state, source, &frontier, moved).await
        };
        match frontier {
            Ok(frontier) => {
                return Ok(Progress {
                    head,
                    closed_until,
                    frontier,
                });
            }
            Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(contended(source))
}

/// Announces that windows that close until `until` are being scored. `None`: the frontier moved
/// back since; begin again.
///
/// # Errors
/// When the table fails.
pub async fn announce(
    state: &impl Table,
    source: Source,
    windowing: &Windowing,
    epoch: i64,
    until: Time,
) -> PortResult<Option<Frontier>> {
    change(state, source, windowing, epoch, |frontier| {
        frontier.announced = frontier.announced.max(until);
    })
    .await
}

/// Records that all windows that close until `until` were scored. `None`: the frontier moved back
/// since; begin again.
///
/// # Errors
/// When the table fails.
pub async fn complete(
    state: &impl Table,
    source: Source,
    windowing: &Windowing,
    epoch: i64,
    until: Time,
) -> PortResult<Option<Frontier>> {
    change(state, source, windowing, epoch, |frontier| {
        frontier.done = frontier.done.max(until);
    })
    .await
}

async fn change(
    state: &impl Table,
    source: Source,
    windowing: &Windowing,
    epoch: i64,
    apply: impl Fn(&mut Frontier),
) -> PortResult<Option<Frontier>> {
    for _ in 0..MAX_TRIES {
        let frontier = read(state, source, windowing).await?;
        if frontier.epoch != epoch {
            return Ok(None);
        }
        let mut changed = frontier;
        apply(&mut changed);
        if changed == frontier {
            return Ok(Some(frontier));
        }
        match write(state, source, &frontier, changed).await {
            Ok(changed) => return Ok(Some(changed)),
            Err(PortError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(contended(source))
}

fn contended(source: Source) -> PortError {
    PortError::Transient {
        what: format!("the frontier of {source}"),
        detail: "others keep writing it".into(),
    }
}

async fn read(state: &impl Table, source: Source, windowing: &Windowing) -> PortResult<Frontier> {
    let item = state.get(&source_key(source, "frontier")).await?;
    let attributes = item.map(|item| item.attributes).unwrap_or_default();
    let number = |name: &str, otherwise: i64| {
        attributes
            .get(name)
            .and_then(Value::as_i64)
            .unwrap_or(otherwise)
    };
    Ok(Frontier {
        writes: number("writes", 0),
        epoch: number("epoch", 0),
        announced: Time::from_millis(number("announced", i64::MIN)),
        done: Time::from_millis(number("done", i64::MIN)),
        reach_ms: number("reach_ms", reach_ms(windowing)),
    })
}

async fn write(
    state: &impl Table,
    source: Source,
    from: &Frontier,
    mut to: Frontier,
) -> PortResult<Frontier> {
    to.writes = from.writes + 1;
    let unchanged = Condition::Any(vec![
        Condition::Missing("writes".into()),
        Condition::Equals("writes".into(), json!(from.writes)),
    ]);
    state
        .write(Write::Update {
            key: source_key(source, "frontier"),
            set: Attributes::from([
                ("writes".into(), json!(to.writes)),
                ("epoch".into(), json!(to.epoch)),
                ("announced".into(), json!(to.announced.as_millis())),
                ("done".into(), json!(to.done.as_millis())),
                ("reach_ms".into(), json!(to.reach_ms)),
            ]),
            add: Default::default(),
            remove: vec![],
            condition: Some(unchanged),
        })
        .await?;
    Ok(to)
}
