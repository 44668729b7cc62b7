//! What the endpoint's environment says.

use std::path::Path;
use std::str::FromStr;

use crate::exit::ContainerError;
use crate::root::Root;

/// The port of the contract.
const PORT: u16 = 8080;

/// Bytes of a request, more than a real-time endpoint of SageMaker lets through.
const BODY_BYTES_MAX: usize = 32 << 20;

/// Requests that wait for each that is scored.
const WAITING_PER_WORKER: usize = 4;

/// How the endpoint serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The port (`SAGEMAKER_BIND_TO_PORT`, else 8080).
    pub port: u16,
    /// Requests that are scored at once, at least 1 (`AIOPS_CONCURRENCY`, else the processors).
    pub concurrency: usize,
    /// Requests that may wait.
    pub waiting: usize,
    /// Bytes of a request's body (`AIOPS_BODY_BYTES_MAX`, else 32 MiB).
    pub body_bytes_max: usize,
}

impl Settings {
    /// The settings of the environment.
    ///
    /// # Errors
    /// When a variable is no such number.
    pub fn of_process(root: &Root) -> Result<Self, ContainerError> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let concurrency = variable(root, "AIOPS_CONCURRENCY")?
            .unwrap_or(processors)
            .max(1);
        Ok(Self {
            port: variable(root, "SAGEMAKER_BIND_TO_PORT")?.unwrap_or(PORT),
            concurrency,
            waiting: concurrency * WAITING_PER_WORKER,
            body_bytes_max: variable(root, "AIOPS_BODY_BYTES_MAX")?.unwrap_or(BODY_BYTES_MAX),
        })
    }
}

fn variable<T: FromStr>(root: &Root, name: &str) -> Result<Option<T>, ContainerError> {
    let Ok(text) = std::env::var(name) else {
        return Ok(None);
    };
    text.trim().parse().map(Some).map_err(|_| {
        let path: &Path = root.as_ref();
        ContainerError::input(
            path,
            format_args!("the environment variable {name}: `{text}` is no such number"),
        )
    })
}
