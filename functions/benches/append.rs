//! What `log-appender` costs beside its floor, the bare decompression of the same bytes, and beside
//! Python's gzip and json doing the least that could be called the same.
//!
//! `cargo bench -p aiops-functions --bench append` prints criterion's figures, then the ratios.

mod append {
    pub(crate) mod corpus;
    pub(crate) mod measured;
    pub(crate) mod python;
}

use std::hint::black_box;

use aiops_domain::categorise::Categoriser;
use aiops_domain::config::{AppenderConfig, AppenderLimits};
use aiops_functions::appender::{RecordReader, assemble, count};
use append::corpus::{Corpus, corpus};
use append::measured::{Measured, Series};
use append::python::Python;
use criterion::Criterion;
use flate2::bufread::MultiGzDecoder;
use std::io::Read as _;

/// The bytes of every record, decompressed into one buffer that is used again: nothing that reads the
/// records can be faster.
fn decompress(corpus: &Corpus, buffer: &mut Vec<u8>) -> usize {
    let mut bytes = 0;
    for record in &corpus.compressed {
        buffer.clear();
        MultiGzDecoder::new(record.as_slice())
            .read_to_end(buffer)
            .expect("the corpus is gzip");
        bytes += buffer.len();
    }
    bytes
}

fn main() {
    let corpus = corpus();
    let python = Python::prepare(&corpus);
    let config = AppenderConfig::new("bench");
    let categoriser = Categoriser::new(config.rules, config.time);
    let limits = AppenderLimits {
        batch_bytes_max: usize::MAX,
        ..AppenderLimits::default()
    };
    let mut reader = RecordReader::default();
    let mut buffer = Vec::new();
    let mut measured = Measured::new(&corpus);
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("append");
    group.sample_size(20);
    group.throughput(criterion::Throughput::Elements(corpus.events));

    let mut floor = Series::default();
    group.bench_function("floor: decompress", |bencher| {
        bencher.iter_custom(|rounds| {
            floor.time(rounds, || {
                black_box(decompress(&corpus, &mut buffer));
            })
        });
    });
    let mut read = Series::default();
    group.bench_function("decode, categorise, deduplicate", |bencher| {
        bencher.iter_custom(|rounds| {
            read.time(rounds, || {
                let counts = count(&mut reader, &categoriser, &limits, &corpus.records);
                assert_eq!(black_box(counts).events, corpus.events);
            })
        });
    });
    let mut segments = Series::default();
    group.bench_function("the same, with compressed segments", |bencher| {
        bencher.iter_custom(|rounds| {
            segments.time(rounds, || {
                let assembly = assemble(&mut reader, &categoriser, &limits, &corpus.records);
                assert_eq!(black_box(assembly).counts.events, corpus.events);
            })
        });
    });
    let mut python_read = Series::default();
    if let Some(python) = &python {
        group.bench_function("Python: gzip, json, set of ids", |bencher| {
            bencher.iter_custom(|rounds| python_read.add(rounds, python.run(rounds)));
        });
    }
    group.finish();
    measured.floor = floor.best();
    measured.read = read.best();
    measured.segments = segments.best();
    measured.python = python_read.best();
    measured.print();
}
