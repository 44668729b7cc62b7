//! Bad input to any command: one clear sentence with the path or key, exit status 2, nothing on standard
//! output, nothing written. The binary itself runs, once for each mistake.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Where the command runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    /// A directory with broken files, outside of the project.
    Outside,
    /// A directory below it whose kept cloud has a broken file.
    BrokenKept,
    /// The project.
    Project,
}

use In::{BrokenKept, Outside, Project};

/// Arguments, where, and what the sentence must name.
type Mistake = (&'static str, In, &'static str);

const MISTAKES: &[Mistake] = &[
    ("", Outside, "Usage: aiops"),
    ("frobnicate", Outside, "'frobnicate'"),
    ("completions", Outside, "<SHELL>"),
    ("completions tcsh", Outside, "'tcsh'"),
    ("config", Outside, "Usage: aiops config"),
    (
        "config check --directory missing",
        Outside,
        "missing: No such file",
    ),
    (
        "config check --directory app.log",
        Outside,
        "app.log: Not a directory",
    ),
    (
        "config check --directory directory",
        Outside,
        "directory: holds no Pulumi.<stack>.yaml",
    ),
    (
        "config check --stack nope",
        Outside,
        "Pulumi.nope.yaml: No such file",
    ),
    (
        "demo --json /nonexistent/x.json",
        Outside,
        "/nonexistent/x.json: there is no directory /nonexistent",
    ),
    (
        "demo --json directory",
        Outside,
        "directory: is a directory",
    ),
    ("demo --json new.json", Outside, "not inside the project"),
    ("demo --seed abc", Outside, "'--seed <SEED>'"),
    ("demo --logs missing.log --group g", Project, "missing.log"),
    ("demo --logs app.log", Outside, "--group"),
    ("demo --key x", Outside, "--key"),
    ("destroy-plan", Outside, "--stack"),
    (
        "destroy-plan --stack nope",
        Project,
        "--stack: `nope` is not one of",
    ),
    (
        "destroy-plan --stack dev",
        Outside,
        "not inside the project",
    ),
    ("doctor", Outside, "--stack"),
    (
        "doctor --stack local",
        Outside,
        "--stack: no local cloud is kept here",
    ),
    (
        "doctor --stack nope",
        Project,
        "--stack: `nope` is not one of",
    ),
    (
        "replay --stack local --from yesterday --to 2026-08-01T12:00:00Z",
        Outside,
        "`yesterday` is no time",
    ),
    (
        "replay --stack local --from 2026-08-02T00:00:00Z --to 2026-08-01T00:00:00Z",
        Outside,
        "--to: it is not after --from",
    ),
    (
        "replay --stack local --from 2026-08-01T00:00:00Z --to 2026-08-02T00:00:00Z --generation a/b",
        Outside,
        "`a/b` is not 1 to 64 letters",
    ),
    (
        "replay --stack local --from 2026-08-01T00:00:00Z --to 2026-08-02T00:00:00Z",
        Outside,
        "--stack: no local cloud is kept here",
    ),
    ("detect", Outside, "<PATH>"),
    ("detect missing.log", Outside, "missing.log: No such file"),
    (
        "detect directory",
        Outside,
        "directory: the directory holds no files",
    ),
    ("detect empty.log", Outside, "empty.log: there is no line"),
    ("detect truncated.gz", Outside, "truncated.gz"),
    (
        "detect app.log --key (",
        Outside,
        "--key: the key expression `(`",
    ),
    (
        "detect app.log --window 10q",
        Outside,
        "--window: `10q` is not a length",
    ),
    (
        "detect app.log --model missing",
        Outside,
        "missing: No such file",
    ),
    (
        "detect app.log --model broken.json",
        Outside,
        "broken.json: this is not a model",
    ),
    (
        "detect app.log --model directory",
        Outside,
        "directory: Is a directory",
    ),
    (
        "detect app.log --train missing",
        Outside,
        "missing: No such file",
    ),
    ("diff", Outside, "--stack"),
    (
        "diff --stack nope",
        Project,
        "--stack: `nope` is not one of",
    ),
    (
        "diff --stack dev --base no-such-revision",
        Project,
        "--base: `no-such-revision` is not a revision",
    ),
    (
        "diff --stack dev --base=-x",
        Project,
        "--base: `-x` is not a revision",
    ),
    ("diff --stack dev", Outside, "not inside the project"),
    ("diff --stack dev --format yaml", Project, "'yaml'"),
    ("evaluate", Outside, "--sessions"),
    (
        "evaluate --sessions missing.csv",
        Outside,
        "missing.csv: No such file",
    ),
    (
        "evaluate --sessions broken.csv",
        Outside,
        "broken.csv: line 1: there is no column",
    ),
    (
        "evaluate --sessions directory",
        Outside,
        "directory: Is a directory",
    ),
    ("evaluate --lines app.log", Outside, "--key"),
    (
        "evaluate --sessions broken.csv --prevalence 2",
        Outside,
        "--prevalence: must lie between",
    ),
    (
        "evaluate --sessions broken.csv --threshold x",
        Outside,
        "--threshold: `x` is not",
    ),
    (
        "evaluate --sessions broken.csv --detector nope",
        Outside,
        "--detector: `nope` is not",
    ),
    (
        "evaluate --sessions broken.csv --splits 0",
        Outside,
        "'--splits <SPLITS>'",
    ),
    ("graph", Outside, "--stack"),
    (
        "graph --stack nope",
        Project,
        "--stack: `nope` is not one of",
    ),
    ("graph --stack dev", Outside, "not inside the project"),
    ("graph --stack dev --format yaml", Project, "'yaml'"),
    ("incidents", Outside, "Usage: aiops incidents"),
    (
        "incidents list",
        Outside,
        "--prefix: no local cloud is kept here",
    ),
    ("incidents list --limit 0", Outside, "'--limit <LIMIT>'"),
    (
        "incidents list",
        BrokenKept,
        "local.json: EOF while parsing",
    ),
    ("incidents show", Outside, "<ID>"),
    ("incidents approve x", Outside, "--plan"),
    ("incidents undo", Outside, "<ID>"),
    ("incidents stop", Outside, "--reason"),
    (
        "incidents suppress --kind nope --hours 1 --reason x",
        Outside,
        "'nope'",
    ),
    ("image", Outside, "Usage: aiops image"),
    ("image build", Outside, "not inside the project"),
    (
        "image push --image missing",
        Outside,
        "manifest.json: No such file",
    ),
    ("image push --to nowhere", Outside, "'nowhere'"),
    ("local", Outside, "Usage: aiops local"),
    ("local sagemaker", Outside, "no local cloud is kept here"),
    ("local up", Outside, "not inside the project"),
    ("local status", BrokenKept, "local.json: EOF while parsing"),
    ("local stop", BrokenKept, "local.json: EOF while parsing"),
    ("metrics", Outside, "<FILE>"),
    ("metrics missing.csv", Outside, "missing.csv: No such file"),
    ("metrics directory", Outside, "directory: Is a directory"),
    (
        "metrics broken.csv",
        Outside,
        "broken.csv: no column `timestamp`",
    ),
    (
        "metrics text.csv",
        Outside,
        "text.csv: line 2: the value is not a number",
    ),
    (
        "metrics text.csv --significance 7",
        Outside,
        "--significance: must lie between",
    ),
    ("mine", Outside, "<FILE>"),
    ("mine missing.log", Outside, "missing.log: No such file"),
    (
        "mine directory",
        Outside,
        "directory: the directory holds no files",
    ),
    ("mine truncated.gz", Outside, "truncated.gz"),
    (
        "mine app.log --masks missing.yaml",
        Outside,
        "missing.yaml: No such file",
    ),
    (
        "mine app.log --masks masks.yaml",
        Outside,
        "masks.yaml: extra[1].pattern: not a regular expression: regex parse error",
    ),
    (
        "train app.log --out m --masks app.log",
        Outside,
        "app.log: no masks: ",
    ),
    (
        "evaluate --sessions s.csv --masks masks.yaml",
        Outside,
        "--masks",
    ),
    ("package", Outside, "not inside the project"),
    ("package --arch mips", Project, "'mips'"),
    (
        "package --function nope",
        Project,
        "--function: `nope` is not one of",
    ),
    ("model", Outside, "Usage: aiops model"),
    ("model list", Outside, "no local cloud is kept here"),
    ("model list", BrokenKept, "local.json: EOF while parsing"),
    (
        "model list --stack dev --outputs broken.json",
        Outside,
        "broken.json: EOF while parsing",
    ),
    ("model show", Outside, "<VERSION>"),
    ("train app.log", Outside, "--out"),
    ("train submit", Outside, "no local cloud is kept here"),
    ("train submit --set seed", Outside, "KEY=VALUE"),
    ("train submit --promote", Outside, "--wait"),
    (
        "train submit --source moon",
        Outside,
        "`moon` is not a source",
    ),
    (
        "train missing.log --out m",
        Outside,
        "missing.log: No such file",
    ),
    (
        "train empty.log --out m",
        Outside,
        "empty.log: there is no line",
    ),
    ("train truncated.gz --out m", Outside, "truncated.gz"),
    (
        "train app.log --out /nonexistent/m",
        Outside,
        "/nonexistent/m: there is no directory /nonexistent",
    ),
    (
        "train app.log --out directory",
        Outside,
        "directory: is a directory",
    ),
    (
        "train app.log --out m --window 0s",
        Outside,
        "--window: `0s` is not a length",
    ),
    ("train app.log --out m --pages 1", Outside, "--per-windows"),
];

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn broken_files() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("app.log", b"2026-08-01 12:00:00 INFO started\n");
    write("empty.log", b"");
    write("masks.yaml", b"extra: [{pattern: a+}, {pattern: '('}]\n");
    write(
        "truncated.gz",
        &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c],
    );
    write("broken.csv", b"a,b\n1\n");
    write("text.csv", b"timestamp,value\n2026-08-01T00:00:00Z,abc\n");
    write("broken.json", b"{\"x\":");
    write("kept/.aiops/local.json", b"{");
    std::fs::create_dir(directory.path().join("directory")).unwrap();
    directory
}

