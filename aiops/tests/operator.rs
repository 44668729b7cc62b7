//! What somebody on call types, against a local cloud that stands: decisions, undo, labels, suppressions,
//! the switch, and the looks from end to end. The emulator must start: it is never skipped.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/home.rs"]
mod home;

use std::time::{Duration, Instant};

use aiops::demo::places::Places;
use aiops::local::aws::{Aws, STATES};
use aiops_domain::{FindingLabel, IncidentStatus, Kind, Outcome, Verdict};
use aiops_functions::adapters::{DynamoDbTable, sdk};
use aiops_functions::fakes::{flow_finding, opening};
use aiops_functions::incidents::{ActionStatus, Incidents, Meta};
use aiops_functions::ports::Table;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use home::Home;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);

/// A stack that stands, and what a test needs of it.
struct Desk {
    home: Home,
    aws: Aws,
    places: Places,
    incidents: Incidents<DynamoDbTable>,
    approvals_url: String,
}

impl Desk {
    async fn open() -> Self {
        let home = Home::new();
        home.ok(&["local", "up"]);
        let (cloud, places) = home.cloud();
        let config = sdk::load_local(cloud.aws().endpoint(), "us-east-1").await;
        let aws = cloud.aws().clone();
        let approvals = places.remediator.replace("remediator", "approvals");
        Self {
            approvals_url: gateway(aws.clone(), approvals).await,
            incidents: Incidents::new(DynamoDbTable::new(&config, &places.incidents_table)),
            home,
            aws,
            places,
        }
    }

    /// Opens an incident as the detector does, and starts its workflow.
    async fn incident(&self, id: &str, kind: Kind, actor: &str) {
        let actor = Some(actor.parse().unwrap());
        let finding = flow_finding(&format!("eni-{id}"), kind, actor);
        let writes = opening(id, &finding);
        self.incidents.table().transact(writes).await.unwrap();
        let start = json!({
            "stateMachineArn": self.places.state_machine_arn, "name": format!("{id}-1"),
            "input": json!({"incident_id": id, "opening": 1}).to_string(),
        });
        self.aws
            .json(STATES, "StartExecution", start)
            .await
            .unwrap();
    }

    async fn meta(&self, id: &str, is: impl Fn(&Meta) -> bool) -> Meta {
        let started = Instant::now();
        loop {
            let meta = self.incidents.meta(id).await.unwrap();
            if is(&meta) {
                return meta;
            }
            assert!(started.elapsed() < PATIENCE, "waited in vain: {meta:?}");
            tokio::task::yield_now().await;
        }
    }

    /// The digest of the plan that waits for a decision.
    async fn asked(&self, id: &str) -> String {
        self.meta(id, |meta| meta.status == IncidentStatus::AwaitingApproval)
            .await;
        self.incidents.actions(id).await.unwrap()[0]
            .plan_digest
            .clone()
    }

    /// What the command says, and its exit status.
    fn typed(&self, arguments: &[&str]) -> (i32, String) {
        let mut arguments = arguments.to_vec();
        arguments.splice(0..0, ["incidents", "--approvals-url", &self.approvals_url]);
        let output = self.home.run(&arguments);
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(text).unwrap(),
        )
    }

    fn done(&self, arguments: &[&str]) -> String {
        let (status, text) = self.typed(arguments);
        assert_eq!(status, 0, "{arguments:?}: {text}");
        text
    }
}

