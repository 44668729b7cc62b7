//! The lifecycle against a simple reference, and two executions of one incident at once.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/world.rs"]
mod support;

use std::collections::BTreeSet;

use aiops_domain::incident::event::Who;
use aiops_domain::incident::lifecycle::Trigger;
use aiops_domain::policy::Mode;
use aiops_domain::{IncidentStatus, Kind, Outcome};
use aiops_functions::fakes::{Failing, Fault, Faults};
use aiops_functions::incidents::{Incidents, Move};
use proptest::prelude::*;
use support::{World, config};

const ACTOR: &str = "198.51.100.23";

/// The reference: a status, an opening, and which triggers each opening has seen.
#[derive(Debug, Clone)]
struct Model {
    status: IncidentStatus,
    opening: u64,
    seen: BTreeSet<(u64, Trigger)>,
    log: Vec<(u64, Trigger)>,
}

impl Model {
    fn new() -> Self {
        Self {
            status: IncidentStatus::Open,
            opening: 1,
            seen: BTreeSet::new(),
            log: vec![],
        }
    }

    fn apply(&mut self, trigger: Trigger, opening: u64) {
        if opening != self.opening {
            return;
        }
        let Ok(to) = self.status.after(trigger) else {
            return;
        };
        if to == self.status && trigger != Trigger::Reopen {
            return;
        }
        self.status = to;
        if trigger == Trigger::Reopen {
            self.opening += 1;
        }
        self.seen.insert((opening, trigger));
        self.log.push((self.opening, trigger));
    }
}

fn step() -> impl Strategy<Value = (Trigger, u64, u8, Option<u8>)> {
    let trigger = proptest::sample::select(Trigger::ALL.to_vec());
    // Which opening the mover speaks of, how often it says so, and at which call it crashes.
    (trigger, 1_u64..4, 1_u8..4, proptest::option::of(0_u8..5))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_260_801),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_stored_lifecycle_is_that_of_the_reference(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new(config(Mode::Automatic));
            world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
            let mut model = Model::new();
            let who = Who::system("test");
            for (trigger, opening, times, crash) in steps {
                model.apply(trigger, opening);
                let step = Move { trigger, opening, who: &who, why: "", outcome: None };
                for time in 0..times {
                    // The first try may be killed anywhere; a later one says the same again.
                    let faults = match crash {
                        Some(call) if time == 0 && times > 1 => {
                            Faults::at([(u64::from(call), Fault::CrashAfter)])
                        }
                        _ => Faults::none(),
                    };
                    let incidents = Incidents::new(Failing::new(world.table.clone(), &faults));
                    let _refused_or_killed = incidents.advance("inc-1", &step, world.now()).await;
                }
            }
            let incidents = Incidents::new(world.table.clone());
            let meta = incidents.meta("inc-1").await.unwrap();
            prop_assert_eq!((meta.status, meta.opening), (model.status, model.opening));
            let events = incidents.events("inc-1").await.unwrap();
            let log: Vec<_> = events.iter().map(|event| (event.opening, event.trigger.unwrap())).collect();
            prop_assert_eq!(log, model.log);
            let mut status = IncidentStatus::Open;
            for (position, event) in events.iter().enumerate() {
                prop_assert_eq!(event.n, position as u64 + 1);
                prop_assert_eq!(event.from, status);
                prop_assert_eq!(status.after(event.trigger.unwrap()).unwrap(), event.to);
                status = event.to;
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn two_executions_of_one_incident_make_its_calls_once() {
    for _ in 0..20 {
        let world = World::new(config(Mode::Automatic));
        world
            .open("inc-1", Kind::DataExfiltration, Some(ACTOR))
            .await;
        let twice = vec!["inc-1".to_owned(), "inc-1".to_owned()];
        let outcomes = world.run_together(twice).await;
        assert!(
            outcomes.contains(&Some(Outcome::Remediated)),
            "{outcomes:?}"
        );
        assert_eq!(world.cloud.changes().len(), 2, "one call per direction");
    }
}

#[tokio::test]
async fn the_order_of_calls_is_intent_then_call_then_end() {
    let world = World::new(config(Mode::Automatic));
    world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
    let mut all = Vec::new();
    let logs = std::sync::Arc::new(std::sync::Mutex::new(Vec::<Faults>::new()));
    let kept = logs.clone();
    world
        .run_with("inc-1", &mut move |_| {
            let faults = Faults::none();
            kept.lock().unwrap().push(faults.clone());
            faults
        })
        .await;
    for faults in logs.lock().unwrap().iter() {
        all.extend(faults.log());
    }
    let create = all
        .iter()
        .position(|call| call.contains("CreateNetworkAclEntry"))
        .unwrap();
    assert!(
        all[create - 1].starts_with("table.transact"),
        "{:?}",
        all[create - 1]
    );
}
