//! What the functions behind an incident count of themselves, one line of metrics an invocation. The
//! functions before it count their own batches.

use aiops_domain::incident::event::Outcome;
use serde_json::{Value, json};

use crate::approvals::Response;
use crate::metrics::{Metrics, Unit};
use crate::notifier::NotifyError;
use crate::remediator::{StepName, StepResult};

/// The namespace of the platform's own metrics.
pub const NAMESPACE: &str = "Aiops";

fn counted(function: &str, counts: &[(&'static str, bool)]) -> Metrics {
    let metrics = Metrics::new(NAMESPACE).dimension("Function", function);
    counts.iter().fold(metrics, |metrics, (name, is)| {
        metrics.value(name, Unit::Count, f64::from(u8::from(*is)))
    })
}

/// A step of `remediator`. A check that does not hold yet is no error: the workflow asks again.
pub fn of_step(step: StepName, result: &StepResult<Value>) -> Metrics {
    let answer = result.as_ref().ok();
    let next = |name: &str| answer.is_some_and(|answer| answer.get("next") == Some(&json!(name)));
    let ended = |outcome: Outcome| {
        step == StepName::Close
            && answer.is_some_and(|answer| answer.get("outcome") == Some(&json!(outcome)))
    };
    let error = result
        .as_ref()
        .err()
        .map(crate::remediator::StepError::name);
    counted(
        "remediator",
        &[
            ("Actions", step == StepName::Execute && next("verify")),
            ("ActionsUndone", step == StepName::Undo && answer.is_some()),
            (
                "ActionsRefused",
                ended(Outcome::Refused) || error == Some("Refused"),
            ),
            (
                "IncidentsClosed",
                step == StepName::Close && answer.is_some(),
            ),
            ("IncidentsFailed", ended(Outcome::Failed)),
            (
                "Errors",
                error.is_some_and(|name| !matches!(name, "CheckPending" | "CheckSlow")),
            ),
        ],
    )
}

/// An invocation of `notifier`.
pub fn of_delivery(result: &Result<(), NotifyError>) -> Metrics {
    counted(
        "notifier",
        &[("Delivered", result.is_ok()), ("Errors", result.is_err())],
    )
}

/// A request to `approvals`.
pub fn of_request(route: &str, response: &Response) -> Metrics {
    let decides = route.starts_with("POST ");
    counted(
        "approvals",
        &[
            ("Decisions", decides && response.status_code == 200),
            ("Refused", (400..500).contains(&response.status_code)),
            ("Errors", response.status_code >= 500),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remediator::StepError;
    use aiops_domain::Time;

    fn values(metrics: &Metrics) -> Vec<(String, f64)> {
        let line: Value = serde_json::from_str(&metrics.to_line(Time::from_millis(0))).unwrap();
        let named = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            .as_array()
            .unwrap();
        named
            .iter()
            .map(|metric| metric["Name"].as_str().unwrap().to_owned())
            .map(|name| (name.clone(), line[&name].as_f64().unwrap()))
            .filter(|(_, value)| *value > 0.0)
            .collect()
    }

    fn step(step: StepName, result: StepResult<Value>) -> Vec<String> {
        let counted = values(&of_step(step, &result));
        counted.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_step_counts_what_it_did() {
        assert_eq!(
            step(StepName::Execute, Ok(json!({"next": "verify"}))),
            ["Actions"]
        );
        assert_eq!(
            step(StepName::Execute, Ok(json!({"next": "close"}))),
            Vec::<String>::new()
        );
        assert_eq!(step(StepName::Undo, Ok(json!({}))), ["ActionsUndone"]);
        assert_eq!(
            step(StepName::Close, Ok(json!({"outcome": "refused"}))),
            ["ActionsRefused", "IncidentsClosed"]
        );
        assert_eq!(
            step(StepName::Close, Ok(json!({"outcome": "failed"}))),
            ["IncidentsClosed", "IncidentsFailed"]
        );
        let pending = StepError::CheckPending {
            action_id: "a".into(),
            detail: String::new(),
            slow: false,
        };
        assert_eq!(step(StepName::Verify, Err(pending)), Vec::<String>::new());
        assert_eq!(
            step(StepName::Execute, Err(StepError::Busy("a".into()))),
            ["Errors"]
        );
    }

    #[test]
    fn a_request_is_a_decision_a_refusal_or_an_error() {
        let of = |route: &str, status: u16| {
            let counted = values(&of_request(route, &Response::json(status, &Value::Null)));
            counted
                .into_iter()
                .map(|(name, _)| name)
                .collect::<Vec<_>>()
        };
        assert_eq!(of("POST /decision", 200), ["Decisions"]);
        assert_eq!(of("GET /plan", 200), Vec::<String>::new());
        assert_eq!(of("POST /decision", 403), ["Refused"]);
        assert_eq!(of("GET /plan", 503), ["Errors"]);
    }
}
