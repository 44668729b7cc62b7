//! A DynamoDB table in memory, with its conditions, transactions and limits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::condition::holds;
use super::locked;
use crate::ports::{
    Attributes, Condition, Item, ItemKey, PortError, PortResult, Range, TRANSACTION_WRITES_MAX,
    Table, TableIndex, Write,
};

/// DynamoDB's limit of an item, in bytes.
const MAX_ITEM_BYTES: usize = 400 * 1024;

/// DynamoDB's limit of a transaction, in bytes.
const MAX_TRANSACTION_BYTES: usize = 4 * 1024 * 1024;

type Items = BTreeMap<ItemKey, Attributes>;

/// A table in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct FakeTable {
    items: Arc<Mutex<Items>>,
}

impl FakeTable {
    /// Everything in it, by key.
    pub fn all(&self) -> Vec<Item> {
        locked(&self.items)
            .iter()
            .map(|(key, attributes)| Item {
                key: key.clone(),
                attributes: attributes.clone(),
            })
            .collect()
    }
}

fn refused(detail: impl Into<String>) -> PortError {
    PortError::Permanent {
        what: "a write to the table".into(),
        detail: detail.into(),
    }
}

fn condition_of(write: &Write) -> Option<&Condition> {
    match write {
        Write::Put { condition, .. }
        | Write::Update { condition, .. }
        | Write::Delete { condition, .. } => condition.as_ref(),
        Write::Check { condition, .. } => Some(condition),
    }
}

fn size(attributes: &Attributes) -> usize {
    attributes
        .iter()
        .map(|(name, value)| name.len() + value.to_string().len())
        .sum()
}

/// The item after the write; `None`: there is none.
fn apply(write: Write, before: Option<&Attributes>) -> PortResult<Option<Attributes>> {
    let after = match write {
        Write::Put { item, .. } => Some(item.attributes),
        Write::Delete { .. } => None,
        Write::Check { .. } => before.cloned(),
        Write::Update {
            set, add, remove, ..
        } => {
            let mut names = BTreeSet::new();
            let written = set.keys().chain(add.keys()).chain(&remove);
            if !written.into_iter().all(|name| names.insert(name)) {
                return Err(refused("an update names an attribute twice"));
            }
            let mut attributes = before.cloned().unwrap_or_default();
            for (name, amount) in &add {
                let was = match attributes.get(name) {
                    None => 0,
                    Some(value) => value
                        .as_i64()
                        .ok_or_else(|| refused(format!("`{name}` is not a number")))?,
                };
                attributes.insert(name.clone(), Value::from(was + amount));
            }
            for name in &remove {
                attributes.remove(name);
            }
            attributes.extend(set);
            Some(attributes)
        }
    };
    match &after {
        Some(attributes) if size(attributes) > MAX_ITEM_BYTES => {
            Err(refused("an item above 400 KiB"))
        }
        _ => Ok(after),
    }
}

fn ranged<'i>(items: impl DoubleEndedIterator<Item = (&'i str, Item)>, range: &Range) -> Vec<Item> {
    let inside = items.filter(|(sort, _)| {
        range.from.as_deref().is_none_or(|from| *sort >= from)
            && range.to.as_deref().is_none_or(|to| *sort <= to)
    });
    let limit = range.limit.unwrap_or(usize::MAX);
    if range.descending {
        inside.rev().take(limit).map(|(_, item)| item).collect()
    } else {
        inside.take(limit).map(|(_, item)| item).collect()
    }
}

impl Table for FakeTable {
    async fn get(&self, key: &ItemKey) -> PortResult<Option<Item>> {
        Ok(locked(&self.items).get(key).map(|attributes| Item {
            key: key.clone(),
            attributes: attributes.clone(),
        }))
    }

    async fn query(&self, pk: &str, range: &Range) -> PortResult<Vec<Item>> {
        let items = locked(&self.items);
        let partition = items
            .range(ItemKey::new(pk, "")..)
            .take_while(|(key, _)| key.pk == pk)
            .map(|(key, attributes)| {
                let item = Item {
                    key: key.clone(),
                    attributes: attributes.clone(),
                };
                (key.sk.as_str(), item)
            });
        // A take_while does not run backwards.
        let partition: Vec<_> = partition.collect();
        Ok(ranged(partition.into_iter(), range))
    }

    async fn query_index(
        &self,
        index: &TableIndex,
        partition: &str,
        range: &Range,
    ) -> PortResult<Vec<Item>> {
        let items = locked(&self.items);
        let mut found: Vec<_> = items
            .iter()
            .filter(|(_, attributes)| {
                attributes.get(index.partition).and_then(Value::as_str) == Some(partition)
            })
            .filter_map(|(key, attributes)| {
                let sort = attributes.get(index.sort)?.as_str()?;
                let item = Item {
                    key: key.clone(),
                    attributes: attributes.clone(),
                };
                Some((sort, item))
            })
            .collect();
        found.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.key.cmp(&b.key)));
        Ok(ranged(found.into_iter(), range))
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        let mut items = locked(&self.items);
        let key = write.key().clone();
        if let Some(condition) = condition_of(&write)
            && !holds(condition, items.get(&key))
        {
            return Err(PortError::Conflict {
                what: format!("{}/{}", key.pk, key.sk),
                failed: Vec::new(),
            });
        }
        match apply(write, items.get(&key))? {
            Some(attributes) => items.insert(key, attributes),
            None => items.remove(&key),
        };
        Ok(())
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        if writes.is_empty() || writes.len() > TRANSACTION_WRITES_MAX {
            return Err(refused(format!(
                "a transaction of {} writes: 1 to {TRANSACTION_WRITES_MAX} are possible",
                writes.len()
            )));
        }
        let mut keys = BTreeSet::new();
        if !writes.iter().all(|write| keys.insert(write.key().clone())) {
            return Err(refused("a transaction that names an item twice"));
        }
        let mut items = locked(&self.items);
        let failed: Vec<usize> = writes
            .iter()
            .enumerate()
            .filter(|(_, write)| {
                condition_of(write)
                    .is_some_and(|condition| !holds(condition, items.get(write.key())))
            })
            .map(|(position, _)| position)
            .collect();
        if !failed.is_empty() {
            return Err(PortError::Conflict {
                what: "a transaction".into(),
                failed,
            });
        }
        let mut after = Vec::with_capacity(writes.len());
        for write in writes {
            let key = write.key().clone();
            let attributes = apply(write, items.get(&key))?;
            after.push((key, attributes));
        }
        let bytes: usize = after
            .iter()
            .filter_map(|(_, attributes)| attributes.as_ref().map(size))
            .sum();
        if bytes > MAX_TRANSACTION_BYTES {
            return Err(refused("a transaction above 4 MiB"));
        }
        for (key, attributes) in after {
            match attributes {
                Some(attributes) => items.insert(key, attributes),
                None => items.remove(&key),
            };
        }
        Ok(())
    }
}
