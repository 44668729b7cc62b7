//! What became of a file that was streamed, for people and as JSON for scripts.

use aiops_domain::{Finding, Incident};
use serde::Serialize;

use super::compare::Comparison;
use crate::demo::read_back::Lines;
use crate::demo::report::{Latency, print_incident, print_lines, print_verdict};
use crate::error::{CommandError, Outcome};
use crate::printer::{Printer, Style, printable};

/// Everything that goes into the report.
#[derive(Debug)]
pub struct Parts {
    /// Of the training.
    pub seed: u64,
    /// Where the lines are.
    pub lines: Lines,
    /// What was found.
    pub incidents: Vec<Incident>,
    /// Why.
    pub findings: Vec<Finding>,
    /// What was streamed, and how.
    pub streamed: Streamed,
    /// The stream beside its file.
    pub comparison: Comparison,
}

/// What was streamed, and how.
#[derive(Debug, Clone, Serialize)]
pub struct Streamed {
    /// The file.
    pub file: String,
    /// The log group that it went to.
    pub group: String,
    /// The log stream.
    pub stream: String,
    /// The model that scored it.
    pub model_version: String,
    /// Of its artefact.
    pub model_sha256: String,
    /// Windows of the file.
    pub windows: u64,
    /// Lines that no window holds because they have no key.
    pub lines_without_key: u64,
    /// Calls of PutLogEvents.
    pub calls: u64,
    /// From the first call to the last.
    pub streaming_seconds: f64,
    /// From the first call until everything was looked at.
    pub seconds: f64,
}

/// The report in the form of interfaces: that of the workload, with nothing injected.
#[derive(Debug, Serialize)]
pub struct LogsReport {
    schema: &'static str,
    seed: u64,
    lines: Lines,
    injected: [(); 0],
    incidents: Vec<Incident>,
    findings: Vec<Finding>,
    false_incidents: [String; 0],
    latency_ms: Latency,
    logs: Streamed,
    comparison: Comparison,
    ok: bool,
    #[serde(skip)]
    problems: Vec<String>,
}

impl LogsReport {
    /// Puts the parts together and judges them.
    pub fn new(parts: Parts) -> Self {
        let mut problems = Vec::new();
        if !parts.lines.is_complete() {
            problems.push("lines are missing or doubled".to_owned());
        }
        if !parts.comparison.equal {
            problems.push(format!(
                "the stream and the file differ in {} windows",
                parts.comparison.differing
            ));
        }
        Self {
            schema: "aiops.demo/1",
            seed: parts.seed,
            lines: parts.lines,
            injected: [],
            incidents: parts.incidents,
            findings: parts.findings,
            false_incidents: [],
            latency_ms: Latency::default(),
            logs: parts.streamed,
            comparison: parts.comparison,
            ok: problems.is_empty(),
            problems,
        }
    }

    /// Whether everything is as it should be.
    pub const fn outcome(&self) -> Outcome {
        if self.ok {
            Outcome::Done
        } else {
            Outcome::NotOk
        }
    }

    /// Where the lines are.
    pub const fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The stream beside its file.
    pub const fn comparison(&self) -> &Comparison {
        &self.comparison
    }

    /// What was found.
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    /// Prints it.
    pub fn print(&self, printer: &Printer) -> Result<(), CommandError> {
        for incident in &self.incidents {
            print_incident(incident, &self.findings, printer)?;
        }
        print_lines(&self.lines, printer)?;
        printer.line(printer.styled(Style::Heading, "Stream and file"))?;
        let comparison = &self.comparison;
        printer.line(format_args!(
            "  {} findings streamed, {} in the file, of {} windows: {}",
            comparison.streamed,
            comparison.file,
            self.logs.windows,
            if comparison.equal {
                "equal".to_owned()
            } else {
                format!("{} differ", comparison.differing)
            }
        ))?;
        for difference in &comparison.differences {
            printer.line(format_args!("    {}", printable(difference)))?;
        }
        printer.line(format_args!(
            "  {} calls in {:.1} s, everything looked at after {:.1} s",
            self.logs.calls, self.logs.streaming_seconds, self.logs.seconds
        ))?;
        print_verdict(&self.problems, self.ok, printer)
    }
}
