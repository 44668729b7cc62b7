//! The seams between the handlers and the world. Each has a real form (AWS), a fake one (in memory,
//! with the conditional semantics of the real one) and a failing one (faults by plan around any
//! other form). Handlers take them as generic arguments; only the binaries name AWS.

pub mod cloud;
pub mod rotation;
pub mod training;

use std::collections::BTreeMap;
use std::future::Future;

use aiops_domain::Time;

/// What can go wrong behind a seam, sorted by what a caller can do about it.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum PortError {
    /// A condition of a write did not hold: somebody else was there first. For a transaction,
    /// `failed` holds the positions of the writes whose conditions did not hold.
    #[error("the condition of the write to {what} did not hold")]
    Conflict {
        /// The table or object.
        what: String,
        /// Positions in the transaction; empty for a single write.
        failed: Vec<usize>,
    },
    /// Throttled, timed out or failed on the other side: it may or may not have happened; try again.
    #[error("{what} did not answer: {detail}")]
    Transient {
        /// What was attempted, on what.
        what: String,
        /// The cause.
        detail: String,
    },
    /// Refused or malformed: trying again gives the same.
    #[error("{what} was refused: {detail}")]
    Permanent {
        /// What was attempted, on what.
        what: String,
        /// The cause.
        detail: String,
    },
    /// Larger than the caller's cap.
    #[error("{what} is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The object.
        what: String,
        /// Bytes.
        limit: u64,
    },
}

/// The result of a call through a seam.
pub type PortResult<T> = Result<T, PortError>;

/// The present, passed in so that tests own it.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Time;
}

/// An object's bytes and the version of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Content.
    pub body: Vec<u8>,
    /// Entity tag: changes with the content.
    pub etag: String,
}

/// An entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEntry {
    /// Key within the bucket.
    pub key: String,
    /// Entity tag.
    pub etag: String,
    /// Bytes.
    pub size: u64,
}

/// S3.
pub trait ObjectStore: Send + Sync {
    /// The object, or `None` if there is none; at most `max_bytes` are read.
    fn get(
        &self,
        bucket: &str,
        key: &str,
        max_bytes: u64,
    ) -> impl Future<Output = PortResult<Option<Object>>> + Send;

    /// Writes the object, replacing what was there; answers its entity tag.
    fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Vec<u8>,
        content_type: &str,
    ) -> impl Future<Output = PortResult<String>> + Send;

    /// Writes the object over the one that has the entity tag `known`, or, with `None`, where there is
    /// none; answers its entity tag. [`PortError::Conflict`] if it is otherwise: so a write that its
    /// caller gave up, and that lands late, undoes nothing that came after it.
    fn put_over(
        &self,
        bucket: &str,
        key: &str,
        body: &[u8],
        content_type: &str,
        known: Option<&str>,
    ) -> impl Future<Output = PortResult<String>> + Send;

    /// The object's entity tag, or `None` if there is none.
    fn etag(
        &self,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = PortResult<Option<String>>> + Send;

    /// Every object under `prefix`, in key order.
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> impl Future<Output = PortResult<Vec<ObjectEntry>>> + Send;
}

/// The attributes of a table's item beside its key.
pub type Attributes = BTreeMap<String, serde_json::Value>;

/// The key of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl ItemKey {
    /// The key of these two parts.
    pub fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }
}

/// An item: its key and its attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its key.
    pub key: ItemKey,
    /// Its attributes, JSON values as DynamoDB holds them (no floats that need more than 38 digits).
    pub attributes: Attributes,
}

/// What must hold of an item for a write to happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// There is no such item.
    Absent,
    /// There is such an item.
    Present,
    /// The attribute has this value.
    Equals(String, serde_json::Value),
    /// The attribute is missing, or the item is.
    Missing(String),
    /// The attribute is a number below this one.
    Below(String, i64),
    /// The attribute is a number of at most this one.
    AtMost(String, i64),
    /// The attribute is one of these values.
    OneOf(String, Vec<serde_json::Value>),
    /// Each of them holds.
    All(Vec<Condition>),
    /// One of them holds.
    Any(Vec<Condition>),
}

