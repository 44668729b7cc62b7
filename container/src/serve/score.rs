//! From a request's body to its answer.

use std::collections::BTreeMap;

use aiops_domain::scoring::{
    SCORING_SCHEMA, ScoringModel, ScoringRequest, ScoringResponse, ScoringWindow,
};
use aiops_domain::{Finding, LogRecord, Source};
use aiops_model::{EventWindow, Model};
use serde::{Deserialize, Serialize};

/// How requests and answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Lines,
}

impl Form {
    /// The form of a content type; parameters after `;` do not matter.
    pub fn of(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/json" => Some(Self::Json),
            "application/jsonlines" | "application/x-ndjson" | "application/x-jsonlines" => {
                Some(Self::Lines)
            }
            _ => None,
        }
    }

    /// The answer's content type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Lines => "application/jsonlines",
        }
    }
}

/// Why a request has no answer: what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure(pub String);

/// A line of a request of lines.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Window(ScoringWindow),
    Record(LogRecord),
}

/// A line of the answer when its line of the request cannot be scored: batch transform wants one
/// for each.
#[derive(Serialize)]
struct LineError {
    error: String,
}

/// Scores a request.
///
/// # Errors
/// When it is malformed.
pub fn score(model: &Model, form: Form, body: &[u8]) -> Result<Vec<u8>, Failure> {
    match form {
        Form::Json => json(model, body),
        Form::Lines => lines(model, body),
    }
}

fn json(model: &Model, body: &[u8]) -> Result<Vec<u8>, Failure> {
    let request: ScoringRequest = serde_json::from_slice(body).map_err(|error| {
        Failure(format!(
            "the body is neither {{\"windows\": […]}} nor {{\"records\": […]}}: {error}"
        ))
    })?;
    let findings = match request {
        ScoringRequest::Windows { windows } => windows
            .into_iter()
            .enumerate()
            .map(|(number, window)| {
                scored(model, window)
                    .map_err(|problem| Failure(format!("window {number}: {problem}")))
            })
            .collect::<Result<Vec<Finding>, Failure>>()?,
        ScoringRequest::Records { records } => assembled(model, records)?,
    };
    let response = ScoringResponse {
        schema: SCORING_SCHEMA.to_owned(),
        model: ScoringModel {
            version: model.version().to_owned(),
            sha256: model.sha256().to_owned(),
        },
        findings,
    };
    serde_json::to_vec(&response).map_err(|error| Failure(error.to_string()))
}

/// Windows are answered in their places. Records are gathered over the whole body, and their windows'
/// findings follow, in the order of the windows.
fn lines(model: &Model, body: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut answer = Vec::new();
    let mut records = Vec::new();
    let numbered = (1u64..).zip(body.split(|byte| *byte == b'\n'));
    for (number, line) in numbered.filter(|(_, line)| !line.trim_ascii().is_empty()) {
        let parsed = serde_json::from_slice::<Line>(line);
        let problem = match parsed {
            Ok(Line::Record(record)) => {
                records.push(record);
                continue;
            }
            Ok(Line::Window(window)) => match scored(model, window) {
                Ok(finding) => {
                    write_line(&mut answer, &finding)?;
                    continue;
                }
                Err(problem) => problem,
            },
            Err(_) => "neither a window nor a record".to_owned(),
        };
        let error = format!("line {number}: {problem}");
        write_line(&mut answer, &LineError { error })?;
    }
    for finding in assembled(model, records)? {
        write_line(&mut answer, &finding)?;
    }
    Ok(answer)
}

fn write_line(answer: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *answer, value).map_err(|error| Failure(error.to_string()))?;
    answer.push(b'\n');
    Ok(())
}

fn scored(model: &Model, window: ScoringWindow) -> Result<Finding, String> {
    if window.records.is_empty() {
        return Err("no records".to_owned());
    }
    Ok(model.score(&EventWindow::from(window)))
}

fn assembled(model: &Model, records: Vec<LogRecord>) -> Result<Vec<Finding>, Failure> {
    let mut by_source: BTreeMap<Source, Vec<LogRecord>> = BTreeMap::new();
    for record in records {
        by_source.entry(record.source).or_default().push(record);
    }
    let mut findings = Vec::new();
    for (source, records) in by_source {
        let windowing = model
            .window_spec(source)
            .compile()
            .map_err(|error| Failure(error.to_string()))?;
        let windows = windowing.assemble(records).windows;
        findings.extend(windows.iter().map(|window| model.score(window)));
    }
    Ok(findings)
}
