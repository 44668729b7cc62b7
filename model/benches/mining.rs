//! Lines per second of mining on one core, with masks: learning, scoring, scoring with the header
//! still on, and the drain3 crate with masks of the same reach, on one made corpus.

#![allow(missing_docs, unreachable_pub, reason = "what criterion's macros make")]

use std::fmt::Write as _;
use std::hint::black_box;

use aiops_model::header::HeaderFormats;
use aiops_model::mask::Masked;
use aiops_model::{MinerConfig, TemplateMiner};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const LINES: u64 = 20_000;

/// Messages of a block store, a web server, sshd and a scheduler, with running values.
fn messages() -> Vec<String> {
    (0..LINES)
        .map(|n| {
            let (a, b, port) = (n % 251, n * 7919 % 253, 1024 + n * 31 % 60_000);
            let id = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            match n % 8 {
                0 => format!("Receiving block blk_{id} src: /10.251.{a}.{b}:{port} dest: /10.251.{b}.{a}:50010"),
                1 => format!("BLOCK* NameSystem.addStoredBlock: blockMap updated: 10.251.{a}.{b}:50010 is added to blk_-{id} size {port}"),
                2 => format!("PacketResponder {} for block blk_{id} terminating", n % 3),
                3 => format!("10.0.{a}.{b} \"GET /v2/{id:032x}/servers/detail HTTP/1.1\" status: 200 len: {port} time: 0.{port}"),
                4 => format!("Failed password for root from 203.0.{a}.{b} port {port} ssh2"),
                5 => format!("[instance: {id:016x}-5cd5-4287] Took {}.{} seconds to build instance.", a, b),
                6 => format!("Recalculating schedule, headroom=<memory:{port}, vCores:-{a}>"),
                _ => format!("Running task {a}.0 in stage {b}.0 (TID {n})"),
            }
        })
        .collect()
}

fn with_headers(messages: &[String]) -> Vec<String> {
    let mut lines = Vec::with_capacity(messages.len());
    for (n, message) in messages.iter().enumerate() {
        let mut line = String::new();
        let _infallible = write!(
            line,
            "2026-08-01 12:{:02}:{:02},{:03} INFO [main] org.example.app.Main: {message}",
            n / 60 % 60,
            n % 60,
            n % 1000
        );
        lines.push(line);
    }
    lines
}

fn masks() -> Vec<drain3::MaskingInstruction> {
    [
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<ID>"),
        (r"blk_-?\d+", "<BLK>"),
        (r"\b[0-9a-f]{16,}\b", "<HEX>"),
        (r"/?\d{1,3}(\.\d{1,3}){3}(:\d+)?", "<IP>"),
        (r"-?\b\d+(\.\d+)?\b", "<NUM>"),
    ]
    .map(|(pattern, mask)| drain3::MaskingInstruction {
        pattern: pattern.into(),
        mask: mask.into(),
    })
    .into()
}

fn mining(criterion: &mut Criterion) {
    let messages = messages();
    let lines = with_headers(&messages);
    let formats = HeaderFormats::learn(lines.iter().map(String::as_str));
    let learnt = || {
        let mut miner =
            TemplateMiner::new(MinerConfig::default()).unwrap_or_else(|_| unreachable!());
        for message in &messages {
            miner.learn(message);
        }
        miner
    };
    let miner = learnt().freeze();
    let mut group = criterion.benchmark_group("mining");
    group.throughput(Throughput::Elements(LINES));
    group.sample_size(10);
    group.bench_function("learn", |bencher| bencher.iter(|| black_box(learnt())));
    group.bench_function("score_messages", |bencher| {
        let mut masked = Masked::default();
        bencher.iter(|| {
            for message in &messages {
                black_box(miner.mine_with(message, &mut masked));
            }
        });
    });
    group.bench_function("score_lines_with_header", |bencher| {
        let mut masked = Masked::default();
        bencher.iter(|| {
            for line in &lines {
                black_box(miner.mine_with(&formats.message(line), &mut masked));
            }
        });
    });
    let config = || drain3::Config {
        masking: masks(),
        similarity_threshold: 0.4,
        ..drain3::Config::default()
    };
    group.bench_function("drain3_crate_learn", |bencher| {
        bencher.iter(|| black_box(drain3::train(&messages, config()).is_ok()));
    });
    group.finish();
}

criterion_group!(benches, mining);
criterion_main!(benches);
