//! `aiops train`: a model from logs, in one file; or, by `submit`, a training job in SageMaker.

use std::path::{Path, PathBuf};

use aiops_domain::FindingLabel;
use aiops_model::{AlarmTarget, TrainOptions};
use serde::Serialize;

use crate::error::{CommandError, Outcome};
use crate::masks::MaskArgs;
use crate::output;
use crate::printer::Printer;
use crate::records::{self, WindowArgs};

pub mod submit;

/// Train a model on logs of quiet times; unlabelled incidents among them are left out by itself.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  aiops train /var/log/app/ --out app.model\n  aiops train hdfs.log.gz --key 'blk_-?\\d+' --out hdfs.model\n  aiops train app.log --out app.model --pages 2 --per-windows 10080\n  aiops train submit --stack prod --image 3f2a9c1b7d4e --wait"
)]
pub struct Args {
    /// Train elsewhere. (A directory of that name is `./submit`.)
    #[command(subcommand)]
    pub action: Option<Action>,
    /// Files or directories (plain, gzip, segments, CloudWatch envelopes, CloudTrail); `-` is
    /// standard input.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Where the model goes.
    #[arg(long, short, value_name = "FILE", required = true)]
    pub out: Option<PathBuf>,
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
    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Accept at most this many false pages in `--per-windows` windows; without it, one window in a
    /// thousand.
    #[arg(long, requires = "per_windows")]
    pub pages: Option<u32>,
    /// The period of `--pages`, in windows (a week of minutes is 10080 for each entity).
    #[arg(long, requires = "pages")]
    pub per_windows: Option<u64>,
    /// What operators said of earlier findings, one JSON object per line.
    #[arg(long, value_name = "NDJSON")]
    pub labels: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Where else to train.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// In SageMaker, on a stack's segments.
    Submit(submit::Args),
}

#[derive(Serialize)]
struct Report<'m> {
    schema: &'static str,
    model: records::ModelName<'m>,
    card: &'m aiops_model::card::ModelCard,
}

/// Trains and writes the artefact, wholly or not at all.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    if let Some(Action::Submit(args)) = &args.action {
        return submit::run(args, printer);
    }
    let out = args
        .out
        .as_ref()
        .ok_or_else(|| CommandError::bad_key("--out", "say where the model goes"))?;
    let window = args.window.spec()?;
    let target = match (args.pages, args.per_windows) {
        (Some(pages), Some(windows)) => AlarmTarget::Budget { pages, windows },
        _ => AlarmTarget::default(),
    };
    output::check(out)?;
    let options = TrainOptions {
        window: window.unwrap_or(aiops_model::model::DEFAULT_WINDOW),
        seed: args.seed,
        target,
        labels: args
            .labels
            .as_deref()
            .map_or_else(|| Ok(Vec::new()), labels)?,
        miner: args.masks.miner()?,
        ..TrainOptions::default()
    };
    let model = records::train_on(
        &args.paths,
        args.group.as_deref(),
        args.window.year,
        &options,
        printer,
    )?;
    output::write(out, &model.to_bytes().map_err(anyhow::Error::from)?)?;
    if args.json {
        printer.json(&Report {
            schema: "aiops.train/1",
            model: records::ModelName::of(&model),
            card: model.card(),
        })?;
        return Ok(Outcome::Done);
    }
    printer.line(format!(
        "{}: model {} (sha256 {})",
        out.display(),
        model.version(),
        model.sha256()
    ))?;
    for (source, card) in &model.card().sources {
        printer.line(format!(
            "  {source}: {} lines, {} templates, {} windows ({} left out as contaminated), {} to {}",
            card.lines,
            card.templates,
            card.windows,
            card.windows_left_out,
            card.data.start,
            card.data.end
        ))?;
    }
    let labels = &model.card().labels;
    if args.labels.is_some() {
        printer.line(format!(
            "  labels: {} windows rightly and {} wrongly found, {} causes expected, {} without a window here",
            labels.anomalous, labels.normal, labels.expected, labels.without_window
        ))?;
    }
    Ok(Outcome::Done)
}

/// The labels of a file.
fn labels(path: &Path) -> Result<Vec<FindingLabel>, CommandError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| CommandError::bad_path(path, error))?;
    FindingLabel::read_all(&text).map_err(|error| CommandError::bad_path(path, error))
}
