//! What incidents really were: said beside the incident, and written down for training.

use std::path::Path;

use aiops_domain::{FindingLabel, IncidentStatus, Time, Verdict};
use aiops_functions::incidents::{Meta, items};
use aiops_functions::ports::{Attributes, Range, Table};
use serde_json::json;

use super::Label;
use super::desk::{Desk, failed, of_incident};
use crate::error::{CommandError, Outcome};
use crate::output;
use crate::printer::Printer;

/// What is expected is so for this long after the incident, unless it is said otherwise.
const EXPECTED_MILLIS: i64 = 30 * 86_400_000;

/// Findings of one incident that become labels.
const FINDINGS_MAX: usize = 10_000;

/// Says what an incident was.
pub(super) async fn label(
    desk: &Desk,
    id: &str,
    label: Label,
    until: Option<Time>,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    if until.is_some() && label != Label::Expected {
        return Err(CommandError::bad_key(
            "--until",
            "only what is expected ends: it belongs to the label `expected`",
        ));
    }
    let meta = desk.incidents.meta(id).await.map_err(of_incident)?;
    let verdict = match label {
        Label::True => Verdict::True,
        Label::False => Verdict::False,
        Label::Expected => Verdict::Expected {
            until: until.unwrap_or_else(|| meta.last_seen.plus_millis(EXPECTED_MILLIS)),
        },
    };
    let said = match verdict {
        Verdict::True => "true".to_owned(),
        Verdict::False => "false".to_owned(),
        Verdict::Expected { until } => format!("expected until {until}"),
    };
    let who = desk.who().await?;
    let set = Attributes::from([("label".to_owned(), json!(verdict))]);
    desk.incidents
        .remark(id, &who, &format!("labelled {said}"), set, desk.now())
        .await
        .map_err(of_incident)?;
    printer.note(format_args!("{id} is labelled {said}"));
    Ok(Outcome::Done)
}

/// Writes a line for every finding of every labelled incident.
pub(super) async fn write(
    desk: &Desk,
    out: Option<&Path>,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    if let Some(out) = out {
        output::check(out)?;
    }
    let labelled = labelled(desk).await?;
    let mut lines = Vec::new();
    for meta in &labelled {
        let Some(verdict) = meta.label else {
            continue;
        };
        let findings = desk
            .incidents
            .findings(&meta.id, FINDINGS_MAX)
            .await
            .map_err(failed)?;
        for finding in findings {
            let line = FindingLabel { verdict, finding };
            lines.push(serde_json::to_string(&line).map_err(anyhow::Error::from)?);
        }
    }
    let (incidents, findings) = (labelled.len(), lines.len());
    match out {
        Some(out) => {
            let mut text = lines.join("\n");
            if !text.is_empty() {
                text.push('\n');
            }
            output::write(out, text.as_bytes())?;
        }
        None => {
            for line in lines {
                printer.line(line)?;
            }
        }
    }
    printer.note(format_args!(
        "{findings} findings of {incidents} labelled incidents"
    ));
    Ok(Outcome::Done)
}

/// Every incident of which something was said, in the order of their ids.
async fn labelled(desk: &Desk) -> Result<Vec<Meta>, CommandError> {
    let mut labelled = Vec::new();
    for status in IncidentStatus::ALL {
        let found = desk
            .incidents
            .table()
            .query_index(&items::BY_STATUS, status.as_str(), &Range::default())
            .await
            .map_err(failed)?;
        for item in found {
            let said = item
                .attributes
                .get("label")
                .is_some_and(|label| !label.is_null());
            let id = item.key.pk.strip_prefix("incident#").filter(|_| said);
            if let Some(id) = id {
                labelled.push(desk.incidents.meta(id).await.map_err(of_incident)?);
            }
        }
    }
    labelled.sort_by(|one, other| one.id.cmp(&other.id));
    // One that moved on between two looks is found twice.
    labelled.dedup_by(|one, other| one.id == other.id);
    Ok(labelled)
}
