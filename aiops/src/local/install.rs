//! Sets up the emulator in a Python environment of its own, once, in the user's cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sha2::{Digest, Sha256};

use crate::error::CommandError;
use crate::printer::Printer;

/// The emulator and everything it needs, each at one version.
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The oldest Python that the emulator runs on.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// An environment in which the emulator is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its Python.
    pub python: PathBuf,
}

/// The environment in the user's cache; made first if it is not there. Safe to call from several
/// processes at once: one makes it, the others wait.
pub fn ensure(printer: &Printer) -> Result<Environment, CommandError> {
    let name: String = aiops_domain::finding::hex(&Sha256::digest(REQUIREMENTS))
        .chars()
        .take(12)
        .collect();
    let root = cache_directory().join(format!("local-cloud-{name}"));
    let environment = Environment {
        python: root.join("environment").join("bin").join("python"),
    };
    // Written last, so that an interrupted installation is made anew.
    let complete = root.join("complete");
    if complete.is_file() && environment.python.is_file() {
        return Ok(environment);
    }
    let bad = |problem: std::io::Error| CommandError::bad_path(&root, problem);
    fs::create_dir_all(&root).map_err(bad)?;
    let lock = File::create(root.join("lock")).map_err(bad)?;
    lock.lock().map_err(bad)?;
    if complete.is_file() && environment.python.is_file() {
        return Ok(environment);
    }
    install(&root, &environment, printer)?;
    fs::write(&complete, REQUIREMENTS).map_err(bad)?;
    Ok(environment)
}

fn install(root: &Path, environment: &Environment, printer: &Printer) -> Result<(), CommandError> {
    let python = std::env::var_os("AIOPS_PYTHON").unwrap_or_else(|| "python3".into());
    check_version(&python)?;
    let progress = printer.progress(None, "installing the local cloud (once)");
    let made = run(Command::new(&python)
        .args(["-m", "venv", "--clear"])
        .arg(root.join("environment"))
        .stdin(Stdio::null()));
    let output = made.map_err(|error| failed("python3 -m venv", &error.to_string()))?;
    if !output.status.success() {
        return Err(CommandError::Failed(anyhow::anyhow!(
            "python3 cannot make a virtual environment ({}): install Python's venv module (Debian, Ubuntu: apt install python3-venv)",
            last_line(&output)
        )));
    }
    let requirements = root.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS)?;
    let output = run(Command::new(&environment.python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
            "--no-deps",
            "-r",
        ])
        .arg(&requirements)
        .stdin(Stdio::null()))
    .map_err(|error| failed("pip install", &error.to_string()))?;
    progress.finish_and_clear();
    if output.status.success() {
        Ok(())
    } else {
        Err(failed("pip install", &last_line(&output)))
    }
}

fn check_version(python: &std::ffi::OsStr) -> Result<(), CommandError> {
    let missing = || {
        CommandError::Failed(anyhow::anyhow!(
            "the local cloud needs Python {}.{} or newer as `{}` on PATH: install it, or name one with AIOPS_PYTHON",
            OLDEST_PYTHON.0,
            OLDEST_PYTHON.1,
            python.display()
        ))
    };
    let output = run(Command::new(python)
        .args([
            "-c",
            "import sys; print(sys.version_info[0], sys.version_info[1])",
        ])
        .stdin(Stdio::null()))
    .map_err(|_| missing())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST_PYTHON => Ok(()),
        _ => Err(missing()),
    }
}

fn run(command: &mut Command) -> std::io::Result<Output> {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
}

fn failed(what: &str, detail: &str) -> CommandError {
    CommandError::Failed(anyhow::anyhow!(
        "the local cloud cannot be installed: {what}: {detail}"
    ))
}

fn last_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(if output.stderr.is_empty() {
        &output.stdout
    } else {
        &output.stderr
    })
    .into_owned();
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no output")
        .trim()
        .to_owned()
}

/// `AIOPS_CACHE_DIR`, else the user's cache, else the directory for temporary files.
fn cache_directory() -> PathBuf {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    variable("AIOPS_CACHE_DIR")
        .or_else(|| variable("XDG_CACHE_HOME").map(|path| path.join("aiops")))
        .or_else(|| variable("HOME").map(|path| path.join(".cache").join("aiops")))
        .unwrap_or_else(|| std::env::temp_dir().join("aiops"))
}
