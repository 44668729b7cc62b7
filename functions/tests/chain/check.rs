//! What must hold after each step and at the end, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use aiops_domain::incident::event::{IncidentEvent, Outcome};
use aiops_domain::policy::Mode;
use aiops_domain::{IncidentStatus, Kind, Time};
use aiops_functions::fakes::{ConditionSites, flow_finding, opening};
use aiops_functions::incidents::{ActionRecord, ActionStatus, Meta};
use aiops_functions::ports::{Item, Table};
use serde_json::{Value, json};

use crate::people;
use crate::stage::{ACL, MESSAGES_MAX, Scenario, Stage, Weather};

/// Runs a scenario; what went wrong, if anything did.
pub fn run(
    scenario: Scenario,
    sites: &ConditionSites,
    dropped: Option<&str>,
) -> Result<(), String> {
    let stage = Stage::new(scenario, sites, dropped);
    for n in 0..stage.scenario.incidents {
        let id = format!("inc-{n}");
        ready(open(&stage, &id, n));
        stage.running.set(stage.running.get() + 1);
        stage
            .scheduler
            .spawn(people::life(stage.clone(), id.clone()));
        if stage.scenario.mode == Mode::Approve {
            stage.scheduler.spawn(people::approvers(stage.clone(), id));
        }
    }
    stage.scheduler.spawn(people::topic(stage.clone()));
    stage.scheduler.spawn(people::timer(stage.clone()));
    if stage.scenario.stop {
        stage.scheduler.spawn(people::stopper(stage.clone()));
    }
    stage.scheduler.run(|| during(&stage))?;
    ready(at_end(&stage))
}

/// The result of a future over fakes alone, which never wait.
pub fn ready<V>(future: impl Future<Output = V>) -> V {
    use std::task::{Context, Poll, Waker};
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a fake waits"),
    }
}

async fn open(stage: &Stage, id: &str, n: u64) {
    let kind = if n.is_multiple_of(2) {
        Kind::PortScan
    } else {
        Kind::DataExfiltration
    };
    let actor = format!("198.51.100.{}", 10 + n).parse().unwrap();
    let finding = flow_finding(&format!("eni-{n}"), kind, Some(actor));
    let writes = opening(id, &finding);
    stage.table.transact(writes).await.unwrap();
}

fn ours(stage: &Stage) -> Vec<Value> {
    let entries = stage.cloud.entries(ACL).into_iter();
    entries.filter(|entry| number(entry) < 100).collect()
}

fn number(entry: &Value) -> u32 {
    entry["ruleNumber"].as_str().unwrap().parse().unwrap()
}

/// After every step.
fn during(stage: &Stage) -> Result<(), String> {
    if stage.looked_at.replace(stage.cloud.calls()) == stage.cloud.calls() {
        return Ok(());
    }
    let rules: BTreeSet<u32> = ours(stage).iter().map(number).collect();
    let (in_force, _) = stage.scenario.caps;
    if rules.len() > in_force as usize {
        return Err(format!(
            "{} actions in force, {in_force} are allowed",
            rules.len()
        ));
    }
    if let Some((before, begun)) = stage.stopped_at.get() {
        let after = stage.cloud.changes().len() - before;
        if after > begun {
            return Err(format!(
                "{after} calls after the stop switch, {begun} had begun"
            ));
        }
    }
    Ok(())
}

