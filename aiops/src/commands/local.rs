//! `aiops local`: a local cloud that outlives the command: `local up`, or what `demo --keep` left.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Subcommand;
use serde::Serialize;

use crate::error::{CommandError, Outcome};
use crate::local::cloud::{LocalCloud, Options};
use crate::local::state::LocalState;
use crate::local::{process, stack};
use crate::package::build::{outside_of_project, workspace_root};
use crate::printer::Printer;

pub mod sagemaker;

/// Start, look at or stop a local cloud.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops local up         starts it and applies the local stack; again: applies what changed
  aiops demo --keep      leaves the local cloud of a demonstration running
  aiops local status     where it is and what is on it
  aiops local sagemaker  SageMaker beside it, for aiops train submit and aiops model
  aiops local stop       ends it")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with the local cloud.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Start it, or bring the one that runs to the current program.
    Up,
    /// Say whether it runs, where, and what is on it.
    Status {
        /// The result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// SageMaker beside it: training jobs, models and endpoints of the real image, in the foreground.
    Sagemaker(sagemaker::Args),
    /// Stop it and forget it.
    Stop,
}

#[derive(Serialize)]
struct Status<'a> {
    schema: &'static str,
    running: bool,
    #[serde(flatten)]
    state: Option<Summary<'a>>,
}

#[derive(Serialize)]
struct Summary<'a> {
    endpoint: &'a str,
    region: &'a str,
    stack: &'a str,
    resources: usize,
    log: &'a Path,
}

/// Looks or stops.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let home = std::env::current_dir()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let state = LocalState::read(&home)?;
    match args.action {
        Action::Up => runtime.block_on(up(state, printer)),
        Action::Status { json } => {
            let running = match &state {
                Some(state) => runtime.block_on(process::answers(&state.endpoint))?,
                None => false,
            };
            status(state.as_ref(), running, json, printer)
        }
        Action::Sagemaker(args) => runtime.block_on(sagemaker::run(&args, printer)),
        Action::Stop => {
            let Some(state) = state else {
                printer.note("no local cloud is kept here");
                return Ok(Outcome::Done);
            };
            runtime.block_on(process::stop_kept(&state.directory, &state.endpoint))?;
            LocalState::remove(&home)?;
            printer.note(format_args!("stopped {}", state.endpoint));
            Ok(Outcome::Done)
        }
    }
}

async fn up(state: Option<LocalState>, printer: &Printer) -> Result<Outcome, CommandError> {
    let home = std::env::current_dir()?;
    let workspace = workspace_root(&home).ok_or_else(outside_of_project)?;
    let config = stack::config(&workspace)?;
    let graph = aiops_infra::platform::declare(&config);
    let options = Options {
        archives: stack::archives(&workspace, printer)?,
        home,
        keep: true,
        secrets: BTreeMap::new(),
    };
    let mut cloud = match state {
        Some(state) if process::answers(&state.endpoint).await? => {
            LocalCloud::resume(options, state)?
        }
        Some(_) => {
            // Its cloud has ended without `local stop`.
            LocalState::remove(&options.home)?;
            LocalCloud::start(options, printer).await?
        }
        None => LocalCloud::start(options, printer).await?,
    };
    let progress = printer.progress(Some(graph.resources.len() as u64), "applying the stack");
    let applied = cloud.apply(&graph, &|_| progress.inc(1)).await?.clone();
    progress.finish_and_clear();
    printer.line(format_args!("endpoint      {}", cloud.aws().endpoint()))?;
    printer.line(format_args!(
        "resources     {}, of which {} changed",
        applied.resources.len(),
        applied.changed.len()
    ))?;
    for name in applied.not_emulated_by_type() {
        printer.line(format_args!("not emulated  {name}"))?;
    }
    cloud.keep()?;
    Ok(Outcome::Done)
}

fn status(
    state: Option<&LocalState>,
    running: bool,
    json: bool,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    let summary = state.map(|state| Summary {
        endpoint: &state.endpoint,
        region: &state.region,
        stack: &state.stack,
        resources: state.resources.len(),
        log: &state.log,
    });
    if json {
        printer.json(&Status {
            schema: "aiops.local-status/1",
            running,
            state: summary,
        })?;
        return Ok(Outcome::Done);
    }
    match summary {
        None => printer.line("no local cloud is kept here (aiops demo --keep leaves one)")?,
        Some(summary) => {
            let word = if running { "running" } else { "not running" };
            printer.line(format_args!("{word}   {}", summary.endpoint))?;
            printer.line(format_args!(
                "stack     {}, {} resources",
                summary.stack, summary.resources
            ))?;
            printer.line(format_args!("log       {}", summary.log.display()))?;
        }
    }
    Ok(Outcome::Done)
}
