//! From a stack's name to its graph: the stack file of the project, the declaration, the check.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aiops_infra::config::StackConfig;
use aiops_infra::graph::{Graph, json, validate};
use aiops_infra::platform;

use crate::error::CommandError;
use crate::package::build::workspace_root;

/// The project's root, from anywhere inside of it.
///
/// # Errors
/// When the current directory is not inside the project.
pub fn project() -> Result<PathBuf, CommandError> {
    workspace_root(&std::env::current_dir()?).ok_or_else(|| {
        CommandError::BadInput(
            "the current directory is not inside the project, where Pulumi.<stack>.yaml lies"
                .to_owned(),
        )
    })
}

/// The configuration of a stack.
///
/// # Errors
/// When there is no such stack, or its file has mistakes: all of them.
pub fn config(project: &Path, stack: &str) -> Result<StackConfig, CommandError> {
    let known = stacks(project)?;
    if !known.iter().any(|name| name == stack) {
        return Err(CommandError::bad_key(
            "--stack",
            format!("`{stack}` is not one of {}", known.join(", ")),
        ));
    }
    let path = project.join(format!("Pulumi.{stack}.yaml"));
    let text = fs::read_to_string(&path).map_err(|error| CommandError::bad_path(&path, error))?;
    StackConfig::from_stack_file(stack, &text)
        .map_err(|error| CommandError::bad_path(&path, in_one_line(&error)))
}

/// An error that lists problems one a line, as the one line that an error is.
fn in_one_line(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("; ")
}

/// The stacks that the project has, one per stack file, in order.
///
/// # Errors
/// When the project's root cannot be listed.
pub fn stacks(project: &Path) -> Result<Vec<String>, CommandError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(project)? {
        let name = entry?.file_name();
        let stack = name
            .to_str()
            .and_then(|name| name.strip_prefix("Pulumi.")?.strip_suffix(".yaml"));
        names.extend(stack.map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// The checked graph of a stack.
///
/// # Errors
/// When the configuration is wrong, or what it declares is.
pub fn graph(project: &Path, stack: &str) -> Result<Graph, CommandError> {
    let graph = platform::checked(&config(project, stack)?).map_err(|error| {
        let path = project.join(format!("Pulumi.{stack}.yaml"));
        CommandError::bad_path(&path, in_one_line(&error))
    })?;
    validate::validate(&graph)
        .map_err(|problems| CommandError::BadInput(in_one_line(&problems)))?;
    Ok(graph)
}

/// The graph that is committed for a stack at the git revision `reference`; none when there was
/// no such stack.
///
/// # Errors
/// When git does not know the revision, or what is committed there is no graph.
pub fn committed(
    project: &Path,
    stack: &str,
    reference: &str,
) -> Result<Option<Graph>, CommandError> {
    // A revision that looks like an option would be one.
    if reference.is_empty() || reference.starts_with('-') {
        return Err(CommandError::bad_key(
            "--base",
            format!("`{reference}` is not a revision"),
        ));
    }
    let git = |arguments: &[&str]| {
        Command::new("git")
            .arg("-C")
            .arg(project)
            .args(arguments)
            .output()
    };
    let commit = format!("{reference}^{{commit}}");
    if !git(&["rev-parse", "--verify", "--quiet", &commit])?
        .status
        .success()
    {
        return Err(CommandError::bad_key(
            "--base",
            format!("`{reference}` is not a revision of this repository: fetch it first"),
        ));
    }
    let path = format!("infra/snapshots/{stack}.json");
    let output = git(&["show", &format!("{reference}:{path}")])?;
    if !output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8(output.stdout)
        .map_err(|_| CommandError::BadInput(format!("{path} at {reference} is not UTF-8")))?;
    json::from_text(&text)
        .map(Some)
        .map_err(|error| CommandError::BadInput(format!("{path} at {reference}: {error}")))
}
