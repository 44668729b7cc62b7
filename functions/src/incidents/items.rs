//! Keys and attributes of the items in the incidents table.

use aiops_domain::Finding;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::ports::{Attributes, Item, ItemKey, TableIndex};

/// Incidents of a status by when they were last seen.
pub const BY_STATUS: TableIndex = TableIndex {
    name: "by-status",
    partition: "status_key",
    sort: "last_seen",
};

/// The partition of an incident.
pub fn partition(id: &str) -> String {
    format!("incident#{id}")
}

/// The incident as a whole.
pub fn meta(id: &str) -> ItemKey {
    ItemKey::new(partition(id), "meta")
}

/// An entry of its log.
pub fn event(id: &str, n: u64) -> ItemKey {
    ItemKey::new(partition(id), format!("event#{n:08}"))
}

/// One of its findings.
pub fn finding(id: &str, finding_id: &str) -> ItemKey {
    ItemKey::new(partition(id), format!("finding#{finding_id}"))
}

/// The findings of an opening that name an actor, as one write of the detector added them: attribute
/// `finding_ids`, the strangest of each actor. `write` counts the detector's writes.
pub fn actors(id: &str, opening: u64, write: i64) -> ItemKey {
    ItemKey::new(partition(id), format!("{}{write:08}", actors_of(opening)))
}

/// How the keys of [`actors`] begin.
pub fn actors_of(opening: u64) -> String {
    format!("actors#{opening:06}#")
}

/// The ids of an item of [`actors`].
pub fn finding_ids(item: &Item) -> Vec<String> {
    let ids = item.attributes.get("finding_ids");
    ids.and_then(|ids| serde_json::from_value(ids.clone()).ok())
        .unwrap_or_default()
}

/// Another incident of the same entity and time.
pub fn also(id: &str, other: &str) -> ItemKey {
    ItemKey::new(partition(id), format!("also#{other}"))
}

/// One of its actions.
pub fn action(id: &str, action_id: &str) -> ItemKey {
    ItemKey::new(partition(id), format!("action#{action_id}"))
}

/// A call of an action: `phase` is `do` or `undo`.
pub fn call(id: &str, action_id: &str, phase: &str, n: usize) -> ItemKey {
    ItemKey::new(partition(id), format!("call#{action_id}#{phase}#{n:04}"))
}

/// A message about it to one channel.
pub fn notice(id: &str, event: &str, channel: &str) -> ItemKey {
    ItemKey::new(partition(id), format!("notice#{event}#{channel}"))
}

/// The message of a channel that is updated in place.
pub fn thread(id: &str, channel: &str) -> ItemKey {
    ItemKey::new(partition(id), format!("thread#{channel}"))
}

/// The open incident of a fingerprint: attribute `incident_id`.
pub fn fingerprint(fingerprint: &str) -> ItemKey {
    ItemKey::new(format!("fingerprint#{fingerprint}"), "open")
}

/// The stop switch: attribute `stopped`.
pub fn stop() -> ItemKey {
    ItemKey::new("control", "stop")
}

/// A suppression.
pub fn suppression(id: &str) -> ItemKey {
    ItemKey::new("control", format!("suppression#{id}"))
}

/// The counter of actions in force.
pub fn in_force(action: &str) -> ItemKey {
    ItemKey::new(format!("cap#{action}"), "in-force")
}

/// The counter of actions that began in an hour (hours since the epoch).
pub fn hour(action: &str, hour: i64) -> ItemKey {
    ItemKey::new(format!("cap#{action}"), format!("hour#{hour:010}"))
}

/// An action's hold on the counters.
pub fn hold(action: &str, action_id: &str) -> ItemKey {
    ItemKey::new(format!("cap#{action}"), format!("hold#{action_id}"))
}

/// A rule number of a network ACL: attribute `action_id`.
pub fn rule_number(network_acl_id: &str, number: u16) -> ItemKey {
    ItemKey::new(
        format!("nacl#{network_acl_id}"),
        format!("rule#{number:05}"),
    )
}

/// A task of the workflow that waits for the decision on an action: attribute `task_token`. A task that
/// was retried has several tokens, of which one is waited for.
pub fn wait(id: &str, action_id: &str, token_fingerprint: &str) -> ItemKey {
    ItemKey::new(
        partition(id),
        format!("wait#{action_id}#{token_fingerprint}"),
    )
}

/// A token of an approval that was used.
pub fn used_token(nonce: &str) -> ItemKey {
    ItemKey::new(format!("token#{nonce}"), "used")
}

/// A message that a channel's limit holds back until the next grouped one.
pub fn held(channel: &str, id: &str, event: &str) -> ItemKey {
    ItemKey::new(format!("channel#{channel}"), format!("held#{id}#{event}"))
}

/// How many messages a channel got in a window.
pub fn channel_window(channel: &str, window: i64) -> ItemKey {
    ItemKey::new(format!("channel#{channel}"), format!("window#{window:012}"))
}

/// The attributes of a value that is written as a JSON object.
pub fn attributes(value: &impl Serialize) -> Attributes {
    match json!(value) {
        Value::Object(fields) => fields.into_iter().collect(),
        other => Attributes::from([("value".to_owned(), other)]),
    }
}

/// The value of an item whose attributes are its JSON object.
pub fn parse<V: DeserializeOwned>(item: &Item) -> Option<V> {
    let fields = item.attributes.clone().into_iter().collect();
    serde_json::from_value(Value::Object(fields)).ok()
}

/// The attributes of a finding: the whole of it as JSON text, because scores are floats whose last
/// digit DynamoDB's decimal numbers need not keep.
pub fn finding_attributes(finding: &Finding) -> Attributes {
    Attributes::from([("finding".to_owned(), json!(json!(finding).to_string()))])
}

/// The finding of an item.
pub fn finding_of(item: &Item) -> Option<Finding> {
    let text = item.attributes.get("finding")?.as_str()?;
    serde_json::from_str(text).ok()
}
