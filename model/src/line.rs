//! From a record to its template: unwrap what carried the line, take the header off, mine the rest.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aiops_domain::shape::flow::FlowFormat;
use aiops_domain::{LogRecord, Shape, shape};
use serde::{Deserialize, Serialize};

use crate::header::{HeaderFormats, SAMPLE_LINES_MAX};
use crate::mask::{MaskError, Masked};
use crate::miner::{Mined, Miner, MinerConfig, TemplateMiner};

mod flow;
mod sample;
mod signals;

pub use sample::HeaderSamples;

/// Streams whose headers are learnt on their own; later ones use those formats.
const STREAMS_MAX: usize = 256;

/// Bytes of lines that wait for the headers of their streams to be known.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// The headers of all streams and the templates, frozen: what turns a line into a template at
/// scoring. A pure function of the record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LineMiner {
    headers: BTreeMap<String, HeaderFormats>,
    miner: Miner,
    /// Models of before this field read flows in AWS's default format.
    #[serde(default)]
    flow_format: FlowFormat,
}

impl LineMiner {
    /// The template of a record.
    pub fn mine(&self, record: &LogRecord) -> Mined {
        self.mine_with(record, &mut Masked::default())
    }

    /// [`LineMiner::mine`] with a buffer to reuse.
    pub fn mine_with(&self, record: &LogRecord, masked: &mut Masked) -> Mined {
        self.miner.mine_with(&self.message(record), masked)
    }

    /// The message of a record: its line without wrapping and header.
    pub fn message<'r>(&self, record: &'r LogRecord) -> Cow<'r, str> {
        let text = unwrapped(record, &self.flow_format);
        match self.headers.get(&stream_key(record)) {
            Some(formats) => strip(formats, text),
            // A stream that training did not see: the known format that takes off the most.
            None => {
                let fitting = self
                    .headers
                    .values()
                    .filter(|formats| formats.split(&text).0.matched)
                    .min_by_key(|formats| formats.message(&text).len());
                match fitting {
                    Some(formats) => strip(formats, text),
                    None => text,
                }
            }
        }
    }

    /// The frozen templates.
    pub fn miner(&self) -> &Miner {
        &self.miner
    }

    /// The header formats by stream (`source/log group`).
    pub fn headers(&self) -> &BTreeMap<String, HeaderFormats> {
        &self.headers
    }
}

/// Which lines share a header: those of one source and log group.
fn stream_key(record: &LogRecord) -> String {
    [record.source.as_str(), "/", &record.group].concat()
}

/// The line without what carried it. A flow is told by its outcome, direction and size.
fn unwrapped<'r>(record: &'r LogRecord, flow_format: &FlowFormat) -> Cow<'r, str> {
    match record.shape {
        Shape::Json => {
            let text = shape::text(record);
            match signals::of_json(&record.message) {
                "" => text,
                signals => Cow::Owned(text.into_owned() + signals),
            }
        }
        Shape::Flow => Cow::Owned(flow::text(&record.message, flow_format)),
        _ => Cow::Borrowed(&record.message),
    }
}

fn strip<'r>(formats: &HeaderFormats, text: Cow<'r, str>) -> Cow<'r, str> {
    match text {
        Cow::Borrowed(text) => formats.message(text),
        Cow::Owned(text) => Cow::Owned(formats.message(&text).into_owned()),
    }
}

/// Learns headers and templates from records as they stream by, in bounded memory. The first lines
/// of each stream wait until its header is known.
#[derive(Debug)]
pub struct LineLearner {
    headers: BTreeMap<String, HeaderFormats>,
    flow_format: FlowFormat,
    waiting: BTreeMap<String, Vec<String>>,
    waiting_bytes: usize,
    miner: TemplateMiner,
}

impl LineLearner {
    /// A learner that has seen nothing.
    ///
    /// # Errors
    /// A mask of the configuration that does not compile.
    pub fn new(config: MinerConfig) -> Result<Self, MaskError> {
        Ok(Self {
            headers: BTreeMap::new(),
            flow_format: FlowFormat::default(),
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            miner: TemplateMiner::new(config)?,
        })
    }

    /// A learner that knows the headers of these streams already, and the format of flows.
    ///
    /// # Errors
    /// A mask of the configuration that does not compile.
    pub fn with_headers(
        headers: BTreeMap<String, HeaderFormats>,
        config: MinerConfig,
        flow_format: FlowFormat,
    ) -> Result<Self, MaskError> {
        Ok(Self {
            headers,
            flow_format,
            ..Self::new(config)?
        })
    }

    /// Goes on from what was learnt before.
    pub fn resume(lines: &LineMiner) -> Self {
        Self {
            headers: lines.headers.clone(),
            flow_format: lines.flow_format.clone(),
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            miner: TemplateMiner::resume(&lines.miner),
        }
    }

    /// Learns one record.
    pub fn learn(&mut self, record: &LogRecord) {
        let text = unwrapped(record, &self.flow_format);
        let key = stream_key(record);
        if let Some(formats) = self.headers.get(&key) {
            let message = strip(formats, text);
            self.miner.learn(&message);
            return;
        }
        if self.waiting.len() >= STREAMS_MAX && !self.waiting.contains_key(&key) {
            self.miner.learn(&text);
            return;
        }
        let text = text.into_owned();
        self.waiting_bytes += text.len();
        let lines = self.waiting.entry(key.clone()).or_default();
        lines.push(text);
        if lines.len() >= SAMPLE_LINES_MAX {
            self.settle(&key);
        }
        if self.waiting_bytes > WAITING_BYTES_MAX {
            self.settle_all();
        }
    }

    /// Learns the header of a stream from the lines that wait, then their templates.
    fn settle(&mut self, key: &str) {
        let Some(lines) = self.waiting.remove(key) else {
            return;
        };
        self.waiting_bytes -= lines.iter().map(String::len).sum::<usize>();
        let formats = HeaderFormats::learn(lines.iter().map(String::as_str));
        for line in &lines {
            self.miner.learn(&formats.message(line));
        }
        self.headers.insert(key.to_owned(), formats);
    }

    fn settle_all(&mut self) {
        let keys: Vec<String> = self.waiting.keys().cloned().collect();
        for key in keys {
            self.settle(&key);
        }
    }

    /// What was learnt, frozen.
    pub fn freeze(mut self) -> LineMiner {
        self.settle_all();
        LineMiner {
            miner: self.miner.freeze(),
            headers: self.headers,
            flow_format: self.flow_format,
        }
    }
}

#[cfg(test)]
mod tests;
