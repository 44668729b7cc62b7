//! What a link shows: the whole plan as plain text, which no browser runs.

use aiops_domain::plan::Undo;

use super::Response;
use crate::incidents::ActionRecord;
use crate::notifier::text::plain;

/// The plan, for a person.
pub(super) fn plan(record: &ActionRecord) -> Response {
    let plan = &record.plan;
    let mut lines = vec![
        format!("{} {}", plan.action, plan.target),
        format!("incident   {}", plan.incident_id),
        format!("status     {}", record.status.as_str()),
        format!("mode       {}", record.mode.as_str()),
        format!("plan       {}", record.plan_digest),
        format!("reaches    {}", plan.blast_radius.scope),
        String::new(),
        "calls".to_owned(),
    ];
    let call = |call: &aiops_domain::ApiCall| format!("  {} {}", call.operation, call.parameters);
    lines.extend(plan.calls.iter().map(call));
    lines.push("before, it must hold that".to_owned());
    lines.extend(
        plan.preconditions
            .iter()
            .map(|probe| format!("  {}", probe.says)),
    );
    lines.push("it worked if".to_owned());
    lines.extend(plan.check.iter().map(|probe| format!("  {}", probe.says)));
    match &plan.undo {
        Undo::Calls { calls, .. } => {
            lines.push("undo".to_owned());
            lines.extend(calls.iter().map(call));
        }
        Undo::Irreversible { reason } => lines.push(format!("it cannot be undone: {reason}")),
    }
    lines.push("prior state".to_owned());
    lines.push(format!("  {}", plan.prior_state));
    lines.push(String::new());
    lines.push(
        "This page shows and cannot act. Decide in Slack, or with: aiops incidents approve"
            .to_owned(),
    );
    let text = lines
        .iter()
        .map(|line| plain(line, 20_000))
        .collect::<Vec<_>>()
        .join("\n");
    Response::text(200, text + "\n")
}
