//! Trains on the quiet period and makes the model current: the artefact into the models bucket, then
//! the pointer.

use aiops_domain::LogRecord;
use aiops_domain::categorise::Categoriser;
use aiops_domain::model_pointer::ModelPointer;
use aiops_domain::record::RECORD_VERSION;
use aiops_infra::config::StackConfig;
use aiops_infra::platform::intake;
use aiops_model::{Model, TrainOptions, train};
use anyhow::Context as _;
use serde_json::json;

use super::places::Places;
use crate::local::aws::{Aws, SSM};
use crate::workload::LogEvent;

/// The rules by which the stack's appender reads lines.
pub fn categoriser(config: &StackConfig) -> Categoriser {
    Categoriser::new(intake::rules(config), intake::time(config))
}

/// The record that the appender would make of the `number`-th line.
pub fn record(categoriser: &Categoriser, number: usize, event: &LogEvent) -> LogRecord {
    let category = categoriser.category(&event.group, &event.stream);
    let placement = category.place(&event.message, event.timestamp);
    LogRecord {
        v: RECORD_VERSION,
        id: format!("{number:020}"),
        time: placement.time,
        timestamp: event.timestamp,
        ingested: event.timestamp,
        source: category.source,
        group: event.group.to_string(),
        stream: event.stream.to_string(),
        entity: placement.entity.into_owned(),
        shape: placement.shape,
        message: event.message.clone(),
    }
}

/// A model of these lines.
pub fn learn(
    events: &[LogEvent],
    categoriser: &Categoriser,
    options: &TrainOptions,
) -> anyhow::Result<Model> {
    let records = events
        .iter()
        .enumerate()
        .map(|(number, event)| record(categoriser, number, event))
        .collect();
    train(records, options).context("training on the quiet period")
}

/// Makes `model` the one that the detector reads.
pub async fn promote(aws: &Aws, places: &Places, model: &Model) -> anyhow::Result<()> {
    let key = format!("models/{}/model.json.gz", model.version());
    let artefact = model.to_bytes()?;
    let pointer = ModelPointer {
        version: model.version().to_owned(),
        bucket: places.models_bucket.clone(),
        key,
        sha256: model.sha256().to_owned(),
    };
    let value = serde_json::to_string(&pointer)?;
    let (bucket, key) = (&pointer.bucket, &pointer.key);
    aws.put_object(bucket, key, "application/gzip", artefact)
        .await?;
    aws.json(
        SSM,
        "PutParameter",
        json!({
            "Name": places.model_parameter,
            "Type": "String",
            "Value": value,
            "Overwrite": true,
        }),
    )
    .await?;
    Ok(())
}
