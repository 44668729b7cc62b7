//! The security of approvals: what is refused, and that a refusal changes nothing.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/world.rs"]
mod support;

use aiops_domain::finding::hex;
use aiops_domain::policy::Mode;
use aiops_domain::{IncidentStatus, Kind, Outcome};
use aiops_functions::approvals::{Approvals, Request, Response};
use aiops_functions::fakes::{FakeClock, FakeSecrets, FakeTable, FakeWorkflow};
use aiops_functions::incidents::{Incidents, items};
use aiops_functions::ports::cloud::SecretVersion;
use aiops_functions::ports::{Table, Write};
use aiops_functions::remediator::State;
use aiops_functions::token::{Claims, Keys, Purpose};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use support::{World, config};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const SLACK: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const ANN: &str = "U_ANN";

struct Gate {
    world: World,
    workflow: FakeWorkflow,
    state: State,
}

impl Gate {
    /// An incident of team `platform` that waits for approval.
    async fn waiting() -> Self {
        Log::install();
        let world = World::new(config(Mode::Approve));
        world
            .open("inc-1", Kind::PortScan, Some("198.51.100.23"))
            .await;
        let state = world.run("inc-1").await;
        let workflow = FakeWorkflow::default();
        workflow.wait_for("token-1");
        world.step("await_approval", &state).await.unwrap();
        assert_eq!(
            world.incident("inc-1").await.status,
            IncidentStatus::AwaitingApproval
        );
        Self {
            world,
            workflow,
            state,
        }
    }

    fn approvals(&self) -> Approvals<FakeTable, FakeWorkflow, FakeSecrets, FakeClock> {
        let secrets = FakeSecrets::default();
        secrets.set("arn:key", SecretVersion::Current, KEY);
        secrets.set("arn:slack", SecretVersion::Current, SLACK);
        Approvals {
            incidents: Incidents::new(self.world.table.clone()),
            workflow: self.workflow.clone(),
            secrets,
            clock: self.world.clock.clone(),
            config: serde_json::from_value(json!({
                "incidents_table": "incidents",
                "token_key_arn": "arn:key",
                "slack_signing_secret_arn": "arn:slack",
                "approvers": {
                    "platform": {"slack_user_ids": [ANN], "iam_arns": ["arn:aws:sts::1:assumed-role/OnCall/*"]},
                    "search": {"slack_user_ids": ["U_BOB"]},
                },
            }))
            .unwrap(),
        }
    }

    fn now(&self) -> i64 {
        use aiops_functions::ports::Clock;
        self.world.clock.now().as_millis() / 1000
    }

    fn claims(&self, purpose: Purpose) -> Claims {
        Claims {
            purpose,
            incident_id: "inc-1".into(),
            action_id: self.state.action_id.clone().unwrap(),
            plan_digest: self.state.plan_digest.clone().unwrap(),
            expires: self.now() + 600,
        }
    }

    fn token(&self) -> String {
        Keys::new(KEY, None)
            .unwrap()
            .sign(&self.claims(Purpose::Decide))
    }

    async fn send(&self, request: Value) -> Response {
        let request: Request = serde_json::from_value(request).unwrap();
        self.approvals().handle(request).await
    }

    async fn click(&self, user: &str, choice: &str, token: &str) -> Response {
        let body = interaction(user, choice, token);
        self.send(signed(&body, SLACK, self.now())).await
    }

    /// Nothing was decided and nobody was told.
    async fn untouched(&self) {
        assert_eq!(self.workflow.answer("token-1"), None);
        assert_eq!(
            self.world.incident("inc-1").await.actions[0].status,
            "awaiting_approval"
        );
    }
}

fn interaction(user: &str, choice: &str, token: &str) -> String {
    let payload = json!({
        "type": "block_actions",
        "user": {"id": user},
        "actions": [{"action_id": choice, "value": token}],
    });
    let mut url = reqwest::Url::parse("https://localhost/").unwrap();
    url.query_pairs_mut()
        .append_pair("payload", &payload.to_string());
    url.query().unwrap().to_owned()
}

