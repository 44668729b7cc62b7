//! Commands that start a local cloud, as somebody types them: what they leave behind when they succeed,
//! when they are interrupted and when they are killed. The emulator must start: it is never skipped.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aiops::demo::places::Places;
use aiops::demo::state::Snapshot;
use aiops::local::cloud::{LocalCloud, Options};
use aiops::local::state::LocalState;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(300);

/// Each of these tests uses the whole machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A directory inside the project, so that commands find it, with a cloud of its own.
struct Home {
    directory: tempfile::TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Home {
    fn new() -> Self {
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

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiops"));
        self.set_up(&mut command, arguments);
        command
    }

    /// As from a terminal: a shell's background jobs, and what they start, ignore interrupts.
    fn interruptible(&self, arguments: &[&str]) -> Command {
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
    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "aiops {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    fn state_file(&self) -> PathBuf {
        self.path().join(".aiops/local.json")
    }

    /// Processes of emulators, and of the functions that they run, that work below this directory.
    fn processes(&self) -> Vec<u32> {
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

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_stack_applied_twice_changes_nothing_and_leaves_no_pipe_open() {
    let home = Home::new();
    let first = home.ok(&["local", "up"]);
    assert!(!first.contains(" of which 0 changed"), "{first}");
    assert!(
        first.contains("networkAcl:NetworkAcl (private: its association with"),
        "{first}"
    );
    let second = home.ok(&["local", "up"]);
    assert!(second.contains(" of which 0 changed"), "{second}");
    let status = home.json(&["local", "status", "--json"]);
    assert_eq!(status["running"], true);
    home.ok(&["local", "stop"]);
    assert!(!home.state_file().exists());
    until("the emulator's end", || home.processes().is_empty());
    assert_eq!(home.json(&["local", "status", "--json"])["running"], false);
}

#[test]
fn an_interrupted_or_killed_command_leaves_neither_process_nor_state() {
    let home = Home::new();
    for (arguments, name) in [
        (["local", "up"].as_slice(), "-INT"),
        (&["local", "up"], "-KILL"),
        (&["demo"], "-INT"),
        (&["demo", "--keep"], "-KILL"),
    ] {
        let mut child = home
            .interruptible(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("the emulator", || {
            assert_eq!(child.try_wait().unwrap(), None, "{arguments:?} ended");
            !home.processes().is_empty()
        });
        signal(&child, name);
        assert!(!child.wait().unwrap().success(), "{arguments:?}");
        until("the emulator's end", || home.processes().is_empty());
        assert!(!home.state_file().exists(), "{arguments:?} {name}");
    }
}

#[tokio::test]
async fn what_a_kept_demonstration_did_is_undone_from_the_terminal() {
    let home = Home::new();
    let shown = home.run(&["--quiet", "demo", "--keep", "--json", "out.json"]);
    let out = std::fs::read(home.path().join("out.json"));
    let out: Value = serde_json::from_slice(&out.unwrap_or_else(|_| panic!("{shown:?}"))).unwrap();
    let listed = home.json(&["incidents", "list", "--all", "--json"]);
    let ids = |incidents: &Value| -> BTreeSet<String> {
        let incidents = incidents.as_array().unwrap().iter();
        incidents
            .map(|incident| incident["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let told: BTreeSet<_> = &ids(&out["incidents"]) | &ids(&out["withdrawn"]);
    assert_eq!(ids(&listed["incidents"]), told);
    let answers = out["remediation"]["answers"].as_array().unwrap();
    let in_force: Vec<&Value> = answers
        .iter()
        .filter(|answer| ["automatic", "approved"].contains(&answer["course"].as_str().unwrap()))
        .collect();
    assert_eq!(in_force.len(), 2, "{answers:#?}");
    assert_ne!(acl_entries(&home).await, in_force[0]["before"]);
    for answer in &in_force {
        let id = answer["incident_id"].as_str().unwrap();
        let incident = &home.json(&["incidents", "show", id, "--json"])["incident"];
        assert_eq!(incident["actions"][0]["undone"], false);
        assert!(!incident["actions"][0]["prior_state"].is_null());
        let said = home.ok(&["incidents", "undo", id]);
        assert!(said.starts_with("1 actions undone"), "{said}");
        let incident = &home.json(&["incidents", "show", id, "--json"])["incident"];
        assert_eq!(incident["actions"][0]["undone"], true);
        assert_eq!(incident["status"], "rolled_back", "{incident:#}");
    }
    for answer in &in_force {
        assert_eq!(acl_entries(&home).await, answer["before"], "field by field");
    }
    let unknown = home.run(&["incidents", "undo", "nope"]);
    assert_eq!(unknown.status.code(), Some(2));
    home.ok(&["local", "stop"]);
    until("the emulator's end", || home.processes().is_empty());
}

/// Every entry of the stack's network ACLs, as the emulator shows them.
async fn acl_entries(home: &Home) -> Value {
    let state = LocalState::read(home.path()).unwrap().unwrap();
    let options = Options {
        home: home.path().to_path_buf(),
        archives: PathBuf::new(),
        keep: true,
        secrets: Default::default(),
    };
    let cloud = LocalCloud::resume(options, state).unwrap();
    let places = Places::of(&cloud).unwrap();
    let snapshot = Snapshot::take(cloud.aws(), &places).await.unwrap();
    let pieces = serde_json::to_value(snapshot).unwrap();
    let entries = pieces.as_array().unwrap().iter();
    entries
        .filter(|piece| piece["type"] == "network_acl_entry")
        .cloned()
        .collect()
}
