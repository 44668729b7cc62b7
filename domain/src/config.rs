//! The configuration of each function: one struct per function, which the program that declares the
//! function serialises into `AIOPS_CONFIG` and the function reads back. Unknown keys are refused on
//! reading; what has a sensible default may be left out.

pub mod appender;
pub mod detector;

pub use appender::{AppenderConfig, AppenderLimits};
pub use detector::{DetectorConfig, DetectorLimits, DetectorNames, ShadowMode};

/// The environment variable that carries a function's configuration as JSON.
pub const ENVIRONMENT_VARIABLE: &str = "AIOPS_CONFIG";