fn signed(body: &str, secret: &str, seconds: i64) -> Value {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{seconds}:{body}").as_bytes());
    json!({
        "rawPath": "/slack/interactions",
        "headers": {
            "x-slack-request-timestamp": seconds.to_string(),
            "x-slack-signature": format!("v0={}", hex(&mac.finalize().into_bytes())),
        },
        "body": body,
        "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}, "stage": "$default"},
    })
}

fn decision(gate: &Gate, authorizer: Value) -> Value {
    json!({
        "rawPath": "/decision",
        "body": json!({
            "incident_id": "inc-1",
            "action_id": gate.state.action_id,
            "plan_digest": gate.state.plan_digest,
            "choice": "approve",
        }).to_string(),
        "requestContext": {"http": {"method": "POST"}, "authorizer": authorizer},
    })
}

#[tokio::test]
async fn an_approver_s_click_runs_exactly_the_plan_that_was_shown() {
    let gate = Gate::waiting().await;
    assert_eq!(
        gate.click(ANN, "approve", &gate.token()).await.status_code,
        200
    );
    let answer = gate
        .workflow
        .answer("token-1")
        .expect("the workflow was told");
    let state: State = serde_json::from_str(&answer).unwrap();
    let state = gate.world.step("execute", &state).await.unwrap();
    let state = gate.world.step("verify", &state).await.unwrap();
    let state = gate.world.step("close", &state).await.unwrap();
    assert_eq!(state.outcome, Some(Outcome::Remediated));
    assert_eq!(gate.world.cloud.changes().len(), 1);
    let events = Incidents::new(gate.world.table.clone())
        .events("inc-1")
        .await
        .unwrap();
    assert!(
        events
            .iter()
            .any(|event| event.who.to_string() == format!("slack:{ANN}"))
    );
}

#[tokio::test]
async fn a_refusal_closes_the_incident_without_a_change() {
    let gate = Gate::waiting().await;
    assert_eq!(
        gate.click(ANN, "deny", &gate.token()).await.status_code,
        200
    );
    let state: State = serde_json::from_str(&gate.workflow.answer("token-1").unwrap()).unwrap();
    let state = gate.world.step("close", &state).await.unwrap();
    assert_eq!(state.outcome, Some(Outcome::Denied));
    let incident = gate.world.incident("inc-1").await;
    assert_eq!(
        (incident.status, incident.actions[0].status.as_str()),
        (IncidentStatus::Resolved, "denied")
    );
    assert_eq!(gate.world.cloud.changes(), vec![]);
    assert!(
        gate.world
            .table
            .all()
            .iter()
            .all(|item| !item.key.pk.starts_with("nacl#"))
    );
}

#[tokio::test]
async fn forged_expired_altered_and_foreign_tokens_are_refused() {
    let gate = Gate::waiting().await;
    let keys = Keys::new(KEY, None).unwrap();
    let foreign = Keys::new(&"x".repeat(32), None).unwrap();
    let expired = Claims {
        expires: gate.now(),
        ..gate.claims(Purpose::Decide)
    };
    let other_plan = Claims {
        plan_digest: "0".repeat(64),
        ..gate.claims(Purpose::Decide)
    };
    let other_action = Claims {
        action_id: "act-0".into(),
        ..gate.claims(Purpose::Decide)
    };
    let altered = {
        let mut parts: Vec<String> = gate.token().split('.').map(str::to_owned).collect();
        let other = keys.sign(&other_plan);
        parts[1] = other.split('.').nth(1).unwrap().to_owned();
        parts.join(".")
    };
    for (token, status) in [
        (foreign.sign(&gate.claims(Purpose::Decide)), 401),
        (keys.sign(&expired), 401),
        (keys.sign(&gate.claims(Purpose::View)), 401),
        (altered, 401),
        (String::new(), 401),
        (keys.sign(&other_plan), 409),
        (keys.sign(&other_action), 404),
    ] {
        assert_eq!(
            gate.click(ANN, "approve", &token).await.status_code,
            status,
            "{token}"
        );
        gate.untouched().await;
    }
}