/// The IAM authorizer of API Gateway, which the emulator lacks: who signed the request is who decides,
/// and the function behind is the deployed one.
async fn gateway(aws: Aws, function: String) -> String {
    let decision = move |headers: HeaderMap, body: Bytes| async move {
        let signed = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                value.starts_with("AWS4-HMAC-SHA256") && value.contains("/execute-api/")
            });
        if !signed {
            return (StatusCode::FORBIDDEN, String::new());
        }
        let event = json!({
            "version": "2.0", "rawPath": "/decision",
            "body": String::from_utf8(body.to_vec()).unwrap(), "isBase64Encoded": false,
            "requestContext": {
                "http": {"method": "POST", "path": "/decision", "sourceIp": "127.0.0.1"},
                "stage": "$default",
                "authorizer": {"iam": {"userArn": "arn:aws:iam::000000000000:root"}},
            },
        });
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = aws
            .rest("lambda", reqwest::Method::POST, &path, Some(event))
            .await
            .unwrap();
        let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
        (
            StatusCode::from_u16(status).unwrap(),
            answer["body"].as_str().unwrap().to_owned(),
        )
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/decision", post(decision));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_decides_undoes_labels_and_suppresses_from_the_terminal() {
    let desk = Desk::open().await;

    // Approved by the digest that was shown, once; then undone.
    desk.incident("one", Kind::PortScan, "198.51.100.23").await;
    let digest = desk.asked("one").await;
    desk.done(&["ack", "one"]);
    let other = format!("{}0000", &"f".repeat(12));
    assert_eq!(desk.typed(&["approve", "one", "--plan", &other]).0, 2);
    assert_eq!(desk.typed(&["approve", "one", "--plan", "abc"]).0, 2);
    let said = desk.done(&["approve", "one", "--plan", digest.get(..12).unwrap()]);
    assert!(said.contains("by arn:aws:iam::000000000000:root"), "{said}");
    let meta = desk.meta("one", |meta| meta.status.is_terminal()).await;
    assert_eq!(meta.outcome, Some(Outcome::Remediated));
    assert_eq!(
        meta.acknowledged_by.as_deref(),
        Some("arn:aws:iam::000000000000:root")
    );
    assert_eq!(desk.typed(&["deny", "one", "--plan", &digest]).0, 2);
    let said = desk.done(&["undo", "one"]);
    assert!(said.starts_with("1 actions undone"), "{said}");
    let meta = desk.meta("one", |_| true).await;
    assert_eq!(meta.status, IncidentStatus::RolledBack);

    // Refused, with a reason that the log keeps.
    desk.incident("two", Kind::PortScan, "198.51.100.24").await;
    let digest = desk.asked("two").await;
    desk.done(&[
        "deny",
        "two",
        "--plan",
        &digest,
        "--reason",
        "a partner's scanner",
    ]);
    let meta = desk.meta("two", |meta| meta.status.is_terminal()).await;
    assert_eq!(meta.outcome, Some(Outcome::Denied));
    let actions = desk.incidents.actions("two").await.unwrap();
    assert_eq!(actions[0].status, ActionStatus::Denied);
    let shown = desk.home.json(&["incidents", "show", "two", "--json"]);
    assert!(shown["events"].to_string().contains("a partner's scanner"));

    // Left alone, but nothing without a scope.
    assert_eq!(
        desk.typed(&["suppress", "--hours", "1", "--reason", "all"])
            .0,
        2
    );
    desk.done(&[
        "suppress",
        "--kind",
        "data_exfiltration",
        "--hours",
        "1",
        "--reason",
        "a move of data",
    ]);
    desk.incident("three", Kind::DataExfiltration, "198.51.100.25")
        .await;
    let meta = desk.meta("three", |meta| meta.status.is_terminal()).await;
    assert_eq!(meta.status, IncidentStatus::Suppressed);
    let events = desk.incidents.events("three").await.unwrap();
    assert!(
        events
            .iter()
            .any(|event| event.why.contains("a move of data"))
    );

    // The switch holds what a person asks for, too.
    desk.done(&["stop", "--reason", "something is wrong"]);
    desk.incident("four", Kind::SshBruteForce, "198.51.100.26")
        .await;
    let meta = desk.meta("four", |meta| meta.status.is_terminal()).await;
    assert_eq!(meta.outcome, Some(Outcome::Refused));
    desk.done(&["resume", "--reason", "it was nothing"]);

    labels(&desk);
    from_end_to_end(&desk.home);
    desk.home.ok(&["local", "stop"]);
}

/// What is said of incidents is what training reads.
fn labels(desk: &Desk) {
    desk.done(&["label", "one", "true"]);
    desk.done(&["label", "two", "false"]);
    desk.done(&[
        "label",
        "two",
        "expected",
        "--until",
        "2026-09-01T00:00:00Z",
    ]);
    assert_eq!(
        desk.typed(&["label", "one", "true", "--until", "2026-09-01T00:00:00Z"])
            .0,
        2
    );
    assert_eq!(desk.typed(&["label", "nope", "true"]).0, 2);
    desk.done(&["labels", "--out", "labels.ndjson"]);
    let text = std::fs::read_to_string(desk.home.path().join("labels.ndjson")).unwrap();
    assert_eq!(text, desk.home.ok(&["incidents", "labels"]));
    let labels = FindingLabel::read_all(&text).unwrap();
    let mut said: Vec<(&str, Verdict)> = labels
        .iter()
        .map(|label| (label.finding.entity.as_str(), label.verdict))
        .collect();
    said.sort_by_key(|(entity, _)| *entity);
    let until = "2026-09-01T00:00:00Z".parse().unwrap();
    assert_eq!(
        said,
        [
            ("eni-one", Verdict::True),
            ("eni-two", Verdict::Expected { until })
        ]
    );
    let lines: String = (0..400)
        .map(|n| {
            format!(
                "2026-08-01T12:{:02}:{:02}Z worker {} done\n",
                n / 60,
                n % 60,
                n % 7
            )
        })
        .collect();
    std::fs::write(desk.home.path().join("app.log"), lines).unwrap();
    let trained = desk.home.ok(&[
        "train",
        "app.log",
        "--out",
        "app.model",
        "--labels",
        "labels.ndjson",
    ]);
    assert!(trained.contains("labels:"), "{trained}");
}

/// The canary of `doctor` arrives, and `replay` finds it in the archive.
fn from_end_to_end(home: &Home) {
    let healthy = home.json(&["doctor", "--stack", "local", "--json"]);
    assert_eq!(healthy["ok"], true, "{healthy:#}");
    let checks = healthy["checks"].as_array().unwrap();
    for name in ["canary sent", "canary stored", "canary indexed"] {
        let check = checks.iter().find(|check| check["name"] == name);
        assert_eq!(check.unwrap()["verdict"], "ok", "{healthy:#}");
    }
    let now = jiff::Timestamp::now();
    let hour = jiff::SignedDuration::from_hours(1);
    let (from, to) = ((now - hour).to_string(), (now + hour).to_string());
    let started = Instant::now();
    let replayed: Value = loop {
        let output = home.run(&[
            "replay", "--stack", "local", "--from", &from, "--to", &to, "--json",
        ]);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}"));
        // The archive may be a moment behind the segments.
        if output.status.success() || started.elapsed() > PATIENCE {
            break report;
        }
    };
    assert_eq!(replayed["same"], true, "{replayed:#}");
    assert_eq!(replayed["records"]["live"], 1, "{replayed:#}");
}
