//! Template mining, windows, features, detectors, thresholds and explanations; no AWS in here.

pub mod header;
pub mod line;
pub mod mask;
pub mod metric;
pub mod miner;
pub mod nab;
pub mod rules;
pub mod window;

pub use line::{LineLearner, LineMiner};
pub use miner::{Mined, Miner, MinerConfig, Template, TemplateId, TemplateMiner};
pub use rules::{RuleConfig, RuleHit};
pub use window::{EventWindow, WindowSpec, Windowing};
