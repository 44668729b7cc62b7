//! What remediation may change, as the cloud itself shows it, and how that went over time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aiops_domain::plan::Target;
use anyhow::Context as _;
use serde::Serialize;
use tokio::task::JoinHandle;

use super::places::Places;
use crate::local::aws::query::{Parameters, Xml};
use crate::local::aws::{Aws, EC2};

/// How often the cloud is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// An entry of a network ACL, in the words of the API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AclEntry {
    /// The ACL.
    pub acl: String,
    /// Whether it is about what leaves.
    pub egress: bool,
    /// Its number.
    pub rule: u32,
    /// `allow` or `deny`.
    pub action: String,
    /// Protocol number, `-1` for all.
    pub protocol: String,
    /// The addresses.
    pub cidr: String,
    /// First and last port, where the protocol has ports.
    pub ports: Option<(String, String)>,
}

/// An instance, in the words of the API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// `running`, `stopped`, …
    pub state: String,
    /// Its security groups.
    pub groups: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Something that remediation may change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are AWS's own words")]
pub enum Piece {
    NetworkAclEntry(AclEntry),
    Instance(Instance),
}

/// Everything of the stack that remediation may change, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Snapshot(pub Vec<Piece>);

impl Snapshot {
    /// The cloud as it is now.
    pub async fn take(aws: &Aws, places: &Places) -> anyhow::Result<Self> {
        let mut pieces = Vec::new();
        let parameters = Parameters::new().with_list("NetworkAclId", &places.network_acl_ids);
        let answer = aws.query(EC2, "DescribeNetworkAcls", &parameters).await?;
        for acl in items(&answer, "networkAclSet") {
            let id = text(acl, "networkAclId");
            for entry in items(acl, "entrySet") {
                pieces.push(Piece::NetworkAclEntry(acl_entry(&id, entry)?));
            }
        }
        let parameters = Parameters::new().with_list("InstanceId", &places.instance_ids);
        let answer = aws.query(EC2, "DescribeInstances", &parameters).await?;
        for reservation in items(&answer, "reservationSet") {
            pieces.extend(items(reservation, "instancesSet").map(instance));
        }
        pieces.sort();
        Ok(Self(pieces))
    }

    /// The part that an action on `target` is about: of network ACLs, every entry but the denials of
    /// other single hosts, which other actions own.
    pub fn of(&self, target: &Target) -> Self {
        let pieces = self.0.iter().filter(|piece| match (target, piece) {
            (
                Target::Address {
                    address,
                    network_acl_ids,
                },
                Piece::NetworkAclEntry(entry),
            ) => {
                let other_host = entry.cidr.split_once('/').is_some_and(|(found, bits)| {
                    matches!(bits, "32" | "128") && found != address.to_string()
                });
                network_acl_ids.contains(&entry.acl) && !other_host
            }
            (Target::Instance { instance_id }, Piece::Instance(instance)) => {
                instance.id == *instance_id
            }
            _ => false,
        });
        Self(pieces.cloned().collect())
    }

    /// What is here and not in `other`.
    pub fn beyond<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a Piece> {
        self.0.iter().filter(|piece| !other.0.contains(piece))
    }
}

impl std::fmt::Display for Piece {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NetworkAclEntry(entry) => write!(
                formatter,
                "{} rule {} {} {} {}",
                entry.acl,
                entry.rule,
                entry.action,
                entry.cidr,
                if entry.egress { "out" } else { "in" }
            ),
            Self::Instance(instance) => write!(
                formatter,
                "{} {}, in {}",
                instance.id,
                instance.state,
                instance.groups.join(", ")
            ),
        }
    }
}

fn items<'a>(xml: &'a Xml, set: &str) -> impl Iterator<Item = &'a Xml> {
    let set = xml.children.iter().find(|child| child.name == set);
    set.into_iter().flat_map(|set| &set.children)
}

fn text(xml: &Xml, name: &str) -> String {
    xml.child(name)
        .map(|child| child.text.clone())
        .unwrap_or_default()
}

fn acl_entry(acl: &str, entry: &Xml) -> anyhow::Result<AclEntry> {
    Ok(AclEntry {
        acl: acl.to_owned(),
        egress: text(entry, "egress") == "true",
        rule: text(entry, "ruleNumber")
            .parse()
            .context("a network ACL entry without a number")?,
        action: text(entry, "ruleAction"),
        protocol: text(entry, "protocol"),
        cidr: text(entry, "cidrBlock"),
        ports: entry
            .child("portRange")
            .map(|range| (text(range, "from"), text(range, "to"))),
    })
}

fn instance(item: &Xml) -> Piece {
    let state = item.child("instanceState");
    Piece::Instance(Instance {
        id: text(item, "instanceId"),
        state: state.map(|state| text(state, "name")).unwrap_or_default(),
        groups: items(item, "groupSet")
            .map(|group| text(group, "groupId"))
            .collect(),
        tags: items(item, "tagSet")
            .map(|tag| (text(tag, "key"), text(tag, "value")))
            .collect(),
    })
}

/// Looks at the cloud again and again, and keeps each state that differs from the one before it.
/// Dropping it ends the watch.
#[derive(Debug)]
pub struct Observer {
    seen: Arc<Mutex<Vec<Snapshot>>>,
    task: JoinHandle<()>,
}

impl Observer {
    /// Begins with the state `first`.
    pub fn start(aws: Aws, places: Places, first: Snapshot) -> Self {
        let seen = Arc::new(Mutex::new(vec![first]));
        let kept = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                // A look that fails is missed; the next one sees what stayed.
                if let Ok(snapshot) = Snapshot::take(&aws, &places).await {
                    keep(&kept, snapshot);
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
        Self { seen, task }
    }

    /// The states so far, in order.
    pub fn seen(&self) -> Vec<Snapshot> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn keep(seen: &Mutex<Vec<Snapshot>>, snapshot: Snapshot) {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.last() != Some(&snapshot) {
        seen.push(snapshot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(rule: u32, action: &str, cidr: &str) -> Piece {
        Piece::NetworkAclEntry(AclEntry {
            acl: "acl-1".to_owned(),
            egress: false,
            rule,
            action: action.to_owned(),
            protocol: "-1".to_owned(),
            cidr: cidr.to_owned(),
            ports: None,
        })
    }

    #[test]
    fn the_denial_of_another_host_is_not_an_actions_own() {
        let whole = Snapshot(vec![
            entry(20, "allow", "192.0.2.0/24"),
            entry(50, "deny", "203.0.113.9/32"),
            entry(51, "deny", "203.0.113.7/32"),
            entry(100, "allow", "0.0.0.0/0"),
        ]);
        let target = Target::Address {
            address: "203.0.113.9".parse().unwrap(),
            network_acl_ids: vec!["acl-1".to_owned()],
        };
        let own = whole.of(&target);
        assert_eq!(own.0.len(), 3);
        let before = Snapshot(vec![
            entry(20, "allow", "192.0.2.0/24"),
            entry(100, "allow", "0.0.0.0/0"),
        ]);
        let added: Vec<_> = own.beyond(&before).collect();
        assert_eq!(added, [&entry(50, "deny", "203.0.113.9/32")]);
        let elsewhere = Target::Instance {
            instance_id: "i-1".to_owned(),
        };
        assert_eq!(whole.of(&elsewhere), Snapshot::default());
    }
}
