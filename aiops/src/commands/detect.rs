//! `aiops detect`: the anomalies of log files, without any cloud.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aiops_domain::{Finding, Source};
use aiops_model::drift::Drift;
use aiops_model::{Model, TrainOptions, train};
use serde::Serialize;

use crate::detection;
use crate::error::{CommandError, Outcome};
use crate::masks::MaskArgs;
use crate::printer::{Printer, Style, printable};
use crate::records::{self, WindowArgs};

/// Find the anomalies of log files.
///
/// Without `--model` and `--train`, the files themselves are what is usual, with whatever anomalies
/// they hold.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aiops detect app.log\n  aiops detect today.log --train last-week.log --window 30s\n  aiops detect hdfs.log.gz --key 'blk_-?\\d+' --json | jq '.findings[].summary'"
)]
pub struct Args {
    /// Files or directories (plain, gzip, segments, CloudWatch envelopes, CloudTrail); `-` is
    /// standard input.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A model that `aiops train` wrote; its windows hold.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["train", "key", "window", "masks"])]
    pub model: Option<PathBuf>,
    /// Logs to train on first.
    #[arg(long, value_name = "PATH")]
    pub train: Vec<PathBuf>,
    /// The log group that the lines count as: its name says what they are (such as
    /// `/aws/vpc/flow-logs`, whose lines are flows).
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// How lines are cut into windows.
    #[command(flatten)]
    pub window: WindowArgs,
    /// Which parts of a message are values.
    #[command(flatten)]
    pub masks: MaskArgs,
    /// Print every window, not only the anomalous ones.
    #[arg(long)]
    pub all: bool,
    /// Learned detectors only, without the static rules.
    #[arg(long)]
    pub no_rules: bool,
    /// Seed of the training.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Report<'m> {
    schema: &'static str,
    model: records::ModelName<'m>,
    lines: u64,
    windows: u64,
    /// Of the source, if there is one.
    threshold: Option<f64>,
    thresholds: BTreeMap<Source, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines_without_key: Option<u64>,
    findings: Vec<Finding>,
    drift: BTreeMap<Source, Drift>,
}

/// Reads, trains if asked to, scores every window and prints the findings.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let window = args.window.spec()?;
    let miner = args.masks.miner()?;
    let given = args
        .model
        .as_ref()
        .map(|path| {
            let bytes = std::fs::read(path).map_err(|error| CommandError::bad_path(path, error))?;
            Model::from_bytes(&bytes).map_err(|error| CommandError::bad_path(path, error))
        })
        .transpose()?;
    let input = records::read(
        &args.paths,
        args.group.as_deref(),
        args.window.year,
        printer,
    )?;
    let model = match given {
        Some(model) => model,
        None => {
            let training = if args.train.is_empty() {
                printer
                    .note("no --model and no --train: these files themselves are taken as usual");
                input.clone()
            } else {
                records::read(
                    &args.train,
                    args.group.as_deref(),
                    args.window.year,
                    printer,
                )?
            };
            let progress = printer.progress(None, "training");
            let options = TrainOptions {
                window: window.unwrap_or(aiops_model::model::DEFAULT_WINDOW),
                seed: args.seed,
                miner,
                ..TrainOptions::default()
            };
            let model = train(training, &options).map_err(records::bad_training)?;
            progress.finish_and_clear();
            model
        }
    }
    .with_rules(!args.no_rules);

    let progress = printer.progress(Some(0), "scoring");
    let detection = detection::detect(&model, input, args.all, &|scored| {
        progress.set_length(scored.total);
        progress.set_position(scored.windows);
    })
    .map_err(anyhow::Error::from)?;
    progress.finish_and_clear();
    let thresholds: BTreeMap<Source, f64> = model
        .sources()
        .filter_map(|source| Some((source, model.threshold(source)?)))
        .collect();
    let report = Report {
        schema: "aiops.detect/1",
        model: records::ModelName::of(&model),
        lines: detection.lines,
        windows: detection.windows,
        threshold: thresholds.values().next().copied(),
        thresholds,
        lines_without_key: (detection.without_key > 0).then_some(detection.without_key),
        findings: detection.findings,
        drift: detection.drift,
    };
    if args.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(Outcome::Done)
}

fn print(report: &Report<'_>, printer: &Printer) -> Result<(), CommandError> {
    for finding in &report.findings {
        let style = if finding.anomalous {
            Style::Bad
        } else {
            Style::Dim
        };
        let about = finding.key.as_ref().unwrap_or(&finding.entity);
        printer.line(format!(
            "{}  {}  {}  score {:.1}  p {:.2e}",
            finding.window.start,
            printer.styled(style, finding.kind),
            printable(about),
            finding.score,
            finding.p_value
        ))?;
        printer.line(format!("    {}", printable(&finding.summary)))?;
        if let Some(example) = &finding.example {
            let text: String = example.text.chars().take(160).collect();
            printer.line(printer.styled(Style::Dim, format!("    {}", printable(&text))))?;
        }
    }
    let anomalous = report.findings.iter().filter(|finding| finding.anomalous);
    printer.line(format!(
        "{} of {} windows are anomalous ({} lines, model {})",
        anomalous.count(),
        report.windows,
        report.lines,
        report.model.version
    ))
}

#[cfg(test)]
mod tests;
