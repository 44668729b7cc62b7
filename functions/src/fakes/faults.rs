//! What goes wrong, at which call.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use super::locked;
use crate::ports::{PortError, PortResult};

/// What happens to one call through a seam.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and did not take effect.
    Before,
    /// It takes effect, and its answer is lost: a time-out after success.
    After,
    /// It is throttled: fails and did not take effect.
    Throttle,
    /// It is refused: trying again gives the same.
    Refuse,
    /// The process dies before the call: this and all later calls do nothing and fail.
    CrashBefore,
    /// The process dies after the call took effect, before it is answered.
    CrashAfter,
}

#[derive(Debug, Default)]
struct State {
    calls: u64,
    planned: BTreeMap<u64, Fault>,
    dead: bool,
    yields: bool,
    log: Vec<String>,
}

/// A plan of faults, shared by all the seams of one handler: calls are counted over all of them,
/// from 0. A clone is the same plan.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    state: Arc<Mutex<State>>,
}

impl Faults {
    /// No faults.
    pub fn none() -> Self {
        Self::default()
    }

    /// These faults at these calls.
    pub fn at(planned: impl IntoIterator<Item = (u64, Fault)>) -> Self {
        let faults = Self::default();
        locked(&faults.state).planned.extend(planned);
        faults
    }

    /// Lets every call give way once before and once after it takes effect, so that a test which
    /// polls several handlers in turn decides how they interleave.
    #[must_use]
    pub fn yielding(self) -> Self {
        locked(&self.state).yields = true;
        self
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        locked(&self.state).calls
    }

    /// Whether the process died.
    pub fn is_dead(&self) -> bool {
        locked(&self.state).dead
    }

    /// What was called, in order, such as `table.write fingerprint#1/open`.
    pub fn log(&self) -> Vec<String> {
        locked(&self.state).log.clone()
    }

    /// Makes the call as planned.
    pub(super) async fn call<T: Send>(
        &self,
        what: String,
        inner: impl Future<Output = PortResult<T>> + Send,
    ) -> PortResult<T> {
        let (fault, yields) = self.next(&what);
        let lost = |detail: &str| PortError::Transient {
            what: what.clone(),
            detail: detail.into(),
        };
        if yields {
            GiveWay::default().await;
        }
        let answer = match fault {
            None => inner.await,
            Some(Fault::Before) => Err(lost("fault before")),
            Some(Fault::Throttle) => Err(lost("throttled")),
            Some(Fault::CrashBefore) => Err(lost("the process is dead")),
            Some(Fault::Refuse) => Err(PortError::Permanent {
                what: what.clone(),
                detail: "planned refusal".into(),
            }),
            Some(Fault::After) => inner.await.and(Err(lost("time-out after success"))),
            Some(Fault::CrashAfter) => inner.await.and(Err(lost("the process is dead"))),
        };
        if yields {
            GiveWay::default().await;
        }
        answer
    }

    fn next(&self, what: &str) -> (Option<Fault>, bool) {
        let mut state = locked(&self.state);
        let call = state.calls;
        state.calls += 1;
        state.log.push(what.to_owned());
        if state.dead {
            return (Some(Fault::CrashBefore), state.yields);
        }
        let fault = state.planned.get(&call).copied();
        state.dead = matches!(fault, Some(Fault::CrashBefore | Fault::CrashAfter));
        (fault, state.yields)
    }
}

/// Pending once.
#[derive(Default)]
struct GiveWay {
    given: bool,
}

impl Future for GiveWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.given {
            return Poll::Ready(());
        }
        self.given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
