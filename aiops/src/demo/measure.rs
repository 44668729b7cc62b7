//! Hands points of metrics to Firehose, as CloudWatch's metric stream does: many lines of JSON in a
//! record. The emulator has no metric streams; all behind them is what is deployed.

use aiops_domain::Time;
use aiops_domain::metric::MetricDatum;
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;

use crate::local::aws::{Aws, FIREHOSE};

/// Bytes of a record; Firehose takes 1,000 KiB.
const RECORD_BYTES_MAX: usize = 500 << 10;

/// Points are handed over for so much event time at once: CloudWatch waits a minute or more too.
const PORTION_MILLIS: i64 = 5 * 60_000;

/// Puts points in order of time.
#[derive(Debug)]
pub struct Meter<'p> {
    aws: Aws,
    stream: String,
    rest: &'p [MetricDatum],
    portion_end: Option<Time>,
    sent: u64,
}

/// A line of the metric stream's JSON format.
#[derive(Serialize)]
struct Line<'d> {
    metric_stream_name: &'d str,
    #[serde(flatten)]
    datum: &'d MetricDatum,
}

impl<'p> Meter<'p> {
    /// A meter that puts `points` into this delivery stream.
    pub fn new(aws: Aws, stream: &str, points: &'p [MetricDatum]) -> Self {
        Self {
            aws,
            stream: stream.to_owned(),
            portion_end: points
                .first()
                .map(|point| point.time.plus_millis(PORTION_MILLIS)),
            rest: points,
            sent: 0,
        }
    }

    /// Points that were accepted.
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Puts the portions that are over at `now`.
    pub async fn put_until(&mut self, now: Time) -> anyhow::Result<()> {
        while let Some(end) = self.portion_end.filter(|end| *end <= now) {
            let (portion, later) = self
                .rest
                .split_at(self.rest.partition_point(|point| point.time < end));
            self.put(portion).await?;
            self.rest = later;
            self.portion_end = (!later.is_empty()).then(|| end.plus_millis(PORTION_MILLIS));
        }
        Ok(())
    }

    /// Puts what is left.
    pub async fn finish(&mut self) -> anyhow::Result<()> {
        let rest = std::mem::take(&mut self.rest);
        self.portion_end = None;
        self.put(rest).await
    }

    async fn put(&mut self, points: &[MetricDatum]) -> anyhow::Result<()> {
        let mut record = Vec::new();
        for datum in points {
            if record.len() > RECORD_BYTES_MAX {
                self.put_record(&std::mem::take(&mut record)).await?;
            }
            let metric_stream_name = &self.stream;
            serde_json::to_writer(
                &mut record,
                &Line {
                    metric_stream_name,
                    datum,
                },
            )?;
            record.push(b'\n');
        }
        if !record.is_empty() {
            self.put_record(&record).await?;
        }
        self.sent += points.len() as u64;
        Ok(())
    }

    async fn put_record(&self, record: &[u8]) -> anyhow::Result<()> {
        let request = json!({
            "DeliveryStreamName": self.stream,
            "Record": {"Data": STANDARD.encode(record)},
        });
        let put = self.aws.json(FIREHOSE, "PutRecord", request).await;
        put.map(drop)
            .with_context(|| format!("delivery stream {}", self.stream))
    }
}
