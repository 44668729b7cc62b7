//! A cloud that replays recorded requests and answers, in their order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aiops_domain::{ApiCall, Operation};
use serde_json::Value;

use super::locked;
use crate::ports::cloud::Cloud;
use crate::ports::{PortError, PortResult};

/// A recorded request and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Which call.
    pub operation: Operation,
    /// Its parameters, exactly.
    pub parameters: Value,
    /// What was answered.
    pub answer: PortResult<Value>,
}

impl Exchange {
    /// A call that was answered.
    pub const fn new(operation: Operation, parameters: Value, answer: Value) -> Self {
        Self {
            operation,
            parameters,
            answer: Ok(answer),
        }
    }
}

/// Replays exchanges; a request that is not the next recorded one is refused. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct ReplayCloud {
    exchanges: Arc<Mutex<VecDeque<Exchange>>>,
}

impl ReplayCloud {
    /// Replays these.
    pub fn of(exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        Self {
            exchanges: Arc::new(Mutex::new(exchanges.into_iter().collect())),
        }
    }

    /// What was not asked for yet.
    pub fn rest(&self) -> Vec<Exchange> {
        locked(&self.exchanges).iter().cloned().collect()
    }
}

impl Cloud for ReplayCloud {
    async fn call(&self, call: &ApiCall) -> PortResult<Value> {
        let next = locked(&self.exchanges).pop_front();
        match next {
            Some(next)
                if next.operation == call.operation && next.parameters == call.parameters =>
            {
                next.answer
            }
            other => Err(PortError::Permanent {
                what: call.operation.to_string(),
                detail: format!(
                    "asked with {}, but the recording goes on with {:?}",
                    call.parameters,
                    other.map(|next| (next.operation, next.parameters))
                ),
            }),
        }
    }
}
