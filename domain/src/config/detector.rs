//! Configuration of `anomaly-detector`.

use serde::{Deserialize, Serialize};

use crate::incident::FingerprintField;
use crate::shape::flow::FlowFormat;

/// The longest delay of a message in SQS, which carries the detector's timers.
pub const IDLE_SECONDS_MAX: u32 = 900;

/// What `anomaly-detector` needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorConfig {
    /// The bucket of `segments/`.
    pub segments_bucket: String,
    /// The table of the segment index and the watermarks.
    pub state_table: String,
    /// The table of incidents and findings.
    pub incidents_table: String,
    /// The queue that invokes the detector: its timers go there too.
    pub queue_url: String,
    /// The workflow that is started once per incident.
    pub state_machine_arn: String,
    /// The name of the SSM parameter that points to the current model.
    pub model_parameter: String,
    /// How long after its end (in event time) a window still waits for late lines, in seconds.
    #[serde(default = "default_lateness_seconds")]
    pub lateness_seconds: u32,
    /// A source that is silent for so long (in wall-clock time) has all its windows closed, in
    /// seconds, 1 to [`IDLE_SECONDS_MAX`].
    #[serde(default = "default_idle_seconds")]
    pub idle_seconds: u32,
    /// New findings within so many seconds after an incident's end open the same incident again.
    #[serde(default = "default_reopen_seconds")]
    pub reopen_seconds: u32,
    /// The fields by which findings belong to one incident; all of them unless said otherwise.
    #[serde(default = "all_fields", skip_serializing_if = "is_all_fields")]
    pub fingerprint_fields: Vec<FingerprintField>,
    /// How long the model that was read last counts as current, in seconds.
    #[serde(default = "default_model_reread_seconds")]
    pub model_reread_seconds: u32,
    /// How many days the segment index and the guards of windows are kept. Lines that come later
    /// are no longer joined with their windows.
    #[serde(default = "default_state_days")]
    pub state_days: u32,
    /// When findings are only recorded.
    #[serde(default)]
    pub shadow: ShadowMode,
    /// Length of the windows that are looked at before there is a model, in seconds.
    #[serde(default = "default_untrained_window_seconds")]
    pub untrained_window_seconds: u32,
    /// The fields of flow log lines before there is a model, which brings its own.
    #[serde(default)]
    pub flow_format: FlowFormat,
    /// Caps on untrusted sizes.
    #[serde(default)]
    pub limits: DetectorLimits,
    /// The endpoint that windows are scored through; without it, in process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<ScoringEndpoint>,
    /// The namespace of the function's own metrics.
    #[serde(default = "default_metric_namespace")]
    pub metric_namespace: String,
}

/// An endpoint that serves the model. What it does not answer in time is scored in process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoringEndpoint {
    /// Its name in SageMaker.
    pub name: String,
    /// How long one request may take, in milliseconds.
    #[serde(default = "default_endpoint_timeout_ms")]
    pub timeout_ms: u32,
    /// Windows of one request.
    #[serde(default = "default_batch_windows_max")]
    pub batch_windows_max: usize,
}

impl ScoringEndpoint {
    /// The endpoint of this name, with the default limits.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            timeout_ms: default_endpoint_timeout_ms(),
            batch_windows_max: default_batch_windows_max(),
        }
    }
}

/// When findings are recorded in shadow: their incidents are flagged and of low severity, and no
/// workflow starts, so nobody is called and nothing is remediated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum ShadowMode {
    /// As long as there is no model: static rules and what was never seen are noisy on a system
    /// that nobody has looked at yet.
    #[default]
    UntilModel,
    /// Always: the operator does not trust the current model yet.
    Always,
    /// Never: static rules call people too.
    Never,
}

/// Caps of `anomaly-detector`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DetectorLimits {
    /// Bytes of a segment object.
    pub segment_bytes_max: u64,
    /// Bytes of a segment, decompressed.
    pub segment_decompressed_bytes_max: u64,
    /// Bytes of the model's artefact.
    pub model_bytes_max: u64,
    /// Bytes of parsed segments that are kept in memory.
    pub cache_bytes_max: u64,
    /// Lines that are looked at in one pass over windows that close, unless one window has more.
    pub pass_lines_max: u64,
    /// Reads of segments under way at once.
    pub concurrent_gets_max: usize,
}

impl Default for DetectorLimits {
    fn default() -> Self {
        Self {
            segment_bytes_max: 64 << 20,
            // What one batch of the appender may hold, with room for its JSON.
            segment_decompressed_bytes_max: 512 << 20,
            model_bytes_max: 64 << 20,
            cache_bytes_max: 384 << 20,
            pass_lines_max: 500_000,
            concurrent_gets_max: 16,
        }
    }
}

