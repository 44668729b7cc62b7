//! What can be seen of a stack without changing anything.

use aiops_domain::IncidentStatus;
use aiops_domain::config::DetectorConfig;
use aiops_domain::model_pointer::ModelPointer;
use aiops_functions::adapters::signed::Service;
use aiops_functions::adapters::{DynamoDbTable, SystemClock};
use aiops_functions::incidents::items;
use aiops_functions::ports::{Clock as _, Range, Table as _};
use serde_json::{Value, json};

use super::Check;
use crate::deployed::Deployed;

/// An incident whose workflow should long be over.
const STUCK_MILLIS: i64 = 3 * 3_600_000;

/// Every check that only reads.
pub(super) async fn checks(deployed: &Deployed) -> Vec<Check> {
    let mut checks = vec![Check::or_failed(
        identity(deployed).await,
        "identity",
        "sign in, or give this role the right to read the stack",
    )];
    checks.extend(functions(deployed).await);
    checks.push(Check::or_failed(
        stream(deployed).await,
        "stream",
        "look at the stream in the console; deploy the stack again if it is gone",
    ));
    checks.push(Check::or_failed(
        model(deployed).await,
        "model",
        "point the parameter to a model package, or set it to none",
    ));
    checks.push(Check::or_failed(
        switch(deployed).await,
        "stop switch",
        "look at the incidents table",
    ));
    checks.push(Check::or_failed(
        stuck(deployed).await,
        "incidents",
        "look at the incidents table and its index by-status",
    ));
    checks
}

async fn identity(deployed: &Deployed) -> anyhow::Result<Check> {
    let answer = deployed
        .client
        .query(Service::Sts, "GetCallerIdentity", &json!({}))
        .await?;
    let arn = answer
        .pointer("/GetCallerIdentityResult/Arn")
        .and_then(Value::as_str)
        .unwrap_or("somebody");
    Ok(Check::ok("identity", arn))
}

async fn functions(deployed: &Deployed) -> Vec<Check> {
    const TODO: &str =
        "deploy the stack again; the function's log group says why it does not start";
    let functions = match deployed.functions() {
        Ok(functions) => functions,
        Err(error) => return vec![Check::failed("functions", error.to_string(), TODO)],
    };
    let mut wrong = Vec::new();
    for (what, name) in &functions {
        match deployed.function(name).await {
            Ok(found) => wrong.extend(unwell(what, &found)),
            Err(error) => wrong.push(Check::failed(
                "functions",
                format!("{what}: {error:#}"),
                TODO,
            )),
        }
    }
    if wrong.is_empty() {
        let detail = format!("{} are active", functions.len());
        wrong.push(Check::ok("functions", detail));
    }
    wrong
}

/// What is wrong with a function by what Lambda says of it.
fn unwell(what: &str, found: &Value) -> Option<Check> {
    let text = |name: &str| found.get(name).and_then(Value::as_str);
    let state = text("State").unwrap_or("Active");
    let update = text("LastUpdateStatus").unwrap_or("Successful");
    // An idle function is started by the next event.
    let well = matches!(state, "Active" | "Inactive") && update == "Successful";
    (!well).then(|| {
        Check::failed(
            "functions",
            format!("{what} is {state}, its last update {update}"),
            "deploy the stack again; the function's log group says why it does not start",
        )
    })
}

async fn stream(deployed: &Deployed) -> anyhow::Result<Check> {
    let name = deployed.text("streamName")?;
    let answer = deployed
        .client
        .json(
            Service::Kinesis,
            "DescribeStreamSummary",
            &json!({"StreamName": name}),
        )
        .await?;
    let status = answer
        .pointer("/StreamDescriptionSummary/StreamStatus")
        .and_then(Value::as_str)
        .unwrap_or("unknown");
    Ok(match status {
        "ACTIVE" => Check::ok("stream", format!("{name} is active")),
        "UPDATING" => Check::notice(
            "stream",
            format!("{name} is being changed"),
            "nothing: it takes records meanwhile",
        ),
        other => Check::failed(
            "stream",
            format!("{name} is {other}"),
            "deploy the stack again",
        ),
    })
}

async fn model(deployed: &Deployed) -> anyhow::Result<Check> {
    let name = deployed.text("modelParameter")?;
    let value = deployed.client.parameter(name).await?;
    let pointer = value.as_deref().map_or(Ok(None), ModelPointer::parse)?;
    Ok(match pointer {
        Some(pointer) => Check::ok("model", format!("version {}", pointer.version)),
        None => Check::notice(
            "model",
            "there is none: static rules and what was never seen, in shadow unless configured otherwise",
            "train one: docs/deploy.md",
        ),
    })
}

async fn switch(deployed: &Deployed) -> anyhow::Result<Check> {
    let table = DynamoDbTable::new(&deployed.sdk, deployed.text("incidentsTable")?);
    let item = table.get(&items::stop()).await?;
    let attribute = |name: &str| item.as_ref()?.attributes.get(name).cloned();
    Ok(match attribute("stopped") {
        None | Some(Value::Bool(false)) => Check::ok("stop switch", "off"),
        Some(_) => {
            let why = attribute("why").and_then(|why| why.as_str().map(str::to_owned));
            Check::notice(
                "stop switch",
                format!("on: {}", why.unwrap_or_default()),
                "aiops incidents resume --reason '…' once it is safe: docs/runbooks/stop-switch.md",
            )
        }
    })
}

async fn stuck(deployed: &Deployed) -> anyhow::Result<Check> {
    let detector: DetectorConfig = deployed.configuration("anomaly-detector").await?;
    let table = DynamoDbTable::new(&deployed.sdk, &detector.incidents_table);
    let now = SystemClock.now();
    let (mut open, mut stuck) = (0, Vec::new());
    for status in IncidentStatus::ALL
        .into_iter()
        .filter(|status| !status.is_terminal())
    {
        let range = Range {
            limit: Some(500),
            ..Range::default()
        };
        let found = table
            .query_index(&items::BY_STATUS, status.as_str(), &range)
            .await?;
        open += found.len();
        for item in found {
            let shadow = item.attributes.get("shadow") == Some(&json!(true));
            let seen = item.attributes.get("last_seen").and_then(Value::as_str);
            let old = seen
                .and_then(|seen| seen.parse().ok())
                .is_some_and(|seen| now.millis_since(seen) > STUCK_MILLIS);
            if old && !shadow {
                stuck.push(item.key.pk.trim_start_matches("incident#").to_owned());
            }
        }
    }
    Ok(match stuck.first() {
        None => Check::ok("incidents", format!("{open} open, none of them stuck")),
        Some(first) => Check::notice(
            "incidents",
            format!(
                "{} of {open} open ones stand still, such as {first}",
                stuck.len()
            ),
            "aiops incidents show ID says where: docs/runbooks/workflow-failed.md",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Verdict;

    #[test]
    fn a_function_is_well_if_it_is_active_and_its_update_succeeded() {
        let of = |state: &str, update: &str| {
            unwell(
                "notifier",
                &json!({"State": state, "LastUpdateStatus": update}),
            )
        };
        assert_eq!(of("Active", "Successful"), None);
        assert_eq!(of("Inactive", "Successful"), None);
        assert_eq!(unwell("notifier", &json!({})), None);
        let check = of("Failed", "Successful").unwrap();
        assert_eq!(check.verdict, Verdict::Failed);
        assert!(check.detail.contains("notifier is Failed") && check.todo.is_some());
        assert!(of("Active", "Failed").is_some());
    }
}
