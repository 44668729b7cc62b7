//! The workflow's order, retries and catches (`infra::asl::remediation`), each step an invocation that
//! may be killed at its time limit or lose its caller while it runs on.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use aiops_domain::Time;
use aiops_functions::remediator::{Invocation, Next, State};
use serde_json::{Value, json};

use crate::stage::Stage;

/// The function's time limit.
pub const LIMIT_MILLIS: i64 = 30_000;

/// How long a person may take.
const APPROVAL_MILLIS: i64 = 30 * 60 * 1000;

/// An error by its name in the workflow, and its cause.
pub type Failed = (String, String);

type Answer = Result<Value, Failed>;

/// An invocation as its caller sees it.
struct Invoked {
    stage: Stage,
    future: Option<Pin<Box<dyn Future<Output = Answer>>>>,
    killed_at: Time,
    /// After so many polls the caller loses it.
    lost_after: Option<u64>,
}

impl Future for Invoked {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        if self.stage.scheduler.now() >= self.killed_at {
            self.future = None;
            self.stage.killed.set(self.stage.killed.get() + 1);
            return Poll::Ready(Err(("Sandbox.Timedout".into(), "killed".into())));
        }
        if self.lost_after == Some(0) {
            let (stage, killed_at) = (self.stage.clone(), self.killed_at);
            let future = self.future.take();
            let rest = Self {
                stage: stage.clone(),
                future,
                killed_at,
                lost_after: None,
            };
            stage.scheduler.clone().spawn(async move {
                // It may be slower than what comes after it.
                let stall = rest.stage.scheduler.below(20_000);
                rest.stage
                    .scheduler
                    .sleep(i64::try_from(stall).unwrap())
                    .await;
                let _nobody_listens = rest.await;
            });
            return Poll::Ready(Err((
                "Lambda.Unknown".into(),
                "the connection is lost".into(),
            )));
        }
        self.lost_after = self.lost_after.map(|polls| polls - 1);
        match self.future.as_mut() {
            Some(future) => future.as_mut().poll(context),
            None => Poll::Ready(Err(("Sandbox.Timedout".into(), "killed".into()))),
        }
    }
}

/// Runs `future` as an invocation.
pub async fn invoke(stage: &Stage, future: impl Future<Output = Answer> + 'static) -> Answer {
    let scheduler = &stage.scheduler;
    let lost = scheduler.percent(stage.scenario.zombies);
    Invoked {
        stage: stage.clone(),
        future: Some(Box::pin(future)),
        killed_at: scheduler.now().plus_millis(LIMIT_MILLIS),
        lost_after: lost.then(|| 1 + scheduler.below(60)),
    }
    .await
}

async fn step(stage: &Stage, name: &str, state: &State, token: Option<&str>, tries: u32) -> Answer {
    let remediator = stage.remediator(&stage.faults(tries));
    let invocation: Invocation =
        serde_json::from_value(json!({"step": name, "state": state, "task_token": token})).unwrap();
    invoke(stage, async move {
        remediator
            .handle(invocation)
            .await
            .map_err(|error| (error.name().to_owned(), error.to_string()))
    })
    .await
}

fn transient(name: &str) -> bool {
    matches!(name, "Transient" | "Sandbox.Timedout" | "Lambda.Unknown")
}

/// A task with its retries; back-off as in the machine.
async fn retried(stage: &Stage, name: &str, state: &State) -> Result<State, Failed> {
    let (mut tries, mut pending) = (0, 0);
    loop {
        match step(stage, name, state, None, tries + pending).await {
            Ok(answer) => return Ok(serde_json::from_value(answer).unwrap()),
            Err((kind, _)) if transient(&kind) && tries < 7 => {
                stage.scheduler.sleep((3_000 << tries).min(40_000)).await;
                tries += 1;
            }
            Err((kind, _)) if kind == "CheckPending" && pending < 4 => {
                stage.scheduler.sleep(2_000 << pending).await;
                pending += 1;
            }
            Err(failed) => return Err(failed),
        }
    }
}

/// The task that waits for its token.
async fn awaited(stage: &Stage, state: &State) -> Result<State, Failed> {
    let mut tries = 0;
    loop {
        let token = format!("{}-{}-{tries}", state.incident_id, state.opening);
        stage.workflow.wait_for(&token);
        let deadline = stage.scheduler.now().plus_millis(APPROVAL_MILLIS);
        let result = step(stage, "await_approval", state, Some(&token), tries).await;
        if let Err((kind, cause)) = result {
            // An answer may have come before the invocation failed: then the task is over already.
            if let Some(answer) = stage.workflow.answer(&token) {
                return Ok(serde_json::from_str(&answer).unwrap());
            }
            stage.workflow.stop_waiting(&token);
            if transient(&kind) && tries < 7 {
                stage.scheduler.sleep((3_000 << tries).min(40_000)).await;
                tries += 1;
                continue;
            }
            return Err((kind, cause));
        }
        loop {
            if let Some(answer) = stage.workflow.answer(&token) {
                return Ok(serde_json::from_str(&answer).unwrap());
            }
            if stage.scheduler.now() >= deadline {
                stage.workflow.stop_waiting(&token);
                return Err(("States.Timeout".into(), "nobody answered".into()));
            }
            stage.scheduler.sleep(15_000).await;
        }
    }
}

/// One execution, to its end.
pub async fn execution(stage: Stage, incident_id: String, opening: u64) {
    let mut state: State =
        serde_json::from_value(json!({"incident_id": incident_id, "opening": opening})).unwrap();
    let mut name = "triage";
    loop {
        let result = match name {
            "await_approval" => awaited(&stage, &state).await,
            _ => retried(&stage, name, &state).await,
        };
        name = match result {
            Ok(answer) => {
                state = answer;
                match (name, state.next) {
                    ("notify", _) => break,
                    ("close", _) => "notify",
                    ("verify" | "undo" | "expire", _) => "close",
                    (_, Some(Next::Plan)) => "plan",
                    (_, Some(Next::Approve)) => "await_approval",
                    (_, Some(Next::Execute)) => "execute",
                    (_, Some(Next::Verify)) => "verify",
                    _ => "close",
                }
            }
            Err((kind, cause)) => {
                state.error = Some(json!({"Error": kind, "Cause": cause}));
                match (name, kind.as_str()) {
                    ("await_approval", "States.Timeout") => "expire",
                    ("await_approval", "Decided") => "resume",
                    ("execute", "Stopped") => "close",
                    ("execute" | "verify", _) => "undo",
                    ("close", _) => "notify",
                    ("notify", _) => {
                        stage.wrong(format!("nobody could be told of {incident_id}: {cause}"));
                        break;
                    }
                    _ => "close",
                }
            }
        };
    }
}
