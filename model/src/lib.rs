//! Template mining, windows, features, detectors, thresholds and explanations; no AWS in here.

pub mod artefact;
pub mod calibration;
pub mod card;
pub mod cleaning;
pub mod detectors;
pub mod drift;
pub mod ensemble;
pub mod evaluate;
pub mod explain;
pub mod header;
pub mod labels;
pub mod line;
pub mod mask;
pub mod metric;
pub mod miner;
pub mod model;
pub mod nab;
mod packed;
pub mod rng;
pub mod rules;
pub mod sequence;
pub mod session;
pub mod threshold;
pub mod train;
pub mod validate;
pub mod vectoriser;
pub mod window;

pub use artefact::ArtefactError;
pub use line::{LineLearner, LineMiner};
pub use miner::{Mined, Miner, MinerConfig, Template, TemplateId, TemplateMiner};
pub use model::Model;
pub use rules::{RuleConfig, RuleHit};
pub use threshold::AlarmTarget;
pub use train::{ReplayError, TrainError, TrainOptions, train, train_replayed};
pub use validate::{ValidateOptions, validate};
pub use window::{EventWindow, WindowSpec, Windowing};
