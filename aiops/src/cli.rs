//! The arguments of the process, and the way from them to an exit status.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, ValueEnum};

use crate::commands::Command;
use crate::error::{CommandError, Outcome};
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  aiops demo                                   the whole path on this machine, from a log line to a remediated incident
  aiops detect app.log                         anomalies of a file, without any cloud
  aiops detect hdfs.log.gz --key 'blk_-?\\d+'   the same, a sequence for each block
  aiops diff --stack prod --base main          what a change would do to a stack

Exit status: 0 done (findings are no error), 1 failed, 2 bad input.";

/// AIOps on AWS: collects logs and metrics, finds anomalies, explains and remediates them.
#[derive(Debug, Parser)]
#[command(name = "aiops", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// When to colour the output; NO_COLOR is honoured.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Global options")]
    pub color: Color,
    /// No progress and no notes on standard error; errors only.
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When output is coloured. Colour never carries meaning alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The definition that completions are generated from.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Runs the command that `arguments` (program name first) ask for.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results (status 0), everything else is bad input (status 2). If
            // even this cannot be written there is nobody left to tell.
            let _unwritable = error.print();
            return if error.use_stderr() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let printer = Printer::of_process(cli.color, cli.quiet);
    let result = cli.command.run(&printer);
    ExitCode::from(report(&result, &printer))
}

/// The exit status of a result; an error is printed, once, in one line.
pub fn report(result: &Result<Outcome, CommandError>, printer: &Printer) -> u8 {
    match result {
        Ok(outcome) => outcome.exit_status(),
        Err(CommandError::OutputClosed) => 0,
        Err(error) => {
            printer.error(error);
            error.exit_status()
        }
    }
}
