//! At most so many new messages per channel and window; what is held back is counted, and the next
//! message says how much there was.

use aiops_domain::config::notifier::Channel;
use serde_json::{Value, json};

use super::{Notifier, NotifyError};
use crate::incidents::items;
use crate::ports::cloud::{Pause, Secrets, Web};
use crate::ports::{Attributes, Clock, Condition, ItemKey, PortError, Table, Write};

/// Length of a window.
const WINDOW_MILLIS: i64 = 5 * 60 * 1000;

/// Counters are kept for a day.
const EXPIRES_SECONDS: i64 = 24 * 3600;

/// What the limit says of one more message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It may go; so many were held back since the last one, and whether it is the window's last.
    Yes { held: i64, last: bool },
    /// It is held back.
    No,
}

impl<T: Table, W: Web, S: Secrets, K: Clock, Z: Pause> Notifier<T, W, S, K, Z> {
    pub(super) async fn room(&self, channel: &Channel) -> Result<Room, NotifyError> {
        let now = self.clock.now();
        let window = now.as_millis().div_euclid(WINDOW_MILLIS);
        let key = items::channel_window(&channel.name, window);
        let expires = now.as_millis().div_euclid(1000) + EXPIRES_SECONDS;
        let take = Write::Update {
            key: key.clone(),
            set: Attributes::from([("expires".to_owned(), json!(expires))]),
            add: [("n".to_owned(), 1)].into(),
            remove: vec![],
            condition: Some(Condition::Any(vec![
                Condition::Missing("n".to_owned()),
                Condition::Below("n".to_owned(), i64::from(channel.max_messages)),
            ])),
        };
        let table = self.incidents.table();
        match table.write(take).await {
            Ok(()) => {}
            Err(PortError::Conflict { .. }) => {
                self.count_held(channel, 1).await?;
                return Ok(Room::No);
            }
            Err(error) => return Err(error.into()),
        }
        let number = |item: Option<crate::ports::Item>| {
            item.and_then(|item| item.attributes.get("n").and_then(Value::as_i64))
                .unwrap_or(0)
        };
        let used = number(table.get(&key).await?);
        let held = number(table.get(&held_key(channel)).await?);
        Ok(Room::Yes {
            held,
            last: used >= i64::from(channel.max_messages),
        })
    }

    /// Counts what was held back, or takes off what was told.
    pub(super) async fn count_held(
        &self,
        channel: &Channel,
        number: i64,
    ) -> Result<(), NotifyError> {
        let write = Write::Update {
            key: held_key(channel),
            set: Attributes::new(),
            add: [("n".to_owned(), number)].into(),
            remove: vec![],
            condition: None,
        };
        Ok(self.incidents.table().write(write).await?)
    }
}

fn held_key(channel: &Channel) -> ItemKey {
    ItemKey::new(format!("channel#{}", channel.name), "held")
}
