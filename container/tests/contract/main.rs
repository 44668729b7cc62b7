//! The container contract, kept by the real binaries in a root of their own.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod opt_ml;
mod serve;
mod train;
