//! The command line. Everything is in the library; this hands it the process's arguments.

use std::process::ExitCode;

fn main() -> ExitCode {
    aiops::cli::main(std::env::args_os())
}
