//! Windows of event time: which records are scored together.
//!
//! A batch, a segment or a notification is an accident of delivery. A window is not: [`Windowing`]
//! makes windows from a *set* of records, and the same set gives the same windows whatever the
//! order, the batches or the repetitions in which it came. The command line and the streaming
//! detector call the same function.
//!
//! Two forms: **tumbling** windows of a fixed length per source and entity, aligned to the epoch;
//! **keyed sequences** (a request, a block, a pod) of a source, over all its entities, that end
//! where the key is silent for longer than a gap.

use std::time::Duration;

use aiops_domain::scoring::ScoringWindow;
use aiops_domain::{Interval, LogRecord, Source, Time};
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

mod assemble;

/// Bytes that a key keeps. Lines are hostile: an expression that matches a megabyte must not put
/// it into every finding.
pub const MAX_KEY_BYTES: usize = 256;

/// Bytes that a compiled key expression may take.
const MAX_EXPRESSION_BYTES: usize = 1 << 20;

/// How the records of a source are cut into windows. Part of the model's artefact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "kebab-case", deny_unknown_fields)]
pub enum WindowSpec {
    /// Windows of one length per entity: `[n × length, (n + 1) × length)` since the epoch.
    Tumbling {
        /// Length in milliseconds, above 0.
        length_ms: i64,
    },
    /// The lines that share a key, as long as no two of them in a row are `gap_ms` or more apart.
    Keyed {
        /// Regular expression; the key of a line is its first match (of its first group, if it has
        /// groups). Lines without a match are left out and counted.
        key: String,
        /// Silence that ends a sequence, in milliseconds, above 0; `i64::MAX`: only the end of the
        /// input ends it.
        gap_ms: i64,
    },
}

/// Why a [`WindowSpec`] cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// A length or a gap that is not positive.
    #[error("a window's {name} is {value} ms: give a number above 0")]
    NotPositive {
        /// `length` or `gap`.
        name: &'static str,
        /// What was given.
        value: i64,
    },
    /// An expression that is malformed or compiles to too much.
    #[error("the key expression `{key}` cannot be used: {detail}")]
    Expression {
        /// The expression, cut.
        key: String,
        /// What the parser says, on one line.
        detail: String,
    },
}

impl WindowSpec {
    /// Tumbling windows of this length.
    pub fn tumbling(length: Duration) -> Self {
        Self::Tumbling {
            length_ms: i64::try_from(length.as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// The form that makes windows.
    ///
    /// # Errors
    /// [`WindowError`] if a length is not positive or the expression does not compile.
    pub fn compile(&self) -> Result<Windowing, WindowError> {
        let (name, value) = match self {
            Self::Tumbling { length_ms } => ("length", *length_ms),
            Self::Keyed { gap_ms, .. } => ("gap", *gap_ms),
        };
        if value <= 0 {
            return Err(WindowError::NotPositive { name, value });
        }
        let key = match self {
            Self::Tumbling { .. } => None,
            Self::Keyed { key, .. } => Some(
                RegexBuilder::new(key)
                    .size_limit(MAX_EXPRESSION_BYTES)
                    .build()
                    .map_err(|error| WindowError::Expression {
                        key: key.chars().take(120).collect(),
                        detail: error
                            .to_string()
                            .lines()
                            .last()
                            .unwrap_or_default()
                            .trim()
                            .trim_start_matches("error: ")
                            .to_owned(),
                    })?,
            ),
        };
        Ok(Windowing {
            spec: self.clone(),
            key,
        })
    }
}

/// The records of one window, ready to be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventWindow {
    /// Where the lines come from.
    pub source: Source,
    /// What they are about; of a keyed sequence, the entity of its first line.
    pub entity: String,
    /// The key of a keyed sequence.
    pub key: Option<String>,
    /// A tumbling window's bounds; of a keyed sequence, from its first line to 1 ms after its last.
    pub interval: Interval,
    /// Distinct by id, in the order of [`LogRecord::order`], never empty.
    pub records: Vec<LogRecord>,
}

impl From<ScoringWindow> for EventWindow {
    fn from(window: ScoringWindow) -> Self {
        Self {
            source: window.source,
            entity: window.entity,
            key: window.key,
            interval: window.window,
            records: window.records,
        }
    }
}

impl From<EventWindow> for ScoringWindow {
    fn from(window: EventWindow) -> Self {
        Self {
            source: window.source,
            entity: window.entity,
            key: window.key,
            window: window.interval,
            records: window.records,
        }
    }
}

/// What [`Windowing::assemble`] makes of a set of records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assembly {
    /// By start, source, entity and key.
    pub windows: Vec<EventWindow>,
    /// Distinct records.
    pub lines: u64,
    /// Distinct records that no window holds because they have no key.
    pub without_key: u64,
}

/// A [`WindowSpec`] with its expression compiled.
#[derive(Debug, Clone)]
pub struct Windowing {
    spec: WindowSpec,
    key: Option<Regex>,
}

impl Windowing {
    /// What it was compiled from.
    pub fn spec(&self) -> &WindowSpec {
        &self.spec
    }

    /// What keeps two records of a source out of each other's windows whatever their times: the
    /// entity (tumbling) or the key (keyed; `None`: the record is in no window).
    pub fn group<'r>(&self, record: &'r LogRecord) -> Option<&'r str> {
        match &self.key {
            None => Some(&record.entity),
            Some(expression) => first_key(expression, &record.message),
        }
    }

    /// The bounds of the tumbling window that holds `time`; `None` for keyed sequences.
    pub fn tumbling_bounds(&self, time: Time) -> Option<Interval> {
        match self.spec {
            WindowSpec::Tumbling { length_ms } => {
                let start = time
                    .as_millis()
                    .div_euclid(length_ms)
                    .saturating_mul(length_ms);
                Some(Interval {
                    start: Time::from_millis(start),
                    end: Time::from_millis(start.saturating_add(length_ms)),
                })
            }
            WindowSpec::Keyed { .. } => None,
        }
    }

    /// From which event time on no further record can belong to a window with these bounds: its
    /// end, or for a keyed sequence the gap after its last line.
    pub fn closes_at(&self, bounds: Interval) -> Time {
        match self.spec {
            WindowSpec::Tumbling { .. } => bounds.end,
            WindowSpec::Keyed { gap_ms, .. } => bounds.end.plus_millis(-1).plus_millis(gap_ms),
        }
    }

    /// Cuts the records into windows: a pure function of the set of records by id. Records of
    /// several sources may be mixed. Where two records share an id, the first by
    /// [`LogRecord::order`], ingestion time and content counts.
    pub fn assemble(&self, records: Vec<LogRecord>) -> Assembly {
        assemble::assemble(self, records)
    }
}

/// The text of the first match, of its first group if the expression has groups, cut to
/// [`MAX_KEY_BYTES`].
fn first_key<'m>(expression: &Regex, message: &'m str) -> Option<&'m str> {
    let found = if expression.captures_len() > 1 {
        expression.captures(message)?.get(1)?
    } else {
        expression.find(message)?
    };
    let text = found.as_str();
    text.get(..text.floor_char_boundary(MAX_KEY_BYTES))
        .filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests;
