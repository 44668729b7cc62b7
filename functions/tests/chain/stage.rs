//! One store, one cloud, one topic, one web, and instances of the functions on them.

use std::cell::Cell;
use std::rc::Rc;

use aiops_domain::config::{ApprovalsConfig, NotifierConfig, RemediatorConfig};
use aiops_domain::policy::Mode;
use aiops_functions::approvals::Approvals;
use aiops_functions::fakes::{
    ConditionSites, Failing, FakeClock, FakeCloud, FakePause, FakeSecrets, FakeTable, FakeTopic,
    FakeWeb, FakeWorkflow, Fault, Faults, Unconditional,
};
use aiops_functions::incidents::Incidents;
use aiops_functions::notifier::Notifier;
use aiops_functions::ports::cloud::SecretVersion;
use aiops_functions::remediator::Remediator;
use serde_json::json;

use crate::scheduler::{Choices, Scheduler};

pub const ACL: &str = "acl-1";
pub const KEY: &str = "0123456789abcdef0123456789abcdef";
/// New messages per channel and window.
pub const MESSAGES_MAX: u32 = 3;

pub type Store = Failing<Unconditional<FakeTable>>;
pub type Actor = Remediator<Store, Failing<FakeCloud>, Failing<FakeTopic>, FakeClock>;
pub type Gate = Approvals<Store, Failing<FakeWorkflow>, Failing<FakeSecrets>, FakeClock>;
pub type Desk = Notifier<Store, Failing<FakeWeb>, Failing<FakeSecrets>, FakeClock, FakePause>;

/// How much goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Nothing; the order of steps alone.
    Calm,
    /// One invocation in four has a fault.
    Mixed,
    /// Most invocations have one or two.
    Stormy,
}

/// What a seed draws.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub seed: u64,
    pub mode: Mode,
    pub weather: Weather,
    /// Invocations whose caller loses the connection while they run on, in percent.
    pub zombies: u64,
    pub incidents: u64,
    /// Places in force and per hour.
    pub caps: (u32, u32),
    /// Whether somebody turns the stop switch.
    pub stop: bool,
    /// Whether somebody undoes what was done.
    pub undo: bool,
    /// Whether the cause comes back after the end.
    pub reopen: bool,
    /// A fault at this call of every first try, instead of the weather.
    pub fault: Option<(u64, Fault)>,
}

/// What goes wrong with a call.
pub const FAULTS: [Fault; 5] = [
    Fault::Before,
    Fault::After,
    Fault::Throttle,
    Fault::CrashBefore,
    Fault::CrashAfter,
];

impl Scenario {
    pub fn of(seed: u64) -> Self {
        let mut choices = Choices(seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
        let mode = match choices.below(10) {
            0 => Mode::DryRun,
            1 => Mode::Off,
            2..=5 => Mode::Approve,
            _ => Mode::Automatic,
        };
        let weather = match choices.below(4) {
            0 => Weather::Calm,
            1 | 2 => Weather::Mixed,
            _ => Weather::Stormy,
        };
        Self {
            seed,
            mode,
            weather,
            zombies: if choices.percent(50) { 25 } else { 0 },
            incidents: 1 + choices.below(4),
            caps: match choices.below(4) {
                0 => (1, 50),
                1 => (50, 1),
                _ => (50, 50),
            },
            stop: choices.percent(10),
            undo: choices.percent(30),
            reopen: choices.percent(25),
            fault: None,
        }
    }

    /// Late copies of most invocations, and little else: some incidents, most of them undone while their
    /// workflows go on, with a place for all of them or for one.
    pub fn late_copies(seed: u64) -> Self {
        let mut choices = Choices(seed.wrapping_mul(0x2545_F491_4F6C_DD1D));
        Self {
            seed,
            mode: Mode::Automatic,
            weather: Weather::Calm,
            zombies: 70,
            incidents: 1 + choices.below(5),
            caps: if choices.percent(50) {
                (1, 50)
            } else {
                (50, 50)
            },
            stop: false,
            undo: choices.percent(70),
            reopen: false,
            fault: None,
        }
    }

    /// One incident, and one fault at this call of the first try of every invocation.
    pub fn with_fault(mode: Mode, call: u64, fault: Fault) -> Self {
        Self {
            seed: call,
            mode,
            weather: Weather::Mixed,
            zombies: 0,
            incidents: 1,
            caps: (50, 50),
            stop: false,
            undo: false,
            reopen: false,
            fault: Some((call, fault)),
        }
    }
}

/// Everything around the functions. Clones are the same world.
#[derive(Clone)]
pub struct Stage {
    pub scenario: Rc<Scenario>,
    pub scheduler: Scheduler,
    pub table: FakeTable,
    pub cloud: FakeCloud,
    pub topic: FakeTopic,
    pub web: FakeWeb,
    pub workflow: FakeWorkflow,
    pub clock: FakeClock,
    /// Workflows that are not over.
    pub running: Rc<Cell<u64>>,
    /// Invocations that ran into their time limit.
    pub killed: Rc<Cell<u64>>,
    /// Calls of the cloud when the state was looked at last.
    pub looked_at: Rc<Cell<usize>>,
    /// What a person saw go wrong.
    pub seen_wrong: Rc<std::cell::RefCell<Vec<String>>>,
    /// Clicks that were answered well: action and choice.
    pub answered: Rc<std::cell::RefCell<Vec<(String, &'static str)>>>,
    /// Mutating calls that could still come when the stop switch turned: (calls then, begun then).
    pub stopped_at: Rc<Cell<Option<(usize, usize)>>>,
    store: Unconditional<FakeTable>,
}

impl Stage {
    pub fn new(scenario: Scenario, sites: &ConditionSites, dropped: Option<&str>) -> Self {
        let table = FakeTable::default();
        let clock = FakeClock::at("2026-08-01T12:00:00Z".parse().unwrap());
        let store = match dropped {
            Some(site) => Unconditional::dropping(table.clone(), site),
            None => Unconditional::recording(table.clone(), sites),
        };
        Self {
            scheduler: Scheduler::new(clock.clone(), scenario.seed),
            scenario: Rc::new(scenario),
            table,
            cloud: FakeCloud::with_acls(&[ACL]),
            topic: FakeTopic::default(),
            web: FakeWeb::default(),
            workflow: FakeWorkflow::default(),
            clock,
            running: Rc::default(),
            killed: Rc::default(),
            looked_at: Rc::default(),
            seen_wrong: Rc::default(),
            answered: Rc::default(),
            stopped_at: Rc::default(),
            store,
        }
    }

