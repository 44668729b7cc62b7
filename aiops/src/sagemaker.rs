//! Training jobs and versions of the model: submit, wait, judge, register, promote, roll back.

pub mod gate;
pub mod packages;
pub mod pointer;
pub mod submit;
pub mod watch;

use aiops_functions::ports::PortError;

use crate::error::CommandError;

/// A refusal of AWS is bad input when it says so, else a failure.
pub(crate) fn of_port(error: PortError) -> CommandError {
    match &error {
        PortError::Permanent { detail, .. } if detail.starts_with("ValidationException") => {
            CommandError::BadInput(error.to_string())
        }
        _ => CommandError::Failed(error.into()),
    }
}
