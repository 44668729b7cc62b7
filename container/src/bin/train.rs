//! `train`: SageMaker starts it as the only process of a training job's container.

use std::process::ExitCode;

use aiops_container::root::Root;

fn main() -> ExitCode {
    aiops_container::train_main(&Root::of_process())
}
