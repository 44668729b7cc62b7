//! `aiops metrics`: scores the points of one metric from a CSV file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use aiops_domain::Time;
use aiops_model::metric::{MetricDetector, MetricOptions, MetricScore};
use serde::Serialize;

use crate::error::{CommandError, Outcome};
use crate::printer::{Printer, Style};

/// Points of one file, at most: ten years of five-minute points.
const MOST_POINTS: usize = 1_100_000;

/// Score the points of a metric: a point's score uses nothing after it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aiops metrics cpu.csv\n  aiops metrics cpu.csv --json | jq '.points[] | select(.anomalous)'\n\nThe file has the columns timestamp,value: RFC 3339, `2014-04-02 14:29:00` (UTC) or epoch seconds."
)]
pub struct Args {
    /// CSV with the columns timestamp,value; `-` reads standard input.
    pub file: PathBuf,
    /// Alarm below this p-value.
    #[arg(long, default_value_t = MetricOptions::default().significance)]
    pub significance: f64,
    /// Print every point as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    points: Vec<MetricScore>,
}

/// Reads the file wholly, then prints the anomalous points, or every point as JSON.
pub fn run(args: Args, printer: &Printer) -> Result<Outcome, CommandError> {
    if !(args.significance > 0.0 && args.significance < 1.0) {
        return Err(CommandError::bad_key(
            "--significance",
            "must lie between 0 and 1",
        ));
    }
    let points = read(&args.file)?;
    let mut detector = MetricDetector::new(MetricOptions {
        significance: args.significance,
        ..MetricOptions::default()
    });
    let scores: Vec<MetricScore> = points
        .into_iter()
        .map(|(time, value)| detector.observe(time, value))
        .collect();
    if args.json {
        printer.json(&Report {
            schema: "aiops.metrics/1",
            points: scores,
        })?;
        return Ok(Outcome::Done);
    }
    let anomalous: Vec<_> = scores.iter().filter(|score| score.anomalous).collect();
    printer.line(printer.styled(
        Style::Heading,
        format!(
            "{} of {} points are anomalous",
            anomalous.len(),
            scores.len()
        ),
    ))?;
    for score in anomalous {
        printer.line(format!(
            "{}  value {}  expected {}  p {:.1e}  ({})",
            score.timestamp,
            score
                .value
                .map_or_else(|| "none".to_owned(), |value| format!("{value:.4}")),
            score
                .expected
                .map_or_else(|| "nothing yet".to_owned(), |value| format!("{value:.4}")),
            score.p_value,
            match score.cause {
                aiops_model::metric::MetricCause::Value => "value",
                aiops_model::metric::MetricCause::Drift => "drift",
                aiops_model::metric::MetricCause::Gap => "no points before it",
            },
        ))?;
    }
    Ok(Outcome::Done)
}

fn read(path: &Path) -> Result<Vec<(Time, f64)>, CommandError> {
    let bad = |problem: String| CommandError::bad_path(path, problem);
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(|error| bad(error.to_string()))?)
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(input);
    let headers = reader
        .headers()
        .map_err(|error| bad(error.to_string()))?
        .clone();
    let column = |name: &str| {
        headers
            .iter()
            .position(|header| header.eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                bad(format!(
                    "no column `{name}`; the first line must name timestamp,value"
                ))
            })
    };
    let (time_column, value_column) = (column("timestamp")?, column("value")?);
    let mut points: Vec<(Time, f64)> = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| bad(error.to_string()))?;
        let line = row.position().map_or(0, csv::Position::line);
        if points.len() == MOST_POINTS {
            return Err(bad(format!("more than {MOST_POINTS} points; cut the file")));
        }
        let time = row.get(time_column).and_then(instant).ok_or_else(|| {
            bad(format!(
                "line {line}: the timestamp is not RFC 3339, `2014-04-02 14:29:00` or epoch seconds"
            ))
        })?;
        let text = row.get(value_column).unwrap_or_default();
        // An empty cell is a point without a value, as monitoring systems export them.
        let value = if text.is_empty() {
            f64::NAN
        } else {
            text.parse()
                .map_err(|_| bad(format!("line {line}: the value is not a number")))?
        };
        if points.last().is_some_and(|(last, _)| time < *last) {
            return Err(bad(format!(
                "line {line}: the timestamp is before the one above; sort the file"
            )));
        }
        points.push((time, value));
    }
    if points.is_empty() {
        return Err(bad("no points".to_owned()));
    }
    Ok(points)
}

fn instant(text: &str) -> Option<Time> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if let Ok(civil) = text.parse::<jiff::civil::DateTime>() {
        let instant = jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?;
        return Some(Time::from_millis(instant.as_millisecond()));
    }
    let seconds: f64 = text.parse().ok()?;
    // Epoch milliseconds are beyond any epoch seconds that a metric has.
    let millis = if seconds.abs() > 1e11 {
        seconds
    } else {
        seconds * 1_000.0
    };
    millis.is_finite().then(|| Time::from_millis(millis as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_come_in_three_forms() {
        let expected = "2014-04-02T14:29:00Z".parse::<Time>().unwrap();
        for text in [
            "2014-04-02T14:29:00Z",
            "2014-04-02 14:29:00",
            "1396448940",
            "1396448940000",
        ] {
            assert_eq!(instant(text), Some(expected), "{text}");
        }
        assert_eq!(instant("noon"), None);
    }

    #[test]
    fn a_bad_file_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cpu.csv");
        for (content, problem) in [
            ("time,value\n1,2\n", "no column `timestamp`"),
            ("timestamp,value\n", "no points"),
            (
                "timestamp,value\n1,2\nnoon,3\n",
                "line 3: the timestamp is not",
            ),
            (
                "timestamp,value\n1,two\n",
                "line 2: the value is not a number",
            ),
            (
                "timestamp,value\n5,1\n1,2\n",
                "line 3: the timestamp is before",
            ),
            ("timestamp,value\n5,1,9\n", "fields"),
        ] {
            std::fs::write(&path, content).unwrap();
            let error = read(&path).unwrap_err();
            assert_eq!(error.exit_status(), 2);
            let text = error.to_string();
            assert!(text.contains("cpu.csv") && text.contains(problem), "{text}");
        }
        assert_eq!(
            read(Path::new("/nowhere/x.csv")).unwrap_err().exit_status(),
            2
        );
    }
}
