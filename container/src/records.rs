//! Records from segment files, one at a time: more of them than memory holds.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use aiops_domain::LogRecord;
use flate2::read::MultiGzDecoder;

use crate::exit::ContainerError;

/// Bytes of a line; a longer one is no record that the appender wrote.
const LINE_BYTES_MAX: usize = 8 << 20;

/// How many lines were what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Lines that are records.
    pub records: u64,
    /// Lines that are not.
    pub unreadable: u64,
}

/// Hands every record of these files to `each`, in the order of the files.
///
/// # Errors
/// When a file cannot be read, or is no gzip though it is named so.
pub fn read(files: &[PathBuf], each: &mut dyn FnMut(&LogRecord)) -> Result<Counts, ContainerError> {
    let mut counts = Counts::default();
    for path in files {
        let file = File::open(path).map_err(ContainerError::file(path))?;
        let lines: Box<dyn Read> = if path.extension().is_some_and(|extension| extension == "gz") {
            Box::new(MultiGzDecoder::new(BufReader::new(file)))
        } else {
            Box::new(file)
        };
        read_lines(BufReader::new(lines), &mut counts, each)
            .map_err(|error| damaged(path, error))?;
    }
    Ok(counts)
}

fn damaged(path: &Path, error: io::Error) -> ContainerError {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            ContainerError::input(path, format_args!("not a whole gzip file: {error}"))
        }
        _ => ContainerError::file(path)(error),
    }
}

fn read_lines(
    mut reader: impl BufRead,
    counts: &mut Counts,
    each: &mut dyn FnMut(&LogRecord),
) -> io::Result<()> {
    let mut line = Vec::new();
    while next_line(&mut reader, &mut line)? {
        match serde_json::from_slice::<LogRecord>(&line) {
            Ok(record) => {
                counts.records += 1;
                each(&record);
            }
            Err(_) if line.iter().all(u8::is_ascii_whitespace) => {}
            Err(_) => counts.unreadable += 1,
        }
    }
    Ok(())
}

/// Reads a line into `line`, cut at the cap; the rest of a longer one is passed over. `false`: the end.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let here = end.unwrap_or(buffer.len());
        let room = LINE_BYTES_MAX.saturating_sub(line.len());
        line.extend_from_slice(buffer.get(..here.min(room)).unwrap_or_default());
        reader.consume(end.map_or(here, |end| end + 1));
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_takes_no_more_than_the_cap() {
        let endless = io::repeat(b'x').take(3 * LINE_BYTES_MAX as u64);
        let text = endless.chain(&b"\n\n  \n{}"[..]);
        let mut counts = Counts::default();
        read_lines(BufReader::new(text), &mut counts, &mut |_| {}).unwrap();
        assert_eq!((counts.records, counts.unreadable), (0, 2));
    }
}
