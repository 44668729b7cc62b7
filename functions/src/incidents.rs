//! The incidents table: its items (`docs/ARCHITECTURE.md`, DynamoDB) and the writes that move an
//! incident. Every write of a status is conditional on the status and opening it was decided on, so
//! concurrent writers and replays change nothing twice.

use aiops_domain::incident::event::{IncidentEvent, Outcome, Who};
use aiops_domain::incident::lifecycle::Trigger;
use aiops_domain::{Incident, IncidentAction, IncidentStatus, Kind, Severity, Source, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ports::{Attributes, Condition, Item, PortError, PortResult, Range, Table, Write};

pub mod action;
pub mod changes;
pub mod items;
pub mod meta;

pub use action::{ActionRecord, ActionStatus};
pub use meta::{Meta, Told};

/// Tries of a write that others keep winning; an incident has few writers at a time.
const MAX_TRIES: usize = 8;

/// Finding ids that an [`Incident`] carries; its count is exact.
const MAX_FINDING_IDS: usize = 100;

/// Related incidents that are noted beside one.
pub(crate) const MAX_RELATED: usize = 10;

/// Another incident of the same entity and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// Its id.
    pub id: String,
    /// What it looks like.
    pub kind: Kind,
    /// Where its lines come from.
    pub source: Source,
    /// How much it matters.
    pub severity: Severity,
    /// Where it stood when it was noted.
    pub status: IncidentStatus,
    /// Start of its earliest window.
    pub first_seen: Time,
}

/// What became of a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// The incident stands where the trigger leads, by this write.
    Now,
    /// It already stood there, or beyond it: a replay.
    Before,
}

/// Why an incident was not moved.
#[derive(Debug, thiserror::Error)]
pub enum IncidentError {
    /// The table failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// There is no such incident.
    #[error("there is no incident {0}")]
    Unknown(String),
    /// Its item cannot be read.
    #[error("the item of incident {id} is malformed: {detail}")]
    Malformed {
        /// The incident.
        id: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The lifecycle has no such step.
    #[error("incident {id}: {cause}")]
    Illegal {
        /// The incident.
        id: String,
        /// What was tried where.
        cause: aiops_domain::incident::lifecycle::IllegalTransition,
    },
}

/// A move of an incident.
#[derive(Debug, Clone)]
pub struct Move<'a> {
    /// What moves it.
    pub trigger: Trigger,
    /// The opening that the mover speaks of; another one's moves are replays.
    pub opening: u64,
    /// Who.
    pub who: &'a Who,
    /// Why, for a person.
    pub why: &'a str,
    /// How it came to its end, with a trigger that ends it.
    pub outcome: Option<Outcome>,
}

/// The incidents in a table.
#[derive(Debug, Clone)]
pub struct Incidents<T> {
    table: T,
}

impl<T: Table> Incidents<T> {
    /// The incidents in this table.
    pub const fn new(table: T) -> Self {
        Self { table }
    }

    /// The table itself, for items that are not an incident's.
    pub const fn table(&self) -> &T {
        &self.table
    }

    /// What is known of the incident as a whole.
    ///
    /// # Errors
    /// When there is none or the table fails.
    pub async fn meta(&self, id: &str) -> Result<Meta, IncidentError> {
        let item = self
            .table
            .get(&items::meta(id))
            .await?
            .ok_or_else(|| IncidentError::Unknown(id.to_owned()))?;
        Meta::read(id, &item.attributes)
    }