async fn at_end(stage: &Stage) -> Result<(), String> {
    if let Some(wrong) = stage.seen_wrong.borrow().first() {
        return Err(wrong.clone());
    }
    let mut calls: BTreeMap<String, u32> = BTreeMap::new();
    for call in stage.cloud.changes() {
        *calls
            .entry(format!("{} {}", call.operation, call.parameters))
            .or_default() += 1;
    }
    let mut expected: Vec<(u32, String)> = Vec::new();
    let mut begun_actions = 0;
    for n in 0..stage.scenario.incidents {
        let id = format!("inc-{n}");
        let incidents = stage.incidents();
        let meta = incidents
            .meta(&id)
            .await
            .map_err(|error| error.to_string())?;
        let events = incidents.events(&id).await.unwrap();
        let actions = incidents.actions(&id).await.unwrap();
        log(&meta, &events)?;
        for record in &actions {
            let begun = action(stage, record, &events, &calls)?;
            begun_actions += u32::from(begun);
            let in_force = record.status == ActionStatus::Verified;
            for call in record.plan.calls.iter().filter(|_| in_force) {
                let number = call.parameters["RuleNumber"].as_u64().unwrap();
                let cidr = call.parameters["CidrBlock"].as_str().unwrap();
                expected.push((u32::try_from(number).unwrap(), cidr.to_owned()));
            }
            let undone = record.undone != (record.status == ActionStatus::Undone);
            if undone {
                return Err(format!(
                    "{id}: undone {} but {:?}",
                    record.undone, record.status
                ));
            }
        }
        outcome(stage, &meta, &actions)?;
    }
    for (number_wanted, cidr) in &expected {
        if !ours(stage)
            .iter()
            .any(|entry| number(entry) == *number_wanted && entry["cidrBlock"] == json!(cidr))
        {
            return Err(format!(
                "rule {number_wanted} of {cidr} is verified and not there"
            ));
        }
    }
    let hours = 1 + stage.scheduler.now().as_millis() / 3_600_000
        - "2026-08-01T12:00:00Z".parse::<Time>().unwrap().as_millis() / 3_600_000;
    if i64::from(begun_actions) > i64::from(stage.scenario.caps.1) * hours {
        return Err(format!("{begun_actions} actions began in {hours} hours"));
    }
    reservations(stage)?;
    messages(stage)
}

/// The log has no gap, no illegal step, and every trigger once per opening.
fn log(meta: &Meta, events: &[IncidentEvent]) -> Result<(), String> {
    let id = &meta.id;
    if !meta.status.is_terminal() {
        return Err(format!("{id} is stuck at {:?}", meta.status));
    }
    let mut status = IncidentStatus::Open;
    let mut seen = BTreeSet::new();
    for (at, event) in events.iter().enumerate() {
        if event.n != at as u64 + 1 || event.from != status {
            return Err(format!("{id}: the log breaks at {event:?}"));
        }
        match event.trigger {
            Some(trigger) if status.after(trigger) != Ok(event.to) => {
                return Err(format!("{id}: illegal step {event:?}"));
            }
            None if event.from != event.to => {
                return Err(format!("{id}: a remark moved it: {event:?}"));
            }
            _ => {}
        }
        if let Some(trigger) = event.trigger
            && !seen.insert((event.opening, trigger))
        {
            return Err(format!(
                "{id}: {trigger:?} twice in opening {}",
                event.opening
            ));
        }
        status = event.to;
    }
    if status != meta.status || meta.events != events.len() as u64 {
        return Err(format!(
            "{id}: the log ends at {status:?}, the incident at {:?}",
            meta.status
        ));
    }
    Ok(())
}

