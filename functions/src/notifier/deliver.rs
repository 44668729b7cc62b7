//! Delivery of one notice to one channel: once, within the channel's limit, with tries and back-off.

use std::time::Duration;

use aiops_domain::config::notifier::{Channel, Via};
use serde_json::{Value, json};

use super::limit::Room;
use super::view::View;
use super::{Notice, Notifier, NotifyError, slack, teams};
use crate::incidents::items;
use crate::ports::cloud::{Pause, SecretVersion, Secrets, Web, WebAnswer};
use crate::ports::{Attributes, Clock, Condition, Item, ItemKey, PortError, Table, Write};

/// Tries of one post within one invocation; the invocation itself is tried again by SNS.
const MAX_TRIES: u32 = 4;

/// No pause between two tries is longer.
const MAX_PAUSE: Duration = Duration::from_secs(20);

/// Said in the last message of a window.
const LAST: &str = "Many incidents: the next messages are grouped for some minutes.";

/// An invocation that claimed a notice and is silent for this long was killed.
const CLAIM_MILLIS: i64 = 120_000;

impl<T: Table, W: Web, S: Secrets, K: Clock, Z: Pause> Notifier<T, W, S, K, Z> {
    pub(super) async fn deliver(
        &self,
        notice: &Notice,
        channel: &Channel,
        view: &View,
    ) -> Result<(), NotifyError> {
        let event = format!("{}.{}", notice.opening, notice.event);
        let key = items::notice(&notice.incident_id, &event, &channel.name);
        if !self.claim(&key, channel).await? {
            return Ok(());
        }
        match self.send(notice, channel, &key, view).await {
            Ok(Sent::Told) => {
                let set = Attributes::from([("state".to_owned(), json!("sent"))]);
                self.mark(key, set).await
            }
            Ok(Sent::Held) => Ok(()),
            Err(error) => {
                // The next invocation need not wait for the claim to run out.
                let set = Attributes::from([("claimed_at".to_owned(), json!(0))]);
                drop(self.mark(key, set).await);
                Err(error)
            }
        }
    }

