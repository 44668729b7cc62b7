//! The limits that hold whatever a plan says: the stop switch, and caps that parallel executions share.

use aiops_domain::plan::ActionName;
use serde_json::{Value, json};

use super::{Remediator, StepError, StepResult};
use crate::incidents::{ActionRecord, items};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Condition, Item, PortError, Table, Write};

/// Counters of an hour are kept for two days.
const HOUR_EXPIRES_SECONDS: i64 = 48 * 3600;

/// Tries of a transaction that other executions keep winning.
const MAX_TRIES: usize = 16;

/// How a limit answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Limit {
    /// It has room.
    Within,
    /// It refuses; why, for a person.
    Exceeded(String),
}

/// What holds while nobody has turned the stop switch on.
pub(super) fn not_stopped() -> Write {
    Write::Check {
        key: items::stop(),
        condition: Condition::Any(vec![
            Condition::Missing("stopped".to_owned()),
            Condition::Equals("stopped".to_owned(), json!(false)),
        ]),
    }
}

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    /// Whether the stop switch is on, read strongly consistent.
    pub(super) async fn stopped(&self) -> StepResult<bool> {
        let item = self.incidents.table().get(&items::stop()).await?;
        // Anything but a clear "no" stops.
        Ok(item.is_some_and(|item| {
            !matches!(
                item.attributes.get("stopped"),
                None | Some(Value::Bool(false))
            )
        }))
    }

    /// Takes a place under the caps of the plan's action. Taking it again takes nothing.
    pub(super) async fn hold(&self, record: &ActionRecord) -> StepResult<Limit> {
        let action = record.plan.action;
        let caps = self.config.caps(action);
        if let Some(share) = record.plan.blast_radius.share_percent
            && share > caps.share_percent
        {
            return Ok(Limit::Exceeded(format!(
                "it touches {share} % of its group, {} % are allowed",
                caps.share_percent
            )));
        }
        let now = self.clock.now();
        let hour = now.as_millis().div_euclid(3_600_000);
        let hold = items::hold(action.as_str(), &record.plan.action_id);
        for _ in 0..MAX_TRIES {
            let result = self
                .incidents
                .table()
                .transact(vec![
                    Write::Put {
                        item: Item {
                            key: hold.clone(),
                            attributes: Attributes::from([
                                ("incident_id".to_owned(), json!(record.plan.incident_id)),
                                ("at".to_owned(), json!(now)),
                            ]),
                        },
                        condition: Some(Condition::Absent),
                    },
                    counted(items::in_force(action.as_str()), caps.in_force, None),
                    counted(
                        items::hour(action.as_str(), hour),
                        caps.per_hour,
                        Some(now.as_millis().div_euclid(1000) + HOUR_EXPIRES_SECONDS),
                    ),
                ])
                .await;
            match result {
                Ok(()) => return Ok(Limit::Within),
                Err(PortError::Conflict { failed, .. }) => {
                    if self.incidents.table().get(&hold).await?.is_some() {
                        return Ok(Limit::Within);
                    }
                    if failed.contains(&1) {
                        return Ok(Limit::Exceeded(format!(
                            "{} of {action} are in force, no more are allowed",
                            caps.in_force
                        )));
                    }
                    if failed.contains(&2) {
                        return Ok(Limit::Exceeded(format!(
                            "{} of {action} began this hour, no more are allowed",
                            caps.per_hour
                        )));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::Busy(record.plan.action_id.clone()))
    }

    /// Gives the place in force back; the hour's count stays. Doing it again does nothing.
    pub(super) async fn release(&self, action: ActionName, action_id: &str) -> StepResult<()> {
        let hold = items::hold(action.as_str(), action_id);
        for _ in 0..MAX_TRIES {
            let result = self
                .incidents
                .table()
                .transact(vec![
                    Write::Delete {
                        key: hold.clone(),
                        condition: Some(Condition::Present),
                    },
                    Write::Update {
                        key: items::in_force(action.as_str()),
                        set: Attributes::new(),
                        add: [("n".to_owned(), -1)].into(),
                        remove: vec![],
                        condition: None,
                    },
                ])
                .await;
            match result {
                Ok(()) => return Ok(()),
                Err(PortError::Conflict { .. }) => {
                    if self.incidents.table().get(&hold).await?.is_none() {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StepError::Busy(action_id.to_owned()))
    }
}

fn counted(key: crate::ports::ItemKey, cap: u32, expires: Option<i64>) -> Write {
    let set = expires.map(|expires| ("expires".to_owned(), json!(expires)));
    Write::Update {
        key,
        set: set.into_iter().collect(),
        add: [("n".to_owned(), 1)].into(),
        remove: vec![],
        condition: Some(if cap == 0 {
            // Nothing is below it: never.
            Condition::Below("n".to_owned(), 0)
        } else {
            Condition::Any(vec![
                Condition::Missing("n".to_owned()),
                Condition::Below("n".to_owned(), i64::from(cap)),
            ])
        }),
    }
}