    /// The waiting tasks of an action, by their tokens.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn waiting(&self, id: &str, action_id: &str) -> PortResult<Vec<String>> {
        let items = self
            .of_prefix(id, &format!("wait#{action_id}#"), None)
            .await?;
        let token = |item: &Item| {
            item.attributes
                .get("task_token")?
                .as_str()
                .map(str::to_owned)
        };
        Ok(items.iter().filter_map(token).collect())
    }

    /// Moves the incident. A replay of an earlier move changes nothing.
    ///
    /// # Errors
    /// When the lifecycle has no such step from where it stands, or the table fails.
    pub async fn advance(
        &self,
        id: &str,
        step: &Move<'_>,
        now: Time,
    ) -> Result<Moved, IncidentError> {
        for _ in 0..MAX_TRIES {
            let meta = self.meta(id).await?;
            let reopening = step.trigger == Trigger::Reopen;
            let opening = if reopening {
                step.opening + 1
            } else {
                step.opening
            };
            if meta.opening != step.opening || (!reopening && meta.status == step.trigger.target())
            {
                return Ok(Moved::Before);
            }
            let to = match meta.status.after(step.trigger) {
                Ok(to) => to,
                Err(_) if self.happened(id, step).await? => return Ok(Moved::Before),
                Err(cause) => {
                    return Err(IncidentError::Illegal {
                        id: id.to_owned(),
                        cause,
                    });
                }
            };
            let event = IncidentEvent {
                n: meta.events + 1,
                opening,
                at: now,
                who: step.who.clone(),
                trigger: Some(step.trigger),
                from: meta.status,
                to,
                why: step.why.to_owned(),
            };
            match self.append(id, &meta, &event, step.outcome).await {
                Ok(()) => return Ok(Moved::Now),
                Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(IncidentError::Port(PortError::Transient {
            what: format!("incident {id}"),
            detail: "others keep writing it".to_owned(),
        }))
    }

    /// Adds a remark to the log and sets attributes beside it, without moving the incident.
    ///
    /// # Errors
    /// When there is no such incident or the table fails.
    pub async fn remark(
        &self,
        id: &str,
        who: &Who,
        why: &str,
        set: Attributes,
        now: Time,
    ) -> Result<(), IncidentError> {
        for _ in 0..MAX_TRIES {
            let meta = self.meta(id).await?;
            let event = remark_of(&meta, who, why, now);
            let writes = entry(id, &meta, &event, set.clone(), vec![]);
            match self.table.transact(writes).await {
                Ok(()) => return Ok(()),
                Err(PortError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(IncidentError::Port(PortError::Transient {
            what: format!("incident {id}"),
            detail: "others keep writing it".to_owned(),
        }))
    }

    /// Other incidents of the same entity and time, as triage noted them.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn related(&self, id: &str) -> PortResult<Vec<Related>> {
        let items = self.of_prefix(id, "also#", Some(MAX_RELATED)).await?;
        Ok(items.iter().filter_map(items::parse).collect())
    }

    /// The log, oldest first.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn events(&self, id: &str) -> PortResult<Vec<IncidentEvent>> {
        let items = self.of_prefix(id, "event#", None).await?;
        Ok(items.iter().filter_map(items::parse).collect())
    }

    /// The first findings, in the order of their ids.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn findings(&self, id: &str, limit: usize) -> PortResult<Vec<aiops_domain::Finding>> {
        let items = self.of_prefix(id, "finding#", Some(limit)).await?;
        Ok(items.iter().filter_map(items::finding_of).collect())
    }

    /// The findings of an opening that name an actor, those that came last first; of each write of the
    /// detector the strangest of each actor.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn actors_of_opening(
        &self,
        id: &str,
        opening: u64,
        limit: usize,
    ) -> PortResult<Vec<aiops_domain::Finding>> {
        let prefix = items::actors_of(opening);
        let range = Range {
            to: Some(format!("{prefix}~")),
            from: Some(prefix),
            limit: Some(limit),
            descending: true,
        };
        let writes = self.table.query(&items::partition(id), &range).await?;
        let mut ids: Vec<String> = writes.iter().flat_map(items::finding_ids).collect();
        ids.truncate(limit);
        let mut findings = Vec::new();
        for finding_id in ids {
            // It may have been retracted since.
            if let Some(item) = self.table.get(&items::finding(id, &finding_id)).await? {
                findings.extend(items::finding_of(&item));
            }
        }
        Ok(findings)
    }

    /// The actions, in the order of their ids.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn actions(&self, id: &str) -> PortResult<Vec<ActionRecord>> {
        let items = self.of_prefix(id, "action#", None).await?;
        Ok(items.iter().filter_map(ActionRecord::read).collect())
    }

    /// The incident in the form of interfaces.
    ///
    /// # Errors
    /// When there is none or the table fails.
    pub async fn incident(&self, id: &str) -> Result<Incident, IncidentError> {
        let meta = self.meta(id).await?;
        let findings = self
            .of_prefix(id, "finding#", Some(MAX_FINDING_IDS))
            .await?;
        let finding_ids = findings
            .iter()
            .filter_map(|item| item.key.sk.strip_prefix("finding#").map(str::to_owned))
            .collect();
        let actions: Vec<IncidentAction> = self
            .actions(id)
            .await?
            .into_iter()
            .map(|record| record.shown())
            .collect();
        Ok(meta.incident(finding_ids, actions))
    }

    async fn of_prefix(
        &self,
        id: &str,
        prefix: &str,
        limit: Option<usize>,
    ) -> PortResult<Vec<Item>> {
        let range = Range {
            from: Some(prefix.to_owned()),
            // '~' sorts after every character that follows a prefix here.
            to: Some(format!("{prefix}~")),
            limit,
            descending: false,
        };
        self.table.query(&items::partition(id), &range).await
    }

    /// Whether the log holds this very step of this opening.
    async fn happened(&self, id: &str, step: &Move<'_>) -> PortResult<bool> {
        Ok(self
            .events(id)
            .await?
            .iter()
            .any(|event| event.trigger == Some(step.trigger) && event.opening == step.opening))
    }

    async fn append(
        &self,
        id: &str,
        meta: &Meta,
        event: &IncidentEvent,
        outcome: Option<Outcome>,
    ) -> PortResult<()> {
        let mut set = Attributes::from([
            ("status".to_owned(), json!(event.to)),
            ("status_key".to_owned(), json!(event.to)),
            ("opening".to_owned(), json!(event.opening)),
        ]);
        let mut remove = Vec::new();
        if event.trigger == Some(Trigger::Reopen) {
            remove.extend(["closed_at".to_owned(), "outcome".to_owned()]);
        }
        if let Some(outcome) = outcome {
            set.insert("outcome".to_owned(), json!(outcome));
        }
        if event.to.is_terminal() {
            set.insert("closed_at".to_owned(), json!(event.at));
        }
        self.table
            .transact(entry(id, meta, event, set, remove))
            .await
    }
}

