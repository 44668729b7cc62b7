//! `aiops diff`: what a change would do to a stack.

use aiops_infra::export::diff;
use aiops_infra::graph::Graph;

use crate::error::{CommandError, Outcome};
use crate::printer::Printer;
use crate::stack;

/// Compare a stack as it is declared now with a revision of the repository, without credentials.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops diff --stack prod --base main                     what this working tree changes
  aiops diff --stack prod --base v1.2 --format markdown   for a comment on a pull request")]
pub struct Args {
    /// The stack: one that has a file Pulumi.<stack>.yaml.
    #[arg(long, value_name = "NAME")]
    pub stack: String,
    /// The revision to compare with; its graph is read from infra/snapshots.
    #[arg(long, value_name = "REF", default_value = "HEAD")]
    pub base: String,
    /// The form of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// The form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For a comment on a pull request.
    Markdown,
    /// aiops.diff/1.
    Json,
}

/// Prints the difference.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let project = stack::project()?;
    let after = stack::graph(&project, &args.stack)?;
    let before = stack::committed(&project, &args.stack, &args.base)?.unwrap_or_else(|| {
        printer.note(format_args!(
            "{} has no graph at {}: everything is new",
            args.stack, args.base
        ));
        Graph {
            stack: args.stack.clone(),
            ..Graph::default()
        }
    });
    let difference = diff::diff(&before, &after, &args.base);
    match args.format {
        Format::Text => printer.text(difference.text())?,
        Format::Markdown => printer.text(difference.markdown())?,
        Format::Json => printer.json(&difference)?,
    }
    Ok(Outcome::Done)
}
