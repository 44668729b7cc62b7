//! The local cloud: an emulator of the AWS APIs on this machine, and the driver that applies the
//! platform's graph to it. `docs/local-cloud.md` says where it differs from AWS.

pub mod apply;
pub mod aws;
pub mod cloud;
pub mod install;
mod outputs;
pub mod process;
pub mod relay;
mod resources;
pub mod sagemaker;
mod secrets;
pub mod stack;
pub mod state;
