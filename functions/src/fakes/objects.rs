//! S3 in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aiops_domain::finding::hex;
use sha2::{Digest, Sha256};

use super::locked;
use crate::ports::{Object, ObjectEntry, ObjectStore, PortError, PortResult};

type Objects = BTreeMap<(String, String), Object>;

/// Buckets in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct FakeObjectStore {
    objects: Arc<Mutex<Objects>>,
}

impl FakeObjectStore {
    /// Every object of a bucket: key and content, in key order.
    pub fn all(&self, bucket: &str) -> Vec<(String, Vec<u8>)> {
        locked(&self.objects)
            .iter()
            .filter(|((of, _), _)| of == bucket)
            .map(|((_, key), object)| (key.clone(), object.body.clone()))
            .collect()
    }

    /// Removes an object, as a lifecycle rule does.
    pub fn remove(&self, bucket: &str, key: &str) {
        locked(&self.objects).remove(&(bucket.to_owned(), key.to_owned()));
    }
}

fn object(body: Vec<u8>) -> Object {
    let etag = hex(Sha256::digest(&body).get(..16).unwrap_or_default());
    Object { body, etag }
}

impl ObjectStore for FakeObjectStore {
    async fn get(&self, bucket: &str, key: &str, max_bytes: u64) -> PortResult<Option<Object>> {
        let found = locked(&self.objects)
            .get(&(bucket.to_owned(), key.to_owned()))
            .cloned();
        match found {
            Some(object) if object.body.len() as u64 > max_bytes => Err(PortError::TooLarge {
                what: format!("s3://{bucket}/{key}"),
                limit: max_bytes,
            }),
            found => Ok(found),
        }
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Vec<u8>,
        _content_type: &str,
    ) -> PortResult<String> {
        let object = object(body);
        let etag = object.etag.clone();
        locked(&self.objects).insert((bucket.to_owned(), key.to_owned()), object);
        Ok(etag)
    }

    async fn put_over(
        &self,
        bucket: &str,
        key: &str,
        body: &[u8],
        _content_type: &str,
        known: Option<&str>,
    ) -> PortResult<String> {
        let mut objects = locked(&self.objects);
        let at = (bucket.to_owned(), key.to_owned());
        if objects.get(&at).map(|object| object.etag.as_str()) != known {
            return Err(PortError::Conflict {
                what: format!("s3://{bucket}/{key}"),
                failed: Vec::new(),
            });
        }
        let object = object(body.to_vec());
        let etag = object.etag.clone();
        objects.insert(at, object);
        Ok(etag)
    }

    async fn etag(&self, bucket: &str, key: &str) -> PortResult<Option<String>> {
        let objects = locked(&self.objects);
        let found = objects.get(&(bucket.to_owned(), key.to_owned()));
        Ok(found.map(|object| object.etag.clone()))
    }

    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ObjectEntry>> {
        Ok(locked(&self.objects)
            .iter()
            .filter(|((of, key), _)| of == bucket && key.starts_with(prefix))
            .map(|((_, key), object)| ObjectEntry {
                key: key.clone(),
                etag: object.etag.clone(),
                size: object.body.len() as u64,
            })
            .collect())
    }
}
