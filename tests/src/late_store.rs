//! An object store some of whose writes are given up by their caller and land later.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aiops_functions::fakes::FakeObjectStore;
use aiops_functions::ports::{Object, ObjectEntry, ObjectStore, PortError, PortResult};

/// A write on its way.
#[derive(Debug)]
struct Write {
    /// Lands before this write, counted from 0.
    before: u64,
    bucket: String,
    key: String,
    body: Vec<u8>,
    /// The entity tag of what it replaces; the outer `None`: whatever is there.
    known: Option<Option<String>>,
}

#[derive(Debug, Default)]
struct State {
    writes: u64,
    /// Writes that are late, and for how many more of them.
    late: BTreeMap<u64, u64>,
    under_way: Vec<Write>,
}

/// A store in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct LateStore {
    /// What has landed.
    pub inner: FakeObjectStore,
    state: Arc<Mutex<State>>,
}

impl LateStore {
    /// A store in which these writes, counted from 0, time out and land after so many more.
    pub fn new(late: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let store = Self::default();
        store.locked().late.extend(late);
        store
    }

    /// Lets everything land that is still under way.
    pub async fn settle(&self) {
        self.land(u64::MAX).await;
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn land(&self, now: u64) {
        let (due, under_way) = std::mem::take(&mut self.locked().under_way)
            .into_iter()
            .partition::<Vec<_>, _>(|write| write.before <= now);
        self.locked().under_way = under_way;
        for write in due {
            // Nobody waits for the answer any more.
            drop(self.apply(write).await);
        }
    }

    async fn apply(&self, write: Write) -> PortResult<String> {
        let Write {
            bucket, key, body, ..
        } = write;
        match write.known {
            None => self.inner.put(&bucket, &key, body, "").await,
            Some(known) => {
                let known = known.as_deref();
                self.inner.put_over(&bucket, &key, &body, "", known).await
            }
        }
    }

    async fn write(&self, mut write: Write) -> PortResult<String> {
        let (number, late) = {
            let mut state = self.locked();
            let number = state.writes;
            state.writes += 1;
            (number, state.late.get(&number).copied())
        };
        self.land(number).await;
        let Some(writes) = late else {
            return self.apply(write).await;
        };
        let what = format!("s3://{}/{}", write.bucket, write.key);
        write.before = number.saturating_add(writes).saturating_add(1);
        self.locked().under_way.push(write);
        Err(PortError::Transient {
            what,
            detail: "no answer".to_owned(),
        })
    }
}

impl ObjectStore for LateStore {
    async fn get(&self, bucket: &str, key: &str, max_bytes: u64) -> PortResult<Option<Object>> {
        self.inner.get(bucket, key, max_bytes).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Vec<u8>,
        _content_type: &str,
    ) -> PortResult<String> {
        self.write(Write {
            before: 0,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            body,
            known: None,
        })
        .await
    }

    async fn put_over(
        &self,
        bucket: &str,
        key: &str,
        body: &[u8],
        _content_type: &str,
        known: Option<&str>,
    ) -> PortResult<String> {
        self.write(Write {
            before: 0,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            body: body.to_vec(),
            known: Some(known.map(str::to_owned)),
        })
        .await
    }

    async fn etag(&self, bucket: &str, key: &str) -> PortResult<Option<String>> {
        self.inner.etag(bucket, key).await
    }

    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ObjectEntry>> {
        self.inner.list(bucket, prefix).await
    }
}
