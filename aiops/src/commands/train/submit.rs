//! `aiops train submit`: a training job in SageMaker, and what follows from it.

use std::collections::BTreeMap;
use std::time::Duration;

use aiops_domain::config::{TrainingRange, TrainingResources};
use aiops_domain::training::{EvaluationReport, GateLimits, Verdict};
use aiops_domain::{Source, Time};
use serde::Serialize;

use crate::commands::model::make_current;
use crate::deployed::{Deployed, LOCAL, LOCAL_IMAGE, StackArgs};
use crate::error::{CommandError, Outcome};
use crate::printer::Printer;
use crate::sagemaker::gate::judge;
use crate::sagemaker::packages::Package;
use crate::sagemaker::submit::{Request, submit};
use crate::sagemaker::watch::{Status, wait};

/// How often a job is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How often a job on this machine is looked at.
const LOOK_EVERY_LOCALLY: Duration = Duration::from_millis(300);

/// Train on a stack's segments in SageMaker. The same command is the same job: given again, it is
/// waited for, not started twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops train submit --stack prod --image 3f2a9c1b7d4e               starts the job and says its name
  aiops train submit --stack prod --image 3f2a9c1b7d4e --wait        waits, judges and registers the model
  aiops train submit --stack prod --image … --wait --promote --spot  promotes it when the gate lets it pass")]
pub struct Args {
    /// The stack.
    #[command(flatten)]
    pub stack: StackArgs,
    /// The image: a tag or digest of the stack's repository, or a whole reference. The local cloud
    /// knows its own.
    #[arg(long)]
    pub image: Option<String>,
    /// Days of segments, up to now or --until, those that are evaluated on included.
    #[arg(long, default_value_t = 14)]
    pub days: u32,
    /// Hours at the end of them that are evaluated on and not learnt from.
    #[arg(long, default_value_t = 48)]
    pub validation_hours: u32,
    /// Up to the hour of this time (RFC 3339); without it, now.
    #[arg(long, value_name = "TIME")]
    pub until: Option<Time>,
    /// Only lines of this source; may be repeated.
    #[arg(long = "source", value_name = "SOURCE")]
    pub sources: Vec<Source>,
    /// What the container is told (docs/sagemaker.md); may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub hyperparameters: Vec<(String, String)>,
    /// Instance type.
    #[arg(long, default_value = "ml.m5.large")]
    pub instance_type: String,
    /// Size of the encrypted volume in GiB.
    #[arg(long, default_value_t = 30)]
    pub volume_gib: u32,
    /// Longest run in minutes.
    #[arg(long, default_value_t = 120)]
    pub maximum_minutes: u32,
    /// On spot instances: cheaper, and begun again when they are taken away.
    #[arg(long)]
    pub spot: bool,
    /// Wait until it ends; then judge the model and register it.
    #[arg(long)]
    pub wait: bool,
    /// Promote it when the gate lets it pass.
    #[arg(long, requires = "wait")]
    pub promote: bool,
    /// The result as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    job: &'a str,
    known: bool,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<&'a BTreeMap<String, f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation: Option<&'a EvaluationReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'a Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a Package>,
    promoted: bool,
}

/// Submits, and waits if asked to. Status 1 when the job fails or the gate refuses.
pub fn run(args: &Args, printer: &Printer) -> Result<Outcome, CommandError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(submitted(args, printer))
}

async fn submitted(args: &Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let stack = Deployed::open(&args.stack).await?;
    let request = request(args, &stack)?;
    let job = submit(&stack, &request).await?;
    printer.note(format_args!(
        "{} {}: {} segments to learn from, {} to evaluate on",
        job.name,
        if job.known {
            "is there already"
        } else {
            "started"
        },
        job.segments.0,
        job.segments.1
    ));
    let mut report = Report {
        schema: "aiops.training/1",
        job: &job.name,
        known: job.known,
        status: "InProgress",
        failure: None,
        metrics: None,
        evaluation: None,
        verdict: None,
        model: None,
        promoted: false,
    };
    if !args.wait {
        return tell(&report, args, printer, Outcome::Done);
    }
    let every = if stack.stack == LOCAL {
        LOOK_EVERY_LOCALLY
    } else {
        LOOK_EVERY
    };
    let done = wait(&stack.client, &job.name, every, printer).await?;
    report.metrics = Some(&done.metrics);
    report.failure = done.failure.as_deref();
    report.status = match done.status {
        Status::Completed => "Completed",
        Status::Stopped => "Stopped",
        Status::Failed | Status::InProgress => "Failed",
    };
    if done.status != Status::Completed {
        return tell(&report, args, printer, Outcome::NotOk);
    }
    let judged = judge(&stack, &job.name, &done, &GateLimits::default()).await?;
    let outcome = if judged.verdict.passed {
        Outcome::Done
    } else {
        Outcome::NotOk
    };
    if args.promote && judged.verdict.passed {
        make_current(&stack, &judged.package, false).await?;
        report.promoted = true;
    }
    report.evaluation = judged.evaluation.as_ref();
    report.verdict = Some(&judged.verdict);
    report.model = Some(&judged.package);
    tell(&report, args, printer, outcome)
}

fn request(args: &Args, stack: &Deployed) -> Result<Request, CommandError> {
    let image = match &args.image {
        Some(image) => image.clone(),
        None => stack.text(LOCAL_IMAGE).map(str::to_owned).map_err(|_| {
            CommandError::bad_key("--image", "name the image: aiops image push says which")
        })?,
    };
    let mut range = TrainingRange {
        days: args.days,
        validation_hours: args.validation_hours,
        ..TrainingRange::default()
    };
    if !args.sources.is_empty() {
        range.sources.clone_from(&args.sources);
    }
    let now = || Time::from_millis(jiff::Timestamp::now().as_millisecond());
    Ok(Request {
        image,
        until: args.until.unwrap_or_else(now),
        range,
        resources: TrainingResources {
            instance_type: args.instance_type.clone(),
            instances: 1,
            volume_gib: args.volume_gib,
            maximum_minutes: args.maximum_minutes,
            spot: args.spot,
        },
        hyperparameters: args.hyperparameters.iter().cloned().collect(),
    })
}

fn tell(
    report: &Report<'_>,
    args: &Args,
    printer: &Printer,
    outcome: Outcome,
) -> Result<Outcome, CommandError> {
    if args.json {
        printer.json(report)?;
        return Ok(outcome);
    }
    printer.line(format_args!("{}  {}", report.job, report.status))?;
    if let Some(reason) = report.failure {
        printer.line(format_args!("  {}", crate::printer::printable(reason)))?;
    }
    for (name, value) in report.metrics.into_iter().flatten() {
        printer.line(format_args!("  {name:<24} {value}"))?;
    }
    if let (Some(model), Some(verdict)) = (report.model, report.verdict) {
        let word = if report.promoted {
            "passed the gate and is in use"
        } else if verdict.passed {
            "passed the gate"
        } else {
            "was refused by the gate"
        };
        printer.line(format_args!("model {} {word}", model.version))?;
        for reason in &verdict.reasons {
            printer.line(format_args!("  {reason}"))?;
        }
    }
    Ok(outcome)
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "give KEY=VALUE".to_owned())
}