#[tokio::test]
async fn a_replayed_approval_is_refused() {
    let gate = Gate::waiting().await;
    let token = gate.token();
    let request = signed(&interaction(ANN, "approve", &token), SLACK, gate.now());
    assert_eq!(gate.send(request.clone()).await.status_code, 200);
    assert_eq!(gate.send(request).await.status_code, 409);
    // Nor can it be turned round, or used on what was decided.
    assert_eq!(gate.click(ANN, "deny", &token).await.status_code, 409);
    let fresh = Claims {
        expires: gate.now() + 700,
        ..gate.claims(Purpose::Decide)
    };
    let fresh = Keys::new(KEY, None).unwrap().sign(&fresh);
    assert_eq!(gate.click(ANN, "deny", &fresh).await.status_code, 409);
}

#[tokio::test]
async fn slack_s_signature_must_be_right_and_new() {
    let gate = Gate::waiting().await;
    let body = interaction(ANN, "approve", &gate.token());
    assert_eq!(
        gate.send(signed(&body, "another secret", gate.now()))
            .await
            .status_code,
        401
    );
    assert_eq!(
        gate.send(signed(&body, SLACK, gate.now() - 301))
            .await
            .status_code,
        401
    );
    assert_eq!(
        gate.send(signed(&body, SLACK, gate.now() + 301))
            .await
            .status_code,
        401
    );
    let mut unsigned = signed(&body, SLACK, gate.now());
    unsigned["headers"] = json!({});
    assert_eq!(gate.send(unsigned).await.status_code, 401);
    let mut tampered = signed(&body, SLACK, gate.now());
    tampered["body"] = json!(interaction("U_BOB", "approve", &gate.token()));
    assert_eq!(gate.send(tampered).await.status_code, 401);
    gate.untouched().await;
}

#[tokio::test]
async fn another_team_s_approver_is_refused() {
    let gate = Gate::waiting().await;
    for user in ["U_BOB", "U_EVE", ""] {
        assert_eq!(
            gate.click(user, "approve", &gate.token()).await.status_code,
            403
        );
    }
    gate.untouched().await;
}

#[tokio::test]
async fn a_link_shows_the_plan_and_get_never_acts() {
    let gate = Gate::waiting().await;
    let keys = Keys::new(KEY, None).unwrap();
    let get = |path: &str, token: String| {
        json!({"rawPath": path, "queryStringParameters": {"token": token},
               "requestContext": {"http": {"method": "GET"}}})
    };
    let page = gate
        .send(get("/plan", keys.sign(&gate.claims(Purpose::View))))
        .await;
    assert_eq!(page.status_code, 200);
    assert!(page.body.contains("198.51.100.23") && page.body.contains("cannot act"));
    assert!(page.headers["content-type"].starts_with("text/plain"));
    // A link preview that follows a link with a deciding token, on every path.
    for path in ["/plan", "/decision", "/slack/interactions", "/approve"] {
        assert_ne!(
            gate.send(get(path, gate.token())).await.status_code,
            200,
            "{path}"
        );
    }
    gate.untouched().await;
}

#[tokio::test]
async fn the_terminal_s_route_needs_the_context_of_its_authorizer() {
    let gate = Gate::waiting().await;
    for authorizer in [
        Value::Null,
        json!({}),
        json!({"iam": {}}),
        json!({"lambda": {"userArn": "arn:aws:iam::1:user/ann"}}),
    ] {
        assert_eq!(
            gate.send(decision(&gate, authorizer)).await.status_code,
            401
        );
    }
    let iam = |arn: &str| json!({"iam": {"userArn": arn}});
    let stranger = decision(&gate, iam("arn:aws:sts::1:assumed-role/Other/ann"));
    assert_eq!(gate.send(stranger).await.status_code, 403);
    gate.untouched().await;
    let ann = decision(&gate, iam("arn:aws:sts::1:assumed-role/OnCall/ann"));
    assert_eq!(gate.send(ann).await.status_code, 200);
    assert!(gate.workflow.answer("token-1").is_some());
}

