//! What each function asks of AWS, recorded from the SDK's own requests: every operation of every seam that
//! its binary wires, through the real adapters, against a server that writes them down.
//! `infra/tests/recorded.rs` asks for each of them whether the function's role allows it, and no more.
//!
//! After a change: `UPDATE_REFERENCE=1 cargo test -p aiops-functions --test calls`.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod complete;
mod recorded;
mod server;
