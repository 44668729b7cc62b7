//! The log of a job: in CloudWatch Logs, and its metrics read from it, while its container runs.

use std::sync::Arc;

use aiops_functions::adapters::signed::Service;
use aiops_functions::training::job::TrainingJob;
use regex::Regex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Shared;
use super::jobs::now;

/// The log group of training jobs.
const LOG_GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// Lines that one call carries; as many wait, then the container does.
const LINES_MAX: usize = 1000;

/// A log that is being written.
pub(super) struct JobLog {
    lines: mpsc::Sender<String>,
    keeper: JoinHandle<()>,
}

impl JobLog {
    /// Begins the log of a job.
    pub(super) fn open(shared: &Arc<Shared>, job: &TrainingJob) -> Self {
        let (lines, received) = mpsc::channel(LINES_MAX);
        let keeper = tokio::spawn(keep(Arc::clone(shared), job.clone(), received));
        Self { lines, keeper }
    }

    /// Takes the lines of a stream until its end.
    pub(super) fn follow(&self, stream: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let lines = self.lines.clone();
        tokio::spawn(async move {
            let mut read = BufReader::new(stream).lines();
            while let Ok(Some(line)) = read.next_line().await {
                if lines.send(line).await.is_err() {
                    return;
                }
            }
        })
    }

    /// Ends when everything is written.
    pub(super) async fn close(self) {
        drop(self.lines);
        if let Err(error) = self.keeper.await {
            tracing::warn!(%error, "the log of a training job was not kept");
        }
    }
}

/// Logs where SageMaker logs. That this fails must not fail the job.
async fn keep(shared: Arc<Shared>, job: TrainingJob, mut received: mpsc::Receiver<String>) {
    let stream = format!("{}/algo-1-{}", job.name(), now() as u64);
    let group = json!({ "logGroupName": LOG_GROUP });
    let place = json!({ "logGroupName": LOG_GROUP, "logStreamName": stream });
    for (operation, request) in [("CreateLogGroup", &group), ("CreateLogStream", &place)] {
        // It may be there already.
        let _known = shared.cloud.json(Service::Logs, operation, request).await;
    }
    let metrics = metrics(&job);
    let mut lines = Vec::new();
    while received.recv_many(&mut lines, LINES_MAX).await > 0 {
        for line in &lines {
            for (name, regex) in &metrics {
                let value = regex.captures(line).and_then(|found| found.get(1));
                if let Some(value) = value.and_then(|value| value.as_str().parse().ok())
                    && let Some(kept) = shared.state().jobs.get_mut(job.name())
                {
                    kept.metrics.insert(name.clone(), value);
                }
            }
        }
        let timestamp = (now() * 1000.0) as i64;
        let events: Vec<Value> = lines
            .drain(..)
            .filter(|line| !line.is_empty())
            .map(|line| json!({"timestamp": timestamp, "message": line}))
            .collect();
        if events.is_empty() {
            continue;
        }
        let mut request = place.clone();
        request["logEvents"] = events.into();
        let put = shared.cloud.json(Service::Logs, "PutLogEvents", &request);
        if let Err(error) = put.await {
            tracing::warn!(%error, "a part of a training job's log was not kept");
        }
    }
}

/// The job's metrics by name, and how they are found.
fn metrics(job: &TrainingJob) -> Vec<(String, Regex)> {
    job.algorithm_specification
        .metric_definitions
        .iter()
        .filter_map(|metric| Some((metric.name.clone(), Regex::new(&metric.regex).ok()?)))
        .collect()
}
