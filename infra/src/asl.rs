//! State machines as Rust values, in the Amazon States Language.
//!
//! A machine is declared from its ends: a state names its successors by [`Ref`]s, a `Ref` is only had
//! by declaring a state of the same machine, so a `Next` that dangles, a state that is reached from
//! nowhere it could be, or a loop without an end do not compile. Waiting for something is a retry with
//! back-off, not a loop.
//!
//! ```
//! use aiops_infra::asl::machine;
//!
//! machine("two states", 60, |states| {
//!     let done = states.succeed("Done");
//!     states.choice("Asked", [], done)
//! });
//! ```
//!
//! Going to a state that is not declared, to a name, or to a state of another machine does not build:
//!
//! ```compile_fail,E0425
//! use aiops_infra::asl::machine;
//!
//! machine("dangles", 60, |states| states.choice("Asked", [], done));
//! ```
//!
//! ```compile_fail,E0308
//! use aiops_infra::asl::machine;
//!
//! machine("dangles", 60, |states| {
//!     states.succeed("Done");
//!     states.choice("Asked", [], "Done")
//! });
//! ```
//!
//! ```compile_fail,E0521
//! use aiops_infra::asl::machine;
//!
//! let mut taken = None;
//! machine("the other", 60, |states| {
//!     let done = states.succeed("Done");
//!     taken = Some(done);
//!     done
//! });
//! ```

use std::cell::Cell;
use std::marker::PhantomData;

use crate::graph::{Expr, Value, json};
use crate::object;

pub mod remediation;
mod task;

pub use task::{Catch, Retry, Task};

/// A declared state of the machine that `'m` brands.
#[derive(Debug, Clone, Copy)]
pub struct Ref<'m> {
    index: usize,
    // Invariant: a reference of one machine does not fit another.
    machine: PhantomData<Cell<&'m ()>>,
}

/// The states of a machine that is being declared.
#[derive(Debug)]
pub struct States<'m> {
    states: Vec<(String, Value)>,
    machine: PhantomData<Cell<&'m ()>>,
}

/// One arm of a choice: the text at `variable` is `equals`.
#[derive(Debug, Clone, Copy)]
pub struct Arm<'m> {
    /// Reference path.
    pub variable: &'static str,
    /// The text.
    pub equals: &'static str,
    /// Where to.
    pub next: Ref<'m>,
}

/// A whole machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    definition: Value,
}

impl<'m> States<'m> {
    /// A second state of one name gets a number behind it: nothing is ever overwritten.
    fn add(&mut self, name: &'static str, state: Value) -> Ref<'m> {
        let same = |(taken, _): &&(String, Value)| taken.split(" #").next() == Some(name);
        let unique = match self.states.iter().filter(same).count() {
            0 => name.to_owned(),
            others => format!("{name} #{}", others + 1),
        };
        self.states.push((unique, state));
        Ref {
            index: self.states.len() - 1,
            machine: PhantomData,
        }
    }

    /// The name of a declared state.
    fn name(&self, state: Ref<'m>) -> &str {
        self.states
            .get(state.index)
            .map_or("", |(name, _)| name.as_str())
    }

    /// Ends the machine well.
    pub fn succeed(&mut self, name: &'static str) -> Ref<'m> {
        self.add(name, object! { "Type" => "Succeed" })
    }

    /// Ends the machine with an error.
    pub fn fail(
        &mut self,
        name: &'static str,
        error: &'static str,
        cause: &'static str,
    ) -> Ref<'m> {
        let state = object! { "Type" => "Fail", "Error" => error, "Cause" => cause };
        self.add(name, state)
    }

    /// Goes where the first arm that fits leads, else to `otherwise`.
    pub fn choice(
        &mut self,
        name: &'static str,
        arms: impl IntoIterator<Item = Arm<'m>>,
        otherwise: Ref<'m>,
    ) -> Ref<'m> {
        let choices = arms
            .into_iter()
            .map(|arm| {
                object! {
                    "Variable" => arm.variable,
                    "StringEquals" => arm.equals,
                    "Next" => self.name(arm.next),
                }
            })
            .collect();
        let state = object! {
            "Type" => "Choice",
            "Choices" => Value::List(choices),
            "Default" => self.name(otherwise),
        };
        self.add(name, state)
    }

    /// Does a task, then goes to `next`.
    pub fn task(&mut self, name: &'static str, task: Task<'m>, next: Ref<'m>) -> Ref<'m> {
        let state = task.state(self, next);
        self.add(name, state)
    }
}

/// Declares a machine: `declare` answers the state it starts at.
pub fn machine(
    comment: &'static str,
    timeout_seconds: u32,
    declare: impl for<'m> FnOnce(&mut States<'m>) -> Ref<'m>,
) -> Machine {
    let mut states = States {
        states: Vec::new(),
        machine: PhantomData,
    };
    let start = declare(&mut states);
    let start = states.name(start).to_owned();
    Machine {
        definition: object! {
            "Comment" => comment,
            "StartAt" => start,
            "TimeoutSeconds" => timeout_seconds,
            "States" => Value::Object(states.states.into_iter().collect()),
        },
    }
}

impl Machine {
    /// The definition as the text that Step Functions takes.
    pub fn definition(&self) -> Expr<String> {
        json(self.definition.clone())
    }

    /// The definition as data.
    pub const fn value(&self) -> &Value {
        &self.definition
    }
}

#[cfg(test)]
mod tests;
