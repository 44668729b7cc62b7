//! `aiops demo --logs FILE`: a real log file through the local cloud, and whether nothing was lost
//! and the same was found as in the file alone.

pub mod compare;
pub mod plan;
pub mod report;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aiops_domain::categorise::Categoriser;
use aiops_domain::{Finding, LogRecord, Shape, Time};
use aiops_infra::config::{LogGroup, Slug, StackConfig};
use aiops_infra::platform::intake;
use aiops_model::{Model, TrainOptions, WindowSpec, train};
use anyhow::Context as _;

use self::compare::compare;
use self::plan::{Batching, Target};
use self::report::{LogsReport, Parts, Streamed};
use super::incidents::IncidentReader;
use super::stream::Streamer;
use super::{Demo, learn};
use crate::detection::{self, Detection};
use crate::error::CommandError;
use crate::input::{InputLine, InputOptions};
use crate::local::cloud::LocalCloud;
use crate::printer::Printer;
use crate::records;

/// Silence after which the detector closes all windows, in seconds: longer than the pauses between
/// the batches of a file, and soon enough after its end.
const IDLE_SECONDS: u32 = 8;

/// A workflow that asks a person is not waited for: nobody is on call for a file.
const WORKFLOW_PATIENCE: Duration = Duration::from_secs(15);

/// Lines of a file: it is held in memory, and so is what comes back.
const LINES_MAX: usize = 5_000_000;

/// The key of the log group that is added to the stack.
const GROUP_KEY: &str = "replayed";

/// Which file, and how it is looked at.
#[derive(Debug, Clone)]
pub struct LogsOptions {
    /// The file, plain or gzip.
    pub file: PathBuf,
    /// The log group that its lines go to.
    pub group: String,
    /// A model; without it the file itself is what is usual.
    pub model: Option<PathBuf>,
    /// How lines are cut into windows, without a model.
    pub window: Option<WindowSpec>,
    /// The year of times that carry none.
    pub year: Option<i16>,
    /// Seed of the training.
    pub seed: u64,
    /// Whether the static rules take part.
    pub rules: bool,
    /// How the lines are cut into calls.
    pub batching: Batching,
}

impl LogsOptions {
    /// Makes the stack one that takes these lines: their log group, the year of their times, and
    /// windows that close soon after the end.
    ///
    /// # Errors
    /// [`CommandError::BadInput`] naming the option.
    pub fn configure(&self, config: &mut StackConfig) -> Result<(), CommandError> {
        check_group(&self.group)?;
        if let Some(year) = self.year {
            let year = u32::try_from(year)
                .ok()
                .filter(|year| (1990..=2100).contains(year))
                .ok_or_else(|| {
                    CommandError::bad_key("--year", format!("{year} is not within 1990 to 2100"))
                })?;
            config.logs.assumed_year = Some(year);
        }
        config.detection.idle_seconds = config.detection.idle_seconds.max(IDLE_SECONDS);
        let is_there = self.group == intake::flow_group(config)
            || config
                .logs
                .groups
                .iter()
                .any(|(key, group)| config.log_group_name(key, group) == self.group);
        if is_there {
            return Ok(());
        }
        // What the name says the lines are, as it would for a group that somebody else made.
        let stream = self.stream();
        let categoriser = Categoriser::new(intake::rules(config), intake::time(config));
        let category = categoriser.category(&self.group, &stream);
        let group = LogGroup {
            name: Some(self.group.clone()),
            source: category.source,
            shape: category.shape.unwrap_or(Shape::Text),
            retention_days: None,
            managed: true,
            filter_pattern: String::new(),
        };
        let key = Slug::new(GROUP_KEY).context("the key of a log group")?;
        config.logs.groups.insert(key, group);
        Ok(())
    }

    /// The log stream: the file's name, without what a stream's name cannot hold.
    fn stream(&self) -> String {
        let name = self.file.file_name().map_or_else(
            || "stdin".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        );
        name.chars()
            .map(|letter| match letter {
                ':' | '*' => '_',
                other if other.is_control() => '_',
                other => other,
            })
            .take(512)
            .collect()
    }
}

fn check_group(name: &str) -> Result<(), CommandError> {
    let bad = |problem: String| Err(CommandError::bad_key("--group", problem));
    let is_name = (1..=512).contains(&name.len())
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_-/.#".contains(letter));
    if !is_name {
        return bad(format!(
            "`{}` is not a log group's name (1 to 512 of a-z A-Z 0-9 _ - / . #)",
            name.chars().take(80).collect::<String>()
        ));
    }
    if name.starts_with("/aws/lambda/") {
        return bad(format!(
            "`{name}` belongs to a function, which would read its own log: give another name"
        ));
    }
    Ok(())
}

/// A file, read and looked at, before any cloud is started.
#[derive(Debug)]
pub struct Prepared {
    options: LogsOptions,
    lines: Vec<InputLine>,
    model: Model,
    /// What `aiops detect` finds in it.
    file: Detection,
}

