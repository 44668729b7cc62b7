//! How a container ends badly: what it says, and its exit status.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aiops_model::train::TrainError;

use crate::root::Root;

/// SageMaker shows so many characters of the file `failure`.
const REASON_CHARS_MAX: usize = 1024;

/// Why a container has no result.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// A file of the contract is missing or malformed, or says what cannot be done.
    #[error("{}: {problem}", path.display())]
    Input {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The lines give no model.
    #[error("the training data gives no model")]
    Train(#[source] TrainError),
    /// The service cannot begin.
    #[error("cannot listen on port {port}")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// SageMaker stopped the job before it had a model.
    #[error("stopped by SIGTERM before there was a model; nothing was written")]
    Stopped,
    /// A bug: a thread panicked.
    #[error("the training ended without a result: see the job's log")]
    Panicked,
}

impl ContainerError {
    pub(crate) fn input(path: &Path, problem: impl ToString) -> Self {
        Self::Input {
            path: path.to_owned(),
            problem: problem.to_string(),
        }
    }

    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    /// 2 for bad input, 143 (128 + SIGTERM) when stopped, else 1.
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::Input { .. } | Self::Train(_) => 2,
            Self::Stopped => 143,
            Self::File { .. } | Self::Listen { .. } | Self::Panicked => 1,
        }
    }

    /// The message and its causes in one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }

    /// Writes the reason where SageMaker looks for it. That it cannot be written must not hide it: the
    /// caller prints it too.
    pub fn write_reason(&self, root: &Root) -> io::Result<()> {
        let path = root.failure();
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let reason: String = self.chain().chars().take(REASON_CHARS_MAX).collect();
        fs::write(path, reason)
    }
}
