//! Configuration of `log-appender`.

use serde::{Deserialize, Serialize};

use crate::categorise::{CategoryRule, default_rules};
use crate::event_time::TimeAssumptions;

/// What `log-appender` needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppenderConfig {
    /// The bucket that receives `segments/` and `quarantine/`.
    pub segments_bucket: String,
    /// Which log group and stream is what; the first rule that matches counts, and what none names
    /// is `other`.
    #[serde(default = "default_rules")]
    pub rules: Vec<CategoryRule>,
    /// What to assume of times that are written without a year or a zone.
    #[serde(default)]
    pub time: TimeAssumptions,
    /// Caps on untrusted sizes.
    #[serde(default)]
    pub limits: AppenderLimits,
    /// The namespace of the function's own metrics.
    #[serde(default = "default_metric_namespace")]
    pub metric_namespace: String,
}

impl AppenderConfig {
    /// The defaults, writing to `segments_bucket`.
    pub fn new(segments_bucket: impl Into<String>) -> Self {
        Self {
            segments_bucket: segments_bucket.into(),
            rules: default_rules(),
            time: TimeAssumptions::default(),
            limits: AppenderLimits::default(),
            metric_namespace: default_metric_namespace(),
        }
    }
}

fn default_metric_namespace() -> String {
    "Aiops".to_owned()
}

/// Caps of `log-appender`. What exceeds a cap per record is quarantined; what exceeds a cap per batch
/// ends the batch there, and the rest is delivered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppenderLimits {
    /// Decompressed bytes of one Kinesis record.
    pub record_bytes_max: usize,
    /// Decompressed bytes of one batch.
    pub batch_bytes_max: usize,
    /// Distinct partitions (source and hour) that one record may touch.
    pub record_partitions_max: usize,
    /// Distinct partitions that one batch may touch.
    pub batch_partitions_max: usize,
    /// Writes to S3 under way at once.
    pub concurrent_puts_max: usize,
}

impl Default for AppenderLimits {
    fn default() -> Self {
        Self {
            // A record is at most 1 MiB of gzip on a default stream; CloudWatch's envelopes of
            // text inflate 5 to 20 times, and a bomb a thousand times.
            record_bytes_max: 32 << 20,
            batch_bytes_max: 192 << 20,
            // PutLogEvents takes at most 10,000 events, so no honest record exceeds this.
            record_partitions_max: 10_000,
            batch_partitions_max: 4_000,
            concurrent_puts_max: 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_alone_is_enough_and_the_rest_is_the_default() {
        let config: AppenderConfig = serde_json::from_str(r#"{"segments_bucket":"b"}"#).unwrap();
        assert_eq!(config, AppenderConfig::new("b"));
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<AppenderConfig>(&json).unwrap(),
            config
        );
    }

    #[test]
    fn unknown_keys_are_refused_at_every_level() {
        for json in [
            r#"{"segments_bucket":"b","bucket":"c"}"#,
            r#"{"segments_bucket":"b","limits":{"record_bytes":1}}"#,
            r#"{"segments_bucket":"b","time":{"yaer":2005}}"#,
            r#"{"segments_bucket":"b","rules":[{"group":"*","source":"ec2","entity":"stream","x":1}]}"#,
        ] {
            let error = serde_json::from_str::<AppenderConfig>(json).unwrap_err();
            assert!(error.to_string().contains("unknown field"), "{error}");
        }
    }
}
