//! `aiops destroy-plan`: what stands in the way of destroying a stack.

use aiops_infra::export::destroy;

use crate::error::{CommandError, Outcome};
use crate::printer::Printer;
use crate::stack;

/// Say what must be emptied or unprotected before a stack can be destroyed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops destroy-plan --stack dev          one line per resource and step
  aiops destroy-plan --stack dev --json   the same as JSON")]
pub struct Args {
    /// The stack: one that has a file Pulumi.<stack>.yaml.
    #[arg(long, value_name = "NAME")]
    pub stack: String,
    /// The result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Prints the plan.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    let graph = stack::graph(&stack::project()?, &args.stack)?;
    let plan = destroy::plan(&graph);
    if args.json {
        printer.json(&plan)?;
        return Ok(Outcome::Done);
    }
    if plan.steps.is_empty() {
        printer.line(format_args!(
            "nothing stands in the way of destroying {}",
            plan.stack
        ))?;
    }
    for step in &plan.steps {
        let data = if step.data_bearing {
            " [holds data]"
        } else {
            ""
        };
        printer.line(format_args!("{}{data}", step.resource))?;
        for action in &step.actions {
            printer.line(format_args!("    {action}"))?;
        }
    }
    Ok(Outcome::Done)
}
