//! Reads the logs that `detect`, `train`, `mine` and `evaluate` are given, whatever carries them:
//! plain text, gzip, our own segments (NDJSON of [`LogRecord`]), CloudWatch Logs envelopes as
//! Firehose archives them, CloudTrail's `{"Records":[…]}`, from files, directories or standard
//! input. What a file is shows in its first bytes, not in its name.
//!
//! Everything streams: a file of any length is read in bounded memory. Only a CloudTrail document
//! is held whole, up to [`DOCUMENT_BYTES_MAX`].

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use aiops_domain::categorise::Categoriser;
use aiops_domain::record::RECORD_VERSION;
use aiops_domain::{LogRecord, Time};
use flate2::bufread::MultiGzDecoder;

use crate::error::CommandError;

mod documents;
mod lines;
#[cfg(test)]
mod tests;

/// Bytes of a line that are kept; the rest of a longer line is dropped and counted. What one call of
/// PutLogEvents takes, so that a file and its stream hold the same lines.
pub const LINE_BYTES_MAX: usize = (1 << 20) - 26;

/// Bytes of a CloudTrail document.
pub const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// Bytes by which a file is recognised.
const HEAD_BYTES: usize = 64 * 1024;

/// Directories below one that was given.
const DEPTH_MAX: usize = 16;

/// How lines without an envelope become records.
#[derive(Debug)]
pub struct InputOptions {
    /// The log group that they count as; by default the name of their file.
    pub group: Option<String>,
    /// The log stream that they count as; by default the name of their file.
    pub stream: Option<String>,
    /// Tells source, shape, event time and entity.
    pub categoriser: Categoriser,
    /// The latest that a line can be from, and the time of lines before the first that says one.
    pub now: Time,
}

/// One line of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputLine {
    /// The record. Without an envelope its id is made from file and line, so that order by id is
    /// order in the file.
    pub record: LogRecord,
    /// Line in its file, from 1; of an envelope or a document, the event's position.
    pub line: u64,
    /// Whether the line itself says its time; otherwise it is that of the line before, or of its
    /// envelope.
    pub states_time: bool,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InputSummary {
    /// Lines that became records.
    pub lines: u64,
    /// Lines without any text.
    pub blank: u64,
    /// Lines that were cut to [`LINE_BYTES_MAX`].
    pub cut: u64,
}

type Each<'e> = dyn FnMut(InputLine) -> Result<(), CommandError> + 'e;

/// Reads every line of `paths` (`-`: standard input; a directory: its files, in the order of their
/// names) and hands it to `each`.
///
/// # Errors
/// [`CommandError::BadInput`] naming path and line if a path cannot be read or its content is
/// malformed; whatever `each` returns.
pub fn read(
    paths: &[PathBuf],
    options: &InputOptions,
    each: &mut Each,
) -> Result<InputSummary, CommandError> {
    let mut summary = InputSummary::default();
    for (number, path) in files(paths)?.iter().enumerate() {
        let source = FileSource {
            path,
            number,
            options,
        };
        if path.as_os_str() == "-" {
            source.read(Box::new(io::stdin().lock()), &mut summary, each)?;
        } else {
            let file = File::open(path).map_err(|error| CommandError::bad_path(path, error))?;
            source.read(Box::new(file), &mut summary, each)?;
        }
    }
    Ok(summary)
}

/// The files that `paths` stand for.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        collect(path, DEPTH_MAX, &mut files)?;
        if files.len() == before {
            return Err(CommandError::bad_path(path, "the directory holds no files"));
        }
    }
    Ok(files)
}

fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    let metadata = path
        .metadata()
        .map_err(|error| CommandError::bad_path(path, error))?;
    if !metadata.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Err(CommandError::bad_path(
            path,
            format!("more than {DEPTH_MAX} directories deep"),
        ));
    }
    let mut entries = std::fs::read_dir(path)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<io::Result<Vec<_>>>()
        })
        .map_err(|error| CommandError::bad_path(path, error))?;
    entries.sort();
    entries
        .iter()
        .try_for_each(|entry| collect(entry, depth - 1, files))
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Lines,
    Segment,
    Envelopes,
    CloudTrail,
}

