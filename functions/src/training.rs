//! `training-manifest`: a schedule cannot compute a date range, so this stands between it and the
//! training job. It lists the segments of the range, writes a manifest of those to learn from and one
//! of those to evaluate on, and creates the job.
//!
//! Safe to run twice: the job's name is made of the scheduled time and the configuration, and a job
//! that is there already is the answer.

use aiops_domain::Time;
use aiops_domain::config::TrainingConfig;
use aiops_domain::finding::hex;
use aiops_domain::model_pointer::ModelPointer;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ports::training::{Creation, TrainingJobs};
use crate::ports::{Clock, ObjectStore, Parameters, PortError, PortResult};

pub mod job;
pub mod manifest;

use job::{Inputs, TrainingJob};
use manifest::{Ranges, Selection, write};

/// What the schedule sends: `<aws.scheduler.scheduled-time>` of EventBridge Scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct TrainingEvent {
    /// When the schedule meant to run; a retry carries the same. Absent: now, by hand.
    #[serde(default)]
    pub scheduled_time: Option<Time>,
}

/// What the function did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The job's name.
    pub job: String,
    /// Whether there is such a job now, begun by this run or an earlier one.
    pub started: bool,
    /// Why not, if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Segments to learn from.
    pub training: Selection,
    /// Segments to evaluate on.
    pub validation: Selection,
}

/// The function.
#[derive(Debug)]
pub struct Trainer<O, P, J, C> {
    /// S3.
    pub objects: O,
    /// SSM.
    pub parameters: P,
    /// SageMaker.
    pub jobs: J,
    /// The present.
    pub clock: C,
    /// Its configuration.
    pub config: TrainingConfig,
}

impl<O: ObjectStore, P: Parameters, J: TrainingJobs, C: Clock> Trainer<O, P, J, C> {
    /// Writes the manifests and creates the job.
    ///
    /// # Errors
    /// When the configuration is out of range, or S3, SSM or SageMaker fail or refuse.
    pub async fn handle(&self, event: TrainingEvent) -> PortResult<Answer> {
        let problems = self.config.problems();
        if !problems.is_empty() {
            return Err(PortError::Permanent {
                what: "the configuration of training".to_owned(),
                detail: problems.join("; "),
            });
        }
        let at = event.scheduled_time.unwrap_or_else(|| self.clock.now());
        let name = scheduled_name(&self.config, at);
        let ranges = Ranges::before(at, &self.config.range);
        let prepared = prepare(&self.objects, &self.config, ranges).await?;
        let (training, validation) = (
            prepared.training.selection(),
            prepared.validation.selection(),
        );
        let mut answer = Answer {
            job: name.clone(),
            started: false,
            reason: None,
            training,
            validation,
        };
        if training.objects == 0 {
            answer.reason = Some("there are no segments to learn from in the range".to_owned());
            return Ok(answer);
        }
        let inputs = prepared
            .write(&self.objects, &self.parameters, &self.config, &name)
            .await?;
        let job = TrainingJob::new(&self.config, name, inputs);
        match self.jobs.create(&job).await? {
            Creation::Started => tracing::info!(job = job.name(), "training started"),
            Creation::Known => tracing::info!(job = job.name(), "training was started before"),
        }
        answer.started = true;
        Ok(answer)
    }
}

/// The segments of both parts.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// To learn from.
    pub training: manifest::Segments,
    /// To evaluate on.
    pub validation: manifest::Segments,
}

/// Lists the segments of both ranges.
///
/// # Errors
/// When S3 fails, or there are more segments than the configuration allows.
pub async fn prepare(
    objects: &impl ObjectStore,
    config: &TrainingConfig,
    ranges: Ranges,
) -> PortResult<Prepared> {
    let training = manifest::segments(objects, config, ranges.training).await?;
    let validation = manifest::segments(objects, config, ranges.validation).await?;
    let bytes = training.selection().bytes + validation.selection().bytes;
    let volume = u64::from(config.resources.volume_gib) << 30;
    if bytes > volume {
        return Err(PortError::Permanent {
            what: "the training job".to_owned(),
            detail: format!(
                "its segments have {bytes} bytes and its volume {volume}: fewer days or more volume_gib"
            ),
        });
    }
    Ok(Prepared {
        training,
        validation,
    })
}

impl Prepared {
    /// Writes the manifests of the job `name` and answers its inputs.
    ///
    /// # Errors
    /// When S3 or SSM fail, or the parameter is no pointer.
    pub async fn write(
        &self,
        objects: &impl ObjectStore,
        parameters: &impl Parameters,
        config: &TrainingConfig,
        name: &str,
    ) -> PortResult<Inputs> {
        let pointer = parameters.parameter(&config.model_parameter).await?;
        let current = pointer
            .as_deref()
            .map_or(Ok(None), ModelPointer::parse)
            .map_err(|error| PortError::Permanent {
                what: config.model_parameter.clone(),
                detail: error.to_string(),
            })?;
        let training = write(objects, config, name, "training", &self.training).await?;
        let validation = match self.validation.selection().objects {
            0 => None,
            _ => Some(write(objects, config, name, "validation", &self.validation).await?),
        };
        Ok(Inputs {
            training,
            validation,
            current: current.map(|model| format!("s3://{}/{}", model.bucket, model.key)),
        })
    }
}

/// The name of the job that runs at a time: the same for every retry.
fn scheduled_name(config: &TrainingConfig, at: Time) -> String {
    let stamp: String = at
        .to_string()
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == 'T')
        .take(15)
        .map(|c| if c == 'T' { '-' } else { c })
        .collect();
    let settings = serde_json::to_vec(config).unwrap_or_default();
    let digest = hex(&Sha256::digest(settings));
    let digest = digest.get(..8).unwrap_or_default();
    format!("{}-{stamp}-{digest}", config.job_prefix)
}
