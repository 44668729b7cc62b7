//! The local cloud: an emulator of the AWS APIs on this machine, and the driver that applies the
//! platform's graph to it. `docs/local-cloud.md` says where it differs from AWS.

pub mod aws;
pub mod install;
pub mod process;
pub mod state;
