//! `aiops graph`: what a stack consists of.

use aiops_infra::export::{mermaid, terraform};
use aiops_infra::graph::json;

use crate::error::{CommandError, Outcome};
use crate::printer::Printer;
use crate::stack;

/// Print the resources of a stack and what they refer to, without credentials.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops graph --stack dev                            every resource, input and dependency as JSON
  aiops graph --stack dev --format mermaid           a diagram
  aiops graph --stack prod --format terraform-plan   for scanners such as checkov")]
pub struct Args {
    /// The stack: one that has a file Pulumi.<stack>.yaml.
    #[arg(long, value_name = "NAME")]
    pub stack: String,
    /// The form of the result.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub format: Format,
}

/// The form of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// The graph (aiops.graph/1).
    Json,
    /// A flow chart in Mermaid's notation.
    Mermaid,
    /// A Terraform plan as JSON.
    TerraformPlan,
}

/// Prints the graph.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let graph = stack::graph(&stack::project()?, &args.stack)?;
    match args.format {
        Format::Json => printer.text(json::to_text(&graph))?,
        Format::Mermaid => printer.text(mermaid::mermaid(&graph))?,
        Format::TerraformPlan => printer.json(&terraform::plan(&graph))?,
    }
    Ok(Outcome::Done)
}
