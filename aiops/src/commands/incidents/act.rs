//! What changes something: acknowledging, deciding, undoing, labelling, suppressing, stopping.

use aiops_domain::policy::quiet::{Scope, Suppression};
use aiops_functions::adapters::signed::Service;
use aiops_functions::adapters::signed::endpoint::path_segment;
use aiops_functions::incidents::{ActionStatus, items};
use aiops_functions::ports::{Attributes, Item, Table, Write};
use serde_json::{Value, json};

use super::desk::{Desk, failed, of_incident};
use super::{Decision, Suppress};
use crate::error::{CommandError, Outcome};
use crate::printer::{Printer, printable};

/// So much of a digest names a plan.
const MIN_DIGEST_DIGITS: usize = 12;

const MILLIS_PER_HOUR: i64 = 3_600_000;

pub(super) async fn acknowledge(
    desk: &Desk,
    id: &str,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    let who = desk.who().await?;
    let set = Attributes::from([("acknowledged_by".to_owned(), json!(who.to_string()))]);
    desk.incidents
        .remark(id, &who, "acknowledged", set, desk.now())
        .await
        .map_err(of_incident)?;
    printer.note(format_args!("{id} is acknowledged by {who}"));
    Ok(Outcome::Done)
}

/// Asks the approvals API: whoever may write the table still may not decide around it.
pub(super) async fn decide(
    desk: &Desk,
    choice: &str,
    decision: &Decision,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    let digits = decision.plan.len();
    if digits < MIN_DIGEST_DIGITS || !decision.plan.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(CommandError::bad_key(
            "--plan",
            "give at least 12 hexadecimal digits of the plan's digest",
        ));
    }
    let url = desk.approvals_url.as_deref().ok_or_else(|| {
        CommandError::bad_key(
            "--approvals-url",
            "the address of the approvals API is not known; give it",
        )
    })?;
    let actions = desk.incidents.actions(&decision.id).await.map_err(failed)?;
    let record = actions
        .iter()
        .find(|record| record.plan_digest.starts_with(&decision.plan))
        .ok_or_else(|| {
            CommandError::bad_key(
                "--plan",
                format!("incident {} has no such plan", decision.id),
            )
        })?;
    if record.status != ActionStatus::AwaitingApproval {
        return Err(CommandError::bad_key(
            "--plan",
            format!(
                "the action is {} and waits for no decision",
                record.status.as_str()
            ),
        ));
    }
    let body = json!({
        "incident_id": decision.id,
        "action_id": record.plan.action_id,
        "plan_digest": record.plan_digest,
        "choice": choice,
        "reason": decision.reason,
    });
    let url = format!("{}/decision", url.trim_end_matches('/'));
    let answer = desk
        .client
        .rest_at(
            Service::ApiGateway,
            reqwest::Method::POST,
            &url,
            Some(&body),
        )
        .await
        .map_err(failed)?;
    let by = answer.get("by").and_then(Value::as_str).unwrap_or_default();
    printer.note(format_args!(
        "{choice}: {} {} by {}",
        record.plan.action,
        printable(&record.plan.target.to_string()),
        printable(by)
    ));
    Ok(Outcome::Done)
}

pub(super) async fn undo(
    desk: &Desk,
    id: &str,
    action: Option<&str>,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    // An unknown id is bad input, before anything is invoked.
    desk.incidents.meta(id).await.map_err(of_incident)?;
    let who = desk.who().await?;
    let invocation = json!({"step": "undo", "incident_id": id, "action_id": action, "who": who});
    let path = format!(
        "/2015-03-31/functions/{}/invocations",
        path_segment(&desk.remediator)
    );
    let answer = desk
        .client
        .rest(
            Service::Lambda,
            reqwest::Method::POST,
            &path,
            Some(&invocation),
        )
        .await
        .map_err(failed)?;
    if let Some(message) = answer.get("errorMessage").and_then(Value::as_str) {
        return Err(anyhow::anyhow!(
            "nothing was undone or not everything: {}",
            printable(message)
        )
        .into());
    }
    let undone = answer
        .get("undone")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let status = answer
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or("unknown");
    printer.line(format_args!(
        "{undone} actions undone, the incident is {status}"
    ))?;
    Ok(Outcome::Done)
}

pub(super) async fn suppress(
    desk: &Desk,
    suppress: Suppress,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    if suppress.reason.trim().is_empty() {
        return Err(CommandError::bad_key("--reason", "say why"));
    }
    if suppress.source.is_none() && suppress.kind.is_none() && suppress.entity.is_none() {
        return Err(CommandError::bad_key(
            "suppress",
            "name a --source, a --kind or an --entity: everything at once is not suppressed",
        ));
    }
    let now = desk.now();
    let expires = now.plus_millis(i64::from(suppress.hours) * MILLIS_PER_HOUR);
    let suppression = Suppression {
        id: format!("{:013}", now.as_millis()),
        scope: Scope {
            source: suppress.source,
            kind: suppress.kind,
            entity: suppress.entity,
        },
        reason: suppress.reason,
        who: desk.who().await?,
        expires,
    };
    let item = Item {
        key: items::suppression(&suppression.id),
        attributes: items::attributes(&suppression),
    };
    desk.incidents
        .table()
        .write(Write::Put {
            item,
            condition: None,
        })
        .await
        .map_err(failed)?;
    printer.line(format_args!(
        "suppression {} until {expires}",
        suppression.id
    ))?;
    Ok(Outcome::Done)
}

pub(super) async fn switch(
    desk: &Desk,
    stop: bool,
    reason: &str,
    printer: &Printer,
) -> Result<Outcome, CommandError> {
    if reason.trim().is_empty() {
        return Err(CommandError::bad_key("--reason", "say why"));
    }
    let item = Item {
        key: items::stop(),
        attributes: Attributes::from([
            ("stopped".to_owned(), json!(stop)),
            ("who".to_owned(), json!(desk.who().await?)),
            ("why".to_owned(), json!(reason)),
            ("at".to_owned(), json!(desk.now())),
        ]),
    };
    desk.incidents
        .table()
        .write(Write::Put {
            item,
            condition: None,
        })
        .await
        .map_err(failed)?;
    printer.note(if stop {
        "the stop switch is on: no remediation changes anything"
    } else {
        "the stop switch is off"
    });
    Ok(Outcome::Done)
}
