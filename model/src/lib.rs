//! Template mining, windows, features, detectors, thresholds and explanations; no AWS in here.

pub mod window;

pub use window::{EventWindow, WindowSpec, Windowing};
