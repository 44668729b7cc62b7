//! The functions' own metrics, in CloudWatch's embedded metric format: one JSON line in the log, from
//! which CloudWatch Logs makes metrics without any call.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::io::Write;

use aiops_domain::Time;
use serde_json::{Map, Value, json};

/// CloudWatch's unit of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are CloudWatch's own")]
pub enum Unit {
    Count,
    Bytes,
    Milliseconds,
    None,
}

impl Unit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Bytes => "Bytes",
            Self::Milliseconds => "Milliseconds",
            Self::None => "None",
        }
    }
}

/// Values of one moment that share their dimensions.
#[derive(Debug, Clone)]
pub struct Metrics {
    namespace: String,
    dimensions: Vec<(&'static str, String)>,
    values: Vec<(&'static str, Unit, f64)>,
}

impl Metrics {
    /// No values yet.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            dimensions: Vec::new(),
            values: Vec::new(),
        }
    }

    /// With a dimension. Few values each: every combination is a metric that costs.
    #[must_use]
    pub fn dimension(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.dimensions.push((name, value.into()));
        self
    }

    /// With a value.
    #[must_use]
    pub fn value(mut self, name: &'static str, unit: Unit, value: f64) -> Self {
        self.values.push((name, unit, value));
        self
    }

    /// The line of the log.
    pub fn to_line(&self, now: Time) -> String {
        let names: Vec<_> = self.dimensions.iter().map(|(name, _)| *name).collect();
        let metrics: Vec<_> = self
            .values
            .iter()
            .map(|(name, unit, _)| json!({"Name": name, "Unit": unit.as_str()}))
            .collect();
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": now.as_millis(),
                "CloudWatchMetrics": [{"Namespace": self.namespace, "Dimensions": [names], "Metrics": metrics}],
            }),
        );
        for (name, value) in &self.dimensions {
            line.insert((*name).to_owned(), Value::from(value.as_str()));
        }
        for (name, _, value) in &self.values {
            line.insert((*name).to_owned(), Value::from(*value));
        }
        Value::Object(line).to_string()
    }

    /// Writes the line. A metric that cannot be written must not fail the work that it counts.
    pub fn emit(&self, now: Time, mut output: impl Write) {
        let line = self.to_line(now);
        if writeln!(output, "{line}").is_err() {
            tracing::warn!("metrics could not be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_embedded_metric_format() {
        let metrics = Metrics::new("Aiops")
            .dimension("Function", "log-appender")
            .value("Events", Unit::Count, 3.0)
            .value("SegmentBytes", Unit::Bytes, 512.0);
        insta::assert_snapshot!(metrics.to_line(Time::from_millis(1_785_585_600_000)), @r#"{"_aws":{"Timestamp":1785585600000,"CloudWatchMetrics":[{"Namespace":"Aiops","Dimensions":[["Function"]],"Metrics":[{"Name":"Events","Unit":"Count"},{"Name":"SegmentBytes","Unit":"Bytes"}]}]},"Function":"log-appender","Events":3.0,"SegmentBytes":512.0}"#);
    }
}
