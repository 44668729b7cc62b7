//! An engine in memory: records what a deployment asks, answers like an engine, fails on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tonic::async_trait;

use super::monitor::{
    EngineLog, Monitor, MonitorError, Outcome, Reading, Registered, Registration, Severity,
};
use crate::graph::Evaluated;

/// How it answers.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    /// Answers with nothing that only a provider knows.
    pub preview: bool,
    /// How long a resource takes.
    pub latency: Duration,
    /// Registrations that are refused, by name.
    pub refuse: BTreeSet<String>,
    /// Registrations that fail while the rest goes on, by name.
    pub fail: BTreeSet<String>,
    /// Outputs by type token, beside the inputs.
    pub outputs: BTreeMap<String, BTreeMap<String, Evaluated>>,
    /// Results of data sources by token.
    pub invokes: BTreeMap<String, Evaluated>,
    /// Features that the engine does not know.
    pub unsupported: BTreeSet<String>,
}

/// What was asked, in order.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Registrations with the urn that was given.
    pub registrations: Vec<(String, Registration)>,
    /// Names of the registrations in the order in which they ended.
    pub ended: Vec<String>,
    /// Readings.
    pub readings: Vec<Reading>,
    /// Data sources with their arguments.
    pub invokes: Vec<(String, Evaluated)>,
    /// Outputs by urn.
    pub outputs: Vec<(String, BTreeMap<String, Evaluated>)>,
    /// Messages.
    pub log: Vec<(Severity, String, String)>,
    /// The stack.
    pub root: Option<String>,
    /// Whether the program said that this was all.
    pub shut_down: bool,
    /// Most registrations under way at once.
    pub most_at_once: usize,
    under_way: usize,
}

/// The engine.
#[derive(Debug, Default)]
pub struct Recorder {
    behaviour: Behaviour,
    record: Mutex<Record>,
}

impl Recorder {
    /// An engine that behaves so.
    pub fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour,
            record: Mutex::default(),
        }
    }

    /// What was asked so far.
    pub fn record(&self) -> Record {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn urn(registration: &Registration) -> String {
        // Enough to be unique: the real form needs the parents' types.
        format!("urn:{}::{}", registration.kind, registration.name)
    }
}

#[async_trait]
impl Monitor for Recorder {
    async fn supports(&self, feature: &str) -> Result<bool, MonitorError> {
        Ok(!self.behaviour.unsupported.contains(feature))
    }

    async fn register(&self, registration: Registration) -> Result<Registered, MonitorError> {
        let name = registration.name.clone();
        let urn = Self::urn(&registration);
        {
            let mut record = self.lock();
            record.under_way += 1;
            record.most_at_once = record.most_at_once.max(record.under_way);
            record
                .registrations
                .push((urn.clone(), registration.clone()));
        }
        if registration.custom {
            tokio::time::sleep(self.behaviour.latency).await;
        }
        {
            let mut record = self.lock();
            record.under_way -= 1;
            record.ended.push(name.clone());
        }
        if self.behaviour.refuse.contains(&name) {
            return Err(MonitorError::Refused(format!("{name} was refused")));
        }
        let mut outputs = registration.inputs;
        if !self.behaviour.preview {
            outputs.insert("arn".to_owned(), Evaluated::String(format!("arn:{name}")));
            outputs.extend(
                self.behaviour
                    .outputs
                    .get(&registration.kind)
                    .cloned()
                    .unwrap_or_default(),
            );
        }
        let id = if self.behaviour.preview || !registration.custom {
            String::new()
        } else {
            format!("{name}-id")
        };
        let result = if self.behaviour.fail.contains(&name) {
            Outcome::Failed
        } else {
            Outcome::Success
        };
        Ok(Registered {
            urn,
            id,
            outputs,
            result,
        })
    }

    async fn read(&self, reading: Reading) -> Result<Registered, MonitorError> {
        let outputs = self
            .behaviour
            .outputs
            .get(&reading.kind)
            .cloned()
            .unwrap_or_default();
        let registered = Registered {
            urn: format!("urn:{}::{}", reading.kind, reading.name),
            id: reading.id.clone(),
            outputs,
            result: Outcome::Success,
        };
        self.lock().readings.push(reading);
        Ok(registered)
    }

    async fn invoke(
        &self,
        token: &str,
        arguments: Evaluated,
        _version: &str,
    ) -> Result<Evaluated, MonitorError> {
        self.lock().invokes.push((token.to_owned(), arguments));
        self.behaviour
            .invokes
            .get(token)
            .cloned()
            .ok_or_else(|| MonitorError::Refused(format!("unknown function {token}")))
    }

    async fn register_outputs(
        &self,
        urn: &str,
        outputs: BTreeMap<String, Evaluated>,
    ) -> Result<(), MonitorError> {
        self.lock().outputs.push((urn.to_owned(), outputs));
        Ok(())
    }

    async fn shut_down(&self) -> Result<(), MonitorError> {
        self.lock().shut_down = true;
        Ok(())
    }
}

#[async_trait]
impl EngineLog for Recorder {
    async fn log(&self, severity: Severity, message: &str, urn: &str) -> Result<(), MonitorError> {
        self.lock()
            .log
            .push((severity, message.to_owned(), urn.to_owned()));
        Ok(())
    }

    async fn set_root(&self, urn: &str) -> Result<(), MonitorError> {
        self.lock().root = Some(urn.to_owned());
        Ok(())
    }
}
