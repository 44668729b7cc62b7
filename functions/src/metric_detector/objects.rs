//! Objects of a metric stream: lines of JSON, gzip or plain, read within a cap.

use std::io::{BufRead, BufReader, Read};

use aiops_domain::metric::{LINE_BYTES_MAX, MetricDatum};
use flate2::read::MultiGzDecoder;

use crate::ports::{PortError, PortResult};

/// Hands every point of an object to `each`; answers how many lines are none.
///
/// # Errors
/// When it is damaged gzip or holds more than `bytes_max`.
pub fn each_datum(
    key: &str,
    body: &[u8],
    bytes_max: u64,
    mut each: impl FnMut(MetricDatum),
) -> PortResult<u64> {
    let plain: Box<dyn Read + '_> = if body.starts_with(&[0x1f, 0x8b]) {
        Box::new(MultiGzDecoder::new(body))
    } else {
        Box::new(body)
    };
    // One byte above the cap tells an object of exactly that size from a larger one.
    let mut lines = BufReader::new(plain.take(bytes_max.saturating_add(1)));
    let (mut line, mut read, mut unreadable) = (Vec::new(), 0_u64, 0);
    loop {
        line.clear();
        // A line of any length is stepped over; one that is too long is not kept.
        let (length, whole) =
            next_line(&mut lines, &mut line).map_err(|error| PortError::Permanent {
                what: key.to_owned(),
                detail: format!("not gzip: {error}"),
            })?;
        if length == 0 {
            return Ok(unreadable);
        }
        read += length;
        if read > bytes_max {
            return Err(PortError::TooLarge {
                what: key.to_owned(),
                limit: bytes_max,
            });
        }
        if line.iter().all(u8::is_ascii_whitespace) && whole {
            continue;
        }
        match MetricDatum::parse(line.trim_ascii()) {
            Ok(datum) if whole => each(datum),
            _ => unreadable += 1,
        }
    }
}

/// Reads a line; answers its length, and whether `line` holds all of it.
fn next_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<(u64, bool)> {
    let cap = LINE_BYTES_MAX as u64 + 2;
    let length = lines.by_ref().take(cap).read_until(b'\n', line)? as u64;
    if length < cap || line.ends_with(b"\n") {
        return Ok((length, true));
    }
    let rest = lines.skip_until(b'\n')? as u64;
    Ok((length + rest, false))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn line(minute: u32) -> String {
        format!(
            r#"{{"namespace":"AWS/EC2","metric_name":"CPUUtilization","dimensions":{{}},"timestamp":{},"value":{{"count":1,"sum":2,"max":2,"min":2}},"unit":"Percent"}}"#,
            1_785_585_600_000_u64 + u64::from(minute) * 60_000
        )
    }

    fn read(body: &[u8], cap: u64) -> PortResult<(usize, u64)> {
        let mut points = 0;
        each_datum("key", body, cap, |_| points += 1).map(|unreadable| (points, unreadable))
    }

    #[test]
    fn plain_and_gzip_and_members_in_a_row() {
        let plain = format!("{}\n\n{}\nno point\n{}", line(0), line(1), line(2));
        assert_eq!(read(plain.as_bytes(), 10_000).unwrap(), (3, 1));
        let gzip = |text: &str| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        let members = [gzip(&plain), gzip(&format!("\n{}\n", line(3)))].concat();
        assert_eq!(read(&members, 10_000).unwrap(), (4, 1));
        assert!(read(&members[..members.len() - 9], 10_000).is_err());
        assert_eq!(read(&[], 10).unwrap(), (0, 0));
    }

    #[test]
    fn the_cap_is_exact_and_a_long_line_is_stepped_over() {
        let body = line(0);
        let length = body.len() as u64;
        assert_eq!(read(body.as_bytes(), length).unwrap(), (1, 0));
        assert!(matches!(
            read(body.as_bytes(), length - 1),
            Err(PortError::TooLarge { .. })
        ));
        let long = format!("{}\n{}", "x".repeat(3 * LINE_BYTES_MAX), line(1));
        assert_eq!(read(long.as_bytes(), 1 << 30).unwrap(), (1, 1));
    }
}
