//! The lifecycle against a simple reference, and the whole remediation with a fault at every call.

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

/// What must hold however the run went.
async fn check(world: &World, what: &str) {
    let incident = world.incident("inc-1").await;
    assert!(
        incident.status.is_terminal(),
        "{what}: stuck at {:?}",
        incident.status
    );
    let entries = world.cloud.entries("acl-1");
    let ours = entries
        .iter()
        .filter(|entry| entry["ruleNumber"] == "1")
        .count();
    let expected = match incident.status {
        IncidentStatus::Resolved => 1,
        IncidentStatus::RolledBack => 0,
        // A person must look: it is there or not, but never twice.
        _ => ours.min(1),
    };
    assert_eq!(ours, expected, "{what}: {entries:?}");
    let creations = world
        .cloud
        .changes()
        .iter()
        .filter(|call| call.operation == aiops_domain::Operation::CreateNetworkAclEntry)
        .count();
    assert!(creations <= 1, "{what}: created {creations} times");
    assert_eq!(
        entries.len(),
        4 + ours,
        "{what}: an entry of somebody else's changed"
    );
}

/// A run in which every try of `faulty` has its own fault at call `at`, once.
async fn run_with_fault(at: u64, fault: Fault) -> (World, bool) {
    let world = World::new(config(Mode::Automatic));
    world.open("inc-1", Kind::PortScan, Some(ACTOR)).await;
    let mut before = 0;
    let mut last: Option<Faults> = None;
    let mut hit = false;
    let mut plan = |_: &str| {
        if let Some(last) = &last {
            before += last.calls();
        }
        let faults = match at.checked_sub(before) {
            Some(call) => Faults::at([(call, fault)]),
            None => {
                hit = true;
                Faults::none()
            }
        };
        last = Some(faults.clone());
        faults
    };
    world.run_with("inc-1", &mut plan).await;
    (world, hit)
}

#[tokio::test]
async fn a_fault_at_every_call_of_every_seam_leaves_one_action_and_an_end() {
    let faults = [
        Fault::Before,
        Fault::After,
        Fault::Throttle,
        Fault::CrashBefore,
        Fault::CrashAfter,
    ];
    let mut runs = 0;
    for fault in faults {
        for at in 0.. {
            let (world, hit) = run_with_fault(at, fault).await;
            check(&world, &format!("{fault:?} at call {at}")).await;
            let incident = world.incident("inc-1").await;
            assert_eq!(
                incident.status,
                IncidentStatus::Resolved,
                "{fault:?} at call {at}"
            );
            runs += 1;
            if !hit {
                break;
            }
        }
    }
    assert!(runs > 150, "{runs} runs");
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
