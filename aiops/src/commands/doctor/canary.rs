//! A line of our own on its way: log group → stream → segment → the detector's index.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::time::{Duration, Instant};

use aiops_domain::config::{DetectorConfig, NotifierConfig};
use aiops_domain::incident::event::Who;
use aiops_domain::policy::quiet::{Scope, Suppression};
use aiops_domain::segment::Partition;
use aiops_domain::{LogRecord, Source, Time};
use aiops_functions::adapters::signed::Service;
use aiops_functions::adapters::{DynamoDbTable, S3, SystemClock};
use aiops_functions::detector::index;
use aiops_functions::incidents::items;
use aiops_functions::ports::{Clock as _, Item, ObjectStore as _, Table as _, Write};
use flate2::read::MultiGzDecoder;
use serde_json::json;

use super::Check;
use crate::deployed::Deployed;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// The stream of doctors' lines.
const LOG_STREAM: &str = "aiops-doctor";

/// What is found about the line within this time is suppressed, in milliseconds.
const EXCUSED_MILLIS: i64 = 6 * 3_600_000;

/// Bytes of a segment that is looked into.
const SEGMENT_BYTES_MAX: u64 = 64 << 20;

/// Sends a line and follows it until `deadline`.
pub(super) async fn checks(deployed: &Deployed, deadline: Instant) -> Vec<Check> {
    match follow(deployed, deadline).await {
        Ok(checks) => checks,
        Err(error) => vec![Check::failed(
            "canary",
            format!("{error:#}"),
            "this role needs logs:CreateLogStream, logs:PutLogEvents, s3:GetObject, dynamodb:GetItem and dynamodb:PutItem on the stack",
        )],
    }
}

async fn follow(deployed: &Deployed, deadline: Instant) -> anyhow::Result<Vec<Check>> {
    let notifier: NotifierConfig = deployed.configuration("notifier").await?;
    let detector: DetectorConfig = deployed.configuration("anomaly-detector").await?;
    let group = notifier
        .console
        .and_then(|console| console.log_groups.into_iter().next())
        .ok_or_else(|| anyhow::anyhow!("the stack collects from no log group"))?;
    let store = S3::new(&deployed.sdk);
    let state = DynamoDbTable::new(&deployed.sdk, &detector.state_table);
    let now = SystemClock.now();
    let word = format!("canary-{:x}", now.as_millis());
    let bucket = &detector.segments_bucket;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for key in keys(&store, bucket, now).await? {
        seen.insert(key);
    }
    let mut before = Vec::new();
    for source in Source::ALL {
        before.push((source, index::head(&state, source).await?.revision));
    }
    excuse(deployed, &detector, now).await?;
    send(deployed, &group, &word, now).await?;
    let begun = Instant::now();
    let mut checks = vec![Check::ok("canary sent", format!("a line into {group}"))];
    let source = loop {
        if let Some(source) = arrived(&store, bucket, &word, now, &mut seen).await? {
            break source;
        }
        if Instant::now() >= deadline {
            checks.push(Check::failed(
                "canary stored",
                "the line is in no segment",
                "look at the subscription filter of the group, the stream's mapping and the log of log-appender; its quarantine lies in the bucket of segments",
            ));
            return Ok(checks);
        }
        tokio::time::sleep(PAUSE).await;
    };
    checks.push(Check::ok(
        "canary stored",
        format!(
            "in a segment of {source} after {} ms",
            begun.elapsed().as_millis()
        ),
    ));
    let revision = before
        .iter()
        .find(|(other, _)| *other == source)
        .map_or(0, |(_, revision)| *revision);
    loop {
        if index::head(&state, source).await?.revision > revision {
            checks.push(Check::ok(
                "canary indexed",
                format!("by the detector after {} ms", begun.elapsed().as_millis()),
            ));
            return Ok(checks);
        }
        if Instant::now() >= deadline {
            checks.push(Check::failed(
                "canary indexed",
                "the detector has not seen the segment",
                "look at the notification of the bucket, the detector's queue and dead letters, and its log",
            ));
            return Ok(checks);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A line that nothing here ever says is strange, and nobody is to be told of this one.
async fn excuse(deployed: &Deployed, detector: &DetectorConfig, now: Time) -> anyhow::Result<()> {
    let suppression = Suppression {
        id: LOG_STREAM.to_owned(),
        scope: Scope {
            entity: Some(LOG_STREAM.to_owned()),
            ..Scope::default()
        },
        reason: "the canary of aiops doctor".to_owned(),
        who: Who::system("doctor"),
        expires: now.plus_millis(EXCUSED_MILLIS),
    };
    let item = Item {
        key: items::suppression(&suppression.id),
        attributes: items::attributes(&suppression),
    };
    let incidents = DynamoDbTable::new(&deployed.sdk, &detector.incidents_table);
    let condition = None;
    Ok(incidents.write(Write::Put { item, condition }).await?)
}

async fn send(deployed: &Deployed, group: &str, word: &str, now: Time) -> anyhow::Result<()> {
    let stream = json!({"logGroupName": group, "logStreamName": LOG_STREAM});
    // It is there from the last time, or it is made now.
    match deployed
        .client
        .json(Service::Logs, "CreateLogStream", &stream)
        .await
    {
        Ok(_) => {}
        Err(error) if error.to_string().contains("ResourceAlreadyExists") => {}
        Err(error) => return Err(error.into()),
    }
    let events = json!({
        "logGroupName": group, "logStreamName": LOG_STREAM,
        "logEvents": [{"timestamp": now.as_millis(), "message": format!("aiops doctor looks whether this line arrives: {word}")}],
    });
    deployed
        .client
        .json(Service::Logs, "PutLogEvents", &events)
        .await?;
    Ok(())
}

/// The segments of this hour and the next, of every source.
async fn keys(store: &S3, bucket: &str, now: Time) -> anyhow::Result<Vec<String>> {
    let mut keys = Vec::new();
    for source in Source::ALL {
        for time in [now, now.plus_millis(3_600_000)] {
            let prefix = Partition::of(source, time).prefix();
            let entries = store.list(bucket, &prefix).await?;
            keys.extend(
                entries
                    .into_iter()
                    .map(|entry| format!("{}#{}", entry.key, entry.etag)),
            );
        }
    }
    Ok(keys)
}

/// The source of the segment that holds the line, among those that are new.
async fn arrived(
    store: &S3,
    bucket: &str,
    word: &str,
    now: Time,
    seen: &mut BTreeSet<String>,
) -> anyhow::Result<Option<Source>> {
    for key in keys(store, bucket, now).await? {
        if !seen.insert(key.clone()) {
            continue;
        }
        let key = key.rsplit_once('#').map_or(key.as_str(), |(key, _)| key);
        let Some(object) = store.get(bucket, key, SEGMENT_BYTES_MAX).await? else {
            continue;
        };
        let mut text = String::new();
        MultiGzDecoder::new(object.body.as_slice())
            .take(SEGMENT_BYTES_MAX * 8)
            .read_to_string(&mut text)?;
        let line = text.lines().find(|line| line.contains(word));
        if let Some(line) = line {
            let record: LogRecord = serde_json::from_str(line)?;
            return Ok(Some(record.source));
        }
    }
    Ok(None)
}
