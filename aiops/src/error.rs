//! How a command ends.

use std::fmt::Display;
use std::path::Path;

/// How a command ended that was able to print its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was asked.
    Done,
    /// The result was printed and says that something is not as it should be (status 1).
    NotOk,
}

impl Outcome {
    /// 0 or 1.
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NotOk => 1,
        }
    }
}

/// Why a command has no result.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// What the user gave cannot be used: one sentence that names the path, the key or the line, and
    /// what to do about it (status 2).
    #[error("{0}")]
    BadInput(String),
    /// Something else went wrong (status 1). The whole chain is printed.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
    /// The reader of standard output went away: not an error of ours (`aiops … | head`).
    #[error("standard output was closed")]
    OutputClosed,
}

impl CommandError {
    /// Bad input in the file or directory `path`.
    pub fn bad_path(path: &Path, problem: impl Display) -> Self {
        Self::BadInput(format!("{}: {problem}", path.display()))
    }

    /// Bad input in the option or key `key`.
    pub fn bad_key(key: &str, problem: impl Display) -> Self {
        Self::BadInput(format!("{key}: {problem}"))
    }

    /// 1 or 2.
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::BadInput(_) => 2,
            Self::Failed(_) => 1,
            Self::OutputClosed => 0,
        }
    }

    /// The message and its causes in one line.
    pub fn chain(&self) -> String {
        match self {
            Self::Failed(error) => format!("{error:#}"),
            other => other.to_string(),
        }
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::Failed(error.into())
        }
    }
}
