//! Writes records as lines of a segment by hand: what an envelope's events share is written once and
//! copied, and a message goes over as it stands in the envelope, escapes and all. A reader cannot
//! tell the lines from those that serde writes of [`aiops_domain::LogRecord`].

use aiops_domain::categorise::Placement;
use aiops_domain::envelope::EventRef;
use aiops_domain::record::RECORD_VERSION;

use super::events::EnvelopeHead;

/// What the lines of one envelope have in common, as it stands in each.
#[derive(Debug, Default)]
pub(super) struct CommonFields {
    json: Vec<u8>,
}

impl CommonFields {
    /// Writes what the events of an envelope share.
    pub(super) fn of(head: &EnvelopeHead<'_>) -> Self {
        let envelope = head.envelope;
        let mut json = Vec::with_capacity(256);
        json.extend_from_slice(b",\"ingested\":");
        write_integer(&mut json, head.arrived.as_millis());
        json.extend_from_slice(b",\"source\":\"");
        json.extend_from_slice(head.source.as_str().as_bytes());
        json.extend_from_slice(b"\",\"group\":\"");
        json.extend_from_slice(envelope.group.raw().as_bytes());
        json.extend_from_slice(b"\",\"stream\":\"");
        json.extend_from_slice(envelope.stream.raw().as_bytes());
        json.extend_from_slice(b"\",\"entity\":\"");
        Self { json }
    }

    /// Appends the line of one event to `output`.
    pub(super) fn write_line(
        &self,
        output: &mut Vec<u8>,
        event: &EventRef<'_>,
        place: &Placement<'_>,
    ) {
        output.extend_from_slice(VERSION_AND_ID);
        output.extend_from_slice(event.id.raw().as_bytes());
        output.extend_from_slice(b"\",\"time\":");
        write_integer(output, place.time.as_millis());
        output.extend_from_slice(b",\"timestamp\":");
        write_integer(output, event.timestamp.as_millis());
        output.extend_from_slice(&self.json);
        write_escaped(output, &place.entity);
        output.extend_from_slice(b"\",\"shape\":\"");
        output.extend_from_slice(place.shape.as_str().as_bytes());
        output.extend_from_slice(b"\",\"message\":\"");
        output.extend_from_slice(event.message.raw().as_bytes());
        output.extend_from_slice(b"\"}\n");
    }
}

const VERSION_AND_ID: &[u8] = b"{\"v\":1,\"id\":\"";
const _: () = assert!(RECORD_VERSION == 1, "the hand-written line says version 1");

fn write_integer(output: &mut Vec<u8>, value: i64) {
    output.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The inside of a JSON string that means `text`.
fn write_escaped(output: &mut Vec<u8>, text: &str) {
    let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        output.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => output.extend_from_slice(&[b'\\', byte]),
            0x00..0x20 => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                output.extend_from_slice(b"\\u00");
                output.push(b'0' + (byte >> 4));
                output.extend(DIGITS.get(usize::from(byte & 0x0f)));
            }
            _ => output.push(byte),
        }
    }
}
