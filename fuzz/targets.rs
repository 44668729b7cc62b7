//! What is fuzzed: every parser of what comes from outside, as a function of bytes. The fuzz targets
//! and the test `functions/tests/fuzz_targets.rs` run the same functions; none may panic, and what
//! they make of the input stays bounded.

use aiops_domain::categorise::Categoriser;
use aiops_domain::event_time::TimeAssumptions;
use aiops_domain::metric::MetricDatum;
use aiops_domain::model_pointer::ModelPointer;
use aiops_domain::segment::SegmentName;
use aiops_domain::shape::flow::FlowFormat;
use aiops_domain::{FindingLabel, Interval, LogRecord, RemediationPlan, Shape, Source, Time};
use aiops_functions::appender::inflate::Inflater;
use aiops_functions::detector::message::Message;
use aiops_functions::metric_detector::objects;
use aiops_functions::notification::created_keys;
use aiops_model::header::HeaderFormats;
use aiops_model::{
    EventWindow, MinerConfig, Model, TemplateMiner, TrainOptions, WindowSpec, train,
};

/// Bytes that anything decompresses to at most.
const INFLATED_MAX: usize = 1 << 20;

/// A name and the function of it.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// Every target.
pub(crate) const TARGETS: &[Target] = &[
    ("envelope", envelope),
    ("line", line),
    ("flow", flow),
    ("segment", segment),
    ("metric_stream", metric_stream),
    ("messages", messages),
    ("inflate", inflate),
    ("artefact", artefact),
    ("templates", templates),
    ("scoring", scoring),
];

/// A subscription filter's envelope.
pub(crate) fn envelope(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _read = aiops_domain::envelope::read_envelopes(text);
    }
}

/// A line of any shape: what it is, when it happened, what it is about.
pub(crate) fn line(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let categoriser = Categoriser::new(Vec::new(), TimeAssumptions::default());
    let now = Time::from_millis(1_785_585_600_000);
    for (group, stream) in [
        ("/aws/eks/c/cluster", "kube-apiserver-audit-1"),
        ("app", &*text),
    ] {
        let _placed = categoriser.category(group, stream).place(&text, now);
    }
    for shape in [
        Shape::Flow,
        Shape::EksAudit,
        Shape::Syslog,
        Shape::Json,
        Shape::Text,
    ] {
        let _text = aiops_domain::shape::line_text(shape, &text);
    }
}

/// A flow log line: first the format, then the fields, a newline between.
pub(crate) fn flow(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (format, fields) = text.split_once('\n').unwrap_or(("", &text));
    let given = format.parse::<FlowFormat>().ok();
    for format in given.into_iter().chain([FlowFormat::platform()]) {
        let _record = aiops_domain::shape::flow::FlowRecord::parse(fields, &format);
    }
}

/// A record of a segment, the key of one, a label, a plan, a pointer.
pub(crate) fn segment(data: &[u8]) {
    let _record = serde_json::from_slice::<LogRecord>(data);
    let _plan = serde_json::from_slice::<RemediationPlan>(data);
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(name) = SegmentName::parse(text) {
            assert_eq!(SegmentName::parse(&name.key()).ok(), Some(name));
        }
        let _labels = FindingLabel::read_all(text);
        let _pointer = ModelPointer::parse(text);
        let _candidate = ModelPointer::parse_candidate(text);
    }
}

/// An object of a metric stream.
pub(crate) fn metric_stream(data: &[u8]) {
    let _datum = MetricDatum::parse(data);
    let _points = objects::each_datum("object", data, INFLATED_MAX as u64, |_| {});
}

/// Messages of queues.
pub(crate) fn messages(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _message = Message::parse(text);
        let _keys = created_keys(text);
    }
}

/// Untrusted gzip.
pub(crate) fn inflate(data: &[u8]) {
    let mut inflater = Inflater::default();
    let _result = inflater.inflate(data, INFLATED_MAX);
    assert!(inflater.output().len() <= INFLATED_MAX);
}

/// A model's artefact.
pub(crate) fn artefact(data: &[u8]) {
    let _model = Model::from_bytes(data);
}

/// Lines through header detection, masks and the miner.
pub(crate) fn templates(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let formats = HeaderFormats::learn(text.lines());
    let config = MinerConfig {
        patterns_max: 64,
        ..MinerConfig::default()
    };
    let Ok(mut miner) = TemplateMiner::new(config) else {
        return;
    };
    for line in text.lines() {
        let (_header, message) = formats.split(line);
        miner.learn(&message);
    }
    let miner = miner.freeze();
    for line in text.lines() {
        let _template = miner.template_of(&formats.message(line));
    }
}

/// Lines through training and scoring.
pub(crate) fn scoring(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let record = |(at, line): (i64, &str)| LogRecord {
        v: aiops_domain::record::RECORD_VERSION,
        id: format!("{at:08}"),
        time: Time::from_millis(at * 1_000),
        timestamp: Time::from_millis(at * 1_000),
        ingested: Time::from_millis(at * 1_000),
        source: Source::ALL[line.len() % Source::ALL.len()],
        group: "g".into(),
        stream: "s".into(),
        entity: "e".into(),
        shape: aiops_domain::shape::detect(line),
        message: line.to_owned(),
    };
    let records: Vec<LogRecord> = (0..).zip(text.lines().take(200)).map(record).collect();
    let window = EventWindow {
        source: Source::Other,
        entity: "e".into(),
        key: None,
        interval: Interval {
            start: Time::from_millis(0),
            end: Time::from_millis(1_000),
        },
        records: records.clone(),
    };
    let options = TrainOptions {
        window: WindowSpec::Tumbling { length_ms: 5_000 },
        ..TrainOptions::default()
    };
    let Ok(model) = train(records, &options) else {
        return;
    };
    let finding = model.score(&window);
    assert!((0.0..=1.0).contains(&finding.p_value) && !finding.score.is_nan());
}
