//! `aiops completions`: the completion script of a shell.

use clap_complete::Shell;

use crate::cli;
use crate::error::{CommandError, Outcome};
use crate::printer::Printer;

/// Print the completion script of a shell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  aiops completions bash > ~/.local/share/bash-completion/completions/aiops"
)]
pub struct Args {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Prints the script.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli::definition(), "aiops", &mut script);
    printer.bytes(&script)?;
    Ok(Outcome::Done)
}
