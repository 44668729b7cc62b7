//! What the demonstration found, as a table for people and as JSON for scripts.

use aiops_domain::{Finding, Incident};
use serde::Serialize;

use super::answers::Answer;
use super::judge::{Injected, quantile};
use super::read_back::Lines;
use super::receiver::Received;
use super::remediation::Remediation;
use crate::error::{CommandError, Outcome};
use crate::printer::{Printer, Style, printable};

/// More false incidents than this, and the demonstration has failed.
const FALSE_INCIDENTS_MAX: usize = 2;
/// Without the rules, the learned detectors find at least so many of the six.
const LEARNED_MIN: usize = 4;
/// The 95th percentile of the latency stays below this.
const LATENCY_MAX_MILLIS: u64 = 15_000;
/// Templates that are shown of an incident.
const TEMPLATES_SHOWN: usize = 3;
/// Characters of a text that are shown.
const WIDTH: usize = 110;

/// Everything that goes into the report.
#[derive(Debug)]
pub struct Parts {
    /// Of the workload.
    pub seed: u64,
    /// Whether static rules took part.
    pub rules: bool,
    /// Where the lines are.
    pub lines: Lines,
    /// What was put in, with what found it.
    pub injected: Vec<Injected>,
    /// The same of metrics.
    pub metrics: Metrics,
    /// What was found.
    pub incidents: Vec<Incident>,
    /// What was found and taken back when late lines came.
    pub withdrawn: Vec<Incident>,
    /// Why.
    pub findings: Vec<Finding>,
    /// Incidents that no label explains.
    pub false_incidents: Vec<String>,
    /// From the last line to the message, for each incident.
    pub latencies: Vec<u64>,
    /// What remediation did to the cloud.
    pub remediation: Remediation,
    /// What the webhooks received.
    pub messages: Vec<Received>,
}

/// The report in the form of interfaces.
#[derive(Debug, Serialize)]
pub struct Report {
    schema: &'static str,
    seed: u64,
    lines: Lines,
    injected: Vec<Injected>,
    metrics: Metrics,
    incidents: Vec<Incident>,
    withdrawn: Vec<Incident>,
    findings: Vec<Finding>,
    false_incidents: Vec<String>,
    latency_ms: Latency,
    remediation: Remediation,
    messages: Vec<Message>,
    ok: bool,
    #[serde(skip)]
    problems: Vec<String>,
}

/// The faults in metrics: beside the incidents of the logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metrics {
    /// Points that Firehose accepted.
    pub points: u64,
    /// What was put in, with what found it.
    pub injected: Vec<Injected>,
}

