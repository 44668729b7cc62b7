//! `aiops incidents`: look at incidents, decide on plans, undo, label and suppress, from a terminal.

use std::path::PathBuf;

use aiops_domain::{Kind, Source, Time};
use clap::{Subcommand, ValueEnum};

use crate::error::{CommandError, Outcome};
use crate::printer::Printer;

mod act;
mod desk;
mod labels;
mod look;

use desk::Desk;

/// List, show, acknowledge, approve, deny, undo, label and suppress incidents.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops incidents list                                    what is open on the local cloud that was kept
  aiops incidents list --prefix aiops-prod --all --json   everything of a deployed stack
  aiops incidents show 3f2a…                              one incident: why, what was done, its log
  aiops incidents approve 3f2a… --plan 9c41…              run exactly the plan of this digest
  aiops incidents undo 3f2a…                              restore the state before
  aiops incidents label 3f2a… false                       nothing was wrong
  aiops incidents labels --out labels.ndjson              what was said, for aiops train --labels
  aiops incidents suppress --kind port_scan --hours 4 --reason 'penetration test'
  aiops incidents stop --reason 'something is wrong'      no remediation changes anything any more")]
pub struct Args {
    /// Names of a deployed stack begin with this; without it, the local cloud that was kept.
    #[arg(long, global = true, env = "AIOPS_PREFIX")]
    pub prefix: Option<String>,
    /// Address of the approvals API of a deployed stack.
    #[arg(long, global = true, env = "AIOPS_APPROVALS_URL")]
    pub approvals_url: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// List incidents, the latest first.
    List {
        /// Closed ones too.
        #[arg(long)]
        all: bool,
        /// At most so many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// The result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one incident: why, what was done, and its log.
    Show {
        /// Its id.
        id: String,
        /// The result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say that you are looking at it.
    Ack {
        /// Its id.
        id: String,
    },
    /// Let the plan run.
    Approve(Decision),
    /// Refuse the plan.
    Deny(Decision),
    /// Restore the state before its actions.
    Undo {
        /// Its id.
        id: String,
        /// Only this action.
        #[arg(long)]
        action: Option<String>,
    },
    /// Say what it really was; `labels` writes it down for training.
    Label {
        /// Its id.
        id: String,
        /// What it was.
        #[arg(value_enum)]
        label: Label,
        /// With `expected`: until when, in event time (RFC 3339); 30 days after its end without it.
        #[arg(long, value_name = "TIME", value_parser = time)]
        until: Option<Time>,
    },
    /// Write what was said of incidents, one finding a line: the file that `aiops train --labels` reads.
    Labels {
        /// Where to; standard output without it.
        #[arg(long, short, value_name = "NDJSON")]
        out: Option<PathBuf>,
    },
    /// Leave incidents of a scope alone for a while.
    Suppress(Suppress),
    /// Turn the stop switch on: nothing is changed any more until `resume`.
    Stop {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Turn the stop switch off.
    Resume {
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// A decision on a plan.
#[derive(Debug, clap::Args)]
pub struct Decision {
    /// The incident's id.
    pub id: String,
    /// The digest of the plan that you saw (`aiops incidents show`), whole or its first 12 digits or more.
    #[arg(long)]
    pub plan: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
}

/// What an incident really was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Label {
    /// Something was wrong.
    True,
    /// Nothing was wrong.
    False,
    /// Somebody did it on purpose (a test, maintenance).
    Expected,
}

/// A suppression.
#[derive(Debug, clap::Args)]
pub struct Suppress {
    /// Of this source.
    #[arg(long)]
    pub source: Option<Source>,
    /// Of this kind.
    #[arg(long, value_parser = kind)]
    pub kind: Option<Kind>,
    /// About this entity.
    #[arg(long)]
    pub entity: Option<String>,
    /// For so many hours; a suppression without an end does not exist.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=720))]
    pub hours: u32,
    /// Why.
    #[arg(long)]
    pub reason: String,
}

fn time(text: &str) -> Result<Time, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no time; write 2026-08-01T12:00:00Z"))
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| {
            let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
            format!("`{text}` is no kind: {}", kinds.join(", "))
        })
}

/// Does it.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let desk = Desk::open(args.prefix.as_deref(), args.approvals_url).await?;
        match args.action {
            Action::List { all, limit, json } => look::list(&desk, all, limit, json, printer).await,
            Action::Show { id, json } => look::show(&desk, &id, json, printer).await,
            Action::Ack { id } => act::acknowledge(&desk, &id, printer).await,
            Action::Approve(decision) => act::decide(&desk, "approve", &decision, printer).await,
            Action::Deny(decision) => act::decide(&desk, "deny", &decision, printer).await,
            Action::Undo { id, action } => act::undo(&desk, &id, action.as_deref(), printer).await,
            Action::Label { id, label, until } => {
                labels::label(&desk, &id, label, until, printer).await
            }
            Action::Labels { out } => labels::write(&desk, out.as_deref(), printer).await,
            Action::Suppress(suppress) => act::suppress(&desk, suppress, printer).await,
            Action::Stop { reason } => act::switch(&desk, true, &reason, printer).await,
            Action::Resume { reason } => act::switch(&desk, false, &reason, printer).await,
        }
    })
}