/// Each call at most once, none without leave; answers whether it began.
fn action(
    stage: &Stage,
    record: &ActionRecord,
    events: &[IncidentEvent],
    calls: &BTreeMap<String, u32>,
) -> Result<bool, String> {
    let id = &record.plan.action_id;
    // Two openings deny one address by the same call: the first must be undone before.
    let keys = record.plan.calls.iter();
    let made: Vec<u32> = keys
        .map(|call| {
            let key = format!("{} {}", call.operation, call.parameters);
            calls.get(&key).copied().unwrap_or(0)
        })
        .collect();
    let openings = if stage.scenario.reopen { 2 } else { 1 };
    if made.iter().any(|times| *times > openings) {
        return Err(format!("a call of {id} was made {made:?} times"));
    }
    let decisions: Vec<&IncidentEvent> = events
        .iter()
        .filter(|event| {
            event.trigger.is_none()
                && event.opening == record.plan.opening
                && event.why.contains(&record.plan_digest)
        })
        .collect();
    if decisions.len() > 1 {
        return Err(format!("{id} was decided on {} times", decisions.len()));
    }
    let approved = decisions
        .iter()
        .any(|event| event.why.starts_with("Approve"));
    let denied = decisions.iter().any(|event| event.why.starts_with("Deny"));
    if record.decided_by.is_some() != (approved || denied) {
        return Err(format!(
            "{id}: decided by {:?}, in the log {decisions:?}",
            record.decided_by
        ));
    }
    let begun = stage
        .table
        .all()
        .iter()
        .any(|item| item.key.sk.starts_with(&format!("call#{id}#do#")));
    match stage.scenario.mode {
        Mode::Approve if begun && !approved => return Err(format!("{id} began unapproved")),
        Mode::DryRun | Mode::Off if begun => return Err(format!("{id} began in a dry run")),
        _ => {}
    }
    if denied && !matches!(record.status, ActionStatus::Denied | ActionStatus::Failed) {
        return Err(format!("{id} was denied and is {:?}", record.status));
    }
    for (answered, choice) in stage
        .answered
        .borrow()
        .iter()
        .filter(|(answered, _)| answered == id)
    {
        let kept = if *choice == "approve" {
            approved
        } else {
            denied
        };
        if !kept || record.status == ActionStatus::Expired {
            return Err(format!(
                "the answered {choice} of {answered} is lost: {:?}",
                record.status
            ));
        }
    }
    Ok(begun)
}

/// How it ended fits what was done. An opening without an action of its own ends as the answer that stands
/// since an earlier one; an undo on demand takes back what any opening did.
fn outcome(stage: &Stage, meta: &Meta, actions: &[ActionRecord]) -> Result<(), String> {
    let status = actions
        .iter()
        .find(|record| record.plan.opening == meta.opening)
        .map(|record| record.status);
    let standing = actions
        .iter()
        .max_by_key(|record| record.plan.opening)
        .map(|record| record.status);
    let fits = match meta.outcome {
        Some(Outcome::Remediated) => match standing {
            Some(ActionStatus::Verified) => true,
            // An undo that was killed, and then stopped by the switch.
            Some(ActionStatus::Undoing) => stage.scenario.stop,
            _ => false,
        },
        Some(Outcome::Undone) => actions
            .iter()
            .any(|record| record.status == ActionStatus::Undone),
        Some(Outcome::Denied) => standing == Some(ActionStatus::Denied),
        Some(Outcome::Expired) => status == Some(ActionStatus::Expired),
        Some(_) => status != Some(ActionStatus::Verified),
        None => false,
    };
    if !fits {
        return Err(format!(
            "{}: outcome {:?} with the action {status:?}",
            meta.id, meta.outcome
        ));
    }
    // Without a fault, a limit or a person there is no reason to fail.
    let scenario = &stage.scenario;
    let undisturbed = !scenario.stop
        && !scenario.undo
        && !scenario.reopen
        && scenario.caps == (50, 50)
        // So many lost callers use up every retry.
        && scenario.zombies <= 25;
    if undisturbed && scenario.mode == Mode::Automatic && meta.outcome != Some(Outcome::Remediated)
    {
        return Err(format!("{}: {:?} for no reason", meta.id, meta.outcome));
    }
    let approved = stage.answered.borrow().iter().any(|(id, choice)| {
        *choice == "approve" && actions.iter().any(|record| record.plan.action_id == *id)
    });
    if undisturbed && approved && meta.outcome != Some(Outcome::Remediated) {
        return Err(format!("{}: approved and {:?}", meta.id, meta.outcome));
    }
    Ok(())
}

