//! Who is told what and when: an incident's question and its end, once. One that opens again with the
//! answer that it had is told again only when it has gone on for long, and one whose cause another
//! incident names is told with that one.

use aiops_domain::IncidentStatus;
use aiops_domain::incident::event::Outcome;
use serde_json::json;

use super::{Remediator, State, StepResult};
use crate::incidents::{Meta, Told, items};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Table, Write};

/// That an incident goes on is said no more often, in milliseconds: as long as a detector opens an
/// incident again instead of a new one, unless it is configured otherwise.
const CONTINUES_MILLIS: i64 = 6 * 60 * 60 * 1000;

/// What there is to tell at the end of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// How it ended.
    End,
    /// It goes on, with so many more findings, and the answer stands.
    Continues(u64),
    /// Nothing that was not said.
    None,
}

impl News {
    /// What the end of this opening is to those who were told of `meta` before.
    pub(super) fn of(meta: &Meta, state: &State, now: aiops_domain::Time) -> Self {
        let nothing_done = state.action_id.is_none() && state.outcome == Some(Outcome::NoAction);
        // A suppression that still wakes people up is none; its entry in the log says enough.
        if meta.status == IncidentStatus::Suppressed || (meta.part_of.is_some() && nothing_done) {
            return Self::None;
        }
        let Some(told) = &meta.told else {
            return Self::End;
        };
        let same = state.action_id.is_none() && told.outcome == state.outcome;
        if !state.standing && !same {
            return Self::End;
        }
        if now.millis_since(told.at) < CONTINUES_MILLIS {
            return Self::None;
        }
        Self::Continues(meta.count.saturating_sub(told.count))
    }
}

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    /// Tells the end of an opening, as far as it is news.
    pub(super) async fn notify(&self, state: State) -> StepResult<State> {
        let meta = self.incidents.meta(&state.incident_id).await?;
        let now = self.clock.now();
        let news = News::of(&meta, &state, now);
        match news {
            News::End => self.announce(&meta, state.opening, "closed", 0).await?,
            News::Continues(more) => {
                self.announce(&meta, state.opening, "continues", more)
                    .await?;
            }
            News::None => {
                tracing::info!(incident = %meta.id, opening = state.opening, "nothing new to tell");
                return Ok(state);
            }
        }
        // After it: who is killed in between tells it again, under the same name.
        let told = Told {
            at: now,
            count: meta.count,
            outcome: state.outcome,
        };
        let write = Write::Update {
            key: items::meta(&meta.id),
            set: Attributes::from([("told".to_owned(), json!(told))]),
            add: Default::default(),
            remove: vec![],
            condition: None,
        };
        self.incidents.table().write(write).await?;
        Ok(state)
    }

    /// Tells the topic that something about the incident changed; `opening` and `event` are the
    /// message's identity.
    pub(super) async fn announce(
        &self,
        meta: &Meta,
        opening: u64,
        event: &str,
        more: u64,
    ) -> StepResult<()> {
        let subject = format!("[{:?}] {} on {}", meta.severity, meta.kind, meta.entity);
        let goes_on = match event {
            "continues" => format!(" It continues: {more} more findings."),
            _ => String::new(),
        };
        let text = format!(
            "{}\n\nIncident {} is {}.{goes_on} Details: aiops incidents show {}",
            meta.summary,
            meta.id,
            meta.status.as_str(),
            meta.id
        );
        let mut message = json!({
            "schema": "aiops.notice/1",
            "incident_id": meta.id,
            "opening": opening,
            "event": event,
        });
        if let (true, Some(fields)) = (more > 0, message.as_object_mut()) {
            fields.insert("more".to_owned(), json!(more));
        }
        Ok(self.topic.publish(&subject, &text, &message).await?)
    }
}