/// Reads the file as the stack's appender will read its lines, trains on it if there is no model,
/// and finds what `aiops detect` finds.
///
/// # Errors
/// [`CommandError::BadInput`] naming what cannot be used.
pub fn prepare(
    options: &LogsOptions,
    config: &StackConfig,
    now: Time,
    printer: &Printer,
) -> Result<Prepared, CommandError> {
    let given = options.model.as_deref().map(read_model).transpose()?;
    check_file(&options.file)?;
    let input = InputOptions {
        group: Some(options.group.clone()),
        stream: Some(options.stream()),
        categoriser: learn::categoriser(config),
        now,
    };
    let lines = records::read_lines(std::slice::from_ref(&options.file), &input, printer)?;
    if lines.len() > LINES_MAX {
        return Err(CommandError::bad_path(
            &options.file,
            format!(
                "{} lines are more than the local cloud takes ({LINES_MAX}): cut the file",
                lines.len()
            ),
        ));
    }
    if let Some(line) = lines.iter().find(|line| line.record.group != options.group) {
        return Err(CommandError::bad_path(
            &options.file,
            format!(
                "it holds records of log group {}, not lines of text: give the log file itself",
                line.record.group
            ),
        ));
    }
    let records: Vec<LogRecord> = lines.iter().map(|line| line.record.clone()).collect();
    let model = match given {
        Some(model) => model,
        None => {
            let progress = printer.progress(None, "training on the file itself");
            let options = TrainOptions {
                window: options
                    .window
                    .clone()
                    .unwrap_or(aiops_model::model::DEFAULT_WINDOW),
                seed: options.seed,
                ..TrainOptions::default()
            };
            let model = train(records.clone(), &options).map_err(records::bad_training)?;
            progress.finish_and_clear();
            model
        }
    }
    .with_rules(options.rules);
    let progress = printer.progress(Some(0), "detecting in the file");
    let file = detection::detect(&model, records, false, &|scored| {
        progress.set_length(scored.total);
        progress.set_position(scored.windows);
    })
    .map_err(anyhow::Error::from)?;
    progress.finish_and_clear();
    printer.note(format_args!(
        "{}: {} lines, {} of {} windows anomalous by model {}",
        options.file.display(),
        lines.len(),
        file.findings.len(),
        file.windows,
        model.version()
    ));
    Ok(Prepared {
        options: options.clone(),
        lines,
        model,
        file,
    })
}

fn read_model(path: &Path) -> Result<Model, CommandError> {
    let bytes = std::fs::read(path).map_err(|error| CommandError::bad_path(path, error))?;
    Model::from_bytes(&bytes).map_err(|error| CommandError::bad_path(path, error))
}

fn check_file(path: &Path) -> Result<(), CommandError> {
    if path.as_os_str() == "-" {
        return Ok(());
    }
    let metadata = path
        .metadata()
        .map_err(|error| CommandError::bad_path(path, error))?;
    if metadata.is_dir() {
        return Err(CommandError::bad_path(
            path,
            "a directory: --logs streams one file",
        ));
    }
    Ok(())
}

impl Demo<'_> {
    /// Streams the file and compares what came of it with the file.
    pub async fn run_logs(
        self,
        prepared: Prepared,
    ) -> Result<(LogsReport, LocalCloud), CommandError> {
        let Prepared {
            options,
            lines,
            model,
            file,
        } = prepared;
        learn::promote(self.cloud.aws(), &self.places, &model).await?;
        let target = Target {
            group: options.group.as_str().into(),
            stream: options.stream().into(),
        };
        let calls = plan::calls(&lines, &target, options.batching);
        let sent = lines.len() as u64;
        drop(lines);
        let begun = Instant::now();
        let bar = self.printer.progress(Some(sent), "streaming lines");
        let mut streamer = Streamer::new(self.cloud.aws().clone(), None);
        for call in &calls {
            streamer.put_call(call).await?;
            bar.set_position(streamer.sent());
        }
        bar.finish_and_clear();
        let streaming_seconds = begun.elapsed().as_secs_f64();
        self.wait(sent, WORKFLOW_PATIENCE).await?;
        let seconds = begun.elapsed().as_secs_f64();
        let reader = IncidentReader::new(self.cloud.aws(), &self.places.incidents_table).await;
        let (incidents, findings) = reader.all().await?;
        let read_back = self.read_back(sent).await?;
        let comparison = compare(&findings, &file.findings);
        let report = LogsReport::new(Parts {
            seed: options.seed,
            lines: read_back,
            incidents,
            findings: in_order(findings),
            streamed: Streamed {
                file: options.file.display().to_string(),
                group: options.group,
                stream: target.stream.to_string(),
                model_version: model.version().to_owned(),
                model_sha256: model.sha256().to_owned(),
                windows: file.windows,
                lines_without_key: file.without_key,
                calls: calls.len() as u64,
                streaming_seconds,
                seconds,
            },
            comparison,
        });
        Ok((report, self.cloud))
    }
}

/// As `aiops detect` prints them.
fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|one, other| {
        (one.window, one.source, &one.entity, &one.key).cmp(&(
            other.window,
            other.source,
            &other.entity,
            &other.key,
        ))
    });
    findings
}

#[cfg(test)]
mod tests;
