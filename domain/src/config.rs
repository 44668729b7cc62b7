//! The configuration of each function: one struct per function, which the program that declares the
//! function serialises into `AIOPS_CONFIG` and the function reads back. Unknown keys are refused on
//! reading; what has a sensible default may be left out.

pub mod appender;
pub mod approvals;
pub mod detector;
pub mod metric_detector;
pub mod notifier;
pub mod remediator;
pub mod rotation;
pub mod training;

pub use appender::{AppenderConfig, AppenderLimits};
pub use approvals::ApprovalsConfig;
pub use detector::{DetectorConfig, DetectorLimits, DetectorNames, ScoringEndpoint, ShadowMode};
pub use metric_detector::{
    Capacity, Direction, MetricDetectorConfig, MetricDetectorLimits, MetricDetectorNames, Statistic,
};
pub use notifier::NotifierConfig;
pub use remediator::RemediatorConfig;
pub use rotation::RotationConfig;
pub use training::{TrainingConfig, TrainingNames, TrainingRange, TrainingResources};

/// The environment variable that carries a function's configuration as JSON.
pub const ENVIRONMENT_VARIABLE: &str = "AIOPS_CONFIG";
