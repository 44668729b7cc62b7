//! The demonstration with SageMaker: the model comes from a training job and through the gate, and the
//! detector scores through an endpoint. Both run the real image's binaries.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use aiops_domain::config::{ScoringEndpoint, TrainingRange, TrainingResources};
use aiops_domain::segment::{Partition, SegmentName};
use aiops_domain::training::GateLimits;
use aiops_domain::{LogRecord, Time};
use aiops_functions::adapters::signed::Service;
use aiops_functions::ports::ObjectStore as _;
use anyhow::{Context as _, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::{Value, json};

use super::places::Places;
use crate::commands::local::sagemaker::serve;
use crate::commands::model::make_current;
use crate::deployed::{Deployed, LOCAL_IMAGE};
use crate::image::build::{Build, image};
use crate::local::aws::{Aws, REGION};
use crate::local::sagemaker::LocalSagemaker;
use crate::printer::Printer;
use crate::sagemaker::gate::judge;
use crate::sagemaker::submit::{Request, submit};
use crate::sagemaker::watch::{Status, wait};

/// Minutes of the quiet period: the last hours of it are for the evaluation.
pub const QUIET_MINUTES: u32 = 240;

/// Whole hours that are evaluated on; the last of them is not full yet.
const VALIDATION_HOURS: u32 = 2;

const HOUR_MILLIS: i64 = 3_600_000;

/// How often a job or an endpoint is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Looks until an endpoint must be in service.
const LOOKS_MAX: u32 = 600;

/// The endpoint's name.
const ENDPOINT: &str = "aiops-local-model";

/// SageMaker beside the demonstration's cloud.
pub struct Trained {
    /// Ends with it.
    pub served: LocalSagemaker,
    /// The model's version.
    pub version: String,
}

/// What shapes the training.
pub struct Settings<'a> {
    /// The project.
    pub workspace: &'a Path,
    /// Roots of containers.
    pub directory: &'a Path,
    /// Whether static rules take part.
    pub rules: bool,
    /// Fields of the flow logs.
    pub flow_format: &'a str,
}

/// Trains by a job on these records, promotes the model through the gate, puts it behind an endpoint and
/// tells the detector.
pub async fn train_and_serve(
    aws: &Aws,
    places: &Places,
    records: &[LogRecord],
    settings: &Settings<'_>,
    printer: &Printer,
) -> anyhow::Result<Trained> {
    let workspace = settings.workspace.to_path_buf();
    let built = tokio::task::spawn_blocking(move || image(&workspace, Build::Local));
    let built = built.await.context("building the image panicked")??;
    let (served, outputs) = serve(
        aws.endpoint(),
        REGION,
        settings.directory.to_path_buf(),
        0,
        &built,
    )
    .await?;
    let mut exports: BTreeMap<String, Value> = serde_json::from_value(outputs)?;
    // Segments that only train stand where no notification tells the detector of them.
    for (name, value) in [
        ("segmentsBucket", &places.models_bucket),
        ("modelsBucket", &places.models_bucket),
        ("modelParameter", &places.model_parameter),
    ] {
        exports.insert(name.to_owned(), value.as_str().into());
    }
    let stack = Deployed::local(aws.endpoint(), REGION, exports).await?;
    let until = write_segments(&stack, &places.models_bucket, records).await?;
    let job = submit(&stack, &request(&stack, settings, until)?).await?;
    let done = wait(&stack.client, &job.name, LOOK_AGAIN, printer).await?;
    ensure!(
        done.status == Status::Completed,
        "the training job {} ended as {:?}: {}",
        job.name,
        done.status,
        done.failure.unwrap_or_default()
    );
    let judged = judge(&stack, &job.name, &done, &GateLimits::default()).await?;
    ensure!(
        judged.verdict.passed,
        "the gate refused the model: {}",
        judged.verdict.reasons.join("; ")
    );
    make_current(&stack, &judged.package, false).await?;
    let artefact = done.artefact.context("the job has no artefact")?;
    host(&stack, &artefact).await?;
    tell_detector(aws, places, &served).await?;
    Ok(Trained {
        served,
        version: judged.package.version,
    })
}

