//! What `train`, `detect` and `evaluate` share: their input as records, and how it is cut.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use aiops_domain::categorise::{Categoriser, default_rules};
use aiops_domain::event_time::TimeAssumptions;
use aiops_domain::{LogRecord, Time};
use aiops_model::{
    Model, ReplayError, TrainError, TrainOptions, WindowSpec, train, train_replayed,
};
use serde::Serialize;

use crate::error::CommandError;
use crate::input::{self, InputLine, InputOptions};
use crate::printer::Printer;

/// How lines are cut into windows.
#[derive(Debug, Clone, clap::Args)]
pub struct WindowArgs {
    /// One sequence per key: the first match of this expression in a line (or of its first group).
    #[arg(long, value_name = "REGEX", conflicts_with = "window")]
    pub key: Option<String>,
    /// Windows of this length per entity, such as 60s, 5m, 1h; 60s if neither is given.
    #[arg(long, value_name = "LENGTH")]
    pub window: Option<String>,
    /// The year of times that carry none.
    #[arg(long)]
    pub year: Option<i16>,
}

impl WindowArgs {
    /// The windows asked for, checked.
    ///
    /// # Errors
    /// [`CommandError::BadInput`] naming the option.
    pub fn spec(&self) -> Result<Option<WindowSpec>, CommandError> {
        let (option, spec) = match (&self.key, &self.window) {
            (Some(key), _) => (
                "--key",
                WindowSpec::Keyed {
                    key: key.clone(),
                    // A file ends; until then a sequence may go on.
                    gap_ms: i64::MAX,
                },
            ),
            (None, Some(length)) => (
                "--window",
                WindowSpec::Tumbling {
                    length_ms: length_ms(length)?,
                },
            ),
            (None, None) => return Ok(None),
        };
        spec.compile()
            .map_err(|error| CommandError::bad_key(option, error))?;
        Ok(Some(spec))
    }
}

fn length_ms(text: &str) -> Result<i64, CommandError> {
    let (digits, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let factor = match unit {
        "ms" => Some(1),
        "s" | "" => Some(1_000),
        "m" | "min" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    digits
        .parse::<i64>()
        .ok()
        .zip(factor)
        .and_then(|(count, factor)| count.checked_mul(factor))
        .filter(|length| *length > 0)
        .ok_or_else(|| {
            CommandError::bad_key(
                "--window",
                format!("`{text}` is not a length: write 500ms, 60s, 5m or 1h"),
            )
        })
}

/// The records of all paths; at least one.
///
/// # Errors
/// [`CommandError::BadInput`] naming what cannot be read.
pub fn read(
    paths: &[PathBuf],
    group: Option<&str>,
    year: Option<i16>,
    printer: &Printer,
) -> Result<Vec<LogRecord>, CommandError> {
    let options = options(group, year, now());
    let lines = read_lines(paths, &options, printer)?;
    Ok(lines.into_iter().map(|line| line.record).collect())
}

/// The lines of all paths; at least one.
///
/// # Errors
/// [`CommandError::BadInput`] naming what cannot be read.
pub fn read_lines(
    paths: &[PathBuf],
    options: &InputOptions,
    printer: &Printer,
) -> Result<Vec<InputLine>, CommandError> {
    let progress = printer.progress(None, "reading");
    let mut lines = Vec::new();
    let summary = input::read(paths, options, &mut |line| {
        lines.push(line);
        Ok(())
    })?;
    progress.finish_and_clear();
    if summary.cut > 0 {
        printer.note(format!("{} lines were too long and were cut", summary.cut));
    }
    if lines.is_empty() {
        return Err(no_line(paths));
    }
    Ok(lines)
}

/// Trains on the records of all paths without holding them: the files are read several times.
/// Standard input and pipes can be read once only, so what comes from there is held.
///
/// # Errors
/// [`CommandError::BadInput`] naming what cannot be read or trained on.
pub fn train_on(
    paths: &[PathBuf],
    group: Option<&str>,
    year: Option<i16>,
    train_options: &TrainOptions,
    printer: &Printer,
) -> Result<Model, CommandError> {
    let is_pipe = |path: &PathBuf| {
        path.metadata()
            .is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
    };
    if paths
        .iter()
        .any(|path| path.as_os_str() == "-" || is_pipe(path))
    {
        let records = read(paths, group, year, printer)?;
        let progress = printer.progress(None, "training");
        let model = train(records, train_options).map_err(bad_training)?;
        progress.finish_and_clear();
        return Ok(model);
    }
    // Lines without a time get this one, at every reading.
    let options = options(group, year, now());
    let progress = printer.progress(None, "training");
    let (mut readings, mut cut) = (0_u32, 0);
    let model = train_replayed(
        |each| {
            readings += 1;
            progress.set_message(format!("training: reading {readings}"));
            let summary = input::read(paths, &options, &mut |line| {
                each(&line.record);
                Ok(())
            })?;
            cut = summary.cut;
            Ok(())
        },
        train_options,
    );
    progress.finish_and_clear();
    if cut > 0 {
        printer.note(format!("{cut} lines were too long and were cut"));
    }
    model.map_err(|error| match error {
        ReplayError::Read(error) => error,
        ReplayError::Train(TrainError::NoRecords) => no_line(paths),
        ReplayError::Train(error) => bad_training(error),
    })
}

/// With a group, lines are what AWS's agents write to groups of that name; otherwise each line
/// shows it.
fn options(group: Option<&str>, year: Option<i16>, now: Time) -> InputOptions {
    let rules = group.map_or_else(Vec::new, |_| default_rules());
    InputOptions {
        group: group.map(str::to_owned),
        stream: None,
        categoriser: Categoriser::new(
            rules,
            TimeAssumptions {
                year,
                ..TimeAssumptions::default()
            },
        ),
        now,
    }
}

fn no_line(paths: &[PathBuf]) -> CommandError {
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    CommandError::BadInput(format!("{}: there is no line in it", names.join(", ")))
}

/// This moment, for lines that carry no time.
fn now() -> Time {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since_epoch.map_or(0, |duration| duration.as_millis());
    Time::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// What cannot be trained on is what the user gave.
pub fn bad_training(error: TrainError) -> CommandError {
    CommandError::BadInput(format!("{:#}", anyhow::Error::from(error)))
}

/// A model in a report.
#[derive(Debug, Serialize)]
pub struct ModelName<'m> {
    /// Its version.
    pub version: &'m str,
    /// Of its artefact.
    pub sha256: &'m str,
}

impl<'m> ModelName<'m> {
    /// The name of this model.
    pub fn of(model: &'m Model) -> Self {
        Self {
            version: model.version(),
            sha256: model.sha256(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units() {
        for (text, expected) in [
            ("60s", 60_000),
            ("5m", 300_000),
            ("250ms", 250),
            ("2", 2_000),
        ] {
            assert_eq!(length_ms(text).unwrap(), expected, "{text}");
        }
        for text in ["", "s", "0s", "-1s", "1 day", "99999999999999999h"] {
            let error = length_ms(text).unwrap_err();
            assert_eq!(error.exit_status(), 2, "{text}");
            assert!(error.to_string().contains("--window"), "{error}");
        }
    }
}
