//! Workflows that are to be started. The transaction that opens an incident also writes what to
//! start, so that no crash separates the two: whoever comes next starts what is pending. A second
//! start of the same name is answered as the first.

use serde_json::json;

use crate::ports::{
    Attributes, Item, ItemKey, PortError, PortResult, Range, Table, Workflow, Write,
};

/// Starts that are looked at in one go.
const BATCH: usize = 100;

/// A workflow to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The incident.
    pub incident_id: String,
    /// Which opening of it, from 1.
    pub opening: u64,
}

impl Start {
    /// The execution's name: one per opening.
    pub fn name(&self) -> String {
        format!("{}-{}", self.incident_id, self.opening)
    }

    /// The execution's input.
    pub fn input(&self) -> String {
        json!({"incident_id": self.incident_id, "opening": self.opening}).to_string()
    }

    /// The write that makes it pending. It needs no condition: it is part of the transaction that
    /// opens the incident.
    pub(super) fn pending(&self) -> Write {
        Write::Put {
            item: Item {
                key: ItemKey::new("outbox", format!("start#{}", self.name())),
                attributes: Attributes::from([
                    ("incident_id".into(), json!(self.incident_id)),
                    ("opening".into(), json!(self.opening)),
                ]),
            },
            condition: None,
        }
    }

    fn read(item: &Item) -> Option<Self> {
        Some(Self {
            incident_id: item.attributes.get("incident_id")?.as_str()?.to_owned(),
            opening: item.attributes.get("opening")?.as_u64()?,
        })
    }
}

/// Starts every pending workflow; answers how many. One that is refused stays pending and is
/// reported in the log: it must not keep the others.
///
/// # Errors
/// When the table or the workflow does not answer.
pub async fn start_pending(table: &impl Table, workflow: &impl Workflow) -> PortResult<u64> {
    let range = Range {
        from: Some("start#".into()),
        to: Some("start#~".into()),
        limit: Some(BATCH),
        ..Range::default()
    };
    let mut started = 0;
    loop {
        let items = table.query("outbox", &range).await?;
        let (found, mut refused) = (items.len(), 0);
        for item in items {
            let Some(start) = Start::read(&item) else {
                tracing::error!(item = item.key.sk, "a pending start is malformed");
                refused += 1;
                continue;
            };
            match workflow.start(&start.name(), start.input()).await {
                Ok(()) => started += 1,
                Err(error @ PortError::Permanent { .. }) => {
                    tracing::error!(incident = start.incident_id, %error, "the workflow was not started");
                    refused += 1;
                    continue;
                }
                Err(error) => return Err(error),
            }
            table
                .write(Write::Delete {
                    key: item.key,
                    condition: None,
                })
                .await?;
        }
        if found < BATCH || refused > 0 {
            return Ok(started);
        }
    }
}
