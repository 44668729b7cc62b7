//! Why a deployment stopped.

use super::environment::EnvironmentError;
use super::monitor::MonitorError;
use super::schedule::ScheduleError;
use crate::config::ConfigError;
use crate::graph::EvaluateError;

/// Why a deployment stopped.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The program was not started by the engine, or by one that leaves something out.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The stack's configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The program itself is wrong: nothing was registered.
    #[error("{0}")]
    Program(String),
    /// The engine lacks what the program cannot do without.
    #[error("this Pulumi CLI is too old: it does not know {0}; install a current one")]
    Unsupported(&'static str),
    /// The graph cannot be put in order.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// An input has no value.
    #[error("{resource}: {source}")]
    Input {
        /// The resource, or the export.
        resource: String,
        /// Its urn, for the log.
        urn: String,
        /// What is wrong.
        source: EvaluateError,
    },
    /// The engine refused.
    #[error("{resource}: {source}")]
    Engine {
        /// The resource or the step.
        resource: String,
        /// Its urn, for the log; empty for a step.
        urn: String,
        /// What the engine said.
        source: MonitorError,
    },
    /// Resources failed; the engine has told the user about each.
    #[error("{0} resources failed or were skipped")]
    Resources(usize),
}

impl DeployError {
    /// The resource it is about, for the log; empty when it is about none.
    pub fn urn(&self) -> &str {
        match self {
            Self::Input { urn, .. } | Self::Engine { urn, .. } => urn,
            _ => "",
        }
    }

    /// Whether the engine has shown the reason already.
    pub fn is_told(&self) -> bool {
        match self {
            Self::Resources(_) => true,
            Self::Engine { source, .. } => source.is_told(),
            _ => false,
        }
    }
}
