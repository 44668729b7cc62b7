//! A point of a CloudWatch metric, as a metric stream in its JSON format writes it.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-metric-streams-formats-json.html>

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::finding::hex;
use crate::time::{self, Time};

/// Bytes of a line. CloudWatch allows 30 dimensions of 255 + 1,024 characters.
pub const LINE_BYTES_MAX: usize = 256 << 10;

/// Dimensions that name what a metric is about, most telling first.
const ENTITIES: [&str; 16] = [
    "InstanceId",
    "PodName",
    "NodeName",
    "DBInstanceIdentifier",
    "DBClusterIdentifier",
    "FunctionName",
    "VolumeId",
    "StreamName",
    "QueueName",
    "TableName",
    "LoadBalancer",
    "CacheClusterId",
    "DomainName",
    "FileSystemId",
    "ClusterName",
    "host",
];

/// What is measured: points of one series form a line over time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MetricSeries {
    /// Of the account that the metric is of.
    #[serde(default)]
    pub account_id: String,
    /// Where.
    #[serde(default)]
    pub region: String,
    /// `AWS/EC2`, `CWAgent`, …
    pub namespace: String,
    /// Its name.
    pub metric_name: String,
    /// Names and values.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// CloudWatch's unit: `Percent`, `Count`, `Bytes/Second`, `None`, …
    #[serde(default)]
    pub unit: String,
}

/// The statistics of one point: of the samples of its period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Samples, above 0.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The largest.
    pub max: f64,
    /// The smallest.
    pub min: f64,
}

/// A point of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricDatum {
    /// What is measured.
    #[serde(flatten)]
    pub series: MetricSeries,
    /// The start of its period.
    #[serde(rename = "timestamp", with = "time::millis")]
    pub time: Time,
    /// What was measured.
    #[serde(rename = "value")]
    pub statistics: Statistics,
}

/// Why a line is no point.
#[derive(Debug, thiserror::Error)]
pub enum MetricLineError {
    /// Longer than [`LINE_BYTES_MAX`].
    #[error("a line of more than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// Not the JSON of a point.
    #[error("not a point of a metric stream")]
    Malformed(#[source] serde_json::Error),
    /// A point without samples.
    #[error("a point with {0} samples")]
    NoSamples(f64),
}

impl MetricDatum {
    /// Reads one line of a metric stream's JSON format. Statistics beyond the four that are always
    /// there are passed over.
    ///
    /// # Errors
    /// [`MetricLineError`].
    pub fn parse(line: &[u8]) -> Result<Self, MetricLineError> {
        if line.len() > LINE_BYTES_MAX {
            return Err(MetricLineError::TooLong);
        }
        let datum: Self = serde_json::from_slice(line).map_err(MetricLineError::Malformed)?;
        let Statistics {
            count,
            sum,
            max,
            min,
        } = datum.statistics;
        // Numbers of JSON are finite, but `1e999` is read as infinity.
        if ![count, sum, max, min].iter().all(|value| value.is_finite()) || count <= 0.0 {
            return Err(MetricLineError::NoSamples(count));
        }
        Ok(datum)
    }
}

impl MetricSeries {
    /// What the metric is about: the value of the dimension that names a resource, else of all
    /// dimensions, else the namespace.
    pub fn entity(&self) -> String {
        let named = ENTITIES.iter().find_map(|name| self.dimensions.get(*name));
        match named {
            Some(name) => name.clone(),
            None if self.dimensions.is_empty() => self.namespace.clone(),
            None => {
                let values: Vec<&str> = self.dimensions.values().map(String::as_str).collect();
                values.join(",")
            }
        }
    }

    /// 32 hex digits, different for every series.
    pub fn id(&self) -> String {
        // The form is a list of texts: it has one JSON.
        let text = serde_json::json!([
            self.account_id,
            self.region,
            self.namespace,
            self.metric_name,
            self.dimensions,
            self.unit
        ]);
        hex(Sha256::digest(text.to_string())
            .get(..16)
            .unwrap_or_default())
    }

