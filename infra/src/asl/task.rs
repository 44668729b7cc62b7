//! Task states: what is done, how it is retried, what catches its errors.

use super::{Ref, States};
use crate::graph::{Expr, Value};
use crate::object;

/// Tries again, with growing intervals and full jitter: executions that fail together must not come
/// back together.
#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// Names of errors.
    pub errors: &'static [&'static str],
    /// Before the second try.
    pub interval_seconds: u32,
    /// Tries after the first.
    pub max_attempts: u32,
    /// No interval is longer.
    pub max_delay_seconds: u32,
}

/// Goes elsewhere on an error; the error is put at `$.error`.
#[derive(Debug, Clone, Copy)]
pub struct Catch<'m> {
    /// Names of errors.
    pub errors: &'static [&'static str],
    /// Where to.
    pub next: Ref<'m>,
}

/// A task.
#[derive(Debug, Clone)]
pub struct Task<'m> {
    resource: &'static str,
    parameters: Value,
    output_path: Option<&'static str>,
    timeout_seconds: u32,
    retries: Vec<Retry>,
    catches: Vec<Catch<'m>>,
}

impl<'m> Task<'m> {
    /// Invokes a function and takes its answer as the state's output.
    pub fn invoke(function: &Expr<String>, payload: Value) -> Self {
        Self {
            resource: "arn:aws:states:::lambda:invoke",
            parameters: object! { "FunctionName" => function, "Payload" => payload },
            output_path: Some("$.Payload"),
            timeout_seconds: 90,
            retries: Vec::new(),
            catches: Vec::new(),
        }
    }

    /// Invokes a function and waits for somebody to answer the token (`$$.Task.Token` in the payload);
    /// the answer is the state's output.
    pub fn invoke_and_wait(function: &Expr<String>, payload: Value, timeout_seconds: u32) -> Self {
        Self {
            resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
            output_path: None,
            timeout_seconds,
            ..Self::invoke(function, payload)
        }
    }

    /// Retries in order, the first whose errors fit.
    #[must_use]
    pub fn retry(mut self, retries: impl IntoIterator<Item = Retry>) -> Self {
        self.retries.extend(retries);
        self
    }

    /// Catches in order, the first whose errors fit.
    #[must_use]
    pub fn catch(mut self, errors: &'static [&'static str], next: Ref<'m>) -> Self {
        self.catches.push(Catch { errors, next });
        self
    }

    pub(super) fn state(self, states: &States<'m>, next: Ref<'m>) -> Value {
        let texts =
            |texts: &[&str]| Value::List(texts.iter().map(|text| Value::from(*text)).collect());
        let retries = self
            .retries
            .iter()
            .map(|retry| {
                object! {
                    "ErrorEquals" => texts(retry.errors),
                    "IntervalSeconds" => retry.interval_seconds,
                    "BackoffRate" => 2,
                    "MaxAttempts" => retry.max_attempts,
                    "MaxDelaySeconds" => retry.max_delay_seconds,
                    "JitterStrategy" => "FULL",
                }
            })
            .collect();
        let catches = self
            .catches
            .iter()
            .map(|catch| {
                object! {
                    "ErrorEquals" => texts(catch.errors),
                    "ResultPath" => "$.error",
                    "Next" => states.name(catch.next),
                }
            })
            .collect();
        let mut state = object! {
            "Type" => "Task",
            "Resource" => self.resource,
            "Parameters" => self.parameters,
            "TimeoutSeconds" => self.timeout_seconds,
            "Retry" => Value::List(retries),
            "Catch" => Value::List(catches),
            "Next" => states.name(next),
        };
        if let (Value::Object(fields), Some(path)) = (&mut state, self.output_path) {
            fields.insert("OutputPath".to_owned(), Value::from(path));
        }
        state
    }
}
