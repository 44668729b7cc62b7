//! After a job: its result is read, judged and registered.

use aiops_domain::training::{EVALUATION_FILE, EvaluationReport, GateLimits, MODEL_FILE, Verdict};
use aiops_functions::ports::ObjectStore as _;
use aiops_model::Model;

use super::of_port;
use super::packages::{Approval, Package, register};
use super::watch::Described;
use crate::deployed::Deployed;
use crate::error::CommandError;
use crate::image::layer::file_of;

/// Bytes of `model.tar.gz`, and of the model in it.
const ARTEFACT_BYTES_MAX: u64 = 256 << 20;

/// Bytes of an evaluation.
const EVALUATION_BYTES_MAX: u64 = 1 << 20;

/// A job's result, judged and registered.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The version that was registered.
    pub package: Package,
    /// The evaluation, if the job had something to evaluate on.
    pub evaluation: Option<EvaluationReport>,
    /// The gate's verdict.
    pub verdict: Verdict,
}

/// Reads the result of a job, asks the gate, copies the model to where pointers point, and registers
/// it: as rejected, when the gate says so. Doing it again gives the same version.
///
/// # Errors
/// When the result is not there or damaged, or AWS refuses.
pub async fn judge(
    stack: &Deployed,
    job_name: &str,
    job: &Described,
    limits: &GateLimits,
) -> Result<Judged, CommandError> {
    let missing = |what: &str| {
        CommandError::Failed(anyhow::anyhow!("the result of {job_name} has no {what}"))
    };
    let address = job.artefact.as_deref().ok_or_else(|| missing("artefact"))?;
    let (bucket, key) = address
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(|| missing("address"))?;
    let packed = stack
        .objects
        .get(bucket, key, ARTEFACT_BYTES_MAX)
        .await
        .map_err(of_port)?
        .ok_or_else(|| missing("model.tar.gz"))?
        .body;
    let part = |name: &'static str, bytes_max| {
        file_of(&packed, name, bytes_max)
            .map_err(|error| CommandError::Failed(anyhow::anyhow!("{address}: {error}")))
    };
    let bytes = part(MODEL_FILE, ARTEFACT_BYTES_MAX)?.ok_or_else(|| missing(MODEL_FILE))?;
    let model = Model::from_bytes(&bytes)
        .map_err(|error| CommandError::Failed(anyhow::anyhow!("{address}: {error}")))?;
    let evaluation: Option<EvaluationReport> = part(EVALUATION_FILE, EVALUATION_BYTES_MAX)?
        .map(|text| serde_json::from_slice(&text))
        .transpose()
        .map_err(|error| CommandError::Failed(anyhow::anyhow!("{address}: {error}")))?;
    let verdict = match &evaluation {
        // An evaluation of another model says nothing about this one.
        Some(report) if report.candidate.sha256 == model.sha256() => report.verdict(limits),
        Some(_) => refused("the evaluation is of another model"),
        None => refused("it was not evaluated: the job had no validation segments"),
    };
    let models = stack.text("modelsBucket")?;
    let package = Package {
        arn: String::new(),
        version: model.version().to_owned(),
        sha256: model.sha256().to_owned(),
        bucket: models.to_owned(),
        key: format!("models/{}/model.json.gz", model.version()),
        approval: if verdict.passed {
            Approval::Pending
        } else {
            Approval::Rejected
        },
        reasons: verdict.reasons.join("; "),
        job: job_name.to_owned(),
        created: String::new(),
    };
    stack
        .objects
        .put(models, &package.key, bytes, "application/octet-stream")
        .await
        .map_err(of_port)?;
    let package = register(stack, package, &job.image, address).await?;
    Ok(Judged {
        package,
        evaluation,
        verdict,
    })
}

fn refused(reason: &str) -> Verdict {
    Verdict {
        passed: false,
        reasons: vec![reason.to_owned()],
    }
}