    /// The amount of a point: the sum where samples are counted, else their mean.
    pub fn amount(&self, statistics: &Statistics) -> f64 {
        if self.unit == "Count" {
            statistics.sum
        } else {
            statistics.mean()
        }
    }
}

impl fmt::Display for MetricSeries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.metric_name)?;
        if self.dimensions.is_empty() {
            return Ok(());
        }
        let mut separator = '{';
        for (name, value) in &self.dimensions {
            write!(formatter, "{separator}{name}={value}")?;
            separator = ',';
        }
        formatter.write_str("}")
    }
}

impl Statistics {
    /// The mean of the samples.
    pub fn mean(&self) -> f64 {
        self.sum / self.count
    }

    /// Of two readings of one point, the one that knows more samples: CloudWatch sends a point again
    /// when samples come late. It does not matter which is read first.
    #[must_use]
    pub fn newer(self, other: Self) -> Self {
        let order = |one: &Self| [one.count, one.sum, one.max, one.min];
        let (mine, its) = (order(&self), order(&other));
        let compared = mine
            .iter()
            .zip(&its)
            .map(|(mine, its)| mine.total_cmp(its))
            .find(|order| order.is_ne());
        if compared == Some(std::cmp::Ordering::Less) {
            other
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINE: &str = r#"{"metric_stream_name":"metrics","account_id":"111122223333","region":"eu-central-1","namespace":"AWS/EC2","metric_name":"CPUUtilization","dimensions":{"InstanceId":"i-0abc"},"timestamp":1785585600000,"value":{"count":5.0,"sum":210.0,"max":60.0,"min":30.0,"p99":59.5},"unit":"Percent"}"#;

    #[test]
    fn a_line_of_the_stream_is_a_point() {
        let datum = MetricDatum::parse(LINE.as_bytes()).unwrap();
        assert_eq!(datum.time, Time::from_millis(1_785_585_600_000));
        assert_eq!(datum.series.entity(), "i-0abc");
        assert_eq!(
            datum.series.to_string(),
            "AWS/EC2/CPUUtilization{InstanceId=i-0abc}"
        );
        assert_eq!(datum.series.amount(&datum.statistics), 42.0);
        let mut counted = datum.series.clone();
        counted.unit = "Count".into();
        assert_eq!(counted.amount(&datum.statistics), 210.0);
        assert_ne!(counted.id(), datum.series.id());
    }

    #[test]
    fn entities_fall_back_to_all_dimensions_and_the_namespace() {
        let mut series = MetricDatum::parse(LINE.as_bytes()).unwrap().series;
        series.dimensions = [("team", "a"), ("app", "shop")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        assert_eq!(series.entity(), "shop,a");
        series.dimensions.clear();
        assert_eq!(series.entity(), "AWS/EC2");
    }

    #[test]
    fn anything_else_is_refused() {
        let without = |from: &str, to: &str| LINE.replace(from, to);
        for line in [
            String::new(),
            "{}".to_owned(),
            without("\"count\":5.0", "\"count\":0.0"),
            without("\"sum\":210.0", "\"sum\":1e999"),
            without("\"namespace\":\"AWS/EC2\",", ""),
            without("i-0abc", &"x".repeat(LINE_BYTES_MAX)),
        ] {
            assert!(MetricDatum::parse(line.as_bytes()).is_err());
        }
    }

    proptest! {
        #[test]
        fn what_counts_does_not_depend_on_the_order(readings in prop::collection::vec((1..9_i32, -9..9_i32), 1..6), turn in 0..6_usize) {
            let statistics: Vec<Statistics> = readings
                .iter()
                .map(|(count, sum)| Statistics { count: f64::from(*count), sum: f64::from(*sum), max: 1.0, min: 0.0 })
                .collect();
            let merged = |of: &[Statistics]| of.iter().copied().reduce(Statistics::newer);
            let mut turned = statistics.clone();
            turned.rotate_left(turn % statistics.len());
            prop_assert_eq!(merged(&statistics), merged(&turned));
            turned.extend(statistics.iter().copied());
            prop_assert_eq!(merged(&statistics), merged(&turned));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _parsed = MetricDatum::parse(&bytes);
        }
    }
}
