//! `list` and `show`.

use aiops_domain::{Change, Finding, Incident, IncidentEvent, IncidentStatus, Severity};
use aiops_functions::incidents::{Related, items};
use aiops_functions::ports::{Range, Table};
use serde::Serialize;

use super::desk::{Desk, failed, of_incident};
use crate::error::{CommandError, Outcome};
use crate::printer::{Printer, Style, printable};

/// Findings that `show` reads.
const MAX_FINDINGS: usize = 10;

/// Changes that `show` reads.
const MAX_CHANGES: usize = 20;

#[derive(Serialize)]
struct List {
    schema: &'static str,
    incidents: Vec<Incident>,
    /// The id after which a longer list would go on.
    next: Option<String>,
}

#[derive(Serialize)]
struct Show {
    schema: &'static str,
    incident: Incident,
    findings: Vec<Finding>,
    events: Vec<IncidentEvent>,
    /// What was changed shortly before.
    changes: Vec<Change>,
    /// Other incidents of the same entity and time.
    related: Vec<Related>,
}

pub(super) async fn list(
    desk: &Desk,
    all: bool,
    limit: u32,
    json: bool,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    let limit = limit as usize;
    let range = Range {
        limit: Some(limit + 1),
        descending: true,
        ..Range::default()
    };
    let mut ids: Vec<(String, String)> = Vec::new();
    for status in IncidentStatus::ALL {
        if !all && status.is_terminal() {
            continue;
        }
        let found = desk
            .incidents
            .table()
            .query_index(&items::BY_STATUS, status.as_str(), &range)
            .await
            .map_err(failed)?;
        ids.extend(found.into_iter().filter_map(|item| {
            let seen = item.attributes.get("last_seen")?.as_str()?.to_owned();
            let id = item.key.pk.strip_prefix("incident#")?.to_owned();
            Some((seen, id))
        }));
    }
    ids.sort_by(|one, other| other.cmp(one));
    let more = ids.len() > limit;
    ids.truncate(limit);
    let next = more.then(|| ids.last().map(|(_, id)| id.clone())).flatten();
    let mut incidents = Vec::with_capacity(ids.len());
    for (_, id) in ids {
        incidents.push(desk.incidents.incident(&id).await.map_err(of_incident)?);
    }
    if json {
        printer.json(&List {
            schema: "aiops.incidents/1",
            incidents,
            next,
        })?;
        return Ok(Outcome::Done);
    }
    if incidents.is_empty() {
        printer.note(if all {
            "no incidents"
        } else {
            "no open incidents; --all lists the closed ones too"
        });
    }
    for incident in &incidents {
        printer.line(row(incident, printer))?;
    }
    if next.is_some() {
        printer.note("there are more: raise --limit");
    }
    Ok(Outcome::Done)
}

fn row(incident: &Incident, printer: &Printer) -> String {
    let severity = format!("{:<8}", format!("{:?}", incident.severity).to_lowercase());
    let style = match incident.severity {
        Severity::Critical | Severity::High => Style::Bad,
        Severity::Medium => Style::Warning,
        Severity::Low => Style::Dim,
    };
    let done = incident.actions.last().map_or_else(
        || "–".to_owned(),
        |action| format!("{} {}", action.action, action.status),
    );
    format!(
        "{} {} {:<17} {:<19} {:<9} {:<28} {:>7}× {}",
        printable(&incident.id),
        printer.styled(style, severity),
        incident.status.as_str(),
        incident.kind,
        incident.source,
        printable(&incident.entity),
        incident.count,
        printable(&done),
    )
}

pub(super) async fn show(
    desk: &Desk,
    id: &str,
    json: bool,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    let incident = desk.incidents.incident(id).await.map_err(of_incident)?;
    let findings = desk
        .incidents
        .findings(id, MAX_FINDINGS)
        .await
        .map_err(failed)?;
    let events = desk.incidents.events(id).await.map_err(failed)?;
    let changes = desk
        .incidents
        .changes_before(&incident, MAX_CHANGES)
        .await
        .map_err(failed)?;
    let related = desk.incidents.related(id).await.map_err(failed)?;
    let show = Show {
        schema: "aiops.incident/1",
        incident,
        findings,
        events,
        changes,
        related,
    };
    if json {
        printer.json(&show)?;
    } else {
        tell(&show, printer)?;
    }
    Ok(Outcome::Done)
}

/// The incident for a person. Whatever came from a line is shown and not obeyed.
fn tell(show: &Show, printer: &Printer) -> Result<(), CommandError> {
    let Show {
        incident,
        findings,
        events,
        ..
    } = show;
    let heading = format!(
        "{} on {}: {}",
        incident.kind,
        incident.entity,
        incident.status.as_str()
    );
    printer.line(printer.styled(Style::Heading, printable(&heading)))?;
    printer.line(printable(&incident.summary))?;
    printer.line(format_args!(
        "where    {} {}",
        incident.source,
        printable(&incident.entity)
    ))?;
    printer.line(format_args!(
        "since    {} until {}, {} findings",
        incident.first_seen, incident.last_seen, incident.count
    ))?;
    let why = findings
        .iter()
        .flat_map(|finding| &finding.templates)
        .take(5);
    for part in why {
        printer.line(format_args!(
            "why      {}× {} (normally {:.1})",
            part.count,
            printable(&part.template),
            part.expected
        ))?;
    }
    for line in findings
        .iter()
        .filter_map(|finding| finding.example.as_ref())
        .take(3)
    {
        printer.line(format_args!("line     {}", printable(&line.text)))?;
    }
    for change in &show.changes {
        printer.line(format_args!(
            "changed  {} {} {} by {}",
            change.at,
            printable(&change.what),
            printable(&change.target),
            printable(&change.by)
        ))?;
    }
    for other in &show.related {
        printer.line(format_args!(
            "also     {} ({}) {} since {}",
            other.kind,
            other.source,
            printable(&other.id),
            other.first_seen
        ))?;
    }
    for action in &incident.actions {
        printer.line(format_args!(
            "action   {} {} ({}): {}{}",
            printable(&action.action),
            printable(&action.target),
            printable(&action.mode),
            printable(&action.status),
            if action.undone { ", undone" } else { "" }
        ))?;
        printer.line(format_args!(
            "         plan {}",
            printable(&action.plan_digest)
        ))?;
        if let Some(check) = &action.check {
            let word = if check.passed {
                "passed"
            } else {
                "did not pass"
            };
            printer.line(format_args!(
                "         check {word}: {}",
                printable(&check.detail)
            ))?;
        }
    }
    for event in events {
        printer.line(format_args!(
            "log      {} {} → {} by {}: {}",
            event.at,
            event.from.as_str(),
            event.to.as_str(),
            printable(&event.who.to_string()),
            printable(&event.why)
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
