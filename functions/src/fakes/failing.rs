//! Planned faults around any form of a seam. Every operation is hooked.

use aiops_domain::ApiCall;
use serde_json::Value;

use super::faults::Faults;
use crate::ports::cloud::{Cloud, SecretVersion, Secrets, Topic, Web, WebAnswer};
use crate::ports::training::{Creation, TrainingJobs};
use crate::ports::{
    Item, ItemKey, Object, ObjectEntry, ObjectStore, Parameters, PortResult, Queue, Range, Table,
    TableIndex, Workflow, Write,
};
use crate::training::job::TrainingJob;

/// Another form of a seam, with the faults of a plan.
#[derive(Debug, Clone)]
pub struct Failing<S> {
    inner: S,
    faults: Faults,
}

impl<S> Failing<S> {
    /// `inner`, with these faults.
    pub fn new(inner: S, faults: &Faults) -> Self {
        Self {
            inner,
            faults: faults.clone(),
        }
    }
}

impl<S: ObjectStore> ObjectStore for Failing<S> {
    async fn get(&self, bucket: &str, key: &str, max_bytes: u64) -> PortResult<Option<Object>> {
        let inner = self.inner.get(bucket, key, max_bytes);
        self.faults.call(format!("objects.get {key}"), inner).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        body: Vec<u8>,
        content_type: &str,
    ) -> PortResult<String> {
        let inner = self.inner.put(bucket, key, body, content_type);
        self.faults.call(format!("objects.put {key}"), inner).await
    }

    async fn put_over(
        &self,
        bucket: &str,
        key: &str,
        body: &[u8],
        content_type: &str,
        known: Option<&str>,
    ) -> PortResult<String> {
        let inner = self.inner.put_over(bucket, key, body, content_type, known);
        self.faults.call(format!("objects.put {key}"), inner).await
    }

    async fn etag(&self, bucket: &str, key: &str) -> PortResult<Option<String>> {
        let inner = self.inner.etag(bucket, key);
        self.faults.call(format!("objects.etag {key}"), inner).await
    }

    async fn list(&self, bucket: &str, prefix: &str) -> PortResult<Vec<ObjectEntry>> {
        let inner = self.inner.list(bucket, prefix);
        self.faults
            .call(format!("objects.list {prefix}"), inner)
            .await
    }
}

impl<S: Table> Table for Failing<S> {
    async fn get(&self, key: &ItemKey) -> PortResult<Option<Item>> {
        let what = format!("table.get {}/{}", key.pk, key.sk);
        self.faults.call(what, self.inner.get(key)).await
    }

    async fn query(&self, pk: &str, range: &Range) -> PortResult<Vec<Item>> {
        let inner = self.inner.query(pk, range);
        self.faults.call(format!("table.query {pk}"), inner).await
    }

    async fn query_index(
        &self,
        index: &TableIndex,
        partition: &str,
        range: &Range,
    ) -> PortResult<Vec<Item>> {
        let what = format!("table.query_index {} {partition}", index.name);
        let inner = self.inner.query_index(index, partition, range);
        self.faults.call(what, inner).await
    }

    async fn write(&self, write: Write) -> PortResult<()> {
        let what = format!("table.write {}", described(&write));
        self.faults.call(what, self.inner.write(write)).await
    }

    async fn transact(&self, writes: Vec<Write>) -> PortResult<()> {
        let described: Vec<_> = writes.iter().take(4).map(described).collect();
        let what = format!("table.transact {} {}", writes.len(), described.join(", "));
        self.faults.call(what, self.inner.transact(writes)).await
    }
}

fn described(write: &Write) -> String {
    let ItemKey { pk, sk } = write.key();
    format!("{} {pk}/{sk}", write.verb())
}

impl<S: Queue> Queue for Failing<S> {
    async fn send(&self, body: String, delay_seconds: u32) -> PortResult<()> {
        let inner = self.inner.send(body, delay_seconds);
        self.faults
            .call(format!("queue.send in {delay_seconds} s"), inner)
            .await
    }
}

impl<S: Workflow> Workflow for Failing<S> {
    async fn start(&self, name: &str, input: String) -> PortResult<()> {
        let inner = self.inner.start(name, input);
        self.faults
            .call(format!("workflow.start {name}"), inner)
            .await
    }

    async fn succeed(&self, task_token: &str, output: String) -> PortResult<bool> {
        let inner = self.inner.succeed(task_token, output);
        self.faults.call("workflow.succeed".into(), inner).await
    }
}

impl<S: Parameters> Parameters for Failing<S> {
    async fn parameter(&self, name: &str) -> PortResult<Option<String>> {
        let inner = self.inner.parameter(name);
        self.faults
            .call(format!("parameters.get {name}"), inner)
            .await
    }
}

impl<S: Cloud> Cloud for Failing<S> {
    async fn call(&self, call: &ApiCall) -> PortResult<Value> {
        let what = format!("cloud.{}", call.operation);
        self.faults.call(what, self.inner.call(call)).await
    }
}

impl<S: Topic> Topic for Failing<S> {
    async fn publish(&self, subject: &str, text: &str, message: &Value) -> PortResult<()> {
        let inner = self.inner.publish(subject, text, message);
        self.faults.call("topic.publish".to_owned(), inner).await
    }
}

impl<S: Web> Web for Failing<S> {
    async fn post(&self, url: &str, bearer: Option<&str>, body: &Value) -> PortResult<WebAnswer> {
        let inner = self.inner.post(url, bearer, body);
        self.faults.call("web.post".to_owned(), inner).await
    }
}

impl<S: Secrets> Secrets for Failing<S> {
    async fn secret(&self, arn: &str, version: SecretVersion) -> PortResult<Option<String>> {
        let inner = self.inner.secret(arn, version);
        self.faults.call("secrets.secret".to_owned(), inner).await
    }
}

impl<S: TrainingJobs> TrainingJobs for Failing<S> {
    async fn create(&self, job: &TrainingJob) -> PortResult<Creation> {
        let what = format!("training.create {}", job.name());
        self.faults.call(what, self.inner.create(job)).await
    }
}
