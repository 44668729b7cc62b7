//! Notifications over fakes: what is said, to whom, how often, and that hostile lines stay text.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/world.rs"]
mod support;

use std::time::Duration;

use aiops_domain::config::NotifierConfig;
use aiops_domain::policy::Mode;
use aiops_domain::{Finding, FindingTemplate, Kind, LineExample};
use aiops_functions::fakes::{FakePause, FakeSecrets, FakeTable, FakeWeb};
use aiops_functions::incidents::{Incidents, changes, items};
use aiops_functions::notifier::{Invocation, Notifier, NotifyError};
use aiops_functions::ports::cloud::{SecretVersion, WebAnswer};
use aiops_functions::ports::{Item, Table, Write};
use serde_json::{Value, json};
use support::{World, config};

const KEY: &str = "0123456789abcdef0123456789abcdef";

struct Desk {
    world: World,
    web: FakeWeb,
    pause: FakePause,
    config: NotifierConfig,
}

impl Desk {
    fn new(mode: Mode, channels: Value) -> Self {
        let notifier: NotifierConfig = serde_json::from_value(json!({
            "incidents_table": "incidents",
            "channels": channels,
            "approvals_url": "https://approvals.example",
            "token_key_arn": "arn:key",
        }))
        .unwrap();
        Self {
            world: World::new(config(mode)),
            web: FakeWeb::default(),
            pause: FakePause::default(),
            config: notifier,
        }
    }

    fn notifier(
        &self,
    ) -> Notifier<FakeTable, FakeWeb, FakeSecrets, aiops_functions::fakes::FakeClock, FakePause>
    {
        let secrets = FakeSecrets::default();
        secrets.set(
            "arn:url",
            SecretVersion::Current,
            "https://hooks.example/T1",
        );
        secrets.set("arn:bot", SecretVersion::Current, "xoxb-test");
        secrets.set("arn:key", SecretVersion::Current, KEY);
        Notifier {
            incidents: Incidents::new(self.world.table.clone()),
            web: self.web.clone(),
            secrets,
            clock: self.world.clock.clone(),
            pause: self.pause.clone(),
            config: self.config.clone(),
        }
    }

    /// Everything that the topic got, delivered as SNS would.
    async fn deliver(&self) -> Result<(), NotifyError> {
        let records: Vec<Value> = self
            .world
            .topic
            .published()
            .iter()
            .map(|(_, _, message)| json!({"Sns": {"Message": message.to_string()}}))
            .collect();
        let event: Invocation = serde_json::from_value(json!({"Records": records})).unwrap();
        self.notifier().handle(event).await
    }
}

fn webhook() -> Value {
    json!([{"name": "ops", "via": {"kind": "slack_webhook", "url_secret_arn": "arn:url"}}])
}

/// A finding whose lines try everything.
async fn hostile(world: &World, id: &str) {
    let mut finding: Finding = Incidents::new(world.table.clone())
        .findings(id, 1)
        .await
        .unwrap()
        .remove(0);
    finding.templates = vec![FindingTemplate {
        id: "t1".into(),
        template: "Failed password for <*> from <*> <!channel>".into(),
        count: 812,
        expected: 0.4,
        contribution: 0.9,
    }];
    finding.example = Some(LineExample {
        line: 7,
        text: "x ```<!here> <https://evil.example|Approve> @everyone <at>all</at> [a](https://evil.example) \u{1b}[2J\u{202e}\
               password=hunter2 card 4111 1111 1111 1111 ann@example.com AKIAIOSFODNN7EXAMPLE"
            .into(),
    });
    let item = Item {
        key: items::finding(id, &finding.id),
        attributes: items::finding_attributes(&finding),
    };
    world
        .table
        .write(Write::Put {
            item,
            condition: None,
        })
        .await
        .unwrap();
}

