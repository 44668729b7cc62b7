//! A world for the tests of remediation: fakes of every seam, and the workflow's order of steps.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test binary uses its part"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aiops_domain::config::RemediatorConfig;
use aiops_domain::incident::event::Who;
use aiops_domain::incident::lifecycle::Trigger;
use aiops_domain::policy::Mode;
use aiops_domain::{ApiCall, Finding, Incident, Kind, Outcome, Source, Time};
use aiops_functions::fakes::{
    Failing, FakeClock, FakeCloud, FakeTable, FakeTopic, Faults, flow_finding, opening,
};
use aiops_functions::incidents::{Incidents, Move, items};
use aiops_functions::ports::cloud::Cloud;
use aiops_functions::ports::{Attributes, Item, PortResult, Table, Write};
use aiops_functions::remediator::{Invocation, Next, Remediator, State, StepError};
use serde_json::{Value, json};

/// The configuration of most tests: one network ACL, everything in one mode.
pub fn config(mode: Mode) -> RemediatorConfig {
    serde_json::from_value(json!({
        "incidents_table": "incidents",
        "topic_arn": "arn:aws:sns:eu-west-1:1:incidents",
        "policy": {"rules": [{"mode": mode}]},
        "network_acls": {"ids": ["acl-1"]},
        "addresses": {"vpc_cidrs": ["192.0.2.0/24"], "never_deny": ["203.0.113.0/24"]},
        "caps": {"deny_address": {"in_force": 50, "per_hour": 50}},
    }))
    .unwrap()
}

/// A cloud in which an operator turns the stop switch on after some changes.
#[derive(Clone)]
pub struct Watched {
    inner: FakeCloud,
    table: FakeTable,
    stop_after: Arc<AtomicUsize>,
}

impl Cloud for Watched {
    async fn call(&self, call: &ApiCall) -> PortResult<Value> {
        let answer = self.inner.call(call).await;
        if self.inner.changes().len() >= self.stop_after.load(Ordering::SeqCst) {
            stop(&self.table).await;
        }
        answer
    }
}

async fn stop(table: &FakeTable) {
    let item = Item {
        key: items::stop(),
        attributes: Attributes::from([("stopped".to_owned(), json!(true))]),
    };
    table
        .write(Write::Put {
            item,
            condition: None,
        })
        .await
        .unwrap();
}

pub type Under = Remediator<Failing<FakeTable>, Failing<Watched>, Failing<FakeTopic>, FakeClock>;

/// Everything around the remediator.
#[derive(Clone)]
pub struct World {
    pub table: FakeTable,
    pub cloud: FakeCloud,
    pub topic: FakeTopic,
    pub clock: FakeClock,
    pub config: RemediatorConfig,
    stop_after: Arc<AtomicUsize>,
}

impl World {
    pub fn new(config: RemediatorConfig) -> Self {
        Self {
            table: FakeTable::default(),
            cloud: FakeCloud::with_acls(&["acl-1"]),
            topic: FakeTopic::default(),
            clock: FakeClock::at("2026-08-01T12:00:00Z".parse().unwrap()),
            config,
            stop_after: Arc::new(AtomicUsize::new(usize::MAX)),
        }
    }

    /// A function instance whose seams fail as planned.
    pub fn remediator(&self, faults: &Faults) -> Under {
        let cloud = Watched {
            inner: self.cloud.clone(),
            table: self.table.clone(),
            stop_after: self.stop_after.clone(),
        };
        Remediator {
            incidents: Incidents::new(Failing::new(self.table.clone(), faults)),
            cloud: Failing::new(cloud, faults),
            topic: Failing::new(self.topic.clone(), faults),
            clock: self.clock.clone(),
            config: self.config.clone(),
        }
    }

    pub async fn stop(&self) {
        stop(&self.table).await;
    }

    pub fn stop_after_changes(&self, changes: usize) {
        self.stop_after.store(changes, Ordering::SeqCst);
    }

    /// What the detector writes when an incident opens.
    pub async fn open(&self, id: &str, kind: Kind, actor: Option<&str>) {
        self.open_in(id, kind, actor, None).await;
    }

    /// The same about lines of a log group.
    pub async fn open_in(
        &self,
        id: &str,
        kind: Kind,
        actor: Option<&str>,
        log_group: Option<&str>,
    ) {
        let by = actor.unwrap_or("10.66.66.66");
        let finding = Finding {
            summary: format!("80 ports of eni-1 were tried from {by}"),
            log_group: log_group.map(str::to_owned),
            ..flow_finding("eni-1", kind, actor.map(|actor| actor.parse().unwrap()))
        };
        let writes = opening(id, &finding);
        self.table.transact(writes).await.unwrap();
    }

    /// New findings come after its end.
    pub async fn reopen(&self, id: &str) {
        let incidents = Incidents::new(self.table.clone());
        let opening = incidents.meta(id).await.unwrap().opening;
        let who = Who::system("test");
        let step = Move {
            trigger: Trigger::Reopen,
            opening,
            who: &who,
            why: "new findings",
            outcome: None,
        };
        incidents.advance(id, &step, self.now()).await.unwrap();
    }

