//! Makes the calls of a plan. Before each mutating call a record of the intent is written, in one
//! transaction with a look at the stop switch: a crash leaves either no intent (the call was not made),
//! or one without an end (it may have been), and then the state of the world decides, never a guess.

use std::time::Duration;

use aiops_domain::{ApiCall, Probe};
use serde_json::{Value, json};

use super::guard::not_stopped;
use super::{Remediator, StepError, StepResult};
use crate::incidents::{ActionRecord, ActionStatus, items};
use crate::ports::cloud::{Cloud, Topic};
use crate::ports::{Attributes, Clock, Condition, Item, ItemKey, PortError, Table, Write};

/// How long one execution may work on an action; longer than the function's timeout, so that a holder
/// that is gone has been killed.
const LEASE: Duration = Duration::from_secs(60);

/// Which way a plan is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Do,
    Undo,
}

impl Phase {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Do => "do",
            Self::Undo => "undo",
        }
    }
}

impl<T: Table, C: Cloud, P: Topic, K: Clock> Remediator<T, C, P, K> {
    /// What a probe sees, and whether that is what it wants.
    pub(super) async fn look(&self, probe: &Probe) -> StepResult<(bool, Value)> {
        if probe.read.operation.is_mutating() {
            return Err(StepError::Refused {
                action_id: String::new(),
                detail: format!("a probe must not call {}", probe.read.operation),
            });
        }
        let answer = self.cloud.call(&probe.read).await?;
        let found = answer.pointer(&probe.at).cloned().unwrap_or(Value::Null);
        Ok((probe.expect.holds(&found), found))
    }

    /// The first probe that does not hold, with what it saw.
    pub(super) async fn first_failing(&self, probes: &[Probe]) -> StepResult<Option<String>> {
        for probe in probes {
            let (holds, found) = self.look(probe).await?;
            if !holds {
                let found: String = found.to_string().chars().take(300).collect();
                return Ok(Some(format!("not seen: {}; found {found}", probe.says)));
            }
        }
        Ok(None)
    }

    /// Makes each call once, in order, resuming where an earlier run stopped.
    pub(super) async fn make_calls(
        &self,
        record: &ActionRecord,
        phase: Phase,
        calls: &[ApiCall],
    ) -> StepResult<()> {
        for (n, call) in calls.iter().enumerate() {
            self.make_call(record, phase, n, call).await?;
        }
        Ok(())
    }

