//! Those around the workflow: the topic that delivers, approvers who click, operators who stop and undo.

use aiops_domain::finding::hex;
use aiops_domain::incident::event::Who;
use aiops_domain::incident::lifecycle::Trigger;
use aiops_functions::approvals::Request;
use aiops_functions::incidents::{ActionRecord, ActionStatus, Move, items};
use aiops_functions::notifier::Invocation as Notices;
use aiops_functions::ports::{Attributes, Item, Table, Write};
use aiops_functions::token::{Claims, Keys, Purpose};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::stage::{KEY, Stage};
use crate::workflow::{execution, invoke};

/// An incident from its opening to after its end.
pub async fn life(stage: Stage, id: String) {
    let scheduler = stage.scheduler.clone();
    scheduler.sleep(scheduler.below(8_000) as i64).await;
    // The start of one name is answered once; two openings of it run only if somebody restarts one.
    let undoes = stage.scenario.undo && scheduler.percent(60);
    if undoes && scheduler.percent(40) {
        let (stage, id) = (stage.clone(), id.clone());
        stage.running.set(stage.running.get() + 1);
        scheduler.spawn(async move {
            // While the workflow is at it.
            stage
                .scheduler
                .sleep(2_000 + stage.scheduler.below(60_000) as i64)
                .await;
            undo(&stage, &id).await;
            stage.running.set(stage.running.get() - 1);
        });
    }
    execution(stage.clone(), id.clone(), 1).await;
    if undoes {
        undo(&stage, &id).await;
    }
    if stage.scenario.reopen {
        let who = Who::system("anomaly-detector");
        let step = Move {
            trigger: Trigger::Reopen,
            opening: 1,
            who: &who,
            why: "more of the same cause",
            outcome: None,
        };
        if stage
            .incidents()
            .advance(&id, &step, stage.scheduler.now())
            .await
            .is_ok()
        {
            execution(stage.clone(), id.clone(), 2).await;
        }
    }
    stage.running.set(stage.running.get() - 1);
}

async fn undo(stage: &Stage, id: &str) {
    for tries in 0..40 {
        let remediator = stage.remediator(&stage.faults(tries));
        let invocation =
            serde_json::from_value(json!({"step": "undo", "incident_id": id})).unwrap();
        let result = invoke(stage, async move {
            remediator
                .handle(invocation)
                .await
                .map_err(|error| (error.name().to_owned(), error.to_string()))
        })
        .await;
        match result {
            Err((kind, _)) if kind != "Refused" && kind != "Stopped" => {}
            _ => return,
        }
        stage.scheduler.sleep(20_000).await;
    }
}

/// SNS: at least once, in any order, again after a failure.
pub async fn topic(stage: Stage) {
    let mut seen = 0;
    loop {
        let over = stage.running.get() == 0;
        let published = stage.topic.published();
        for (_, _, message) in published.iter().skip(seen) {
            let times = 1 + u64::from(stage.scheduler.percent(25));
            for _ in 0..times {
                stage
                    .scheduler
                    .spawn(delivery(stage.clone(), message.clone()));
            }
        }
        seen = published.len();
        if over {
            return;
        }
        stage.scheduler.sleep(700).await;
    }
}

async fn delivery(stage: Stage, message: Value) {
    stage
        .scheduler
        .sleep(stage.scheduler.below(4_000) as i64)
        .await;
    for tries in 0..12_u32 {
        let event: Notices =
            serde_json::from_value(json!({"Records": [{"Sns": {"Message": message.to_string()}}]}))
                .unwrap();
        let notifier = stage.notifier(&stage.faults(tries));
        let result = invoke(&stage, async move {
            match notifier.handle(event).await {
                Ok(()) => Ok(Value::Null),
                Err(error) => Err(("Undelivered".to_owned(), error.to_string())),
            }
        })
        .await;
        if result.is_ok() {
            return;
        }
        stage.scheduler.sleep((20_000 << tries).min(200_000)).await;
    }
    stage.wrong(format!("a message was never delivered: {message}"));
}

/// The timer of what is held back; it goes on for a while after everything else is over.
pub async fn timer(stage: Stage) {
    // Two of them, so that they meet.
    stage.scheduler.clone().spawn(ticks(stage.clone()));
    ticks(stage).await;
}

async fn ticks(stage: Stage) {
    let mut after = 0;
    while after < 4 {
        stage.scheduler.sleep(5 * 60 * 1000).await;
        let notifier = stage.notifier(&stage.faults(u32::try_from(after * 3).unwrap()));
        let event: Notices = serde_json::from_value(json!({"step": "flush"})).unwrap();
        let _again = invoke(&stage, async move {
            match notifier.handle(event).await {
                Ok(()) => Ok(Value::Null),
                Err(error) => Err(("Undelivered".to_owned(), error.to_string())),
            }
        })
        .await;
        after += i32::from(stage.running.get() == 0);
    }
}

