//! The command line: the local cloud, the demo, detection on files, training, packaging, diffs,
//! incidents. A library, so that tests drive the same code as `main`.
//!
//! Standard output carries only a command's result; everything else goes to standard error.
//! Exit status: 0 done, 1 failed, 2 bad input.

pub mod cli;
pub mod commands;
pub mod demo;
pub mod deployed;
pub mod detection;
pub mod error;
pub mod image;
pub mod input;
pub mod local;
pub mod masks;
pub mod output;
pub mod package;
pub mod printer;
pub mod records;
pub mod sagemaker;
pub mod stack;
pub mod workload;
