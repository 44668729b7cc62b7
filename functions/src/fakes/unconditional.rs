//! A table that forgets one condition, to show that it was needed: a suite that stays green
//! without a condition does not test it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::locked;
use crate::ports::{
    Condition, Item, ItemKey, PortError, PortResult, Range, Table, TableIndex, Write,
};

/// The kinds of conditional writes that were seen, such as `update guard: AtMost(version)`. A clone
/// is the same collection.
#[derive(Debug, Clone, Default)]
pub struct ConditionSites {
    seen: Arc<Mutex<BTreeSet<String>>>,
}

impl ConditionSites {
    /// Every kind seen so far.
    pub fn all(&self) -> Vec<String> {
        locked(&self.seen).iter().cloned().collect()
    }
}

/// Another table, without the conditions of one kind.
#[derive(Debug, Clone)]
pub struct Unconditional<T> {
    inner: T,
    dropped: Option<String>,
    sites: ConditionSites,
}

impl<T> Unconditional<T> {
    /// `inner` with every condition, noting their kinds in `sites`.
    pub fn recording(inner: T, sites: &ConditionSites) -> Self {
        Self {
            inner,
            dropped: None,
            sites: sites.clone(),
        }
    }

    /// `inner` without the conditions of the kind `site` (one of [`ConditionSites::all`]).
    pub fn dropping(inner: T, site: &str) -> Self {
        Self {
            inner,
            dropped: Some(site.to_owned()),
            sites: ConditionSites::default(),
        }
    }

    /// The write without its condition if that is of the dropped kind; `None`: nothing is left.
    fn without(&self, write: Write) -> Option<Write> {
        let Some(site) = site_of(&write) else {
            return Some(write);
        };
        let dropped = self.dropped.as_ref() == Some(&site);
        locked(&self.sites.seen).insert(site);
        if !dropped {
            return Some(write);
        }
        match write {
            Write::Put { item, .. } => Some(Write::Put {
                item,
                condition: None,
            }),
            Write::Update {
                key,
                set,
                add,
                remove,
                ..
            } => Some(Write::Update {
                key,
                set,
                add,
                remove,
                condition: None,
            }),
            Write::Delete { key, .. } => Some(Write::Delete {
                key,
                condition: None,
            }),
            Write::Check { .. } => None,
        }
    }
}

/// What kind of conditional write this is: the verb, the fixed part of its key, the condition
/// without its values.
fn site_of(write: &Write) -> Option<String> {
    let condition = write.condition()?;
    let ItemKey { pk, sk } = write.key();
    let fixed = |part: &str| part.split('#').next().unwrap_or_default().to_owned();
    Some(format!(
        "{} {}/{}: {}",
        write.verb(),
        fixed(pk),
        fixed(sk),
        form(condition)
    ))
}

fn form(condition: &Condition) -> String {
    let each = |conditions: &[Condition]| {
        let forms: Vec<_> = conditions.iter().map(form).collect();
        forms.join(", ")
    };
    match condition {
        Condition::Absent => "absent".into(),
        Condition::Present => "present".into(),
        Condition::Equals(name, _) => format!("{name} equals"),
        Condition::Missing(name) => format!("{name} missing"),
        Condition::Below(name, _) => format!("{name} below"),
        Condition::AtMost(name, _) => format!("{name} at most"),
        // Fixed words, which tell two conditions of one form apart.
        Condition::OneOf(name, values) => {
            let words: Vec<_> = values
                .iter()
                .filter_map(serde_json::Value::as_str)
                .collect();
            format!("{name} one of {}", words.join(", "))
        }
        Condition::All(conditions) => format!("all({})", each(conditions)),
        Condition::Any(conditions) => format!("any({})", each(conditions)),
    }
}

impl<T: Table> Table for Unconditional<T> {
    async fn get(&self, key: &ItemKey) -> PortResult<Option<Item>> {
        self.inner.get(key).await
    }

    async fn query(&self, pk: &str, range: &Range) -> PortResult<Vec<Item>> {
        self.inner.query(pk, range).await
    }

    async fn query_index(
        &self,
        index: &TableIndex,
        partition: &str,
        range: &Range,
    ) -> PortResult<Vec<Item>> {
        self.inner.query_index(index, partition, range).await
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        match self.without(write) {
            Some(write) => self.inner.write(write).await,
            None => Ok(()),
        }
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        // Positions in an answer are those that the caller gave.
        let (positions, kept): (Vec<usize>, Vec<Write>) = writes
            .into_iter()
            .enumerate()
            .filter_map(|(position, write)| Some((position, self.without(write)?)))
            .unzip();
        if kept.is_empty() {
            return Ok(());
        }
        self.inner
            .transact(kept)
            .await
            .map_err(|error| match error {
                PortError::Conflict { what, failed } => PortError::Conflict {
                    what,
                    failed: failed
                        .into_iter()
                        .filter_map(|position| positions.get(position).copied())
                        .collect(),
                },
                other => other,
            })
    }
}