    /// Whether this invocation is the one that delivers.
    async fn claim(&self, key: &ItemKey, channel: &Channel) -> Result<bool, NotifyError> {
        let now = self.clock.now().as_millis();
        let claim = Write::Update {
            key: key.clone(),
            set: Attributes::from([
                ("state".to_owned(), json!("sending")),
                ("claimed_at".to_owned(), json!(now)),
            ]),
            add: Default::default(),
            remove: vec![],
            condition: Some(Condition::Any(vec![
                Condition::Missing("state".to_owned()),
                Condition::All(vec![
                    Condition::Equals("state".to_owned(), json!("sending")),
                    Condition::Below("claimed_at".to_owned(), now - CLAIM_MILLIS),
                ]),
            ])),
        };
        match self.incidents.table().write(claim).await {
            Ok(()) => Ok(true),
            Err(PortError::Conflict { .. }) => {
                let item = self.incidents.table().get(key).await?;
                let sending = item
                    .is_some_and(|item| item.attributes.get("state") == Some(&json!("sending")));
                if sending {
                    return Err(NotifyError::Undelivered {
                        channel: channel.name.clone(),
                        detail: "another invocation is at it".to_owned(),
                    });
                }
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn mark(&self, key: ItemKey, set: Attributes) -> Result<(), NotifyError> {
        let write = Write::Update {
            key,
            set,
            add: Default::default(),
            remove: vec![],
            condition: None,
        };
        Ok(self.incidents.table().write(write).await?)
    }

    /// Sends it, unless the channel has no room for it.
    async fn send(
        &self,
        notice: &Notice,
        channel: &Channel,
        key: &ItemKey,
        view: &View,
    ) -> Result<Sent, NotifyError> {
        let thread = items::thread(&notice.incident_id, &channel.name);
        let existing = match channel.via {
            Via::SlackBot { .. } => self.incidents.table().get(&thread).await?,
            _ => None,
        };
        let mut note = None;
        if existing.is_none() {
            match self.room(notice, channel, key, view).await? {
                Room::No => {
                    tracing::warn!(incident = %notice.incident_id, channel = %channel.name, "message held back");
                    return Ok(Sent::Held);
                }
                Room::Yes { last } => note = last.then_some(LAST),
            }
        }
        match &channel.via {
            Via::SlackWebhook { url_secret_arn } => {
                let url = self.secret(url_secret_arn).await?;
                let body = match view.continues {
                    Some(more) => slack::continues(view, more, note),
                    None => slack::message(view, note),
                };
                self.post(channel, &url, None, &body).await?;
            }
            Via::TeamsWorkflow { url_secret_arn } => {
                let url = self.secret(url_secret_arn).await?;
                let body = match view.continues {
                    Some(more) => teams::continues(view, more, note),
                    None => teams::message(view, note),
                };
                self.post(channel, &url, None, &body).await?;
            }
            Via::SlackBot {
                token_secret_arn,
                channel: target,
                api,
            } => {
                let token = self.secret(token_secret_arn).await?;
                let bot = Bot {
                    channel,
                    target,
                    api,
                    token: &token,
                };
                self.send_by_bot(&bot, &thread, existing, view, note)
                    .await?;
            }
        }
        Ok(Sent::Told)
    }

    /// A message that belongs to no incident.
    pub(super) async fn group_by_bot(
        &self,
        channel: &Channel,
        message: &Value,
    ) -> Result<(), NotifyError> {
        let Via::SlackBot {
            token_secret_arn,
            channel: target,
            api,
        } = &channel.via
        else {
            return Ok(());
        };
        let token = self.secret(token_secret_arn).await?;
        let bot = Bot {
            channel,
            target,
            api,
            token: &token,
        };
        let mut body = message.clone();
        extend(&mut body, [("channel", json!(target))]);
        self.call_slack(&bot, "chat.postMessage", &body).await?;
        Ok(())
    }

    async fn send_by_bot(
        &self,
        bot: &Bot<'_>,
        thread: &ItemKey,
        existing: Option<Item>,
        view: &View,
        note: Option<&str>,
    ) -> Result<(), NotifyError> {
        let text = |item: &Item, name: &str| {
            item.attributes
                .get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let known = existing
            .as_ref()
            .and_then(|item| Some((text(item, "ts")?, text(item, "channel")?)));
        let mut body = slack::message(view, note);
        let (ts, channel_id) = match known {
            Some((ts, id)) => {
                extend(&mut body, [("channel", json!(id)), ("ts", json!(ts))]);
                self.call_slack(bot, "chat.update", &body).await?;
                (ts, id)
            }
            None => {
                extend(&mut body, [("channel", json!(bot.target))]);
                let answer = self.call_slack(bot, "chat.postMessage", &body).await?;
                let field =
                    |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
                let ts = field("ts").unwrap_or_default();
                let id = field("channel").unwrap_or_else(|| bot.target.to_owned());
                let set = Attributes::from([
                    ("ts".to_owned(), json!(ts)),
                    ("channel".to_owned(), json!(id)),
                ]);
                self.mark(thread.clone(), set).await?;
                (ts, id)
            }
        };
        let mut details = slack::details(view);
        extend(
            &mut details,
            [("channel", json!(channel_id)), ("thread_ts", json!(ts))],
        );
        self.call_slack(bot, "chat.postMessage", &details).await?;
        Ok(())
    }

    /// Slack's Web API answers 200 also when it refuses.
    async fn call_slack(
        &self,
        bot: &Bot<'_>,
        method: &str,
        body: &Value,
    ) -> Result<Value, NotifyError> {
        let url = format!("{}/{method}", bot.api.trim_end_matches('/'));
        let answer = self.post(bot.channel, &url, Some(bot.token), body).await?;
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if answer.get("ok") == Some(&Value::Bool(true)) {
            return Ok(answer);
        }
        let error = answer
            .get("error")
            .and_then(Value::as_str)
            .unwrap_or("no answer in JSON");
        Err(NotifyError::Undelivered {
            channel: bot.channel.name.clone(),
            detail: format!("{method}: {error}"),
        })
    }

    pub(super) async fn post(
        &self,
        channel: &Channel,
        url: &str,
        bearer: Option<&str>,
        body: &Value,
    ) -> Result<WebAnswer, NotifyError> {
        let mut detail = String::new();
        for attempt in 0..MAX_TRIES {
            let wait = match self.web.post(url, bearer, body).await {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) => {
                    detail = format!("status {}", answer.status);
                    if answer.status != 429 && answer.status < 500 {
                        break;
                    }
                    answer.retry_after
                }
                Err(error @ PortError::Permanent { .. }) => {
                    detail = error.to_string();
                    break;
                }
                Err(error) => {
                    detail = error.to_string();
                    None
                }
            };
            if attempt + 1 < MAX_TRIES {
                let wait = wait.unwrap_or(Duration::from_secs(1 << attempt));
                self.pause.pause(wait.min(MAX_PAUSE)).await;
            }
        }
        Err(NotifyError::Undelivered {
            channel: channel.name.clone(),
            detail,
        })
    }

    pub(super) async fn secret(&self, arn: &str) -> Result<String, NotifyError> {
        let secret = self.secrets.secret(arn, SecretVersion::Current).await?;
        secret.map(|text| text.trim().to_owned()).ok_or_else(|| {
            NotifyError::Port(PortError::Permanent {
                what: format!("secret {arn}"),
                detail: "it has no value".to_owned(),
            })
        })
    }
}

/// What became of a notice.
enum Sent {
    /// The channel has it.
    Told,
    /// The timer tells it.
    Held,
}

/// A Slack bot in a channel.
struct Bot<'a> {
    channel: &'a Channel,
    target: &'a str,
    api: &'a str,
    token: &'a str,
}

fn extend<const N: usize>(body: &mut Value, fields: [(&str, Value); N]) {
    if let Some(object) = body.as_object_mut() {
        object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    }
}