    pub fn remediator(&self, faults: &Faults) -> Actor {
        let (in_force, per_hour) = self.scenario.caps;
        let config: RemediatorConfig = serde_json::from_value(json!({
            "incidents_table": "incidents", "topic_arn": "arn:topic",
            "policy": {"rules": [{"mode": self.scenario.mode}]},
            "network_acls": {"ids": [ACL]},
            "caps": {"deny_address": {"in_force": in_force, "per_hour": per_hour}},
        }))
        .unwrap();
        Remediator {
            incidents: Incidents::new(Failing::new(self.store.clone(), faults)),
            cloud: Failing::new(self.cloud.clone(), faults),
            topic: Failing::new(self.topic.clone(), faults),
            clock: self.clock.clone(),
            config,
        }
    }

    pub fn approvals(&self, faults: &Faults) -> Gate {
        let config: ApprovalsConfig = serde_json::from_value(json!({
            "incidents_table": "incidents", "token_key_arn": "arn:key",
            "slack_signing_secret_arn": "arn:slack",
            "approvers": {"platform": {"slack_user_ids": ["U_ANN", "U_BEN"]}},
        }))
        .unwrap();
        Approvals {
            incidents: Incidents::new(Failing::new(self.store.clone(), faults)),
            workflow: Failing::new(self.workflow.clone(), faults),
            secrets: Failing::new(secrets(), faults),
            clock: self.clock.clone(),
            config,
        }
    }

    pub fn notifier(&self, faults: &Faults) -> Desk {
        let config: NotifierConfig = serde_json::from_value(json!({
            "incidents_table": "incidents",
            "channels": [{"name": "ops", "max_messages": MESSAGES_MAX,
                "via": {"kind": "slack_webhook", "url_secret_arn": "arn:url"}}],
        }))
        .unwrap();
        Notifier {
            incidents: Incidents::new(Failing::new(self.store.clone(), faults)),
            web: Failing::new(self.web.clone(), faults),
            secrets: Failing::new(secrets(), faults),
            clock: self.clock.clone(),
            pause: FakePause::default(),
            config,
        }
    }

    /// The incidents as they are stored.
    pub fn incidents(&self) -> Incidents<FakeTable> {
        Incidents::new(self.table.clone())
    }

    /// The faults of one invocation; after `tries` of them it is fair, so that everything ends.
    pub fn faults(&self, tries: u32) -> Faults {
        let scheduler = &self.scheduler;
        if let Some(fault) = self.scenario.fault {
            return match tries {
                0 => Faults::at([fault]).yielding(),
                _ => Faults::none().yielding(),
            };
        }
        let chance = match self.scenario.weather {
            Weather::Calm => 0,
            Weather::Mixed => 25,
            Weather::Stormy => 70,
        };
        if tries >= 3 || !scheduler.percent(chance) {
            return Faults::none().yielding();
        }
        let count = 1 + scheduler.below(2);
        let planned: Vec<(u64, Fault)> = (0..count)
            .map(|_| (scheduler.below(16), FAULTS[scheduler.below(5) as usize]))
            .collect();
        Faults::at(planned).yielding()
    }

    pub fn wrong(&self, what: String) {
        self.seen_wrong.borrow_mut().push(what);
    }
}

fn secrets() -> FakeSecrets {
    let secrets = FakeSecrets::default();
    for (arn, text) in [
        ("arn:key", KEY),
        ("arn:slack", "slack"),
        ("arn:url", "https://hooks.example/T1"),
    ] {
        secrets.set(arn, SecretVersion::Current, text);
    }
    secrets
}
