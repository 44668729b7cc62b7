//! What end-to-end tests share: a driver with the semantics of Lambda's stream mappings.

pub mod stream_driver;
