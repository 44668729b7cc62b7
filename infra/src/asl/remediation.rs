//! The workflow of an incident: triage → plan → (approval) → execute → verify with back-off → undo on a
//! failed check → close → notify. Every path ends in a terminal status of the incident and a notification;
//! each step is one task of `remediator`, which decides and records, while this machine orders, waits and
//! retries.

use super::{Arm, Machine, Retry, States, Task, machine};
use crate::graph::Expr;
use crate::object;

/// Errors after which trying the same again makes sense: the seams' own and those of the platform below.
const TRANSIENT: &[&str] = &[
    "Transient",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "States.Timeout",
];

/// Every error.
const ALL: &[&str] = &["States.ALL"];

/// Long enough to outlive the lease of an execution that was killed.
const AGAIN: Retry = Retry {
    errors: TRANSIENT,
    interval_seconds: 3,
    max_attempts: 7,
    max_delay_seconds: 40,
};

/// The end is worth more patience: without it the incident stays where it is.
const TO_THE_END: Retry = Retry {
    max_attempts: 30,
    max_delay_seconds: 120,
    ..AGAIN
};

/// What was changed needs a moment to show.
const NOT_YET: Retry = Retry {
    errors: &["CheckPending"],
    interval_seconds: 2,
    max_attempts: 4,
    max_delay_seconds: 30,
};

/// What was started needs minutes: an instance, pods, shards.
const SLOWLY: Retry = Retry {
    errors: &["CheckSlow"],
    interval_seconds: 10,
    max_attempts: 20,
    max_delay_seconds: 60,
};

/// How the workflow is set up.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// The ARN of `remediator`.
    pub remediator: Expr<String>,
    /// How long a person may take to decide.
    pub approval_seconds: u32,
}

impl Workflow {
    /// The machine.
    pub fn machine(&self) -> Machine {
        // The approval, and room for everything around it with all its retries.
        let timeout_seconds = self.approval_seconds.saturating_add(3600);
        machine(
            "What follows when an incident opens",
            timeout_seconds,
            |states| self.declare(states),
        )
    }

    fn declare<'m>(&self, states: &mut States<'m>) -> super::Ref<'m> {
        let done = states.succeed("Done");
        let unheard = states.fail(
            "NotificationFailed",
            "NotificationFailed",
            "the incident has its terminal status, but nobody could be told",
        );
        let notify = states.task(
            "Notify",
            self.step("notify").retry([TO_THE_END]).catch(ALL, unheard),
            done,
        );
        let close = states.task(
            "Close",
            self.step("close").retry([TO_THE_END]).catch(ALL, notify),
            notify,
        );
        let undo = states.task(
            "Undo",
            self.step("undo")
                .retry([NOT_YET, SLOWLY, AGAIN])
                .catch(ALL, close),
            close,
        );
        let verify = states.task(
            "Verify",
            self.step("verify")
                .retry([NOT_YET, SLOWLY, AGAIN])
                .catch(ALL, undo),
            close,
        );
        let executed = states.choice("Executed", [arm("verify", verify)], close);
        let execute = states.task(
            "Execute",
            self.step("execute")
                .retry([AGAIN])
                // A switch that says "change nothing" holds for the undo too.
                .catch(&["Stopped"], close)
                .catch(ALL, undo),
            executed,
        );
        let expire = states.task(
            "Expire",
            self.step("expire").retry([AGAIN]).catch(ALL, close),
            close,
        );
        let decided = states.choice("Decided", [arm("execute", execute)], close);
        // The answer went to a try of the task that is no more.
        let resume = states.task(
            "Resume",
            self.step("resume").retry([AGAIN]).catch(ALL, close),
            decided,
        );
        let await_approval = states.task(
            "AwaitApproval",
            self.await_approval()
                .catch(&["States.Timeout"], expire)
                .catch(&["Decided"], resume)
                .catch(ALL, close),
            decided,
        );
        let planned = states.choice(
            "Planned",
            [arm("approve", await_approval), arm("execute", execute)],
            close,
        );
        let plan = states.task(
            "Plan",
            self.step("plan").retry([AGAIN]).catch(ALL, close),
            planned,
        );
        let triaged = states.choice("Triaged", [arm("plan", plan)], close);
        states.task(
            "Triage",
            self.step("triage").retry([AGAIN]).catch(ALL, close),
            triaged,
        )
    }

    fn step<'m>(&self, step: &'static str) -> Task<'m> {
        Task::invoke(
            &self.remediator,
            object! { "step" => step, "state.$" => "$" },
        )
    }

    fn await_approval<'m>(&self) -> Task<'m> {
        let payload = object! {
            "step" => "await_approval",
            "state.$" => "$",
            "task_token.$" => "$$.Task.Token",
        };
        // Not on a time-out: that is somebody's silence.
        let again = Retry {
            errors: &TRANSIENT[..TRANSIENT.len() - 1],
            ..AGAIN
        };
        Task::invoke_and_wait(&self.remediator, payload, self.approval_seconds).retry([again])
    }
}

fn arm<'m>(next: &'static str, to: super::Ref<'m>) -> Arm<'m> {
    Arm {
        variable: "$.next",
        equals: next,
        next: to,
    }
}
