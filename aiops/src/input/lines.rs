//! Files of lines: plain text and segments.

use std::io::{self, BufRead};

use aiops_domain::LogRecord;

use super::{Each, FileSource, InputLine, InputSummary, LINE_BYTES_MAX};
use crate::error::CommandError;

/// A run of lines without a time is as long as one call of PutLogEvents holds with room to spare
/// (its lines are told apart by their order in the call alone), then a millisecond passes.
const RUN_LINES_MAX: usize = 2_000;
const RUN_BYTES_MAX: usize = 256 << 10;

/// Every line is a message. A line without a time is from when the last one before it was.
pub(super) fn plain(
    source: &FileSource,
    reader: &mut dyn BufRead,
    summary: &mut InputSummary,
    each: &mut Each,
) -> Result<(), CommandError> {
    let (group, stream) = (source.group(), source.stream());
    let mut last = source.options.now;
    let (mut run_lines, mut run_bytes) = (0, 0);
    for_each_line(source, reader, summary, &mut |number, text| {
        let now = source.options.now;
        let (mut record, mut states_time) =
            source.record(&group, &stream, source.id(number), now, text);
        if states_time {
            (run_lines, run_bytes) = (0, 0);
        } else {
            run_lines += 1;
            run_bytes += record.message.len();
            if run_lines > RUN_LINES_MAX || run_bytes > RUN_BYTES_MAX {
                last = last.plus_millis(1);
                (run_lines, run_bytes) = (1, record.message.len());
            }
            // As the line is read with that time on its envelope: what it says may be plausible then.
            (record, states_time) =
                source.record(&group, &stream, source.id(number), last, record.message);
        }
        last = record.time;
        record.timestamp = record.time;
        record.ingested = record.time;
        each(InputLine {
            record,
            line: number,
            states_time,
        })
    })
}

/// Every line is a [`LogRecord`].
pub(super) fn segment(
    source: &FileSource,
    reader: &mut dyn BufRead,
    summary: &mut InputSummary,
    each: &mut Each,
) -> Result<(), CommandError> {
    for_each_line(source, reader, summary, &mut |number, text| {
        let record: LogRecord = serde_json::from_str(&text)
            .map_err(|error| source.bad_line(number, format!("no log record: {error}")))?;
        each(InputLine {
            record,
            line: number,
            states_time: true,
        })
    })
}

/// Hands every line that has text to `each`, with its number from 1.
fn for_each_line(
    source: &FileSource,
    reader: &mut dyn BufRead,
    summary: &mut InputSummary,
    each: &mut dyn FnMut(u64, String) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let mut buffer = Vec::new();
    let mut number = 0;
    loop {
        buffer.clear();
        let whole =
            read_line(reader, &mut buffer).map_err(|error| source.bad_line(number + 1, error))?;
        let Some(whole) = whole else { return Ok(()) };
        number += 1;
        summary.cut += u64::from(!whole);
        let text = String::from_utf8_lossy(&buffer);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            summary.blank += 1;
            continue;
        }
        summary.lines += 1;
        each(number, text.to_owned())?;
    }
}

/// Reads one line into `buffer`, at most [`LINE_BYTES_MAX`] of it, and skips the rest. `None` at the
/// end; false if the line was cut.
fn read_line(reader: &mut dyn BufRead, buffer: &mut Vec<u8>) -> io::Result<Option<bool>> {
    let mut any = false;
    let mut whole = true;
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            return Ok(any.then_some(whole));
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        let room = LINE_BYTES_MAX - buffer.len();
        whole &= part.len() <= room;
        buffer.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}
