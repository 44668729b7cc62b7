//! Everything that follows when an incident opens (workflow, remediator, approvals, notifier) on one
//! store, under faults, kills, lost connections and every order of steps that a seed draws; and the
//! same search without each condition of a write in turn, which must then find something wrong.

#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a failing helper is a failing test"
)]

mod check;
mod conditions;
mod faults;
mod people;
mod scheduler;
mod stage;
mod workflow;
