//! `serve`: SageMaker starts it as the only process of an endpoint's container.

use std::process::ExitCode;

use aiops_container::root::Root;

fn main() -> ExitCode {
    aiops_container::serve_main(&Root::of_process())
}
