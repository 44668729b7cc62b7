//! `aiops demo`: the whole path on this machine.

use std::path::{Path, PathBuf};

use aiops_domain::Time;
use serde::Serialize;

use crate::demo::logs::plan::Batching;
use crate::demo::logs::{self, LogsOptions};
use crate::demo::{self, Demo, Options};
use crate::error::{CommandError, Outcome};
use crate::output;
use crate::printer::Printer;
use crate::records::WindowArgs;

/// Show the whole path on this machine, from log lines to remediated incidents.
///
/// Starts a local cloud, applies the `local` stack, trains on a quiet period, streams a workload
/// with six incidents in it, and shows what was found and done. With `--logs` it streams a log file
/// instead, shows that no line was lost, and compares what was found with `aiops detect` on the file.
/// Ends with status 0 only if all of it is as it should be.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops demo                          what a first look needs
  aiops demo --seed 7 --json out.json another workload, the result as JSON too
  aiops demo --no-rules               the learned detectors alone
  aiops demo --sagemaker              trained by a job, scored through an endpoint
  aiops demo --keep                   leaves the cloud running: aiops incidents list, aiops local stop
  aiops demo --logs app.log --group /var/log/app                    a file of yours, minute by minute
  aiops demo --logs hdfs.log.gz --group hdfs --key 'blk_-?\\d+'      a sequence for each block
  aiops demo --logs syslog --group /var/log/syslog --year 2005 --batch 500 --shuffle 7")]
pub struct Args {
    /// Seed of the workload (1 if not given), or of the training on a file (0).
    #[arg(long)]
    pub seed: Option<u64>,
    /// Leave out the static rules: the learned detectors alone.
    #[arg(long)]
    pub no_rules: bool,
    /// Leave the local cloud running and say where it is.
    #[arg(long)]
    pub keep: bool,
    /// Train by a job and score through an endpoint of SageMaker on this machine.
    #[arg(long, conflicts_with = "logs")]
    pub sagemaker: bool,
    /// Write the result to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Stream this log file (plain or gzip) instead of the workload. Event times are kept.
    #[arg(long, value_name = "FILE", requires = "group")]
    pub logs: Option<PathBuf>,
    /// The log group that the lines of `--logs` go to; its name says what they are.
    #[arg(long, value_name = "NAME", requires = "logs")]
    pub group: Option<String>,
    /// A model that `aiops train` wrote; its windows hold. Without it the file is taken as usual.
    #[arg(long, value_name = "FILE", requires = "logs", conflicts_with_all = ["key", "window"])]
    pub model: Option<PathBuf>,
    /// How lines are cut into windows.
    #[command(flatten)]
    pub window: WindowArgs,
    /// Lines of one call of PutLogEvents at most.
    #[arg(long, value_name = "N", requires = "logs", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub batch: Option<u32>,
    /// Hand the calls over in an order that this seed decides.
    #[arg(long, value_name = "SEED", requires = "logs")]
    pub shuffle: Option<u64>,
}

impl Args {
    /// What to stream, if it is a file.
    fn logs(&self) -> Result<Option<LogsOptions>, CommandError> {
        let (Some(file), Some(group)) = (&self.logs, &self.group) else {
            let WindowArgs { key, window, year } = &self.window;
            let given = [
                ("--key", key.is_some()),
                ("--window", window.is_some()),
                ("--year", year.is_some()),
            ];
            return match given.iter().find(|(_, given)| *given) {
                Some((option, _)) => Err(CommandError::bad_key(option, "it goes with --logs FILE")),
                None => Ok(None),
            };
        };
        Ok(Some(LogsOptions {
            file: file.clone(),
            group: group.clone(),
            model: self.model.clone(),
            window: self.window.spec()?,
            year: self.window.year,
            seed: self.seed.unwrap_or(0),
            rules: !self.no_rules,
            batching: Batching {
                lines_max: self.batch.and_then(|lines| usize::try_from(lines).ok()),
                shuffle: self.shuffle,
            },
        }))
    }
}

/// Runs the demonstration.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let logs = args.logs()?;
    if let Some(path) = &args.json {
        // Before anything starts: an unwritable path is found now, not after a minute.
        output::check(path)?;
    }
    let options = Options {
        home: std::env::current_dir()?,
        seed: args.seed.unwrap_or(1),
        rules: !args.no_rules,
        keep: args.keep,
        sagemaker: args.sagemaker,
        now: Time::from_millis(jiff::Timestamp::now().as_millisecond()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        tokio::select! {
            result = show(&options, logs.as_ref(), args.json.as_deref(), printer) => result,
            () = interrupted() => Err(CommandError::Failed(anyhow::anyhow!("interrupted"))),
        }
    })
}

async fn show(
    options: &Options,
    logs: Option<&LogsOptions>,
    json: Option<&Path>,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    let mut config = demo::stack_config(options)?;
    let (outcome, cloud) = match logs {
        None => {
            let demo = Demo::start(options, config, printer).await?;
            let (report, cloud) = demo.run_workload().await?;
            report.print(printer)?;
            write(json, &report)?;
            (report.outcome(), cloud)
        }
        Some(logs) => {
            logs.configure(&mut config)?;
            // Before anything starts: what cannot be read is found now.
            let prepared = logs::prepare(logs, &config, options.now, printer)?;
            let demo = Demo::start(options, config, printer).await?;
            let (report, cloud) = demo.run_logs(prepared).await?;
            report.print(printer)?;
            write(json, &report)?;
            (report.outcome(), cloud)
        }
    };
    if options.keep {
        printer.note(format_args!(
            "the local cloud stays at {}: aiops incidents list, aiops local stop",
            cloud.aws().endpoint()
        ));
        cloud.keep()?;
    }
    Ok(outcome)
}

fn write(path: Option<&Path>, report: &impl Serialize) -> Result<(), CommandError> {
    let Some(path) = path else { return Ok(()) };
    let text = serde_json::to_string_pretty(report).map_err(anyhow::Error::from)?;
    output::write(path, (text + "\n").as_bytes())
}

/// Ends when somebody asks the process to end: dropping what runs then stops the local cloud.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        // Without handlers the signals end the process itself, and the cloud notices that.
        _ => std::future::pending().await,
    }
}
