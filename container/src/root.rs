//! Where SageMaker puts things, below `/opt/ml`.

use std::path::{Path, PathBuf};

/// The environment variable that moves [`Root`]: the local endpoint and the tests run the same
/// binaries without a container.
pub const VARIABLE: &str = "SAGEMAKER_ROOT";

/// The root of the file system that the contract's paths begin at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    /// The root at this directory; a container's is `/`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// The root that the environment names, or `/`.
    pub fn of_process() -> Self {
        Self::new(std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from("/"), PathBuf::from))
    }

    fn ml(&self, rest: &str) -> PathBuf {
        self.0.join("opt/ml").join(rest)
    }

    /// `hyperparameters.json`, `inputdataconfig.json` or `resourceconfig.json`.
    pub fn config(&self, file: &str) -> PathBuf {
        self.ml("input/config").join(file)
    }

    /// A channel's files.
    pub fn channel(&self, name: &str) -> PathBuf {
        self.ml("input/data").join(name)
    }

    /// The manifest that SageMaker leaves beside a channel's files.
    pub fn manifest(&self, name: &str) -> PathBuf {
        self.ml("input/data").join(format!("{name}-manifest"))
    }

    /// What becomes `model.tar.gz`, or came from it.
    pub fn model(&self) -> PathBuf {
        self.ml("model")
    }

    /// Where the reason of a failure goes.
    pub fn failure(&self) -> PathBuf {
        self.ml("output/failure")
    }
}

impl AsRef<Path> for Root {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}
