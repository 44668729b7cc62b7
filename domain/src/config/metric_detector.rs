//! Configuration of `metric-detector`.

use serde::{Deserialize, Serialize};

/// What `metric-detector` needs to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricDetectorConfig {
    /// The bucket of `metrics/`, as Firehose wrote them.
    pub metrics_bucket: String,
    /// The table of the points.
    pub state_table: String,
    /// The table of incidents and findings.
    pub incidents_table: String,
    /// The workflow that is started once per incident.
    pub state_machine_arn: String,
    /// What the keys of its objects begin with; others are passed over.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// A point is anomalous below this p-value, above 0 and below 1. One in a million is a false
    /// alarm of one metric of minutes in about two years.
    #[serde(default = "default_significance")]
    pub significance: f64,
    /// How many whole days before its own a point is judged by, 2 to 14.
    #[serde(default = "default_history_days")]
    pub history_days: u32,
    /// How far ahead an exhaustion is announced, in hours.
    #[serde(default = "default_horizon_hours")]
    pub horizon_hours: u32,
    /// Which metrics can run full; the first that fits counts.
    #[serde(default = "Capacity::defaults")]
    pub capacities: Vec<Capacity>,
    /// New findings within so many seconds after an incident's end open the same incident again.
    #[serde(default = "default_reopen_seconds")]
    pub reopen_seconds: u32,
    /// How many days points and the guards of findings are kept. Older points are passed over.
    #[serde(default = "default_state_days")]
    pub state_days: u32,
    /// Whether findings are only recorded: their incidents are flagged and of low severity, and no
    /// workflow starts.
    #[serde(default)]
    pub shadow: bool,
    /// Caps on untrusted sizes.
    #[serde(default)]
    pub limits: MetricDetectorLimits,
    /// The namespace of the function's own metrics.
    #[serde(default = "default_metric_namespace")]
    pub metric_namespace: String,
}

/// A metric that can run full (or out) and where that is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// The metric's namespace; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The metric's name.
    pub metric: String,
    /// A dimension that it must have, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<String>,
    /// Which statistic of a point is compared.
    #[serde(default)]
    pub statistic: Statistic,
    /// The value at which nothing is left, in the metric's unit.
    pub at: f64,
    /// From which side it is reached.
    #[serde(default)]
    pub direction: Direction,
}

/// A statistic of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Statistic {
    /// Of the samples of the point's period.
    #[default]
    Mean,
    /// Of the samples of the point's period.
    Sum,
}

/// From which side a capacity is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// What is used rises to it.
    #[default]
    Rising,
    /// What is free falls to it.
    Falling,
}

/// Caps of `metric-detector`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricDetectorLimits {
    /// Bytes of an object.
    pub object_bytes_max: u64,
    /// Bytes of an object, decompressed.
    pub object_decompressed_bytes_max: u64,
    /// Metrics that are looked at at once.
    pub concurrent_series_max: usize,
}

impl Default for MetricDetectorLimits {
    fn default() -> Self {
        Self {
            object_bytes_max: 64 << 20,
            object_decompressed_bytes_max: 256 << 20,
            concurrent_series_max: 16,
        }
    }
}

impl Capacity {
    fn new(namespace: &str, metric: &str, at: f64) -> Self {
        Self {
            namespace: Some(namespace.to_owned()),
            metric: metric.to_owned(),
            dimension: None,
            statistic: Statistic::Mean,
            at,
            direction: Direction::Rising,
        }
    }

    /// The capacities that AWS's own metrics and the agents' have by definition. What depends on the
    /// size of a resource (the connections of a database) is for the operator to add.
    pub fn defaults() -> Vec<Self> {
        let percentages = [
            ("CWAgent", "disk_used_percent"),
            ("CWAgent", "mem_used_percent"),
            ("CWAgent", "swap_used_percent"),
            ("ContainerInsights", "node_filesystem_utilization"),
            ("ContainerInsights", "node_memory_utilization"),
            ("ContainerInsights", "pod_memory_utilization_over_pod_limit"),
            ("AWS/ElastiCache", "DatabaseMemoryUsagePercentage"),
            ("AWS/ES", "JVMMemoryPressure"),
        ];
        let reserves = [
            ("AWS/RDS", "FreeStorageSpace"),
            ("AWS/ES", "FreeStorageSpace"),
            ("AWS/EC2", "CPUCreditBalance"),
            ("AWS/EBS", "BurstBalance"),
            ("AWS/RDS", "BurstBalance"),
        ];
        // A shard takes 1 MiB and 1,000 records per second; the points are of a minute.
        let of_shards = [
            ("IncomingBytes", 60.0 * 1_048_576.0),
            ("IncomingRecords", 60_000.0),
        ];
        let percentages =
            percentages.map(|(namespace, metric)| Self::new(namespace, metric, 100.0));
        let reserves = reserves.map(|(namespace, metric)| Self {
            direction: Direction::Falling,
            ..Self::new(namespace, metric, 0.0)
        });
        let of_shards = of_shards.map(|(metric, at)| Self {
            dimension: Some("ShardId".to_owned()),
            statistic: Statistic::Sum,
            ..Self::new("AWS/Kinesis", metric, at)
        });
        percentages
            .into_iter()
            .chain(reserves)
            .chain(of_shards)
            .collect()
    }
}

