//! Every stack through the real engine, offline: with a Pulumi CLI on PATH and the provider that touches
//! nothing (`examples/pulumi-resource-aws`), preview, up, an unchanged preview, a changed configuration,
//! a failing resource, destroy. Without a CLI, `engine.rs` covers the same points of the protocol
//! against an engine of our own; standard error says which of the two ran.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aiops_infra::config::StackConfig;
use aiops_infra::engine::program::missing_files;

const STACKS: [&str; 4] = ["dev", "staging", "prod", "team-example"];

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Cargo puts examples beside the tests' directory.
fn stub_provider() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().unwrap().parent().unwrap();
    profile.join("examples/pulumi-resource-aws")
}

/// A project of its own: the stack files, the program, a state in a folder.
struct Project {
    directory: PathBuf,
}

/// What a command printed, and whether it ended well.
struct Ended {
    ok: bool,
    text: String,
}

impl Project {
    fn new(stack: &str) -> Self {
        let directory =
            std::env::temp_dir().join(format!("aiops-pulumi-{}-{stack}", std::process::id()));
        let project = Self { directory };
        for folder in ["infra", "state", "home", "path"] {
            fs::create_dir_all(project.directory.join(folder)).unwrap();
        }
        fs::copy(
            root().join("Pulumi.yaml"),
            project.directory.join("Pulumi.yaml"),
        )
        .unwrap();
        let file = format!("Pulumi.{stack}.yaml");
        fs::copy(root().join(&file), project.directory.join(&file)).unwrap();
        link(
            Path::new(env!("CARGO_BIN_EXE_aiops-platform")),
            &project.directory.join("infra/program"),
        );
        for name in ["pulumi-resource-aws", "pulumi-resource-kubernetes"] {
            link(&stub_provider(), &project.directory.join("path").join(name));
        }
        project.put_zips(stack);
        project
    }

    /// Stands in for `aiops package`: the engine only needs the bytes' hash.
    fn put_zips(&self, stack: &str) {
        let text = fs::read_to_string(self.directory.join(format!("Pulumi.{stack}.yaml"))).unwrap();
        let config = StackConfig::from_stack_file(stack, &text).unwrap();
        let graph = aiops_infra::platform::declare(&config);
        for file in missing_files(&graph, &self.directory) {
            let path = self.directory.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            // The shortest zip there is: an empty one.
            fs::write(path, [b"PK\x05\x06".as_slice(), &[0; 18]].concat()).unwrap();
        }
    }

    fn pulumi(&self, arguments: &[&str], fail: Option<&str>) -> Ended {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("pulumi");
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env(
                "PATH",
                format!("{}:{path}", self.directory.join("path").display()),
            )
            .env(
                "PULUMI_BACKEND_URL",
                format!("file://{}", self.directory.join("state").display()),
            )
            .env("PULUMI_HOME", self.directory.join("home"))
            .env("PULUMI_CONFIG_PASSPHRASE", "test")
            .env("PULUMI_SKIP_UPDATE_CHECK", "1")
            .env("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "1")
            .env_remove("AIOPS_STUB_FAIL");
        if let Some(name) = fail {
            command.env("AIOPS_STUB_FAIL", name);
        }
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        Ended {
            ok: output.status.success(),
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    #[track_caller]
    fn succeeds(&self, arguments: &[&str]) -> String {
        let ended = self.pulumi(arguments, None);
        assert!(ended.ok, "pulumi {}: {}", arguments.join(" "), ended.text);
        ended.text
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // A folder that stays behind harms nobody.
        fs::remove_dir_all(&self.directory).ok();
    }
}

fn link(from: &Path, to: &Path) {
    std::os::unix::fs::symlink(from, to).unwrap();
}

fn lives_through_its_life(stack: &str) {
    let project = Project::new(stack);
    let of_stack = ["--stack", stack, "--non-interactive"];
    let with = |words: &[&'static str]| -> Vec<String> {
        words
            .iter()
            .copied()
            .chain(of_stack)
            .map(str::to_owned)
            .collect()
    };
    let run = |words: &[&'static str]| {
        let words = with(words);
        project.succeeds(&words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    project.succeeds(&["stack", "init", stack, "--non-interactive"]);
    run(&["preview"]);
    // A resource fails: one readable message, and the rest can go on later.
    let words = with(&["up", "--yes", "--skip-preview"]);
    let failed = project.pulumi(
        &words.iter().map(String::as_str).collect::<Vec<_>>(),
        Some("segments"),
    );
    assert!(!failed.ok);
    assert!(
        failed.text.contains("segments fails because"),
        "{}",
        failed.text
    );
    assert!(!failed.text.contains("panicked"), "{}", failed.text);
    run(&["up", "--yes", "--skip-preview"]);
    run(&["preview", "--expect-no-changes"]);
    let set = [
        "config",
        "set",
        "--path",
        "aiops:logs.retentionDays",
        "60",
        "--stack",
        stack,
    ];
    project.succeeds(&set);
    let changed = run(&["up", "--yes", "--skip-preview", "--diff"]);
    assert!(changed.contains("retentionInDays"), "{changed}");
    assert!(!changed.contains("replace"), "{changed}");
    // A wrong value: the message, and nothing is touched.
    project.succeeds(&[
        "config",
        "set",
        "--path",
        "aiops:logs.retentionDays",
        "61",
        "--stack",
        stack,
    ]);
    let words = with(&["preview"]);
    let wrong = project.pulumi(&words.iter().map(String::as_str).collect::<Vec<_>>(), None);
    assert!(!wrong.ok);
    assert!(
        wrong
            .text
            .contains("aiops:logs.retentionDays: 61 is not allowed"),
        "{}",
        wrong.text
    );
    project.succeeds(&set);
    project.succeeds(&["state", "unprotect", "--all", "--yes", "--stack", stack]);
    run(&["destroy", "--yes", "--skip-preview"]);
}

/// Past the capture of the test runner: which of the two ran must show.
fn say(line: &str) {
    use std::io::Write as _;
    let line = format!("{line}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[test]
fn every_stack_lives_through_its_life() {
    if on_path("pulumi").is_none() || on_path("pulumi-language-dotnet").is_none() {
        say(
            "skipped: every_stack_lives_through_its_life: no Pulumi CLI on PATH; the engine of our own (tests/engine.rs) covers the protocol",
        );
        return;
    }
    if !stub_provider().is_file() {
        panic!("build the provider first: cargo build -p aiops-infra --examples");
    }
    say("every_stack_lives_through_its_life: against the Pulumi CLI on PATH");
    for stack in STACKS {
        let begun = std::time::Instant::now();
        lives_through_its_life(stack);
        let seconds = begun.elapsed().as_secs();
        say(&format!("{stack} lived through its life in {seconds} s"));
    }
}
