//! Tests of the module `input`.

use std::io::Write;

use aiops_domain::event_time::TimeAssumptions;
use aiops_domain::{Shape, Source};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn options() -> InputOptions {
    InputOptions {
        group: None,
        stream: None,
        categoriser: Categoriser::new(Vec::new(), TimeAssumptions::default()),
        now: "2026-08-01T13:00:00Z".parse().unwrap(),
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn read_bytes(name: &str, bytes: &[u8]) -> Result<(Vec<InputLine>, InputSummary), CommandError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let mut lines = Vec::new();
    let summary = read(&[directory.path().to_owned()], &options(), &mut |line| {
        lines.push(line);
        Ok(())
    })?;
    Ok((lines, summary))
}

const TEXT: &str = "2026-08-01T12:00:00Z first\n\n  at frame\r\n2026-08-01T12:00:01Z last";

#[test]
fn plain_and_compressed_text_read_the_same() {
    let (plain, summary) = read_bytes("a.log", TEXT.as_bytes()).unwrap();
    assert_eq!(
        summary,
        InputSummary {
            lines: 3,
            blank: 1,
            cut: 0
        }
    );
    let told: Vec<(u64, String, &str)> = plain
        .iter()
        .map(|line| {
            (
                line.line,
                line.record.time.to_string(),
                line.record.message.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                1,
                "2026-08-01T12:00:00.000Z".into(),
                "2026-08-01T12:00:00Z first"
            ),
            (3, "2026-08-01T12:00:00.000Z".into(), "  at frame"),
            (
                4,
                "2026-08-01T12:00:01.000Z".into(),
                "2026-08-01T12:00:01Z last"
            ),
        ]
    );
    assert!(
        plain
            .windows(2)
            .all(|pair| pair[0].record.order() < pair[1].record.order())
    );
    let mut twice = gzip("2026-08-01T12:00:00Z first\n\n");
    twice.extend(gzip("  at frame\r\n2026-08-01T12:00:01Z last"));
    let (compressed, _) = read_bytes("a.log", &twice).unwrap();
    assert_eq!(compressed, plain);
}

#[test]
fn a_segment_gives_back_its_records() {
    let (lines, _) = read_bytes("a.log", TEXT.as_bytes()).unwrap();
    let segment: String = lines
        .iter()
        .map(|line| serde_json::to_string(&line.record).unwrap() + "\n")
        .collect();
    let (read, _) = read_bytes("x.ndjson.gz", &gzip(&segment)).unwrap();
    let records = |lines: &[InputLine]| -> Vec<LogRecord> {
        lines.iter().map(|line| line.record.clone()).collect()
    };
    assert_eq!(records(&read), records(&lines));
    let broken = segment + "{\"v\":1}\n";
    let error = read_bytes("x.ndjson", broken.as_bytes()).unwrap_err();
    assert_eq!(error.exit_status(), 2);
    assert!(
        error
            .to_string()
            .contains("x.ndjson: line 4: no log record"),
        "{error}"
    );
}

#[test]
fn envelopes_are_read_without_anything_between_them() {
    let envelope = |id: &str| {
        format!(
            r#"{{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/g","logStream":"i-1","subscriptionFilters":["f"],"logEvents":[{{"id":"{id}","timestamp":1785585600000,"message":"hello {id}"}}]}}"#
        )
    };
    let control = r#"{"messageType":"CONTROL_MESSAGE","owner":"C","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[]}"#;
    let mut bytes = gzip(&envelope("1"));
    bytes.extend(gzip(control));
    bytes.extend(gzip(&envelope("2")));
    let (lines, _) = read_bytes("raw.gz", &bytes).unwrap();
    let ids: Vec<&str> = lines.iter().map(|line| line.record.id.as_str()).collect();
    assert_eq!(ids, ["1", "2"]);
    assert_eq!(lines[0].record.group, "/g");
    assert_eq!(lines[0].record.entity, "i-1");
    assert_eq!(lines[0].record.message, "hello 1");
}

#[test]
fn cloud_trail_gives_one_record_per_call() {
    let text = r#"{ "Records": [ {"eventID":"e1","eventTime":"2026-08-01T12:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject"} ] }"#;
    let (lines, _) = read_bytes("trail.json", text.as_bytes()).unwrap();
    assert_eq!(lines.len(), 1);
    let record = &lines[0].record;
    assert_eq!(
        (record.id.as_str(), record.shape, record.source),
        ("e1", Shape::Json, Source::Other)
    );
    assert_eq!(record.time.to_string(), "2026-08-01T12:00:00.000Z");
    assert_eq!(record.stream, "s3.amazonaws.com");
    let broken = read_bytes("trail.json", br#"{"Records":[{}]}"#).unwrap_err();
    assert!(broken.to_string().contains("record 1"), "{broken}");
}

#[test]
fn long_and_binary_lines_are_bounded() {
    let mut bytes = vec![b'x'; LINE_BYTES_MAX + 10];
    bytes.extend(b"\n\xff\xfe\x00\n");
    let (lines, summary) = read_bytes("a.log", &bytes).unwrap();
    assert_eq!(summary.cut, 1);
    assert_eq!(lines[0].record.message.len(), LINE_BYTES_MAX);
    assert_eq!(lines.len(), 2);
}

#[test]
fn what_cannot_be_read_is_bad_input() {
    let missing = read(&["/nonexistent/x.log".into()], &options(), &mut |_| Ok(())).unwrap_err();
    assert_eq!(missing.exit_status(), 2);
    assert!(
        missing.to_string().starts_with("/nonexistent/x.log: "),
        "{missing}"
    );
    let mut cut = gzip(TEXT);
    cut.truncate(cut.len() / 2);
    let error = read_bytes("cut.gz", &cut).unwrap_err();
    assert_eq!(error.exit_status(), 2);
    assert!(error.to_string().contains("cut.gz"), "{error}");
}
