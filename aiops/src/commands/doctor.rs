//! `aiops doctor`: looks whether a stack works from end to end, with a line of its own, and says what
//! to do about what does not.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::deployed::{Deployed, StackArgs};
use crate::error::{CommandError, Outcome};
use crate::printer::{Printer, Style, printable};

mod canary;
mod state;

/// Check a stack that stands, end to end, with a canary line.
///
/// Reads the state of functions, stream, tables, model and incidents, then writes one line into a log
/// group of the stack and waits until the detector has it. Exit status 1 if a check fails.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops doctor --stack local          the local cloud that was kept
  aiops doctor --stack prod --json
  aiops doctor --stack prod --no-canary   reads only, writes nothing")]
pub struct Args {
    /// The stack.
    #[arg(long)]
    pub stack: String,
    /// Only look at the state, write no line.
    #[arg(long)]
    pub no_canary: bool,
    /// How long the line may take, in seconds.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// The result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// It is as it should be.
    Ok,
    /// It works, and somebody should know.
    Notice,
    /// It does not work.
    Failed,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What was looked at.
    name: &'static str,
    /// What it says.
    verdict: Verdict,
    /// What was seen.
    detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<&'static str>,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            verdict: Verdict::Ok,
            detail: detail.into(),
            todo: None,
        }
    }

    fn notice(name: &'static str, detail: impl Into<String>, todo: &'static str) -> Self {
        Self {
            name,
            verdict: Verdict::Notice,
            detail: detail.into(),
            todo: Some(todo),
        }
    }

    fn failed(name: &'static str, detail: impl Into<String>, todo: &'static str) -> Self {
        Self {
            name,
            verdict: Verdict::Failed,
            detail: detail.into(),
            todo: Some(todo),
        }
    }

    /// The check, or its failure as one.
    fn or_failed(result: anyhow::Result<Self>, name: &'static str, todo: &'static str) -> Self {
        result.unwrap_or_else(|error| Self::failed(name, format!("{error:#}"), todo))
    }
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    schema: &'static str,
    stack: &'a str,
    ok: bool,
    checks: Vec<Check>,
}

/// Looks and prints.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let checks = runtime.block_on(async {
        let deployed = Deployed::open(&StackArgs::named(&args.stack)).await?;
        let mut checks = state::checks(&deployed).await;
        if !args.no_canary {
            printer.note("a line is on its way through the stack");
            let deadline = Instant::now() + Duration::from_secs(args.seconds);
            checks.extend(canary::checks(&deployed, deadline).await);
        }
        Ok::<_, CommandError>(checks)
    })?;
    let report = Report {
        schema: "aiops.doctor/1",
        stack: &args.stack,
        ok: checks.iter().all(|check| check.verdict != Verdict::Failed),
        checks,
    };
    if args.json {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(if report.ok {
        Outcome::Done
    } else {
        Outcome::NotOk
    })
}

fn print(report: &Report<'_>, printer: &Printer) -> Result<(), CommandError> {
    for check in &report.checks {
        let (word, style) = match check.verdict {
            Verdict::Ok => ("ok", Style::Good),
            Verdict::Notice => ("notice", Style::Warning),
            Verdict::Failed => ("FAILED", Style::Bad),
        };
        printer.line(format_args!(
            "{:<8} {:<14} {}",
            printer.styled(style, word),
            check.name,
            printable(&check.detail)
        ))?;
        if let Some(todo) = check.todo {
            printer.line(printer.styled(Style::Dim, format!("{:<23} {todo}", "")))?;
        }
    }
    Ok(())
}