/// Writes that one transaction takes at most: DynamoDB's limit.
pub const TRANSACTION_WRITES_MAX: usize = 100;

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Replaces the whole item.
    Put {
        /// The item.
        item: Item,
        /// What must hold before.
        condition: Option<Condition>,
    },
    /// Sets, adds to and removes attributes; makes the item if it is missing.
    Update {
        /// The item's key.
        key: ItemKey,
        /// Attributes to set.
        set: Attributes,
        /// Numbers to add (a missing attribute counts as 0).
        add: BTreeMap<String, i64>,
        /// Attributes to remove.
        remove: Vec<String>,
        /// What must hold before.
        condition: Option<Condition>,
    },
    /// Deletes the item if it is there.
    Delete {
        /// The item's key.
        key: ItemKey,
        /// What must hold before.
        condition: Option<Condition>,
    },
    /// Writes nothing, but the transaction happens only if this holds.
    Check {
        /// The item's key.
        key: ItemKey,
        /// What must hold.
        condition: Condition,
    },
}

impl Write {
    /// The key of the item that it is about.
    pub const fn key(&self) -> &ItemKey {
        match self {
            Self::Put { item, .. } => &item.key,
            Self::Update { key, .. } | Self::Delete { key, .. } | Self::Check { key, .. } => key,
        }
    }

    /// What it does, in a word.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Put { .. } => "put",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
            Self::Check { .. } => "check",
        }
    }

    /// What must hold before, if anything must.
    pub const fn condition(&self) -> Option<&Condition> {
        match self {
            Self::Put { condition, .. }
            | Self::Update { condition, .. }
            | Self::Delete { condition, .. } => condition.as_ref(),
            Self::Check { condition, .. } => Some(condition),
        }
    }
}

/// Which items of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Range {
    /// Sort keys from this one on (inclusive).
    pub from: Option<String>,
    /// Sort keys up to this one (inclusive).
    pub to: Option<String>,
    /// At most so many; `None`: all.
    pub limit: Option<usize>,
    /// From the last to the first.
    pub descending: bool,
}

/// A DynamoDB table with `pk` and `sk`. Reads are strongly consistent but for those of an index.
pub trait Table: Send + Sync {
    /// The item, or `None`.
    fn get(&self, key: &ItemKey) -> impl Future<Output = PortResult<Option<Item>>> + Send;

    /// Items of one partition in the order of their sort keys.
    fn query(&self, pk: &str, range: &Range) -> impl Future<Output = PortResult<Vec<Item>>> + Send;

    /// Items of an index's partition in the order of its sort key (eventually consistent).
    fn query_index(
        &self,
        index: &TableIndex,
        partition: &str,
        range: &Range,
    ) -> impl Future<Output = PortResult<Vec<Item>>> + Send;

    /// One write; [`PortError::Conflict`] if its condition does not hold.
    fn write(&self, write: Write) -> impl Future<Output = PortResult<()>> + Send;

    /// All of them or none (at most 100, one per key).
    fn transact(&self, writes: Vec<Write>) -> impl Future<Output = PortResult<()>> + Send;
}

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableIndex {
    /// Its name.
    pub name: &'static str,
    /// The attribute that is its partition key.
    pub partition: &'static str,
    /// The attribute that is its sort key.
    pub sort: &'static str,
}

/// SQS, sending side.
pub trait Queue: Send + Sync {
    /// Sends `body` so that it is seen after `delay_seconds` (0 to 900).
    fn send(&self, body: String, delay_seconds: u32)
    -> impl Future<Output = PortResult<()>> + Send;
}

/// Step Functions.
pub trait Workflow: Send + Sync {
    /// Starts the execution of this name once: a second start with the same name and input is
    /// answered as the first.
    fn start(&self, name: &str, input: String) -> impl Future<Output = PortResult<()>> + Send;

    /// Answers a task that waits for its token; `false` if nobody waits for it any more.
    fn succeed(
        &self,
        task_token: &str,
        output: String,
    ) -> impl Future<Output = PortResult<bool>> + Send;
}

/// SSM parameters.
pub trait Parameters: Send + Sync {
    /// The value of a parameter, or `None` if there is none.
    fn parameter(&self, name: &str) -> impl Future<Output = PortResult<Option<String>>> + Send;
}