/// Approvers look at what waits and click, some of them twice, some at once, some too late.
pub async fn approvers(stage: Stage, id: String) {
    let mut decided: Vec<String> = Vec::new();
    while stage.running.get() > 0 {
        let actions = stage.incidents().actions(&id).await.unwrap();
        let waiting = actions.into_iter().find(|record| {
            record.status == ActionStatus::AwaitingApproval
                && !decided.contains(&record.plan.action_id)
        });
        if let Some(record) = waiting {
            decided.push(record.plan.action_id.clone());
            let late = stage.scheduler.percent(8);
            let wait = if late { 1_795_000 } else { 0 } + stage.scheduler.below(20_000) as i64;
            let token = token(&stage, &record);
            for _ in 0..=stage.scheduler.below(3) {
                let user = if stage.scheduler.percent(70) {
                    "U_ANN"
                } else {
                    "U_BEN"
                };
                let choice = if stage.scheduler.percent(70) {
                    "approve"
                } else {
                    "deny"
                };
                let wait = wait + stage.scheduler.below(3_000) as i64;
                let click = click(
                    stage.clone(),
                    record.clone(),
                    token.clone(),
                    user,
                    choice,
                    wait,
                );
                stage.scheduler.spawn(click);
            }
        }
        stage.scheduler.sleep(12_000).await;
    }
}

fn token(stage: &Stage, record: &ActionRecord) -> String {
    Keys::new(KEY, None).unwrap().sign(&Claims {
        purpose: Purpose::Decide,
        incident_id: record.plan.incident_id.clone(),
        action_id: record.plan.action_id.clone(),
        plan_digest: record.plan_digest.clone(),
        expires: stage.scheduler.now().as_millis() / 1000 + 3600,
    })
}

async fn click(
    stage: Stage,
    record: ActionRecord,
    token: String,
    user: &'static str,
    choice: &'static str,
    wait: i64,
) {
    stage.scheduler.sleep(wait).await;
    let payload = json!({"type": "block_actions", "user": {"id": user},
        "actions": [{"action_id": choice, "value": token}]});
    let mut url = reqwest::Url::parse("https://localhost/").unwrap();
    url.query_pairs_mut()
        .append_pair("payload", &payload.to_string());
    let body = url.query().unwrap().to_owned();
    for tries in 0..6 {
        let seconds = stage.scheduler.now().as_millis() / 1000;
        let mut mac = Hmac::<Sha256>::new_from_slice(b"slack").unwrap();
        mac.update(format!("v0:{seconds}:{body}").as_bytes());
        let request: Request = serde_json::from_value(json!({
            "rawPath": "/slack/interactions",
            "headers": {
                "x-slack-request-timestamp": seconds.to_string(),
                "x-slack-signature": format!("v0={}", hex(&mac.finalize().into_bytes())),
            },
            "body": body,
            "requestContext": {"http": {"method": "POST"}, "stage": "$default"},
        }))
        .unwrap();
        let approvals = stage.approvals(&stage.faults(tries));
        let answer = invoke(
            &stage,
            async move { Ok(json!(approvals.handle(request).await)) },
        )
        .await;
        let status = answer
            .as_ref()
            .map_or(503, |answer| answer["statusCode"].as_u64().unwrap());
        match status {
            503 => stage.scheduler.sleep(3_000).await,
            200 => {
                stage
                    .answered
                    .borrow_mut()
                    .push((record.plan.action_id.clone(), choice));
                return;
            }
            409 => {
                // Everybody here has the same token: once it decided, that is the reason.
                let body = answer.unwrap()["body"].to_string();
                if body.contains("it is") && !body.contains("by nobody") {
                    stage.wrong(format!(
                        "a replayed click was refused for another reason: {body}"
                    ));
                }
                return;
            }
            _ => return,
        }
    }
}

/// Somebody turns the stop switch, at any moment.
pub async fn stopper(stage: Stage) {
    stage
        .scheduler
        .sleep(stage.scheduler.below(25_000) as i64)
        .await;
    let begun = stage
        .table
        .all()
        .iter()
        .filter(|item| item.key.sk.starts_with("call#") && item.attributes["state"] == "begun")
        .count();
    let item = Item {
        key: items::stop(),
        attributes: Attributes::from([("stopped".to_owned(), json!(true))]),
    };
    stage
        .table
        .write(Write::Put {
            item,
            condition: None,
        })
        .await
        .unwrap();
    stage
        .stopped_at
        .set(Some((stage.cloud.changes().len(), begun)));
}