/// From the last line to the message, in milliseconds.
#[derive(Debug, Default, Serialize)]
pub(super) struct Latency {
    p50: Option<u64>,
    p95: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Message {
    path: String,
    body: String,
}

impl Report {
    /// Puts the parts together and judges them.
    pub fn new(parts: Parts) -> Self {
        let latency_ms = Latency {
            p50: quantile(&parts.latencies, 0.5),
            p95: quantile(&parts.latencies, 0.95),
        };
        let problems = problems(&parts, latency_ms.p95);
        Self {
            schema: "aiops.demo/1",
            seed: parts.seed,
            lines: parts.lines,
            injected: parts.injected,
            metrics: parts.metrics,
            incidents: parts.incidents,
            withdrawn: parts.withdrawn,
            findings: parts.findings,
            false_incidents: parts.false_incidents,
            latency_ms,
            remediation: parts.remediation,
            messages: parts
                .messages
                .into_iter()
                .map(|message| Message {
                    path: message.path,
                    body: message.body,
                })
                .collect(),
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

    /// Prints the table.
    pub fn print(&self, printer: &Printer) -> Result<(), CommandError> {
        for incident in &self.incidents {
            print_incident(incident, &self.findings, printer)?;
        }
        printer.line(format_args!(
            "{}",
            printer.styled(Style::Heading, "Injected and found")
        ))?;
        for injected in self.injected.iter().chain(&self.metrics.injected) {
            let (style, mark) = match injected.incident_id {
                Some(_) => (Style::Good, "found "),
                None => (Style::Bad, "MISSED"),
            };
            printer.line(format_args!(
                "  {} {:<19} {:<9} {}",
                printer.styled(style, mark),
                injected.kind,
                injected.source,
                injected.entity
            ))?;
        }
        printer.line(format_args!(
            "  false incidents: {}",
            self.false_incidents.len()
        ))?;
        print_lines(&self.lines, printer)?;
        self.print_remediation(printer)?;
        if let (Some(p50), Some(p95)) = (self.latency_ms.p50, self.latency_ms.p95) {
            printer
                .line(printer.styled(Style::Heading, "From a window's last line to the message"))?;
            printer.line(format_args!(
                "  median {p50} ms, 95th percentile {p95} ms, {} messages",
                self.messages.len()
            ))?;
        }
        print_verdict(&self.problems, self.ok, printer)
    }

    fn print_remediation(&self, printer: &Printer) -> Result<(), CommandError> {
        printer.line(printer.styled(Style::Heading, "Remediation, as the cloud shows it"))?;
        for answer in &self.remediation.answers {
            print_answer(answer, printer)?;
        }
        match self.remediation.restored {
            Some(true) => printer.line("  in the end: everything as before"),
            Some(false) => printer.line("  in the end: NOT as before"),
            None => printer.line(
                "  what is in force stays: aiops incidents list --all, aiops incidents undo ID",
            ),
        }
    }
}

fn print_answer(answer: &Answer, printer: &Printer) -> Result<(), CommandError> {
    let decided = answer
        .decided_by
        .as_ref()
        .map_or_else(String::new, |who| format!(" by {}", printable(who)));
    printer.line(format_args!(
        "  {:<18} policy {:<9} {} {}: {}{decided}",
        answer.kind,
        answer.policy,
        answer.action,
        shown(&answer.target),
        answer.course.says(),
    ))?;
    let mut changed = false;
    for piece in answer.after.beyond(&answer.before) {
        changed = true;
        printer.line(format_args!("      in force   + {piece}"))?;
    }
    for piece in answer.before.beyond(&answer.after) {
        changed = true;
        printer.line(format_args!("      in force   - {piece}"))?;
    }
    if !changed {
        printer.line("      in force   as before")?;
    }
    if let Some(after_undo) = &answer.after_undo {
        let word = if *after_undo == answer.before {
            "as before, field by field"
        } else {
            "NOT as before"
        };
        printer.line(format_args!("      undone     {word}"))?;
    }
    if let Some(reason) = &answer.irreversible {
        printer.line(format_args!(
            "      the plan said beforehand: {}",
            shown(reason)
        ))?;
    }
    Ok(())
}

/// Where the lines are.
pub(super) fn print_lines(lines: &Lines, printer: &Printer) -> Result<(), CommandError> {
    printer.line(printer.styled(Style::Heading, "Nothing lost"))?;
    printer.line(format_args!(
        "  lines sent {}, in segments {}, quarantined {}, in the raw archive {}",
        lines.sent, lines.segments_distinct, lines.quarantined, lines.raw_distinct
    ))
}

/// What was not as it should be, or that all was.
pub(super) fn print_verdict(
    problems: &[String],
    ok: bool,
    printer: &Printer,
) -> Result<(), CommandError> {
    for problem in problems {
        printer.line(format_args!(
            "{} {problem}",
            printer.styled(Style::Bad, "NOT OK")
        ))?;
    }
    if ok {
        printer.line(printer.styled(Style::Good, "ok"))?;
    }
    Ok(())
}

/// An incident with its strongest finding and what was done.
pub(super) fn print_incident(
    incident: &Incident,
    findings: &[Finding],
    printer: &Printer,
) -> Result<(), CommandError> {
    printer.line(printer.styled(
        Style::Heading,
        format_args!(
            "{} on {} {}",
            incident.kind,
            incident.source,
            printable(&incident.entity)
        ),
    ))?;
    printer.line(format_args!(
        "  {}, since {}, until {}, {} finding{}, {}",
        format!("{:?}", incident.severity).to_lowercase(),
        incident.first_seen,
        incident.last_seen,
        incident.count,
        if incident.count == 1 { "" } else { "s" },
        incident.status.as_str().replace('_', " ")
    ))?;
    printer.line(format_args!("  {}", shown(&incident.summary)))?;
    let strongest = findings
        .iter()
        .filter(|finding| incident.finding_ids.contains(&finding.id))
        .max_by(|one, other| one.score.total_cmp(&other.score));
    if let Some(finding) = strongest {
        for template in finding.templates.iter().take(TEMPLATES_SHOWN) {
            printer.line(format_args!(
                "    {:>5} × (expected {:.1}) {}",
                template.count,
                template.expected,
                shown(&template.template)
            ))?;
        }
        if let Some(example) = &finding.example {
            printer.line(format_args!(
                "    line {}: {}",
                example.line,
                shown(&example.text)
            ))?;
        }
    }
    for action in &incident.actions {
        let check = action.check.as_ref().map_or_else(String::new, |check| {
            let word = if check.passed { "passed" } else { "failed" };
            format!(", check {word}: {}", shown(&check.detail))
        });
        printer.line(format_args!(
            "  {} {} ({}): {}{check}{}",
            action.action,
            shown(&action.target),
            action.mode,
            action.status,
            if action.undone { ", undone" } else { "" }
        ))?;
    }
    Ok(())
}

/// A text of a log line on the terminal: no control characters, not too long.
fn shown(text: &str) -> String {
    let text = printable(text);
    if text.chars().count() <= WIDTH {
        return text;
    }
    text.chars().take(WIDTH - 1).chain(['…']).collect()
}

fn problems(parts: &Parts, p95: Option<u64>) -> Vec<String> {
    let mut problems = Vec::new();
    let found = parts
        .injected
        .iter()
        .filter(|injected| injected.incident_id.is_some())
        .count();
    let wanted = if parts.rules {
        parts.injected.len()
    } else {
        LEARNED_MIN.min(parts.injected.len())
    };
    if found < wanted {
        problems.push(format!(
            "{found} of {} incidents found, at least {wanted} expected",
            parts.injected.len()
        ));
    }
    for injected in &parts.metrics.injected {
        if injected.incident_id.is_none() {
            problems.push(format!(
                "the {} of {} was not found in the metrics",
                injected.kind, injected.entity
            ));
        }
    }
    if parts.false_incidents.len() > FALSE_INCIDENTS_MAX {
        problems.push(format!(
            "{} false incidents, at most {FALSE_INCIDENTS_MAX} expected",
            parts.false_incidents.len()
        ));
    }
    if !parts.lines.is_complete() {
        problems.push("lines are missing or doubled".to_owned());
    }
    if parts.rules {
        problems.extend(parts.remediation.problems());
    }
    match p95 {
        None => problems.push("no message about an incident arrived".to_owned()),
        Some(p95) if p95 >= LATENCY_MAX_MILLIS => problems.push(format!(
            "the 95th percentile of the latency is {p95} ms, below {LATENCY_MAX_MILLIS} ms expected"
        )),
        Some(_) => {}
    }
    problems
}
