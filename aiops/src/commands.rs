//! The commands, one file each.
//!
//! To add one: write `commands/<name>.rs` with `pub struct Args` (`#[derive(Debug, clap::Args)]`, its
//! doc comment is the help text, `#[command(after_help = "Examples: …")]`) and
//! `pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError>`; then add its
//! `pub mod` line and its line in `commands!` below, both in alphabetical order.
//!
//! A command reads its input wholly before it writes anything; bad input is
//! [`CommandError::BadInput`] (one sentence with the path or key). Only the printer prints.

use crate::error::{CommandError, Outcome};
use crate::printer::Printer;

pub mod completions;
pub mod config;
pub mod demo;
pub mod destroy_plan;
pub mod detect;
pub mod diff;
pub mod doctor;
pub mod evaluate;
pub mod graph;
pub mod image;
pub mod incidents;
pub mod local;
pub mod metrics;
pub mod mine;
pub mod model;
pub mod package;
pub mod replay;
pub mod train;

macro_rules! commands {
    ($($variant:ident($module:ident)),* $(,)?) => {
        /// A command and its arguments.
        #[derive(Debug, clap::Subcommand)]
        #[expect(missing_docs, reason = "each command's arguments say what it does")]
        pub enum Command {
            $($variant($module::Args),)*
        }

        impl Command {
            /// Runs the command.
            pub fn run(self, printer: &Printer) -> Result<Outcome, CommandError> {
                match self {
                    $(Self::$variant(args) => $module::run(args, printer),)*
                }
            }
        }
    };
}

commands! {
    Completions(completions),
    Config(config),
    Demo(demo),
    DestroyPlan(destroy_plan),
    Detect(detect),
    Diff(diff),
    Doctor(doctor),
    Evaluate(evaluate),
    Graph(graph),
    Image(image),
    Incidents(incidents),
    Local(local),
    Metrics(metrics),
    Mine(mine),
    Model(model),
    Package(package),
    Replay(replay),
    Train(train),
}
