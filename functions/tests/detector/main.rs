//! `anomaly-detector` over fakes: whatever happens to its input and to itself, the findings and
//! incidents at the end are those of the records.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod conditions;
mod endpoint;
mod faults;
mod interleaving;
mod lifecycle;
mod pointer;
mod preemption;
mod real_lines;
mod scorer;
mod storm;
mod trained;
mod world;
