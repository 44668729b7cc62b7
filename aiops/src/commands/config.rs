//! `aiops config`: what a stack's configuration may say, and whether it does.

use std::fs;
use std::path::{Path, PathBuf};

use aiops_infra::config::{ConfigError, StackConfig, explain, schema};
use serde::Serialize;

use crate::error::{CommandError, Outcome};
use crate::printer::Printer;

/// Explain and check the configuration of stacks (`Pulumi.<stack>.yaml`).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aiops config explain                      every key: type, default per environment, meaning
  aiops config schema > stack.schema.json   JSON Schema for editors
  aiops config check                        every stack file of this directory, and their networks against each other
  aiops config check --stack prod --json    one stack; its problems as JSON")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// JSON Schema of a stack file.
    Schema,
    /// A table of all keys: type, default per environment, meaning.
    Explain,
    /// Every mistake of the stack files, each with its path.
    Check(Check),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// Only this stack.
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Where the stack files are.
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    stacks: Vec<Stack>,
    ok: bool,
}

#[derive(Serialize)]
struct Stack {
    stack: String,
    problems: Vec<Found>,
}

#[derive(Serialize)]
struct Found {
    path: String,
    problem: String,
}

/// Runs the command.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    match args.what {
        What::Schema => {
            let text = serde_json::to_string_pretty(&schema()).map_err(anyhow::Error::from)?;
            printer.line(text)?;
            Ok(Outcome::Done)
        }
        What::Explain => {
            printer.text(explain())?;
            Ok(Outcome::Done)
        }
        What::Check(check) => run_check(&check, printer),
    }
}

/// A configuration with mistakes is bad input: status 2.
fn run_check(check: &Check, printer: &Printer) -> Result<Outcome, CommandError> {
    let stacks = match &check.stack {
        Some(stack) => vec![stack.clone()],
        None => stacks_in(&check.directory)?,
    };
    let mut report = Report {
        schema: "aiops.config-check/1",
        stacks: Vec::new(),
        ok: true,
    };
    let mut valid: Vec<StackConfig> = Vec::new();
    for stack in stacks {
        let path = check.directory.join(format!("Pulumi.{stack}.yaml"));
        let text =
            fs::read_to_string(&path).map_err(|error| CommandError::bad_path(&path, error))?;
        let mut problems = Vec::new();
        match StackConfig::from_stack_file(&stack, &text) {
            Ok(config) => {
                if let Err(error) = aiops_infra::platform::checked(&config) {
                    problems.extend(found(error));
                }
                problems.extend(overlaps(&config, &valid));
                valid.push(config);
            }
            Err(error) => problems.extend(found(error)),
        }
        report.ok &= problems.is_empty();
        report.stacks.push(Stack { stack, problems });
    }
    if check.json {
        let text = serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)?;
        printer.line(text)?;
    } else {
        for Stack { stack, problems } in &report.stacks {
            match problems.len() {
                0 => printer.line(format_args!("{stack}: valid"))?,
                1 => printer.line(format_args!("{stack}: 1 problem"))?,
                count => printer.line(format_args!("{stack}: {count} problems"))?,
            }
            for Found { path, problem } in problems {
                printer.line(format_args!("  {path}: {problem}"))?;
            }
        }
    }
    if report.ok {
        Ok(Outcome::Done)
    } else {
        Err(CommandError::BadInput(
            "the configuration has problems: they are listed above".to_owned(),
        ))
    }
}

fn found(error: ConfigError) -> impl Iterator<Item = Found> {
    error.problems.into_iter().map(|problem| Found {
        path: problem.path,
        problem: problem.message,
    })
}

/// Networks of two stacks that could never be joined.
fn overlaps(config: &StackConfig, others: &[StackConfig]) -> Vec<Found> {
    others
        .iter()
        .filter(|other| other.network.cidr.overlaps(config.network.cidr))
        .map(|other| Found {
            path: "aiops:network.cidr".to_owned(),
            problem: format!(
                "{} overlaps {} of stack `{}`",
                config.network.cidr, other.network.cidr, other.stack
            ),
        })
        .collect()
}

fn stacks_in(directory: &Path) -> Result<Vec<String>, CommandError> {
    let entries =
        fs::read_dir(directory).map_err(|error| CommandError::bad_path(directory, error))?;
    let mut stacks = Vec::new();
    for entry in entries {
        let name = entry
            .map_err(|error| CommandError::bad_path(directory, error))?
            .file_name();
        let stack = name
            .to_str()
            .and_then(|name| name.strip_prefix("Pulumi."))
            .and_then(|name| name.strip_suffix(".yaml"));
        stacks.extend(stack.map(str::to_owned));
    }
    if stacks.is_empty() {
        return Err(CommandError::bad_path(
            directory,
            "holds no Pulumi.<stack>.yaml; name the project's folder with --directory",
        ));
    }
    stacks.sort();
    Ok(stacks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "config:\n  aws:region: eu-central-1\n  aiops:environment: dev\n";

    fn check(
        files: &[(&str, &str)],
        stack: Option<&str>,
        json: bool,
    ) -> (Result<Outcome, CommandError>, String) {
        let directory = tempfile::tempdir().unwrap();
        for (stack, text) in files {
            fs::write(directory.path().join(format!("Pulumi.{stack}.yaml")), text).unwrap();
        }
        let out = tempfile::NamedTempFile::new().unwrap();
        let printer = Printer::into_sinks(out.reopen().unwrap(), std::io::sink());
        let args = Args {
            what: What::Check(Check {
                stack: stack.map(str::to_owned),
                directory: directory.path().to_owned(),
                json,
            }),
        };
        let result = run(args, &printer);
        (result, fs::read_to_string(out.path()).unwrap())
    }

    #[test]
    fn two_stacks_in_one_range_are_told_apart() {
        let other = format!("{VALID}  aiops:network: {{cidr: 10.10.0.0/16}}\n");
        let (result, out) = check(&[("one", VALID), ("two", &other)], None, false);
        assert!(matches!(result, Err(CommandError::BadInput(_))));
        assert_eq!(
            out,
            "one: valid\ntwo: 1 problem\n  aiops:network.cidr: 10.10.0.0/16 overlaps 10.10.0.0/16 of stack `one`\n"
        );
    }

    #[test]
    fn problems_as_json() {
        let wrong = format!("{VALID}  aiops:netwrok: {{}}\n");
        let (result, out) = check(&[("one", &wrong)], Some("one"), true);
        assert!(result.is_err());
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(report["ok"], false);
        assert_eq!(report["stacks"][0]["problems"][0]["path"], "aiops:netwrok");
    }

    #[test]
    fn valid_stacks_are_done() {
        let (result, out) = check(&[("dev", VALID)], None, false);
        assert_eq!(result.unwrap(), Outcome::Done);
        assert_eq!(out, "dev: valid\n");
    }
}
