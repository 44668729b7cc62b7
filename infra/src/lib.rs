//! The platform as a typed resource graph, and what reads it.
//!
//! [`platform::declare`] is pure: configuration in, [`graph::Graph`] out. Everything else is a
//! driver over that graph.

pub mod asl;
pub mod aws;
pub mod config;
pub mod engine;
pub mod export;
pub mod graph;
pub mod iam;
pub mod kubernetes;
pub mod platform;
pub mod schema;
pub mod stack_reference;
