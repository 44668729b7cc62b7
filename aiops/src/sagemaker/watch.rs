//! A job under way: its status, its log, its metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aiops_functions::adapters::signed::{Service, SignedClient};
use aiops_functions::ports::PortError;
use serde_json::{Value, json};

use super::of_port;
use crate::error::CommandError;
use crate::printer::{Printer, printable};

/// Where the log of a job is.
const LOG_GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// Pages of a log that are read at one look.
const LOG_PAGES_MAX: usize = 100;

/// What a job has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It runs or waits.
    InProgress,
    /// There is a result.
    Completed,
    /// There is a reason.
    Failed,
    /// Somebody or its time limit stopped it.
    Stopped,
}

/// A job as it is described.
#[derive(Debug, Clone)]
pub struct Described {
    /// What it has come to.
    pub status: Status,
    /// In SageMaker's words, finer.
    pub secondary: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// Where `model.tar.gz` is.
    pub artefact: Option<String>,
    /// The image.
    pub image: String,
    /// The last value of each metric.
    pub metrics: BTreeMap<String, f64>,
}

/// The job of this name, if there is one.
///
/// # Errors
/// When SageMaker refuses or does not answer.
pub async fn describe(
    client: &SignedClient,
    name: &str,
) -> Result<Option<Described>, CommandError> {
    let request = json!({ "TrainingJobName": name });
    let answer = client
        .json(Service::SageMaker, "DescribeTrainingJob", &request)
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        // SageMaker says so by a validation error.
        Err(PortError::Permanent { detail, .. }) if detail.contains("not found") => {
            return Ok(None);
        }
        Err(error) => return Err(of_port(error)),
    };
    let text = |pointer: &str| {
        answer
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let status = match text("/TrainingJobStatus").as_deref() {
        Some("Completed") => Status::Completed,
        Some("Failed") => Status::Failed,
        Some("Stopped") => Status::Stopped,
        _ => Status::InProgress,
    };
    let metrics = answer.get("FinalMetricDataList").and_then(Value::as_array);
    let metrics = metrics.into_iter().flatten().filter_map(|metric| {
        let name = metric.get("MetricName")?.as_str()?;
        Some((name.to_owned(), metric.get("Value")?.as_f64()?))
    });
    Ok(Some(Described {
        status,
        secondary: text("/SecondaryStatus").unwrap_or_default(),
        failure: text("/FailureReason"),
        artefact: text("/ModelArtifacts/S3ModelArtifacts"),
        image: text("/AlgorithmSpecification/TrainingImage").unwrap_or_default(),
        metrics: metrics.collect(),
    }))
}

/// Waits until the job ends; tells each change of its status, and its log as it grows.
///
/// # Errors
/// When SageMaker refuses or does not answer, or forgets the job.
pub async fn wait(
    client: &SignedClient,
    name: &str,
    every: Duration,
    printer: &Printer,
) -> Result<Described, CommandError> {
    let mut told = String::new();
    let mut log = Log::default();
    loop {
        let job = describe(client, name).await?.ok_or_else(|| {
            CommandError::Failed(anyhow::anyhow!("SageMaker has no job {name} any more"))
        })?;
        if job.secondary != told {
            printer.note(format_args!("{name}: {}", job.secondary));
            told.clone_from(&job.secondary);
        }
        for line in log.more(client, name).await {
            printer.note(format_args!("  {}", printable(&line)));
        }
        if job.status != Status::InProgress {
            return Ok(job);
        }
        tokio::time::sleep(every).await;
    }
}

/// How far the log was read.
#[derive(Default)]
struct Log {
    tokens: BTreeMap<String, String>,
}

impl Log {
    /// Lines that came since. A log that cannot be read (there is none yet) must not end the waiting.
    async fn more(&mut self, client: &SignedClient, job: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for stream in streams(client, job).await {
            for _page in 0..LOG_PAGES_MAX {
                let mut request = json!({
                    "logGroupName": LOG_GROUP, "logStreamName": stream, "startFromHead": true,
                });
                let token = self.tokens.get(&stream).cloned();
                if let Some(token) = &token {
                    request["nextToken"] = token.as_str().into();
                }
                let Ok(answer) = client.json(Service::Logs, "GetLogEvents", &request).await else {
                    break;
                };
                let events = answer.get("events").and_then(Value::as_array);
                let messages = events.into_iter().flatten();
                let before = lines.len();
                lines.extend(
                    messages
                        .filter_map(|event| event.get("message")?.as_str())
                        .map(str::to_owned),
                );
                let next = answer.get("nextForwardToken").and_then(Value::as_str);
                let Some(next) = next.filter(|next| Some(*next) != token.as_deref()) else {
                    break;
                };
                self.tokens.insert(stream.clone(), next.to_owned());
                if lines.len() == before {
                    break;
                }
            }
        }
        lines
    }
}

async fn streams(client: &SignedClient, job: &str) -> BTreeSet<String> {
    let request = json!({ "logGroupName": LOG_GROUP, "logStreamNamePrefix": format!("{job}/") });
    let Ok(answer) = client
        .json(Service::Logs, "DescribeLogStreams", &request)
        .await
    else {
        return BTreeSet::new();
    };
    let streams = answer.get("logStreams").and_then(Value::as_array);
    let names = streams
        .into_iter()
        .flatten()
        .filter_map(|stream| stream.get("logStreamName")?.as_str());
    names.map(str::to_owned).collect()
}