#[tokio::test]
async fn a_plan_that_changed_after_it_was_shown_is_not_approved() {
    let gate = Gate::waiting().await;
    let key = items::action("inc-1", gate.state.action_id.as_deref().unwrap());
    let mut item = gate.world.table.get(&key).await.unwrap().unwrap();
    let plan = item.attributes["plan"]
        .as_str()
        .unwrap()
        .replace("198.51.100.23", "198.51.100.24");
    item.attributes.insert("plan".into(), json!(plan));
    gate.world
        .table
        .write(Write::Put {
            item,
            condition: None,
        })
        .await
        .unwrap();
    assert_eq!(
        gate.click(ANN, "approve", &gate.token()).await.status_code,
        409
    );
    assert_eq!(gate.workflow.answer("token-1"), None);
}

thread_local! {
    /// What was logged in this thread, which is this test.
    static LOGGED: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
}

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Before anything is logged in any thread: what is logged is cached by its place in the code.
    fn install() {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(|| Log)
                .init();
        });
    }

    fn taken() -> String {
        String::from_utf8(LOGGED.take()).unwrap()
    }
}

#[tokio::test]
async fn every_refusal_is_logged_with_its_reason() {
    let gate = Gate::waiting().await;
    let keys = Keys::new(KEY, None).unwrap();
    let sign = |claims: &Claims| keys.sign(claims);
    let expired = Claims {
        expires: gate.now(),
        ..gate.claims(Purpose::Decide)
    };
    let other_plan = Claims {
        plan_digest: "0".repeat(64),
        ..gate.claims(Purpose::Decide)
    };
    let forged = Keys::new(&"x".repeat(32), None)
        .unwrap()
        .sign(&gate.claims(Purpose::Decide));
    let body = |token: &str| interaction(ANN, "approve", token);
    let preview = json!({"rawPath": "/decision", "queryStringParameters": {"token": gate.token()},
                         "requestContext": {"http": {"method": "GET"}}});
    let now = gate.now();
    for (request, reason) in [
        (signed(&body(&forged), SLACK, now), "signature is wrong"),
        (signed(&body(&sign(&expired)), SLACK, now), "has expired"),
        (
            signed(&body(&sign(&other_plan)), SLACK, now),
            "not the one that was shown",
        ),
        (
            signed(&body(&gate.token()), "another", now),
            "signature is not Slack's",
        ),
        (
            signed(&body(&gate.token()), SLACK, now - 301),
            "signed at another time",
        ),
        (
            signed(&interaction("U_BOB", "approve", &gate.token()), SLACK, now),
            "slack:U_BOB is not an approver of team platform",
        ),
        (preview, "GET /decision does not act"),
        (
            decision(&gate, Value::Null),
            "no identity of its route's authorizer",
        ),
    ] {
        let _noise = Log::taken();
        let status = gate.send(request).await.status_code;
        let logged = Log::taken();
        assert!((400..500).contains(&status), "{reason}: {status}");
        assert!(
            logged.contains("request refused") && logged.contains(reason),
            "{reason}: {logged}"
        );
        gate.untouched().await;
    }
    // Used once; the second time is a replay.
    let token = gate.token();
    assert_eq!(gate.click(ANN, "approve", &token).await.status_code, 200);
    let _noise = Log::taken();
    assert_eq!(gate.click(ANN, "deny", &token).await.status_code, 409);
    assert!(Log::taken().contains("the token was used before"));
}

#[tokio::test]
async fn silence_expires_and_a_late_click_finds_nobody_waiting() {
    let gate = Gate::waiting().await;
    let mut state = gate.state.clone();
    state.error = Some(json!({"Error": "States.Timeout"}));
    let state = gate.world.step("expire", &state).await.unwrap();
    let state = gate.world.step("close", &state).await.unwrap();
    assert_eq!(state.outcome, Some(Outcome::Expired));
    assert_eq!(
        gate.click(ANN, "approve", &gate.token()).await.status_code,
        409
    );
    assert_eq!(
        gate.world.incident("inc-1").await.status,
        IncidentStatus::Failed
    );
    assert_eq!(gate.world.cloud.changes(), vec![]);
}