    async fn make_call(
        &self,
        record: &ActionRecord,
        phase: Phase,
        n: usize,
        call: &ApiCall,
    ) -> StepResult<()> {
        let plan = &record.plan;
        let key = items::call(&plan.incident_id, &plan.action_id, phase.as_str(), n);
        let begun = match self.incidents.table().get(&key).await? {
            Some(item) if item.attributes.get("state") == Some(&json!("done")) => return Ok(()),
            begun => begun.is_some(),
        };
        // An undo may find that there is nothing to take back (the call was never made).
        if begun || phase == Phase::Undo {
            match &call.landed {
                Some(probe) if self.look(probe).await?.0 => return self.ended(&key).await,
                Some(_) => {}
                None if begun => {
                    return Err(StepError::Unknown {
                        action_id: plan.action_id.clone(),
                        call: call.operation.to_string(),
                    });
                }
                None => {}
            }
        }
        self.intend(&key, begun, call).await?;
        match self.cloud.call(call).await {
            Ok(_answer) => {}
            // The other side says no: either it is so already, or it never will be.
            Err(error @ PortError::Permanent { .. }) => match &call.landed {
                Some(probe) if self.look(probe).await?.0 => {}
                _ => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
        tracing::info!(
            incident = %plan.incident_id,
            action = %plan.action_id,
            call = %call.operation,
            phase = phase.as_str(),
            "call made"
        );
        self.ended(&key).await
    }

    /// Writes that the call begins now, unless the stop switch is on. The lease makes this execution the
    /// only one that writes it.
    async fn intend(&self, key: &ItemKey, begun: bool, call: &ApiCall) -> StepResult<()> {
        let now = self.clock.now();
        let intent = if begun {
            Write::Update {
                key: key.clone(),
                set: Attributes::from([("again_at".to_owned(), json!(now))]),
                add: [("tries".to_owned(), 1)].into(),
                remove: vec![],
                condition: None,
            }
        } else {
            Write::Put {
                item: Item {
                    key: key.clone(),
                    attributes: Attributes::from([
                        ("state".to_owned(), json!("begun")),
                        ("operation".to_owned(), json!(call.operation)),
                        ("tries".to_owned(), json!(1)),
                        ("begun_at".to_owned(), json!(now)),
                    ]),
                },
                condition: None,
            }
        };
        match self
            .incidents
            .table()
            .transact(vec![intent, not_stopped()])
            .await
        {
            Ok(()) => Ok(()),
            Err(PortError::Conflict { .. }) if self.stopped().await? => {
                Err(StepError::Stopped(call.operation.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn ended(&self, key: &ItemKey) -> StepResult<()> {
        let write = Write::Update {
            key: key.clone(),
            set: Attributes::from([
                ("state".to_owned(), json!("done")),
                ("done_at".to_owned(), json!(self.clock.now())),
            ]),
            add: Default::default(),
            remove: vec![],
            condition: None,
        };
        Ok(self.incidents.table().write(write).await?)
    }

    /// Whether any call of the plan was begun, that way.
    pub(super) async fn was_begun(&self, record: &ActionRecord, phase: Phase) -> StepResult<bool> {
        let plan = &record.plan;
        let first = items::call(&plan.incident_id, &plan.action_id, phase.as_str(), 0);
        Ok(self.incidents.table().get(&first).await?.is_some())
    }

    /// Makes this execution the only one that works on the action for a while; `status` says what at.
    pub(super) async fn lease_as(
        &self,
        record: &ActionRecord,
        status: ActionStatus,
    ) -> StepResult<()> {
        let now = self.clock.now();
        let until = now.plus_millis(i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX));
        let write = Write::Update {
            key: record.key(),
            set: Attributes::from([
                ("lease_until".to_owned(), json!(until.as_millis())),
                ("status".to_owned(), json!(status)),
            ]),
            add: Default::default(),
            remove: vec![],
            condition: Some(Condition::All(vec![
                // What was read may be long ago: an execution that comes late begins nothing.
                Condition::Equals("status".to_owned(), json!(record.status)),
                Condition::Any(vec![
                    Condition::Missing("lease_until".to_owned()),
                    Condition::Below("lease_until".to_owned(), now.as_millis()),
                ]),
            ])),
        };
        match self.incidents.table().write(write).await {
            Ok(()) => Ok(()),
            Err(PortError::Conflict { .. }) => Err(StepError::Busy(record.plan.action_id.clone())),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets attributes of the action's item if it stands where it was read: whoever undid it meanwhile
    /// is not overruled.
    pub(super) async fn update_action_as_read(
        &self,
        record: &ActionRecord,
        set: Attributes,
    ) -> StepResult<()> {
        let write = Write::Update {
            key: record.key(),
            set,
            add: Default::default(),
            remove: vec![],
            condition: Some(Condition::Equals("status".to_owned(), json!(record.status))),
        };
        Ok(self.incidents.table().write(write).await?)
    }

    /// Sets attributes of the action's item and, with `unlease`, lets others work on it.
    pub(super) async fn update_action(
        &self,
        record: &ActionRecord,
        set: Attributes,
        unlease: bool,
    ) -> StepResult<()> {
        let write = Write::Update {
            key: record.key(),
            set,
            add: Default::default(),
            remove: if unlease {
                vec!["lease_until".to_owned()]
            } else {
                vec![]
            },
            condition: None,
        };
        Ok(self.incidents.table().write(write).await?)
    }
}
