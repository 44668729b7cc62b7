//! A sample of each stream's lines for its header: the same lines whatever their order.

use std::collections::{BTreeMap, BTreeSet};

use aiops_domain::LogRecord;
use aiops_domain::shape::flow::FlowFormat;

use super::{STREAMS_MAX, stream_key, unwrapped};
use crate::header::HeaderFormats;
use crate::mask::hash_token;

/// Lines per stream.
const LINES_MAX: usize = 1_000;

/// Bytes of a line; headers are short.
const LINE_BYTES_MAX: usize = 2_048;

/// The lines with the lowest hashes of their ids, per stream.
#[derive(Debug, Default)]
pub struct HeaderSamples {
    flow_format: FlowFormat,
    streams: BTreeMap<String, BTreeSet<(u64, String)>>,
}

impl HeaderSamples {
    /// An empty sample of lines whose flows have this format.
    pub fn new(flow_format: FlowFormat) -> Self {
        Self {
            flow_format,
            streams: BTreeMap::new(),
        }
    }

    /// Takes a record into the sample of its stream, if it belongs there.
    pub fn offer(&mut self, record: &LogRecord) {
        let key = stream_key(record);
        if !self.streams.contains_key(&key) && self.streams.len() >= STREAMS_MAX {
            return;
        }
        let lines = self.streams.entry(key).or_default();
        let hash = hash_token(record.id.as_bytes());
        if lines.len() >= LINES_MAX && lines.last().is_some_and(|(last, _)| hash > *last) {
            return;
        }
        let text = unwrapped(record, &self.flow_format);
        let end = text.floor_char_boundary(text.len().min(LINE_BYTES_MAX));
        lines.insert((hash, text.get(..end).unwrap_or_default().to_owned()));
        if lines.len() > LINES_MAX {
            lines.pop_last();
        }
    }

    /// The headers of all streams.
    pub fn learn(self) -> BTreeMap<String, HeaderFormats> {
        self.streams
            .into_iter()
            .map(|(key, lines)| {
                let formats = HeaderFormats::learn(lines.iter().map(|(_, text)| text.as_str()));
                (key, formats)
            })
            .collect()
    }
}