/// The counters are those of the holds, and every rule has its number reserved.
fn reservations(stage: &Stage) -> Result<(), String> {
    let all = stage.table.all();
    let holds = all
        .iter()
        .filter(|item| item.key.sk.starts_with("hold#"))
        .count();
    let counted = all
        .iter()
        .find(|item| item.key.sk == "in-force")
        .and_then(|item| item.attributes["n"].as_i64())
        .unwrap_or(0);
    if counted != i64::try_from(holds).unwrap() {
        return Err(format!(
            "{counted} in force by the counter, {holds} by the holds"
        ));
    }
    let reserved: BTreeSet<u32> = all
        .iter()
        .filter(|item| item.key.pk.starts_with("nacl#"))
        .filter_map(|item| item.key.sk.strip_prefix("rule#")?.parse().ok())
        .collect();
    let rules: BTreeSet<u32> = ours(stage).iter().map(number).collect();
    if let Some(free) = rules.difference(&reserved).next() {
        return Err(format!("rule {free} is in force and its number is free"));
    }
    if rules.len() > holds {
        return Err(format!("{} rules in force, {holds} holds", rules.len()));
    }
    let mut slots = BTreeSet::new();
    let twice = ours(stage)
        .iter()
        .any(|entry| !slots.insert((number(entry), entry["egress"].to_string())));
    if twice {
        return Err("two entries of one rule number".to_owned());
    }
    Ok(())
}

/// Every notice reached the channel or was counted in a message about what was held back; no window
/// had more than its messages; nothing was told twice without a fault.
fn messages(stage: &Stage) -> Result<(), String> {
    let notices: BTreeSet<String> = stage
        .topic
        .published()
        .iter()
        .map(|(_, _, message)| {
            let text = |name: &str| message[name].as_str().unwrap().to_owned();
            format!(
                "{} {} {}",
                text("incident_id"),
                message["opening"],
                text("event")
            )
        })
        .collect();
    for n in 0..stage.scenario.incidents {
        let id = format!("inc-{n}");
        if !notices
            .iter()
            .any(|notice| notice.starts_with(&format!("{id} ")) && notice.ends_with("closed"))
        {
            return Err(format!("nobody was told of the end of {id}"));
        }
    }
    let all = stage.table.all();
    let states: Vec<&Item> = all
        .iter()
        .filter(|item| item.key.sk.starts_with("notice#"))
        .collect();
    if states.len() != notices.len() {
        return Err(format!(
            "{} notices, {} of them known to the channel",
            notices.len(),
            states.len()
        ));
    }
    if let Some(stuck) = states.iter().find(|item| {
        !["sent", "held"]
            .iter()
            .any(|end| item.attributes.get("state") == Some(&json!(end)))
    }) {
        return Err(format!("{stuck:?} is still on its way"));
    }
    let held = all
        .iter()
        .filter(|item| item.key.sk.starts_with("held#"))
        .count();
    if held > 0 {
        return Err(format!("{held} messages are held back for ever"));
    }
    let windows = all.iter().filter(|item| item.key.sk.starts_with("window#"));
    for window in windows {
        if window.attributes.get("n").and_then(Value::as_i64) > Some(i64::from(MESSAGES_MAX)) {
            return Err(format!("{window:?}"));
        }
    }
    let sent = states
        .iter()
        .filter(|item| item.attributes.get("state") == Some(&json!("sent")))
        .count();
    let posted = stage.web.posted();
    let grouped = posted
        .iter()
        .filter(|(_, _, body)| body.to_string().contains("held back"))
        .count();
    let told = posted.len() - grouped;
    let calm = stage.scenario.weather == Weather::Calm
        && stage.scenario.zombies == 0
        && stage.killed.get() == 0;
    let windows = all
        .iter()
        .filter(|item| item.attributes.contains_key("grouped"))
        .count();
    if calm && grouped > windows {
        return Err(format!("{grouped} grouped messages in {windows} windows"));
    }
    if told < sent || (calm && told > sent) {
        return Err(format!("{told} messages were posted for {sent} notices"));
    }
    Ok(())
}
