//! A stage for the tests of the catalogue: one incident, one response, and a recording of what the
//! other side is asked and answers.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test binary uses its part"
)]

use aiops_domain::config::RemediatorConfig;
use aiops_domain::policy::Mode;
use aiops_domain::{IncidentStatus, Kind, Outcome};
use aiops_functions::fakes::{Exchange, FakeClock, FakeTable, FakeTopic, ReplayCloud};
use aiops_functions::incidents::Incidents;
use aiops_functions::remediator::{Remediator, State, StepError};
use serde_json::{Value, json};

use crate::support::{World, config};

pub struct Stage {
    pub world: World,
    pub cloud: ReplayCloud,
    pub config: RemediatorConfig,
}

impl Stage {
    pub async fn new(response: Value, resources: Value, exchanges: Vec<Exchange>) -> Self {
        let mut config = config(Mode::Automatic);
        let mut response = response;
        response["kinds"] = json!(["disk_full"]);
        config.responses = vec![serde_json::from_value(response).unwrap()];
        config.resources = serde_json::from_value(resources).unwrap();
        let world = World::new(config.clone());
        world.open("inc-1", Kind::DiskFull, None).await;
        Self {
            world,
            cloud: ReplayCloud::of(exchanges),
            config,
        }
    }

    pub async fn invoke(&self, invocation: Value) -> Result<Value, StepError> {
        let remediator: Remediator<FakeTable, ReplayCloud, FakeTopic, FakeClock> = Remediator {
            incidents: Incidents::new(self.world.table.clone()),
            cloud: self.cloud.clone(),
            topic: self.world.topic.clone(),
            clock: self.world.clock.clone(),
            config: self.config.clone(),
        };
        remediator
            .handle(serde_json::from_value(invocation).unwrap())
            .await
    }

    pub async fn run(&self, steps: &[&str]) -> State {
        let mut state = json!({"incident_id": "inc-1"});
        for step in steps {
            state = self
                .invoke(json!({"step": step, "state": state}))
                .await
                .unwrap();
        }
        serde_json::from_value(state).unwrap()
    }

    /// Everything, then an undo, using up the whole recording.
    pub async fn there_and_back(&self) {
        let state = self
            .run(&["triage", "plan", "execute", "verify", "close"])
            .await;
        assert_eq!(state.outcome, Some(Outcome::Remediated), "{:?}", state.why);
        self.invoke(json!({"step": "undo", "incident_id": "inc-1"}))
            .await
            .unwrap();
        assert_eq!(self.cloud.rest(), vec![]);
        let incident = self.world.incident("inc-1").await;
        assert_eq!(incident.status, IncidentStatus::RolledBack);
        assert!(incident.actions[0].undone);
    }

    /// Everything to its end, using up the whole recording; then an undo, which is refused.
    pub async fn there_for_good(&self) {
        let state = self
            .run(&["triage", "plan", "execute", "verify", "close"])
            .await;
        assert_eq!(state.outcome, Some(Outcome::Remediated), "{:?}", state.why);
        assert_eq!(self.cloud.rest(), vec![]);
        let error = self
            .invoke(json!({"step": "undo", "incident_id": "inc-1"}))
            .await
            .unwrap_err();
        assert_eq!(error.name(), "Refused");
        assert!(error.to_string().contains("cannot be undone"), "{error}");
    }

    /// The id of the action and its plan, by planning alone.
    pub async fn planned(&self) -> (String, aiops_domain::RemediationPlan) {
        let id = self.run(&["triage", "plan"]).await.action_id.unwrap();
        let records = Incidents::new(self.world.table.clone())
            .actions("inc-1")
            .await
            .unwrap();
        (id, records.into_iter().next().unwrap().plan)
    }

    pub async fn refused(&self, part: &str) {
        let state = self.run(&["triage", "plan"]).await;
        assert_eq!(state.outcome, Some(Outcome::Refused));
        let why = state.why.unwrap();
        assert!(why.contains(part), "{why}");
    }
}
