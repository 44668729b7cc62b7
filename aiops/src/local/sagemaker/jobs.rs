//! Training jobs: the real `train`, in an unpacked root.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use aiops_functions::ports::ObjectStore as _;
use aiops_functions::training::job::TrainingJob;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::task::AbortHandle;

use super::answer::{Answer, Refusal};
use super::log::JobLog;
use super::{Shared, api, check, files, images};
use crate::image::{BINARIES, Manifest};

/// Characters of a failure's reason.
const REASON_CHARS_MAX: usize = 1024;

/// How long a container has from SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_secs(120);

/// A job and what became of it.
pub(crate) struct Job {
    request: Value,
    created: f64,
    status: &'static str,
    transitions: Vec<&'static str>,
    failure: Option<String>,
    artefact: Option<String>,
    pub(super) metrics: BTreeMap<String, f64>,
    task: Option<AbortHandle>,
    stopping: tokio::sync::watch::Sender<bool>,
}

impl Job {
    pub(crate) fn abort(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// How a container's run ended.
enum Ended {
    Completed,
    Stopped(&'static str),
    Failed(String),
}

pub(super) async fn create(shared: &Arc<Shared>, request: Value) -> Answer {
    let job: TrainingJob = serde_json::from_value(request.clone())
        .map_err(|error| Refusal::validation(format!("1 validation error detected: {error}")))?;
    check::job(&job)?;
    let arn = shared.arn(&format!("training-job/{}", job.name()));
    if shared.state().jobs.contains_key(job.name()) {
        return Err(Refusal::in_use(format!(
            "Training job names must be unique within an AWS account and region, and a training job with this name already exists ({arn})"
        )));
    }
    check::role(shared, &job.role_arn).await?;
    let manifest = images::find(shared, &job.algorithm_specification.training_image)?;
    let (stopping, stop) = tokio::sync::watch::channel(false);
    let kept = Job {
        request,
        created: now(),
        status: "InProgress",
        transitions: vec!["Starting"],
        failure: None,
        artefact: None,
        metrics: BTreeMap::new(),
        task: None,
        stopping,
    };
    let name = job.name().to_owned();
    shared.state().jobs.insert(name.clone(), kept);
    let task = tokio::spawn(run(Arc::clone(shared), job, manifest, stop));
    if let Some(kept) = shared.state().jobs.get_mut(&name) {
        kept.task = Some(task.abort_handle());
    }
    Ok(json!({ "TrainingJobArn": arn }))
}

pub(super) fn describe(shared: &Shared, request: &Value) -> Answer {
    let name = api::text(request, "TrainingJobName")?;
    let state = shared.state();
    let job = state
        .jobs
        .get(name)
        .ok_or_else(|| Refusal::validation("Requested resource not found."))?;
    let mut answer = job.request.clone();
    let secondary = job.transitions.last().copied().unwrap_or("Starting");
    answer["TrainingJobArn"] = shared.arn(&format!("training-job/{name}")).into();
    answer["TrainingJobStatus"] = job.status.into();
    answer["SecondaryStatus"] = secondary.into();
    answer["CreationTime"] = job.created.into();
    answer["SecondaryStatusTransitions"] = job
        .transitions
        .iter()
        .map(|status| json!({"Status": status, "StartTime": job.created}))
        .collect();
    if let Some(reason) = &job.failure {
        answer["FailureReason"] = reason.as_str().into();
    }
    if let Some(artefact) = &job.artefact {
        answer["ModelArtifacts"] = json!({ "S3ModelArtifacts": artefact });
    }
    answer["FinalMetricDataList"] = job
        .metrics
        .iter()
        .map(|(name, value)| json!({"MetricName": name, "Value": value, "Timestamp": job.created}))
        .collect();
    Ok(answer)
}

pub(super) fn stop(shared: &Shared, request: &Value) -> Answer {
    let name = api::text(request, "TrainingJobName")?;
    let state = shared.state();
    let job = state
        .jobs
        .get(name)
        .filter(|job| job.status == "InProgress")
        .ok_or_else(|| Refusal::validation("The request was rejected because the training job is in status Completed, or there is none."))?;
    job.stopping.send_replace(true);
    Ok(json!({}))
}

async fn run(
    shared: Arc<Shared>,
    job: TrainingJob,
    manifest: Manifest,
    stop: tokio::sync::watch::Receiver<bool>,
) {
    let ended = trained(&shared, &job, &manifest, stop).await;
    let mut state = shared.state();
    let Some(kept) = state.jobs.get_mut(job.name()) else {
        return;
    };
    let (status, last) = match ended {
        Ended::Completed => ("Completed", "Completed"),
        Ended::Stopped(why) => ("Stopped", why),
        Ended::Failed(reason) => {
            kept.failure = Some(reason.chars().take(REASON_CHARS_MAX).collect());
            ("Failed", "Failed")
        }
    };
    kept.transitions.push(last);
    kept.status = status;
}

fn passes(shared: &Shared, job: &TrainingJob, status: &'static str) {
    if let Some(job) = shared.state().jobs.get_mut(job.name()) {
        job.transitions.push(status);
    }
}

async fn trained(
    shared: &Arc<Shared>,
    job: &TrainingJob,
    manifest: &Manifest,
    stop: tokio::sync::watch::Receiver<bool>,
) -> Ended {
    let root = shared.directory.join("jobs").join(job.name());
    let prepared =
        images::unpack(shared, manifest, &root).and_then(|()| files::configure(&root, job));
    if let Err(error) = prepared {
        return Ended::Failed(format!("InternalServerError: {error}"));
    }
    passes(shared, job, "Downloading");
    for channel in &job.input_data_config {
        if let Err(reason) = files::fetch(shared, &root, channel).await {
            return Ended::Failed(reason);
        }
    }
    passes(shared, job, "Training");
    let log = JobLog::open(shared, job);
    let ended = contained(job, &root, &log, stop).await;
    log.close().await;
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => return Ended::Failed(format!("InternalServerError: {error}")),
    };
    if !matches!(ended, Ended::Completed) {
        return ended;
    }
    passes(shared, job, "Uploading");
    match upload(shared, job, &root).await {
        Ok(artefact) => {
            if let Some(kept) = shared.state().jobs.get_mut(job.name()) {
                kept.artefact = Some(artefact);
            }
            Ended::Completed
        }
        Err(reason) => Ended::Failed(reason),
    }
}

/// Runs `train` to its end, or to the job's; what it prints goes to the log.
async fn contained(
    job: &TrainingJob,
    root: &Path,
    log: &JobLog,
    mut stop: tokio::sync::watch::Receiver<bool>,
) -> std::io::Result<Ended> {
    let mut child = Command::new(binary(root, "train"))
        .env_clear()
        .env("PATH", format!("/{BINARIES}"))
        .env("SAGEMAKER_ROOT", root)
        .env("TRAINING_JOB_NAME", job.name())
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().map(|stream| log.follow(stream));
    let errors = child.stderr.take().map(|stream| log.follow(stream));
    let limit = Duration::from_secs(job.stopping_condition.max_runtime_in_seconds.into());
    let stopped = tokio::select! {
        status = child.wait() => {
            status?;
            None
        }
        () = tokio::time::sleep(limit) => Some("MaxRuntimeExceeded"),
        // The sender lives as long as the job.
        _ = stop.wait_for(|stop| *stop) => Some("Stopped"),
    };
    if stopped.is_some() {
        end(&mut child).await?;
    }
    let status = child.wait().await?;
    for followed in [output, errors].into_iter().flatten() {
        followed.await.map_err(std::io::Error::other)?;
    }
    if let Some(why) = stopped {
        return Ok(Ended::Stopped(why));
    }
    if status.success() {
        return Ok(Ended::Completed);
    }
    let reason = std::fs::read_to_string(root.join("opt/ml/output/failure")).unwrap_or_default();
    let code = status
        .code()
        .map_or("none".to_owned(), |code| code.to_string());
    let failure = format!("AlgorithmError: {reason}, exit code: {code}");
    Ok(Ended::Failed(failure))
}

/// Asks a process to end, and ends it when it does not.
pub(super) async fn end(child: &mut Child) -> std::io::Result<()> {
    if let Some(id) = child.id() {
        let id = id.to_string();
        Command::new("kill").args(["-TERM", &id]).status().await?;
    }
    match tokio::time::timeout(GRACE, child.wait()).await {
        Ok(status) => status.map(drop),
        Err(_) => child.kill().await,
    }
}

pub(super) fn binary(root: &Path, name: &str) -> PathBuf {
    root.join(BINARIES).join(name)
}

async fn upload(shared: &Shared, job: &TrainingJob, root: &Path) -> Result<String, String> {
    let packed = files::pack(&root.join("opt/ml/model")).map_err(|error| error.to_string())?;
    let output = &job.output_data_config.s3_output_path;
    let (bucket, prefix) =
        check::location("S3OutputPath", output).map_err(|refusal| refusal.message)?;
    let prefix = prefix.trim_end_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    let key = format!("{prefix}{slash}{}/output/model.tar.gz", job.name());
    shared
        .objects
        .put(bucket, &key, packed, "application/gzip")
        .await
        .map_err(|error| format!("ClientError: Artifact upload failed: {error}"))?;
    Ok(format!("s3://{bucket}/{key}"))
}

/// Seconds since the epoch, as the protocol writes times.
pub(super) fn now() -> f64 {
    jiff::Timestamp::now().as_duration().as_secs_f64()
}
