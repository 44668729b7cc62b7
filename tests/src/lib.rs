//! What end-to-end tests share: a driver with the semantics of Lambda's stream mappings, and a store whose
//! writes land late.

pub mod late_store;
pub mod stream_driver;
