//! Changes that the collected lines tell of, by hour: `changes#<hour>` / `<milliseconds>#<event id>`.

use aiops_domain::{Change, LogRecord, Time};
use serde_json::json;

use super::{Incidents, items};
use crate::ports::{Item, ItemKey, PortResult, Range, TRANSACTION_WRITES_MAX, Table, Write};

const HOUR_MILLIS: i64 = 3_600_000;

/// Hours that one look covers at most.
const HOURS_MAX: i64 = 4;

/// Changes are kept for two weeks.
const EXPIRES_SECONDS: i64 = 14 * 86_400;

/// Changes of one segment that are kept; beyond it they say nothing to a person.
const PER_SEGMENT_MAX: usize = 200;

/// How long before an incident a change is worth a look.
pub const BEFORE_MILLIS: i64 = 30 * 60 * 1000;

fn partition(hour: i64) -> String {
    format!("changes#{hour:010}")
}

/// Notes the changes that records tell of. Doing it again writes the same.
///
/// # Errors
/// When the table fails.
pub async fn note(table: &impl Table, records: &[LogRecord]) -> PortResult<()> {
    let found = records
        .iter()
        .filter_map(|record| Some((record, Change::of(record)?)));
    let mut writes: Vec<Write> = Vec::new();
    for (record, change) in found.take(PER_SEGMENT_MAX) {
        let at = change.at.as_millis();
        let mut attributes = items::attributes(&change);
        attributes.insert(
            "expires".to_owned(),
            json!(at.div_euclid(1000) + EXPIRES_SECONDS),
        );
        let id: String = record.id.chars().take(100).collect();
        let key = ItemKey::new(
            partition(at.div_euclid(HOUR_MILLIS)),
            format!("{at:015}#{id}"),
        );
        // The same event twice in a segment would be two writes of one item in a transaction.
        if !writes.iter().any(|write| *write.key() == key) {
            let item = Item { key, attributes };
            let condition = None;
            writes.push(Write::Put { item, condition });
        }
    }
    while !writes.is_empty() {
        let rest = writes.split_off(writes.len().min(TRANSACTION_WRITES_MAX));
        table.transact(writes).await?;
        writes = rest;
    }
    Ok(())
}

impl<T: Table> Incidents<T> {
    /// The last changes from `from` until `until`, oldest first.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn changes(&self, from: Time, until: Time, limit: usize) -> PortResult<Vec<Change>> {
        let (first, last) = (from.as_millis(), until.as_millis());
        let hour = last.div_euclid(HOUR_MILLIS);
        let earliest = first.div_euclid(HOUR_MILLIS).max(hour - HOURS_MAX + 1);
        let range = Range {
            from: Some(format!("{first:015}")),
            to: Some(format!("{last:015}#~")),
            limit: Some(limit),
            descending: true,
        };
        let mut changes = Vec::new();
        for hour in (earliest..=hour).rev() {
            if changes.len() < limit {
                let items = self.table.query(&partition(hour), &range).await?;
                changes.extend(items.iter().filter_map(items::parse::<Change>));
            }
        }
        changes.truncate(limit);
        changes.reverse();
        Ok(changes)
    }

    /// What was changed shortly before an incident, or as it began: at most `limit`, those that name its
    /// entity before others.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn changes_before(
        &self,
        incident: &aiops_domain::Incident,
        limit: usize,
    ) -> PortResult<Vec<Change>> {
        let from = incident.first_seen.plus_millis(-BEFORE_MILLIS);
        let begun = incident.first_seen.plus_millis(60_000);
        let until = incident.last_seen.min(begun);
        let mut changes = self.changes(from, until, PER_SEGMENT_MAX).await?;
        changes.sort_by_key(|change| {
            let names = change.target.contains(&incident.entity);
            (!names, std::cmp::Reverse(change.at))
        });
        changes.truncate(limit);
        changes.sort_by_key(|change| change.at);
        Ok(changes)
    }
}
