//! `aiops demo`: the whole path on this machine.

use std::path::PathBuf;

use aiops_domain::Time;

use crate::demo::{Demo, Options};
use crate::error::{CommandError, Outcome};
use crate::printer::Printer;

/// Show the whole path on this machine, from log lines to remediated incidents.
///
/// Starts a local cloud, applies the `local` stack, trains on a quiet period, streams a workload
/// with six incidents in it, and shows what was found and done. Ends with status 0 only if all of
/// it is as it should be.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops demo                          what a first look needs
  aiops demo --seed 7 --json out.json another workload, the result as JSON too
  aiops demo --no-rules               the learned detectors alone
  aiops demo --keep                   leaves the cloud running: aiops incidents list, aiops local stop")]
pub struct Args {
    /// Seed of the workload.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Leave out the static rules: the learned detectors alone.
    #[arg(long)]
    pub no_rules: bool,
    /// Leave the local cloud running and say where it is.
    #[arg(long)]
    pub keep: bool,
    /// Write the result to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Runs the demonstration.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    if let Some(path) = &args.json {
        // Before anything starts: an unwritable path is found now, not after a minute.
        std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(|error| CommandError::bad_path(path, error))?;
    }
    let options = Options {
        home: std::env::current_dir()?,
        seed: args.seed,
        rules: !args.no_rules,
        keep: args.keep,
        now: Time::from_millis(jiff::Timestamp::now().as_millisecond()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        tokio::select! {
            result = show(&options, args.json.as_deref(), printer) => result,
            () = interrupted() => Err(CommandError::Failed(anyhow::anyhow!("interrupted"))),
        }
    })
}

async fn show(
    options: &Options,
    json: Option<&std::path::Path>,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    let demo = Demo::start(options, printer).await?;
    let (report, cloud) = demo.run_workload().await?;
    report.print(printer)?;
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)?;
        std::fs::write(path, text + "\n").map_err(|error| CommandError::bad_path(path, error))?;
    }
    if options.keep {
        printer.note(format_args!(
            "the local cloud stays at {}: aiops incidents list, aiops local stop",
            cloud.aws().endpoint()
        ));
        cloud.keep();
    }
    Ok(report.outcome())
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
