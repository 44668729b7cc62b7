//! Step Functions in memory: which executions were started and which tasks wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::locked;
use crate::ports::{PortResult, Workflow};

#[derive(Debug, Default)]
struct State {
    executions: BTreeMap<String, String>,
    starts: u64,
    waiting: BTreeSet<String>,
    answers: BTreeMap<String, String>,
}

/// A state machine in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct FakeWorkflow {
    state: Arc<Mutex<State>>,
}

impl FakeWorkflow {
    /// Every execution by its name, with its input.
    pub fn executions(&self) -> BTreeMap<String, String> {
        locked(&self.state).executions.clone()
    }

    /// How often a start was asked for, repetitions included.
    pub fn starts(&self) -> u64 {
        locked(&self.state).starts
    }

    /// Lets a task wait for this token.
    pub fn wait_for(&self, task_token: &str) {
        locked(&self.state).waiting.insert(task_token.to_owned());
    }

    /// Lets nobody wait for this token any more.
    pub fn stop_waiting(&self, task_token: &str) {
        locked(&self.state).waiting.remove(task_token);
    }

    /// What was answered to this token.
    pub fn answer(&self, task_token: &str) -> Option<String> {
        locked(&self.state).answers.get(task_token).cloned()
    }
}

impl Workflow for FakeWorkflow {
    async fn start(&self, name: &str, input: String) -> PortResult<()> {
        let mut state = locked(&self.state);
        state.starts += 1;
        state.executions.entry(name.to_owned()).or_insert(input);
        Ok(())
    }

    async fn succeed(&self, task_token: &str, output: String) -> PortResult<bool> {
        let mut state = locked(&self.state);
        let waited = state.waiting.remove(task_token);
        if waited {
            state.answers.insert(task_token.to_owned(), output);
        }
        Ok(waited)
    }
}