/// The names that have no default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricDetectorNames {
    /// [`MetricDetectorConfig::metrics_bucket`].
    pub metrics_bucket: String,
    /// [`MetricDetectorConfig::state_table`].
    pub state_table: String,
    /// [`MetricDetectorConfig::incidents_table`].
    pub incidents_table: String,
    /// [`MetricDetectorConfig::state_machine_arn`].
    pub state_machine_arn: String,
}

impl MetricDetectorConfig {
    /// The defaults with these names.
    pub fn new(names: MetricDetectorNames) -> Self {
        Self {
            metrics_bucket: names.metrics_bucket,
            state_table: names.state_table,
            incidents_table: names.incidents_table,
            state_machine_arn: names.state_machine_arn,
            prefix: default_prefix(),
            significance: default_significance(),
            history_days: default_history_days(),
            horizon_hours: default_horizon_hours(),
            capacities: Capacity::defaults(),
            reopen_seconds: default_reopen_seconds(),
            state_days: default_state_days(),
            shadow: false,
            limits: MetricDetectorLimits::default(),
            metric_namespace: default_metric_namespace(),
        }
    }

    /// What is out of range, as `key: why`; empty if nothing is.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(self.significance > 0.0 && self.significance < 1.0) {
            problems.push(format!(
                "significance: {} is not above 0 and below 1",
                self.significance
            ));
        }
        if !(2..=14).contains(&self.history_days) {
            problems.push(format!(
                "history_days: {} is not within 2 to 14",
                self.history_days
            ));
        }
        if self.state_days <= 2 * self.history_days {
            problems.push(format!(
                "state_days: {} forgets points that a late one is judged by; give more than twice history_days",
                self.state_days
            ));
        }
        if self.horizon_hours == 0 {
            problems.push("horizon_hours: 0 announces nothing".to_owned());
        }
        if self.limits.concurrent_series_max == 0 {
            problems.push("limits.concurrent_series_max: 0 reads nothing".to_owned());
        }
        for (at, capacity) in self.capacities.iter().enumerate() {
            if !capacity.at.is_finite() {
                problems.push(format!("capacities[{at}].at: no finite number"));
            }
        }
        problems
    }
}

fn default_prefix() -> String {
    "metrics/".to_owned()
}

const fn default_significance() -> f64 {
    1e-6
}

const fn default_history_days() -> u32 {
    2
}

const fn default_horizon_hours() -> u32 {
    24
}

const fn default_reopen_seconds() -> u32 {
    6 * 3600
}

const fn default_state_days() -> u32 {
    15
}

fn default_metric_namespace() -> String {
    "Aiops".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_enough_and_unknown_keys_are_refused() {
        let config = MetricDetectorConfig::new(MetricDetectorNames {
            metrics_bucket: "raw".into(),
            state_table: "state".into(),
            incidents_table: "incidents".into(),
            state_machine_arn: "arn:machine".into(),
        });
        let json = serde_json::json!({
            "metrics_bucket": "raw", "state_table": "state", "incidents_table": "incidents",
            "state_machine_arn": "arn:machine",
        });
        let read: MetricDetectorConfig = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(read, config);
        assert!(config.problems().is_empty());
        let mut unknown = json;
        unknown["capacities"] = serde_json::json!([{"metric": "m", "at": 1.0, "unit": "Percent"}]);
        assert!(serde_json::from_value::<MetricDetectorConfig>(unknown).is_err());
        let text = serde_json::to_string(&config).unwrap();
        let again: MetricDetectorConfig = serde_json::from_str(&text).unwrap();
        assert_eq!(again, config);
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let mut config = MetricDetectorConfig::new(MetricDetectorNames {
            metrics_bucket: "raw".into(),
            state_table: "state".into(),
            incidents_table: "incidents".into(),
            state_machine_arn: "arn:machine".into(),
        });
        config.significance = 0.0;
        config.history_days = 8;
        config.capacities[1].at = f64::NAN;
        assert_eq!(
            config.problems(),
            [
                "significance: 0 is not above 0 and below 1",
                "state_days: 15 forgets points that a late one is judged by; give more than twice history_days",
                "capacities[1].at: no finite number",
            ]
        );
    }
}
