//! What tests share: a driver with the semantics of Lambda's stream mappings, a store whose writes land
//! late, and the files of the checkout.

pub mod checkout;
pub mod late_store;
pub mod stream_driver;