/// One file while it is read.
struct FileSource<'o> {
    path: &'o Path,
    number: usize,
    options: &'o InputOptions,
}

impl FileSource<'_> {
    fn read(
        &self,
        raw: Box<dyn Read + '_>,
        summary: &mut InputSummary,
        each: &mut Each,
    ) -> Result<(), CommandError> {
        let mut raw = BufReader::with_capacity(HEAD_BYTES, raw);
        let head = raw.fill_buf().map_err(|error| self.bad(error))?;
        let mut plain: Box<dyn BufRead + '_> = if head.starts_with(&[0x1f, 0x8b]) {
            Box::new(BufReader::with_capacity(
                HEAD_BYTES,
                MultiGzDecoder::new(raw),
            ))
        } else {
            Box::new(raw)
        };
        let head = plain.fill_buf().map_err(|error| self.bad(error))?;
        match recognise(head) {
            Content::Lines => lines::plain(self, &mut *plain, summary, each),
            Content::Segment => lines::segment(self, &mut *plain, summary, each),
            Content::Envelopes => documents::envelopes(self, &mut *plain, summary, each),
            Content::CloudTrail => documents::cloud_trail(self, &mut *plain, summary, each),
        }
    }

    fn bad(&self, problem: impl std::fmt::Display) -> CommandError {
        CommandError::bad_path(self.path, problem)
    }

    fn bad_line(&self, line: u64, problem: impl std::fmt::Display) -> CommandError {
        CommandError::bad_path(self.path, format!("line {line}: {problem}"))
    }

    /// The name of the file, which stands for the log group and stream of its lines.
    fn name(&self) -> String {
        self.path.file_name().map_or_else(
            || self.path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        )
    }

    /// The log group of lines without an envelope.
    fn group(&self) -> String {
        self.options.group.clone().unwrap_or_else(|| self.name())
    }

    /// The log stream of lines without an envelope.
    fn stream(&self) -> String {
        self.options.stream.clone().unwrap_or_else(|| self.name())
    }

    /// The id of a line without an envelope.
    fn id(&self, line: u64) -> String {
        format!("{:06}-{line:012}", self.number)
    }

    /// A record of a line that an envelope (or the file, standing in for it) says this about, and
    /// whether the line says its time.
    fn record(
        &self,
        group: &str,
        stream: &str,
        id: String,
        timestamp: Time,
        message: String,
    ) -> (LogRecord, bool) {
        let category = self.options.categoriser.category(group, stream);
        let placement = category.place(&message, timestamp);
        let (time, shape, states_time) = (placement.time, placement.shape, placement.states_time);
        let entity = placement.entity.into_owned();
        let record = LogRecord {
            v: RECORD_VERSION,
            id,
            time,
            timestamp,
            ingested: timestamp,
            source: category.source,
            group: group.to_owned(),
            stream: stream.to_owned(),
            entity,
            shape,
            message,
        };
        (record, states_time)
    }
}

/// What the first bytes of a file say it is.
fn recognise(head: &[u8]) -> Content {
    let head = head.trim_ascii_start();
    if !head.starts_with(b"{") {
        return Content::Lines;
    }
    let first_line = head.split(|byte| *byte == b'\n').next().unwrap_or(head);
    if serde_json::from_slice::<LogRecord>(first_line).is_ok() {
        return Content::Segment;
    }
    let compact: Vec<u8> = head
        .iter()
        .take(4096)
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    if compact.starts_with(b"{\"Records\":[") {
        return Content::CloudTrail;
    }
    let has = |key: &str| {
        compact
            .windows(key.len())
            .any(|window| window == key.as_bytes())
    };
    if has("\"messageType\":\"DATA_MESSAGE\"") || has("\"messageType\":\"CONTROL_MESSAGE\"") {
        return Content::Envelopes;
    }
    Content::Lines
}
