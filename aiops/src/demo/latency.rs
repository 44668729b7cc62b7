//! From PutLogEvents of a window's last line to the arrival of the message about it.

use std::collections::HashMap;
use std::time::Instant;

use aiops_domain::categorise::Categoriser;
use aiops_domain::{Finding, Incident, Source, Time};

use super::receiver::Received;
use crate::workload::LogEvent;

/// When each line was handed over.
#[derive(Debug, Default)]
pub struct Clockwork {
    lines: HashMap<(Source, String), Vec<(Time, Instant)>>,
}

impl Clockwork {
    /// These lines are handed over now.
    pub fn put(&mut self, categoriser: &Categoriser, events: &[LogEvent]) {
        let now = Instant::now();
        for event in events {
            let category = categoriser.category(&event.group, &event.stream);
            let placement = category.place(&event.message, event.timestamp);
            self.lines
                .entry((category.source, placement.entity.into_owned()))
                .or_default()
                .push((placement.time, now));
        }
    }

    /// Milliseconds for each incident that somebody was told of: from the last line of the window
    /// that opened it to the first message that names it.
    pub fn latencies(
        &self,
        incidents: &[Incident],
        findings: &[Finding],
        received: &[Received],
    ) -> Vec<u64> {
        incidents
            .iter()
            .filter_map(|incident| {
                let told = received
                    .iter()
                    .find(|message| message.body.contains(&incident.id))?
                    .at;
                let window = findings
                    .iter()
                    .filter(|finding| incident.finding_ids.contains(&finding.id))
                    .map(|finding| finding.window)
                    .min()?;
                let last_line = self
                    .lines
                    .get(&(incident.source, incident.entity.clone()))?
                    .iter()
                    .filter(|(time, _)| *time >= window.start && *time < window.end)
                    .map(|(_, at)| *at)
                    .max()?;
                u64::try_from(told.saturating_duration_since(last_line).as_millis()).ok()
            })
            .collect()
    }
}
