//! SSM parameters in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::locked;
use crate::ports::{Parameters, PortResult};

/// Parameters in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct FakeParameters {
    values: Arc<Mutex<BTreeMap<String, String>>>,
}

impl FakeParameters {
    /// Sets a parameter.
    pub fn set(&self, name: &str, value: &str) {
        locked(&self.values).insert(name.to_owned(), value.to_owned());
    }
}

impl Parameters for FakeParameters {
    async fn parameter(&self, name: &str) -> PortResult<Option<String>> {
        Ok(locked(&self.values).get(name).cloned())
    }
}