/// The names that have no default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectorNames {
    /// [`DetectorConfig::segments_bucket`].
    pub segments_bucket: String,
    /// [`DetectorConfig::state_table`].
    pub state_table: String,
    /// [`DetectorConfig::incidents_table`].
    pub incidents_table: String,
    /// [`DetectorConfig::queue_url`].
    pub queue_url: String,
    /// [`DetectorConfig::state_machine_arn`].
    pub state_machine_arn: String,
    /// [`DetectorConfig::model_parameter`].
    pub model_parameter: String,
}

impl DetectorConfig {
    /// The defaults with these names.
    pub fn new(names: DetectorNames) -> Self {
        Self {
            segments_bucket: names.segments_bucket,
            state_table: names.state_table,
            incidents_table: names.incidents_table,
            queue_url: names.queue_url,
            state_machine_arn: names.state_machine_arn,
            model_parameter: names.model_parameter,
            lateness_seconds: default_lateness_seconds(),
            idle_seconds: default_idle_seconds(),
            reopen_seconds: default_reopen_seconds(),
            fingerprint_fields: all_fields(),
            model_reread_seconds: default_model_reread_seconds(),
            state_days: default_state_days(),
            shadow: ShadowMode::default(),
            untrained_window_seconds: default_untrained_window_seconds(),
            flow_format: FlowFormat::default(),
            limits: DetectorLimits::default(),
            endpoint: None,
            metric_namespace: default_metric_namespace(),
        }
    }

    /// What is out of range, as `key: why`; empty if nothing is.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(1..=IDLE_SECONDS_MAX).contains(&self.idle_seconds) {
            problems.push(format!(
                "idle_seconds: {} is not within 1 to {IDLE_SECONDS_MAX}, the longest delay of a message",
                self.idle_seconds
            ));
        }
        if self.limits.concurrent_gets_max == 0 {
            problems.push("limits.concurrent_gets_max: 0 reads nothing".to_owned());
        }
        if self.untrained_window_seconds == 0 {
            problems.push("untrained_window_seconds: 0 is no window".to_owned());
        }
        if self.fingerprint_fields.is_empty() {
            problems.push("fingerprint_fields: without any, everything is one incident".to_owned());
        }
        if self.state_days == 0 {
            problems.push("state_days: 0 forgets windows while they are open".to_owned());
        }
        problems
    }
}

const fn default_endpoint_timeout_ms() -> u32 {
    2_000
}

const fn default_batch_windows_max() -> usize {
    64
}

const fn default_lateness_seconds() -> u32 {
    30
}

const fn default_idle_seconds() -> u32 {
    120
}

fn all_fields() -> Vec<FingerprintField> {
    FingerprintField::ALL.to_vec()
}

fn is_all_fields(fields: &[FingerprintField]) -> bool {
    FingerprintField::ALL
        .iter()
        .all(|field| fields.contains(field))
}

const fn default_reopen_seconds() -> u32 {
    6 * 3600
}

const fn default_model_reread_seconds() -> u32 {
    5
}

const fn default_untrained_window_seconds() -> u32 {
    60
}

const fn default_state_days() -> u32 {
    30
}

fn default_metric_namespace() -> String {
    "Aiops".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> DetectorNames {
        DetectorNames {
            segments_bucket: "segments".into(),
            state_table: "state".into(),
            incidents_table: "incidents".into(),
            queue_url: "https://queue".into(),
            state_machine_arn: "arn:machine".into(),
            model_parameter: "/model".into(),
        }
    }

    #[test]
    fn the_names_are_enough_and_unknown_keys_are_refused() {
        let config = DetectorConfig::new(names());
        let json = serde_json::json!({
            "segments_bucket": "segments", "state_table": "state", "incidents_table": "incidents",
            "queue_url": "https://queue", "state_machine_arn": "arn:machine", "model_parameter": "/model",
        });
        assert_eq!(
            serde_json::from_value::<DetectorConfig>(json.clone()).unwrap(),
            config
        );
        assert!(config.problems().is_empty());
        let mut unknown = json;
        unknown["limits"] = serde_json::json!({"segment_bytes": 1});
        assert!(serde_json::from_value::<DetectorConfig>(unknown).is_err());
    }

    #[test]
    fn a_timer_that_no_message_can_carry_is_a_problem() {
        let mut config = DetectorConfig::new(names());
        config.idle_seconds = IDLE_SECONDS_MAX + 1;
        assert_eq!(
            config.problems(),
            ["idle_seconds: 901 is not within 1 to 900, the longest delay of a message"]
        );
    }
}
