//! JSON documents that hold several events: CloudWatch Logs envelopes and CloudTrail's records.

use std::io::{BufRead, Read};

use aiops_domain::Time;
use aiops_domain::envelope::{Envelope, MessageType};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{DOCUMENT_BYTES_MAX, Each, FileSource, InputLine, InputSummary};
use crate::error::CommandError;

/// Envelopes one after the other, with or without white space between them.
pub(super) fn envelopes(
    source: &FileSource,
    reader: &mut dyn BufRead,
    summary: &mut InputSummary,
    each: &mut Each,
) -> Result<(), CommandError> {
    let mut number = 0;
    for envelope in serde_json::Deserializer::from_reader(reader).into_iter::<Envelope>() {
        let envelope = envelope.map_err(|error| {
            source.bad(format!(
                "no CloudWatch Logs envelope after event {number}: {error}"
            ))
        })?;
        if envelope.message_type == MessageType::ControlMessage {
            continue;
        }
        for event in envelope.log_events {
            number += 1;
            summary.lines += 1;
            let (record, states_time) = source.record(
                &envelope.log_group,
                &envelope.log_stream,
                event.id,
                Time::from_millis(event.timestamp),
                event.message,
            );
            each(InputLine {
                record,
                line: number,
                states_time,
            })?;
        }
    }
    Ok(())
}

/// `{"Records":[…]}` as CloudTrail delivers it to S3.
#[derive(Deserialize)]
struct Trail<'d> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'d RawValue>,
}

/// What a record of CloudTrail is about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TrailRecord {
    #[serde(rename = "eventID", default)]
    event_id: Option<String>,
    event_time: Time,
    event_source: String,
}

/// One record per API call; the calls of one service are one stream.
pub(super) fn cloud_trail(
    source: &FileSource,
    reader: &mut dyn BufRead,
    summary: &mut InputSummary,
    each: &mut Each,
) -> Result<(), CommandError> {
    let mut text = String::new();
    reader
        .take(DOCUMENT_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| source.bad(error))?;
    if text.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(source.bad(format!(
            "a CloudTrail document has at most {} MiB: split it",
            DOCUMENT_BYTES_MAX >> 20
        )));
    }
    let trail: Trail = serde_json::from_str(&text)
        .map_err(|error| source.bad(format!("no CloudTrail records: {error}")))?;
    let group = source.options.group.as_deref().unwrap_or("cloudtrail");
    for (number, raw) in (1..).zip(trail.records) {
        let record: TrailRecord = serde_json::from_str(raw.get())
            .map_err(|error| source.bad(format!("record {number}: {error}")))?;
        summary.lines += 1;
        let id = record.event_id.unwrap_or_else(|| source.id(number));
        let (mut line, _) = source.record(
            group,
            &record.event_source,
            id,
            record.event_time,
            raw.get().to_owned(),
        );
        line.time = record.event_time;
        each(InputLine {
            record: line,
            line: number,
            states_time: true,
        })?;
    }
    Ok(())
}