/// A remark as an entry of the log: who said what, without moving the incident.
pub fn remark_of(meta: &Meta, who: &Who, why: &str, now: Time) -> IncidentEvent {
    IncidentEvent {
        n: meta.events + 1,
        opening: meta.opening,
        at: now,
        who: who.clone(),
        trigger: None,
        from: meta.status,
        to: meta.status,
        why: why.to_owned(),
    }
}

/// The writes of one entry of the log, to be made together: the incident's item as it was read gets
/// `set` and loses `remove`, and the entry is put. The condition of the first is that of both, because
/// the entry's place is the count that it checks.
pub fn entry(
    id: &str,
    meta: &Meta,
    event: &IncidentEvent,
    mut set: Attributes,
    remove: Vec<String>,
) -> Vec<Write> {
    set.insert("events".to_owned(), json!(event.n));
    let unchanged = Condition::All(vec![
        Condition::Equals("status".to_owned(), json!(meta.status)),
        Condition::Equals("opening".to_owned(), json!(meta.opening)),
        if meta.events == 0 {
            Condition::Any(vec![
                Condition::Missing("events".to_owned()),
                Condition::Equals("events".to_owned(), json!(0)),
            ])
        } else {
            Condition::Equals("events".to_owned(), json!(meta.events))
        },
    ]);
    vec![
        Write::Update {
            key: items::meta(id),
            set,
            add: Default::default(),
            remove,
            condition: Some(unchanged),
        },
        Write::Put {
            item: Item {
                key: items::event(id, event.n),
                attributes: items::attributes(event),
            },
            condition: None,
        },
    ]
}

/// The attributes of a new incident's `meta` item: what the detector writes when it opens one.
pub fn opening_attributes(incident: &Incident, confidence: f64) -> Attributes {
    let mut attributes = items::attributes(incident);
    attributes.remove("finding_ids");
    attributes.remove("actions");
    attributes.insert("status_key".to_owned(), json!(IncidentStatus::Open));
    attributes.insert("opening".to_owned(), json!(1));
    attributes.insert("events".to_owned(), json!(0));
    attributes.insert("confidence".to_owned(), Value::from(confidence));
    attributes
}
