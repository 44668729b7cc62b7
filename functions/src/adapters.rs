//! The real forms of the seams: AWS.

pub mod signed;
