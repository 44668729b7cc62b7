//! Template mining, windows, features, detectors, thresholds and explanations; no AWS in here.