fn request(stack: &Deployed, settings: &Settings<'_>, until: Time) -> anyhow::Result<Request> {
    let hyperparameters = [
        ("rules", settings.rules.to_string()),
        ("flow_format", settings.flow_format.to_owned()),
    ];
    Ok(Request {
        image: stack.text(LOCAL_IMAGE)?.to_owned(),
        until,
        range: TrainingRange {
            days: 1,
            validation_hours: VALIDATION_HOURS,
            ..TrainingRange::default()
        },
        resources: TrainingResources::default(),
        hyperparameters: hyperparameters
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    })
}

/// A segment for each source and hour; answers the end of the last hour.
async fn write_segments(
    stack: &Deployed,
    bucket: &str,
    records: &[LogRecord],
) -> anyhow::Result<Time> {
    let mut parts: BTreeMap<Partition, Vec<&LogRecord>> = BTreeMap::new();
    for record in records {
        let partition = Partition::of(record.source, record.time);
        parts.entry(partition).or_default().push(record);
    }
    let last = parts.keys().map(|partition| partition.hour).max();
    let last = last.context("the quiet period has no lines")?;
    for (partition, records) in parts {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        for record in records {
            serde_json::to_writer(&mut encoder, record)?;
            encoder.write_all(b"\n")?;
        }
        let name = SegmentName {
            partition,
            shard: "shardId-000000000000".to_owned(),
            sequence: "0".to_owned(),
        };
        let (key, body) = (name.key(), encoder.finish()?);
        let kind = aiops_domain::segment::CONTENT_TYPE;
        stack.objects.put(bucket, &key, body, kind).await?;
    }
    Ok(last.start().plus_millis(HOUR_MILLIS))
}

/// Puts the model behind an endpoint and waits until it is in service.
async fn host(stack: &Deployed, artefact: &str) -> anyhow::Result<()> {
    let image = format!(
        "{}@{}",
        stack.text("modelRepositoryUrl")?,
        stack.text(LOCAL_IMAGE)?
    );
    let call = async |operation: &str, body: Value| {
        let answer = stack.client.json(Service::SageMaker, operation, &body);
        answer.await
    };
    let model = json!({
        "ModelName": ENDPOINT,
        "ExecutionRoleArn": stack.text("sagemakerRoleArn")?,
        "EnableNetworkIsolation": true,
        "PrimaryContainer": {"Image": image, "ModelDataUrl": artefact},
    });
    call("CreateModel", model).await?;
    let configuration = json!({
        "EndpointConfigName": ENDPOINT,
        "ProductionVariants": [{
            "VariantName": "main",
            "ModelName": ENDPOINT,
            "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
        }],
    });
    call("CreateEndpointConfig", configuration).await?;
    let endpoint = json!({"EndpointName": ENDPOINT, "EndpointConfigName": ENDPOINT});
    call("CreateEndpoint", endpoint).await?;
    for _look in 0..LOOKS_MAX {
        let described = call("DescribeEndpoint", json!({ "EndpointName": ENDPOINT })).await?;
        match described.get("EndpointStatus").and_then(Value::as_str) {
            Some("InService") => return Ok(()),
            Some("Creating") => tokio::time::sleep(LOOK_AGAIN).await,
            _ => anyhow::bail!("the endpoint does not come into service: {described}"),
        }
    }
    anyhow::bail!("the endpoint is not in service yet")
}

/// Makes the detector score through the endpoint, as a stack that has one configures it.
async fn tell_detector(aws: &Aws, places: &Places, served: &LocalSagemaker) -> anyhow::Result<()> {
    let path = format!("/2015-03-31/functions/{}/configuration", places.detector);
    let known = aws.rest("lambda", Method::GET, &path, None).await?;
    let mut environment = known
        .pointer("/Environment/Variables")
        .cloned()
        .context("the detector has no environment")?;
    let variable = aiops_domain::config::ENVIRONMENT_VARIABLE;
    let mut configuration: Value = environment
        .get(variable)
        .and_then(Value::as_str)
        .and_then(|text| serde_json::from_str(text).ok())
        .context("the detector has no configuration")?;
    configuration["endpoint"] = serde_json::to_value(ScoringEndpoint::new(ENDPOINT))?;
    environment[variable] = configuration.to_string().into();
    environment["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] = served.endpoint().into();
    let update = json!({ "Environment": { "Variables": environment } });
    aws.rest("lambda", Method::PUT, &path, Some(update)).await?;
    Ok(())
}