fn run(arguments: &[&str], directory: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_aiops"))
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .env_remove("AIOPS_PREFIX")
        .env_remove("AIOPS_APPROVALS_URL")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut rest = vec![directory.to_path_buf()];
    while let Some(directory) = rest.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rest.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

/// What is wrong with how the command took the mistake.
fn complaint(mistake: &Mistake, outside: &Path) -> Option<String> {
    let (line, place, names) = mistake;
    let arguments: Vec<&str> = line.split_whitespace().collect();
    let directory = match place {
        Outside => outside.to_path_buf(),
        BrokenKept => outside.join("kept"),
        Project => project(),
    };
    let output = run(&arguments, &directory);
    let said = String::from_utf8_lossy(&output.stderr);
    let problem = if output.status.code() != Some(2) {
        format!("status {:?}", output.status.code())
    } else if !output.stdout.is_empty() {
        format!("printed {}", String::from_utf8_lossy(&output.stdout))
    } else if !said.contains(names) {
        format!("does not say {names}")
    } else if said.contains("panicked") {
        "panicked".to_owned()
    } else if said.starts_with("error: ") && !said.contains("--help") && said.lines().count() != 1 {
        "takes more than one sentence".to_owned()
    } else {
        return None;
    };
    Some(format!("aiops {line}: {problem}\n{said}"))
}

#[test]
fn every_mistake_is_one_sentence_and_status_2_and_writes_nothing() {
    let outside = broken_files();
    let before = files(outside.path());
    let complaints: Vec<String> = MISTAKES
        .iter()
        .filter_map(|mistake| complaint(mistake, outside.path()))
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(files(outside.path()), before, "something was written");
}

#[test]
fn every_command_has_its_mistakes() {
    let made: BTreeSet<&str> = MISTAKES
        .iter()
        .filter_map(|(line, ..)| line.split_whitespace().next())
        .collect();
    for command in aiops::cli::definition().get_subcommands() {
        let name = command.get_name();
        assert!(made.contains(name), "no bad input is tried on `{name}`");
    }
}

#[test]
fn a_stack_file_with_mistakes_is_bad_input_and_each_is_listed() {
    let directory = tempfile::tempdir().unwrap();
    let text =
        "config:\n  aws:region: eu-central-1\n  aiops:environment: dev\n  aiops:netwrok: {}\n";
    std::fs::write(directory.path().join("Pulumi.wrong.yaml"), text).unwrap();
    let output = run(&["config", "check"], directory.path());
    assert_eq!(output.status.code(), Some(2));
    let listed = String::from_utf8_lossy(&output.stdout);
    assert!(listed.contains("aiops:netwrok: unknown key"), "{listed}");
    std::fs::write(directory.path().join("Pulumi.wrong.yaml"), "config: [\n").unwrap();
    let output = run(&["config", "check", "--stack", "wrong"], directory.path());
    assert_eq!(output.status.code(), Some(2));
}
