//! Manifests: which segments a channel holds.
//!
//! Form: `[{"prefix": "s3://bucket/"}, "key", …]`, SageMaker's `ManifestFile`
//! (<https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html>).

use std::collections::BTreeSet;

use aiops_domain::Time;
use aiops_domain::config::{TrainingConfig, TrainingRange};
use aiops_domain::segment::{Hour, Partition, SegmentName};
use serde::Serialize;
use serde_json::{Value, json};

use crate::ports::{ObjectEntry, ObjectStore, PortError, PortResult};

const HOUR_MILLIS: i64 = 3_600_000;

/// Whole hours of event time, from the first to before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// The first.
    pub start: Hour,
    /// After the last.
    pub end: Hour,
}

/// The two parts of a range, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranges {
    /// To learn from.
    pub training: Hours,
    /// To evaluate on.
    pub validation: Hours,
}

impl Ranges {
    /// The range up to the hour of `at`, which is not whole yet.
    pub fn before(at: Time, range: &TrainingRange) -> Self {
        let end = Hour::of(at);
        let back = |hours: i64| Hour::of(end.start().plus_millis(-hours * HOUR_MILLIS));
        let middle = back(i64::from(range.validation_hours));
        Self {
            training: Hours {
                start: back(i64::from(range.days) * 24),
                end: middle,
            },
            validation: Hours { start: middle, end },
        }
    }
}

/// How many segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub struct Selection {
    /// Objects.
    pub objects: usize,
    /// Bytes of them, compressed.
    pub bytes: u64,
}

/// The segments of a part, in key order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Segments {
    entries: Vec<ObjectEntry>,
}

impl Segments {
    /// How many.
    pub fn selection(&self) -> Selection {
        Selection {
            objects: self.entries.len(),
            bytes: self.entries.iter().map(|entry| entry.size).sum(),
        }
    }

    /// What makes two selections the same: keys and contents.
    pub fn identity(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|entry| (entry.key.as_str(), entry.etag.as_str()))
    }

    /// The manifest.
    pub fn manifest(&self, bucket: &str) -> Value {
        let keys = self
            .entries
            .iter()
            .map(|entry| Value::from(entry.key.as_str()));
        std::iter::once(json!({"prefix": format!("s3://{bucket}/")}))
            .chain(keys)
            .collect()
    }
}

/// Lists the segments of these hours. Objects that are no segments, and empty ones, are left out.
///
/// # Errors
/// When S3 fails, or there are more than `range.objects_max`.
pub async fn segments(
    objects: &impl ObjectStore,
    config: &TrainingConfig,
    hours: Hours,
) -> PortResult<Segments> {
    let mut entries = Vec::new();
    for prefix in day_prefixes(&config.range, hours) {
        let found = objects.list(&config.segments_bucket, &prefix).await?;
        entries.extend(found.into_iter().filter(|entry| {
            entry.size > 0
                && SegmentName::parse(&entry.key)
                    .is_ok_and(|name| (hours.start..hours.end).contains(&name.partition.hour))
        }));
        if entries.len() > config.range.objects_max {
            return Err(PortError::Permanent {
                what: "the manifest".to_owned(),
                detail: format!(
                    "the range has more than {} segments: fewer days, or a larger range.objects_max",
                    config.range.objects_max
                ),
            });
        }
    }
    entries.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(Segments { entries })
}

/// One prefix per source and day: far fewer calls than one per hour.
fn day_prefixes(range: &TrainingRange, hours: Hours) -> BTreeSet<String> {
    let mut prefixes = BTreeSet::new();
    let mut hour = hours.start;
    while hour < hours.end {
        for &source in &range.sources {
            prefixes.insert(Partition { source, hour }.day_prefix());
        }
        hour = hour.next();
    }
    prefixes
}

/// Writes a manifest below `training/<job>/` and answers its address.
pub(super) async fn write(
    objects: &impl ObjectStore,
    config: &TrainingConfig,
    job: &str,
    channel: &str,
    segments: &Segments,
) -> PortResult<String> {
    let key = format!("training/{job}/{channel}.manifest");
    let body = segments.manifest(&config.segments_bucket).to_string();
    objects
        .put(
            &config.models_bucket,
            &key,
            body.into_bytes(),
            "application/json",
        )
        .await?;
    Ok(format!("s3://{}/{key}", config.models_bucket))
}
