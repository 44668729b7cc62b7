//! Function packages: a zip for each Lambda binary, byte-identical when it is made twice from the
//! same binary.

pub mod archive;
pub mod build;
pub mod glibc;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// What `provided.al2023` brings.
pub const LAMBDA_GLIBC: glibc::Version = glibc::Version {
    major: 2,
    minor: 34,
};

/// The machine that a function runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
pub enum Architecture {
    /// Intel and AMD; `x86_64` in Lambda's words.
    #[serde(rename = "x86-64")]
    #[value(name = "x86-64", alias = "x86_64")]
    X86_64,
    /// Graviton.
    #[serde(rename = "arm64")]
    #[value(name = "arm64")]
    Arm64,
}

impl Architecture {
    /// This machine's.
    pub const fn of_host() -> Self {
        if cfg!(target_arch = "aarch64") {
            Self::Arm64
        } else {
            Self::X86_64
        }
    }

    /// The name of the Rust target.
    pub const fn target(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }
}

/// A package that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Name of the function.
    pub function: String,
    /// Its zip.
    pub path: PathBuf,
    /// Bytes of the zip.
    pub bytes: u64,
    /// sha256 of the zip.
    pub sha256: String,
    /// The newest glibc version that the binary needs, if it is linked with glibc at all.
    pub glibc: Option<String>,
}

/// Packs `binary` as the function `name` into `directory/name.zip`, whole or not at all. A symbol
/// that needs a glibc newer than Lambda's is given to `too_new`, which may refuse.
pub fn pack(
    name: &str,
    binary: &Path,
    directory: &Path,
    compression: archive::Compression,
    too_new: &dyn Fn(&glibc::Need) -> anyhow::Result<()>,
) -> anyhow::Result<Package> {
    let content =
        std::fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))?;
    let need = glibc::newest_need(&content)
        .with_context(|| format!("cannot read {}", binary.display()))?;
    if let Some(need) = need.as_ref().filter(|need| need.version > LAMBDA_GLIBC) {
        too_new(need)?;
    }
    let zip = archive::zip(&[("bootstrap", &content)], compression)?;
    let path = directory.join(format!("{name}.zip"));
    let mut file = tempfile::NamedTempFile::new_in(directory)
        .with_context(|| format!("cannot write into {}", directory.display()))?;
    std::io::Write::write_all(&mut file, &zip)?;
    file.persist(&path)?;
    Ok(Package {
        function: name.to_owned(),
        path,
        bytes: zip.len() as u64,
        sha256: aiops_domain::finding::hex(&Sha256::digest(&zip)),
        glibc: need.map(|need| need.version.to_string()),
    })
}