    /// New findings come after its end, from these addresses.
    pub async fn reopen_by(&self, id: &str, actors: &[&str]) {
        self.reopen(id).await;
        let incidents = Incidents::new(self.table.clone());
        let opening = incidents.meta(id).await.unwrap().opening;
        let mut finding = incidents.findings(id, 1).await.unwrap().remove(0);
        let mut ids = Vec::new();
        for actor in actors {
            let key = Some(format!("{opening}-{actor}"));
            finding.id = Finding::id_for(
                Source::VpcFlow,
                "eni-1",
                key.as_deref(),
                finding.window.start,
            );
            finding.actor = Some(actor.parse().unwrap());
            ids.push(finding.id.clone());
            self.put(
                items::finding(id, &finding.id),
                items::finding_attributes(&finding),
            )
            .await;
        }
        let attributes = Attributes::from([("finding_ids".to_owned(), json!(ids))]);
        self.put(items::actors(id, opening, 1), attributes).await;
        let more = Write::Update {
            key: items::meta(id),
            set: Attributes::new(),
            add: [("count".to_owned(), actors.len() as i64)].into(),
            remove: vec![],
            condition: None,
        };
        self.table.write(more).await.unwrap();
    }

    async fn put(&self, key: aiops_functions::ports::ItemKey, attributes: Attributes) {
        let item = Item { key, attributes };
        let condition = None;
        self.table
            .write(Write::Put { item, condition })
            .await
            .unwrap();
    }

    pub fn now(&self) -> Time {
        use aiops_functions::ports::Clock;
        self.clock.now()
    }

    pub async fn incident(&self, id: &str) -> Incident {
        Incidents::new(self.table.clone())
            .incident(id)
            .await
            .unwrap()
    }

    /// One step by an instance without faults.
    pub async fn step(&self, step: &str, state: &State) -> Result<State, StepError> {
        self.step_of(&self.remediator(&Faults::none()), step, state)
            .await
    }

    pub async fn step_of(
        &self,
        remediator: &Under,
        step: &str,
        state: &State,
    ) -> Result<State, StepError> {
        let invocation: Invocation = serde_json::from_value(json!({
            "step": step, "state": state, "task_token": "token-1",
        }))
        .unwrap();
        let answer = remediator.handle(invocation).await?;
        Ok(serde_json::from_value(answer).unwrap())
    }

    pub async fn steps(&self, id: &str, steps: &[&str]) -> State {
        let mut state: State = serde_json::from_value(json!({"incident_id": id})).unwrap();
        for step in steps {
            state = self.step(step, &state).await.unwrap();
        }
        state
    }

    pub async fn undo(&self, id: &str) -> Result<Value, StepError> {
        let invocation = json!({"step": "undo", "incident_id": id});
        self.remediator(&Faults::none())
            .handle(serde_json::from_value(invocation).unwrap())
            .await
    }

    /// The workflow's order, with its retries and catches, up to the end or an approval.
    pub async fn run(&self, id: &str) -> State {
        self.run_opening(id, 1).await
    }

    /// The same of a later opening.
    pub async fn run_opening(&self, id: &str, opening: u64) -> State {
        let state = serde_json::from_value(json!({"incident_id": id, "opening": opening})).unwrap();
        self.run_from(state, &mut |_| Faults::none()).await
    }

    /// The same; each try of a step is an instance with the faults that `faults` gives.
    pub async fn run_with(
        &self,
        id: &str,
        faults: &mut (dyn FnMut(&str) -> Faults + Send),
    ) -> State {
        let state = serde_json::from_value(json!({"incident_id": id})).unwrap();
        self.run_from(state, faults).await
    }

    async fn run_from(
        &self,
        mut state: State,
        faults: &mut (dyn FnMut(&str) -> Faults + Send),
    ) -> State {
        let mut step = "triage";
        loop {
            let mut tries = 0;
            let result = loop {
                let result = self
                    .step_of(&self.remediator(&faults(step)), step, &state)
                    .await;
                tries += 1;
                match &result {
                    Err(error)
                        if matches!(error.name(), "Transient" | "CheckPending" | "CheckSlow")
                            && tries < 6 =>
                    {
                        // Longer than a lease: what was killed is gone.
                        self.clock.advance_millis(61_000);
                    }
                    _ => break result,
                }
            };
            match result {
                Ok(answer) => {
                    state = answer;
                    step = match (step, state.next) {
                        ("notify", _) => return state,
                        ("close", _) => "notify",
                        (_, Some(Next::Plan)) => "plan",
                        (_, Some(Next::Approve)) => return state,
                        (_, Some(Next::Execute)) => "execute",
                        (_, Some(Next::Verify)) => "verify",
                        (_, Some(Next::Undo)) => "undo",
                        (_, Some(Next::Close) | None) => "close",
                    };
                }
                Err(error) => {
                    state.error = Some(json!({"Error": error.name(), "Cause": error.to_string()}));
                    step = match step {
                        "execute" if error.name() == "Stopped" => "close",
                        "execute" | "verify" => "undo",
                        "close" => "notify",
                        "notify" => return state,
                        _ => "close",
                    };
                }
            }
        }
    }

    pub async fn run_together(&self, ids: Vec<String>) -> Vec<Option<Outcome>> {
        let tasks: Vec<_> = ids
            .into_iter()
            .map(|id| {
                let world = self.clone();
                tokio::spawn(async move {
                    world
                        .run_with(&id, &mut |_| Faults::none().yielding())
                        .await
                        .outcome
                })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        outcomes
    }
}
