//! SageMaker on this machine: a job trains with the real image, its model is judged, registered,
//! promoted, served and rolled back; and what SageMaker refuses is refused.

#![allow(clippy::unwrap_used, reason = "helpers of tests unwrap too")]

mod log;
mod path;
mod refusals;
mod world;
