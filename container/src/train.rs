//! Training: channels in, a model and its evaluation out.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use aiops_domain::training::{
    CURRENT_CHANNEL, EVALUATION_FILE, EvaluationReport, MODEL_FILE, TRAINING_CHANNEL,
    TrainingMetric, VALIDATION_CHANNEL,
};
use aiops_model::train::ReplayError;
use aiops_model::{Model, TrainError, train_replayed, validate};

use crate::exit::ContainerError;
use crate::root::Root;
use crate::{channel, hyperparameters, records, settings};

/// Lines of the validation channel that are held in memory.
const VALIDATION_LINES_MAX: usize = 1_000_000;

/// Trains, evaluates if there is something to evaluate on, and writes the result, the model last: its
/// presence says that all of it is there. `log` gets what happens and the metrics.
///
/// # Errors
/// [`ContainerError`]: what is wrong with the input, or why there is no model.
pub fn run(root: &Root, log: &mut dyn Write) -> Result<(), ContainerError> {
    let started = Instant::now();
    let options = hyperparameters::read(root)?;
    let channels = settings::channels(root)?;
    let training = channel::files(root, TRAINING_CHANNEL)?;
    say(log, format_args!("training on {} files", training.len()));
    let mut counts = records::Counts::default();
    let model = train_replayed(
        |each| {
            counts = records::read(&training, each)?;
            Ok(())
        },
        &options.train,
    )
    .map_err(|error| match error {
        ReplayError::Read(error) => error,
        ReplayError::Train(TrainError::NoRecords) if counts.unreadable > 0 => {
            ContainerError::input(
                &root.channel(TRAINING_CHANNEL),
                format_args!(
                    "none of its {} lines is a record of a segment",
                    counts.unreadable
                ),
            )
        }
        ReplayError::Train(error) => ContainerError::Train(error),
    })?;
    if counts.unreadable > 0 {
        say(
            log,
            format_args!(
                "{} lines are no records and were left out",
                counts.unreadable
            ),
        );
    }
    say(log, format_args!("model {}", model.version()));
    let evaluation = if channels.contains_key(VALIDATION_CHANNEL) {
        Some(evaluate(
            root,
            &model,
            channels.contains_key(CURRENT_CHANNEL),
            options.validate,
            log,
        )?)
    } else {
        say(
            log,
            format_args!("there is no channel {VALIDATION_CHANNEL}: the model is not evaluated"),
        );
        None
    };
    let directory = root.model();
    fs::create_dir_all(&directory).map_err(ContainerError::file(&directory))?;
    if let Some(report) = &evaluation {
        let path = directory.join(EVALUATION_FILE);
        let text = serde_json::to_vec_pretty(report)
            .map_err(|error| ContainerError::input(&path, error))?;
        write_whole(&path, &text)?;
    }
    let path = directory.join(MODEL_FILE);
    let bytes = model
        .to_bytes()
        .map_err(|error| ContainerError::input(&path, error))?;
    write_whole(&path, &bytes)?;
    metrics(log, counts.records, &model, evaluation.as_ref(), started);
    Ok(())
}

fn evaluate(
    root: &Root,
    model: &Model,
    has_current: bool,
    options: aiops_model::ValidateOptions,
    log: &mut dyn Write,
) -> Result<EvaluationReport, ContainerError> {
    let current = if has_current {
        current(root, log)?
    } else {
        None
    };
    let files = channel::files(root, VALIDATION_CHANNEL)?;
    let mut held = Vec::new();
    records::read(&files, &mut |record| {
        if held.len() < VALIDATION_LINES_MAX {
            held.push(record.clone());
        }
    })?;
    say(log, format_args!("evaluating on {} lines", held.len()));
    validate(model, current.as_ref(), &held, options)
        .map_err(|error| ContainerError::input(&root.model(), error))
}

/// The current model. One of another version must not stop the training of its successor: it is left
/// out of the comparison, and said so.
fn current(root: &Root, log: &mut dyn Write) -> Result<Option<Model>, ContainerError> {
    let files = channel::files(root, CURRENT_CHANNEL)?;
    let [path] = files.as_slice() else {
        return Err(ContainerError::input(
            &root.channel(CURRENT_CHANNEL),
            format_args!("{} files: the current model is one", files.len()),
        ));
    };
    let bytes = fs::read(path).map_err(ContainerError::file(path))?;
    match Model::from_bytes(&bytes) {
        Ok(model) => Ok(Some(model)),
        Err(error) => {
            say(
                log,
                format_args!("the current model is not compared with: {error}"),
            );
            Ok(None)
        }
    }
}

/// Beside the target first, then renamed: there is never half a file.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ContainerError> {
    let part = path.with_extension("part");
    fs::write(&part, bytes)
        .and_then(|()| fs::rename(&part, path))
        .map_err(ContainerError::file(path))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of lines")]
fn metrics(
    log: &mut dyn Write,
    lines: u64,
    model: &Model,
    evaluation: Option<&EvaluationReport>,
    started: Instant,
) {
    let sources = || model.card().sources.values();
    let windows: u64 = sources().map(|source| source.windows).sum();
    let templates: u64 = sources().map(|source| source.templates).sum();
    let current = evaluation.and_then(|report| report.current.as_ref());
    for metric in TrainingMetric::ALL {
        let value = match metric {
            TrainingMetric::Lines => Some(lines as f64),
            TrainingMetric::Windows => Some(windows as f64),
            TrainingMetric::Templates => Some(templates as f64),
            TrainingMetric::ValidationWindows => evaluation.map(|report| report.windows as f64),
            TrainingMetric::AlarmRate => evaluation.map(|report| report.candidate.alarm_rate),
            TrainingMetric::FaultRecall => evaluation.map(|report| report.candidate.fault_recall),
            TrainingMetric::FaultAuc => evaluation.map(|report| report.candidate.fault_auc),
            TrainingMetric::PValueKs => evaluation.map(|report| report.candidate.p_value_ks),
            TrainingMetric::CurrentAlarmRate => current.map(|quality| quality.alarm_rate),
            TrainingMetric::CurrentFaultRecall => current.map(|quality| quality.fault_recall),
            TrainingMetric::Seconds => Some(started.elapsed().as_secs_f64()),
        };
        if let Some(value) = value {
            say(log, format_args!("{}", metric.line(value)));
        }
    }
}

/// A log that cannot be written must not end the training.
fn say(log: &mut dyn Write, text: std::fmt::Arguments<'_>) {
    let _nobody_reads: io::Result<()> = writeln!(log, "{text}").and_then(|()| log.flush());
}
