//! A directory inside the project with a local cloud of its own, and the binary run in it as somebody types.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test binary uses its part"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aiops::demo::places::Places;
use aiops::local::cloud::{LocalCloud, Options};
use aiops::local::state::LocalState;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(300);

/// Each of these tests uses the whole machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A directory inside the project, so that commands find it, with a cloud of its own.
pub struct Home {
    directory: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Home {
    pub fn new() -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.aiops");
        std::fs::create_dir_all(&scratch).unwrap();
        let scratch = scratch.canonicalize().unwrap();
        Self {
            directory: tempfile::Builder::new()
                .prefix("test-")
                .tempdir_in(scratch)
                .unwrap(),
            _alone: alone,
        }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiops"));
        self.set_up(&mut command, arguments);
        command
    }

    /// As from a terminal: a shell's background jobs, and what they start, ignore interrupts.
    pub fn interruptible(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("env");
        command.args(["--default-signal=INT", env!("CARGO_BIN_EXE_aiops")]);
        self.set_up(&mut command, arguments);
        command
    }

    fn set_up(&self, command: &mut Command, arguments: &[&str]) {
        command
            .args(arguments)
            .current_dir(self.path())
            .env("TMPDIR", self.path())
            .env("NO_COLOR", "1")
            .env_remove("AIOPS_PREFIX")
            .env_remove("AIOPS_APPROVALS_URL")
            .stdin(Stdio::null());
    }

    /// Through pipes: whatever inherited one would keep this from returning.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "aiops {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    pub fn state_file(&self) -> PathBuf {
        self.path().join(".aiops/local.json")
    }

    /// The cloud that was kept here.
    pub fn cloud(&self) -> (LocalCloud, Places) {
        let state = LocalState::read(self.path()).unwrap().unwrap();
        let options = Options {
            home: self.path().to_path_buf(),
            archives: PathBuf::new(),
            keep: true,
            secrets: Default::default(),
        };
        let cloud = LocalCloud::resume(options, state).unwrap();
        let places = Places::of(&cloud).unwrap();
        (cloud, places)
    }

    /// Processes of emulators, and of the functions that they run, that work below this directory.
    pub fn processes(&self) -> Vec<u32> {
        let mark = format!("AIOPS_RUN_DIR={}", self.path().display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let pid = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u32>().ok());
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            let ours = environment
                .split(|byte| *byte == 0)
                .any(|variable| variable.starts_with(mark.as_bytes()));
            found.extend(pid.filter(|_| ours));
        }
        found
    }
}

/// A test that fails leaves nothing running either.
impl Drop for Home {
    fn drop(&mut self) {
        if self.state_file().exists() {
            drop(self.command(&["local", "stop"]).output());
        }
    }
}

pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::yield_now();
    }
}