/// Strings anywhere in a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn an_incident_is_told_in_slack_s_words_and_secrets_stay_inside() {
    let desk = Desk::new(Mode::Approve, webhook());
    desk.world
        .open("inc-1", Kind::SshBruteForce, Some("198.51.100.23"))
        .await;
    hostile(&desk.world, "inc-1").await;
    let state = desk.world.run("inc-1").await;
    desk.world.step("await_approval", &state).await.unwrap();
    desk.deliver().await.unwrap();
    let posted = desk.web.posted();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].0, "https://hooks.example/T1");
    insta::assert_json_snapshot!("slack_approval", posted[0].2);
    let mut found = Vec::new();
    texts(&posted[0].2, &mut found);
    for text in &found {
        for secret in ["hunter2", "4111", "ann@", "AKIA"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(
            !text.contains("<!") && !text.contains("<https://evil") && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}

#[tokio::test]
async fn teams_gets_a_card_that_links_and_cannot_act() {
    let teams =
        json!([{"name": "t", "via": {"kind": "teams_workflow", "url_secret_arn": "arn:url"}}]);
    let desk = Desk::new(Mode::Automatic, teams);
    desk.world
        .open("inc-1", Kind::SshBruteForce, Some("198.51.100.23"))
        .await;
    hostile(&desk.world, "inc-1").await;
    desk.world.run("inc-1").await;
    desk.deliver().await.unwrap();
    let posted = desk.web.posted();
    assert_eq!(posted.len(), 2, "the opening and the end");
    insta::assert_json_snapshot!("teams_closed", posted[1].2);
    let card = posted[1].2.to_string();
    assert!(
        !card.contains("Action.Submit")
            && !card.contains("Action.Execute")
            && !card.contains("<at>")
    );
}

#[tokio::test]
async fn a_notice_that_comes_twice_is_told_once() {
    let desk = Desk::new(Mode::Automatic, webhook());
    desk.world
        .open("inc-1", Kind::PortScan, Some("198.51.100.23"))
        .await;
    desk.world.run("inc-1").await;
    desk.deliver().await.unwrap();
    desk.deliver().await.unwrap();
    assert_eq!(desk.web.posted().len(), 2);
}

#[tokio::test]
async fn a_web_hook_that_is_down_is_tried_again_and_then_the_invocation_fails() {
    let desk = Desk::new(Mode::Automatic, webhook());
    desk.world
        .open("inc-1", Kind::PortScan, Some("198.51.100.23"))
        .await;
    desk.world.steps("inc-1", &["triage", "plan"]).await;
    let answer = |status, seconds: Option<u64>| WebAnswer {
        status,
        retry_after: seconds.map(Duration::from_secs),
        body: vec![],
    };
    desk.web.answer_with([
        answer(429, Some(7)),
        answer(503, None),
        answer(500, None),
        answer(502, None),
    ]);
    assert!(desk.deliver().await.is_err());
    assert_eq!(desk.pause.pauses(), [7, 2, 4].map(Duration::from_secs));
    // Up again: the same notice arrives, once.
    desk.deliver().await.unwrap();
    desk.deliver().await.unwrap();
    assert_eq!(desk.web.posted().len(), 5);
    // What is refused is not tried again within the invocation.
    let desk = Desk::new(Mode::Automatic, webhook());
    desk.world
        .open("inc-1", Kind::PortScan, Some("198.51.100.23"))
        .await;
    desk.world.steps("inc-1", &["triage", "plan"]).await;
    desk.web.answer_with([answer(404, None)]);
    assert!(desk.deliver().await.is_err());
    assert_eq!(desk.web.posted().len(), 1);
}

#[tokio::test]
async fn a_bot_keeps_one_message_per_incident_and_puts_details_in_its_thread() {
    let bot = json!([{"name": "ops", "via": {"kind": "slack_bot", "token_secret_arn": "arn:bot", "channel": "C1"}}]);
    let desk = Desk::new(Mode::Automatic, bot);
    desk.world
        .open("inc-1", Kind::PortScan, Some("198.51.100.23"))
        .await;
    desk.world.run("inc-1").await;
    desk.deliver().await.unwrap();
    let calls: Vec<(String, bool)> = desk
        .web
        .posted()
        .iter()
        .map(|(url, bearer, body)| {
            assert_eq!(bearer.as_deref(), Some("xoxb-test"));
            (
                url.rsplit('/').next().unwrap_or_default().to_owned(),
                body.get("thread_ts").is_some(),
            )
        })
        .collect();
    let expected = [
        ("chat.postMessage", false),
        ("chat.postMessage", true),
        ("chat.update", false),
        ("chat.postMessage", true),
    ];
    assert_eq!(
        calls,
        expected.map(|(name, thread)| (name.to_owned(), thread))
    );
}

#[tokio::test]
async fn a_storm_of_incidents_is_grouped_and_what_was_held_back_is_told() {
    let channels = json!([{"name": "ops", "max_messages": 5,
        "via": {"kind": "slack_webhook", "url_secret_arn": "arn:url"}}]);
    let desk = Desk::new(Mode::Off, channels);
    for n in 0..40 {
        let id = format!("inc-{n}");
        desk.world
            .open(&id, Kind::PortScan, Some("198.51.100.23"))
            .await;
        desk.world.run(&id).await;
    }
    desk.deliver().await.unwrap();
    assert_eq!(desk.web.posted().len(), 4);
    assert!(desk.web.posted()[3].2.to_string().contains("are grouped"));
    // The timer tells the rest in one message, the window's fifth; again it has nothing to tell.
    let flush = || serde_json::from_value(json!({"step": "flush"})).unwrap();
    desk.notifier().handle(flush()).await.unwrap();
    desk.notifier().handle(flush()).await.unwrap();
    let posted = desk.web.posted();
    assert_eq!(posted.len(), 5);
    let grouped = posted[4].2.to_string();
    assert!(
        grouped.contains("36 messages about 36 incidents were held back"),
        "{grouped}"
    );
    desk.world.clock.advance_millis(5 * 60 * 1000);
    desk.notifier().handle(flush()).await.unwrap();
    assert_eq!(desk.web.posted().len(), 5, "nothing is left to tell");
}

#[tokio::test]
async fn an_incident_that_opens_again_with_its_answer_is_told_again_only_when_it_goes_on_for_long()
{
    let actor = "198.51.100.23";
    for (mode, messages) in [(Mode::Automatic, 2), (Mode::DryRun, 1), (Mode::Off, 1)] {
        let desk = Desk::new(mode, webhook());
        desk.world.open("inc-1", Kind::PortScan, Some(actor)).await;
        desk.world.run("inc-1").await;
        for opening in 2..5 {
            desk.world.clock.advance_millis(60_000);
            desk.world.reopen_by("inc-1", &[actor]).await;
            desk.world.run_opening("inc-1", opening).await;
        }
        desk.deliver().await.unwrap();
        assert_eq!(desk.web.posted().len(), messages, "{mode:?}");
        desk.world.clock.advance_millis(6 * 3_600_000);
        for opening in 5..7 {
            desk.world.reopen_by("inc-1", &[actor]).await;
            desk.world.run_opening("inc-1", opening).await;
        }
        desk.deliver().await.unwrap();
        assert_eq!(desk.web.posted().len(), messages + 1, "{mode:?}");
        let short = desk.web.posted()[messages].2.to_string();
        assert!(short.contains("continues, 4 more findings"), "{short}");
    }
}

#[tokio::test]
async fn what_only_seems_strange_is_told_with_what_names_the_cause() {
    let desk = Desk::new(Mode::Automatic, webhook());
    let actor = Some("198.51.100.23");
    desk.world.open("named", Kind::PortScan, actor).await;
    desk.world.open("learned", Kind::LogAnomaly, None).await;
    let end = desk.world.run("learned").await;
    assert_eq!(end.outcome, Some(aiops_domain::Outcome::NoAction));
    desk.deliver().await.unwrap();
    assert_eq!(desk.web.posted().len(), 0);
    desk.world.run("named").await;
    desk.deliver().await.unwrap();
    let posted = desk.web.posted();
    assert_eq!(posted.len(), 2);
    let end = posted[1].2.to_string();
    assert!(
        end.contains("also: `log anomaly (vpc-flow) learned`"),
        "{end}"
    );
    // What was named later is told, and says what was told before.
    let desk = Desk::new(Mode::Automatic, webhook());
    desk.world.open("learned", Kind::LogAnomaly, None).await;
    desk.world.run("learned").await;
    desk.world.open("named", Kind::PortScan, actor).await;
    desk.world.run("named").await;
    desk.deliver().await.unwrap();
    assert_eq!(desk.web.posted().len(), 3);
    // It opens again: from now on it is told with the other.
    desk.world.clock.advance_millis(3_600_000 * 7);
    desk.world.reopen("learned").await;
    desk.world.run_opening("learned", 2).await;
    desk.deliver().await.unwrap();
    assert_eq!(desk.web.posted().len(), 3);
}

#[tokio::test]
async fn what_was_changed_before_stands_in_the_message_and_stays_text() {
    let desk = Desk::new(Mode::Off, webhook());
    let actor = Some("198.51.100.23");
    desk.world.open("inc-1", Kind::PortScan, actor).await;
    let record = |id: &str, at: &str, name: &str| -> aiops_domain::LogRecord {
        let message = json!({"eventTime": at, "eventName": name, "eventSource": "ec2.amazonaws.com",
            "userIdentity": {"type": "IAMUser", "userName": "ann@example.com <!channel>"},
            "readOnly": false, "requestParameters": {"group": "eni-1"}});
        serde_json::from_value(
            json!({"v": 1, "id": id, "time": 0, "timestamp": 0, "ingested": 0,
            "source": "other", "group": "trail", "stream": "s", "entity": "s", "shape": "json",
            "message": message.to_string()}),
        )
        .unwrap()
    };
    let records = [
        record("1", "2026-08-01T11:20:00Z", "LongBefore"),
        record("2", "2026-08-01T11:50:00Z", "ShortlyBefore"),
        record("3", "2026-08-01T12:30:00Z", "After"),
    ];
    // A segment that is notified twice says the same.
    for _ in 0..2 {
        changes::note(&desk.world.table, &records).await.unwrap();
    }
    desk.world.run("inc-1").await;
    desk.deliver().await.unwrap();
    let told = desk.web.posted()[0].2.to_string();
    assert_eq!(told.matches("ec2:ShortlyBefore").count(), 1, "{told}");
    for absent in ["LongBefore", "After\\", "ann@example.com", "<!channel>"] {
        assert!(!told.contains(absent), "{absent} in {told}");
    }
}
