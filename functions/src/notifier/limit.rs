//! At most so many new messages per channel and window. What is held back is kept as a set, so that
//! trying again counts nothing twice, and told in one grouped message by a timer.

use aiops_domain::config::notifier::{Channel, Via};
use serde_json::{Value, json};

use super::view::View;
use super::{Notice, Notifier, NotifyError, slack, teams};
use crate::incidents::items;
use crate::ports::cloud::{Pause, Secrets, Web};
use crate::ports::{
    Attributes, Clock, Condition, Item, ItemKey, PortError, Range, TRANSACTION_WRITES_MAX, Table,
    Write,
};

/// Length of a window.
const WINDOW_MILLIS: i64 = 5 * 60 * 1000;

/// Counters and what is held back are kept for a week.
const EXPIRES_SECONDS: i64 = 7 * 24 * 3600;

/// Held messages that one grouped message tells of; the rest comes in the next.
const GROUP_MAX: usize = 2_000;

/// Headlines that a grouped message shows.
const HEADLINES_MAX: usize = 10;

/// What the limit says of one more message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It may go; whether it is the window's last.
    Yes { last: bool },
    /// It is held back.
    No,
}

impl<T: Table, W: Web, S: Secrets, K: Clock, Z: Pause> Notifier<T, W, S, K, Z> {
    /// Takes a place in the window for a claimed notice, or keeps the notice for the timer. A notice
    /// that has a place in this window takes no second one.
    pub(super) async fn room(
        &self,
        notice: &Notice,
        channel: &Channel,
        key: &ItemKey,
        view: &View,
    ) -> Result<Room, NotifyError> {
        let (window, expires) = self.window();
        let counter = items::channel_window(&channel.name, window);
        let table = self.incidents.table();
        // One place is the grouped message's.
        let most = i64::from(channel.max_messages.saturating_sub(1).max(1));
        let claimed = table.get(key).await?;
        let taken = claimed.and_then(|item| item.attributes.get("window").and_then(Value::as_i64));
        if taken != Some(window) {
            let take = vec![
                Write::Update {
                    key: key.clone(),
                    set: Attributes::from([("window".to_owned(), json!(window))]),
                    add: Default::default(),
                    remove: vec![],
                    condition: None,
                },
                Write::Update {
                    key: counter.clone(),
                    set: Attributes::from([("expires".to_owned(), json!(expires))]),
                    add: [("n".to_owned(), 1)].into(),
                    remove: vec![],
                    condition: Some(Condition::Any(vec![
                        Condition::Missing("n".to_owned()),
                        Condition::Below("n".to_owned(), most),
                    ])),
                },
            ];
            match table.transact(take).await {
                Ok(()) => {}
                Err(PortError::Conflict { failed, .. }) if failed.contains(&1) => {
                    self.hold_back(notice, channel, key, view, expires).await?;
                    return Ok(Room::No);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let used = table
            .get(&counter)
            .await?
            .and_then(|item| item.attributes.get("n").and_then(Value::as_i64));
        Ok(Room::Yes {
            last: used >= Some(most),
        })
    }

    async fn hold_back(
        &self,
        notice: &Notice,
        channel: &Channel,
        key: &ItemKey,
        view: &View,
        expires: i64,
    ) -> Result<(), NotifyError> {
        let event = format!("{}.{}", notice.opening, notice.event);
        let held = Item {
            key: items::held(&channel.name, &notice.incident_id, &event),
            attributes: Attributes::from([
                ("headline".to_owned(), json!(view.headline())),
                ("expires".to_owned(), json!(expires)),
            ]),
        };
        let writes = vec![
            Write::Put {
                item: held,
                condition: None,
            },
            Write::Update {
                key: key.clone(),
                set: Attributes::from([("state".to_owned(), json!("held"))]),
                add: Default::default(),
                remove: vec![],
                condition: None,
            },
        ];
        Ok(self.incidents.table().transact(writes).await?)
    }

    /// Tells every channel what was held back, in one message a window. Called by a timer.
    ///
    /// # Errors
    /// The first failure, after every channel was tried; what was not told stays for the next time.
    pub(super) async fn flush(&self) -> Result<(), NotifyError> {
        let mut failure = None;
        for channel in &self.config.channels {
            if let Err(error) = self.flush_channel(channel).await {
                tracing::error!(channel = %channel.name, %error, "held messages were not told");
                failure.get_or_insert(error);
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn flush_channel(&self, channel: &Channel) -> Result<(), NotifyError> {
        let table = self.incidents.table();
        let range = Range {
            from: Some("held#".to_owned()),
            to: Some("held#~".to_owned()),
            limit: Some(GROUP_MAX),
            descending: false,
        };
        let partition = items::channel_window(&channel.name, 0).pk;
        let held = table.query(&partition, &range).await?;
        if held.is_empty() {
            return Ok(());
        }
        let (window, expires) = self.window();
        let take = Write::Update {
            key: items::channel_window(&channel.name, window),
            set: Attributes::from([
                ("grouped".to_owned(), json!(true)),
                ("expires".to_owned(), json!(expires)),
            ]),
            add: Default::default(),
            remove: vec![],
            condition: Some(Condition::Missing("grouped".to_owned())),
        };
        match table.write(take).await {
            Ok(()) => {}
            // This window has its grouped message.
            Err(PortError::Conflict { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let group = Group::of(&held);
        match &channel.via {
            Via::SlackWebhook { url_secret_arn } => {
                let url = self.secret(url_secret_arn).await?;
                self.post(channel, &url, None, &slack::grouped(&group))
                    .await?;
            }
            Via::TeamsWorkflow { url_secret_arn } => {
                let url = self.secret(url_secret_arn).await?;
                self.post(channel, &url, None, &teams::grouped(&group))
                    .await?;
            }
            Via::SlackBot { .. } => self.group_by_bot(channel, &slack::grouped(&group)).await?,
        }
        // A crash before the last of these tells some of them twice; none is lost.
        for some in held.chunks(TRANSACTION_WRITES_MAX) {
            let delete = |item: &Item| Write::Delete {
                key: item.key.clone(),
                condition: None,
            };
            table.transact(some.iter().map(delete).collect()).await?;
        }
        tracing::info!(channel = %channel.name, messages = held.len(), "held messages were told");
        Ok(())
    }

    /// The window of now, and until when what belongs to it is kept.
    fn window(&self) -> (i64, i64) {
        let now = self.clock.now().as_millis();
        (
            now.div_euclid(WINDOW_MILLIS),
            now.div_euclid(1000) + EXPIRES_SECONDS,
        )
    }
}

/// What a grouped message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How many messages were held back; there may be more.
    pub messages: usize,
    /// About how many incidents.
    pub incidents: usize,
    /// Some of their headlines, redacted and not yet escaped.
    pub headlines: Vec<String>,
}

impl Group {
    fn of(held: &[Item]) -> Self {
        let id = |item: &Item| item.key.sk.split('#').nth(1).map(str::to_owned);
        let mut incidents: Vec<String> = held.iter().filter_map(id).collect();
        incidents.dedup();
        let headline = |item: &Item| Some(item.attributes.get("headline")?.as_str()?.to_owned());
        Self {
            messages: held.len(),
            incidents: incidents.len(),
            headlines: held
                .iter()
                .filter_map(headline)
                .take(HEADLINES_MAX)
                .collect(),
        }
    }

    /// The first sentence.
    pub fn sentence(&self) -> String {
        format!(
            "{} messages about {} incidents were held back; all of them: aiops incidents list",
            self.messages, self.incidents
        )
    }
}
