//! The Lambda functions: a library of handlers over [`ports`], and one thin binary for each.

pub mod adapters;
pub mod fakes;
pub mod ports;
