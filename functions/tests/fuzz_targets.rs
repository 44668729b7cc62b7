//! The fuzz targets on stable Rust: random bytes, and good inputs with damage done to them.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::io::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

const FLOW: &str =
    "2 123456789012 eni-0a 10.0.0.1 203.0.113.9 443 49152 6 10 840 1785585600 1785585660 ACCEPT OK";
const METRIC: &str = r#"{"namespace":"AWS/EC2","metric_name":"CPUUtilization","dimensions":{"InstanceId":"i-0"},"timestamp":1785585600000,"value":{"count":1,"sum":2,"max":2,"min":2},"unit":"Percent"}"#;
const ENVELOPE: &str = r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":[{"id":"36","timestamp":1785585600000,"message":"a \"quoted\" line \u00e9\n"}]}"#;
const RECORD: &str = r#"{"v":1,"id":"1","time":1785585600000,"timestamp":1785585600000,"ingested":1785585600000,"source":"ec2","group":"g","stream":"s","entity":"e","shape":"text","message":"m"}"#;
const LINES: &str = "Jun 14 15:16:01 web-1 sshd[42]: Failed password for root from 203.0.113.7 port 22 ssh2\n2026-08-01T12:00:00Z INFO [main] c.e.App: took 31 ms\n{\"level\":\"info\",\"msg\":\"hello\",\"ts\":1785585600}\n2026-08-01T12:00:00.1Z stdout F line\n";

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn model() -> Vec<u8> {
    aiops_model::Model::shadow(
        aiops_model::model::DEFAULT_WINDOW,
        aiops_model::RuleConfig::default(),
    )
    .unwrap()
    .to_bytes()
    .unwrap()
}

fn seeds() -> Vec<Vec<u8>> {
    let notification = r#"{"Records":[{"eventName":"ObjectCreated:Put","s3":{"object":{"key":"metrics/a%3Db+c"}}}]}"#;
    let key = "segments/source=vpc-flow/dt=2026-08-01/hour=14/shardId-0-5.ndjson.gz";
    let mut seeds: Vec<Vec<u8>> = [FLOW, METRIC, ENVELOPE, RECORD, LINES, notification, key]
        .map(|text| text.as_bytes().to_vec())
        .into();
    let zipped: Vec<Vec<u8>> = seeds.iter().map(|seed| gzip(seed)).collect();
    seeds.extend(zipped);
    seeds.push(model());
    seeds
}

/// What is done to a seed.
#[derive(Debug, Clone)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<prop::sample::Index>(), 1..=255_u8).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        any::<prop::sample::Index>().prop_map(Damage::Cut),
        (any::<prop::sample::Index>(), 2..40_usize)
            .prop_map(|(at, times)| Damage::Repeat(at, times)),
        (any::<prop::sample::Index>(), vec(any::<u8>(), 1..12))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
    ]
}

fn damaged(mut seed: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        if seed.is_empty() {
            break;
        }
        match damage {
            Damage::Flip(at, bits) => {
                let at = at.index(seed.len());
                seed[at] ^= bits;
            }
            Damage::Cut(at) => seed.truncate(at.index(seed.len())),
            Damage::Repeat(at, times) => {
                let tail = seed.split_off(at.index(seed.len()));
                for _ in 0..*times {
                    seed.extend(tail.iter().take(200));
                }
            }
            Damage::Insert(at, bytes) => {
                let at = at.index(seed.len());
                seed.splice(at..at, bytes.iter().copied());
            }
        }
    }
    seed
}

fn runner() -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases: 150,
        rng_seed: RngSeed::Fixed(29),
        failure_persistence: None,
        ..ProptestConfig::default()
    })
}

#[test]
fn good_inputs_and_damaged_ones() {
    let seeds = seeds();
    for (_, target) in targets::TARGETS {
        seeds.iter().for_each(|seed| target(seed));
    }
    let inputs = (any::<prop::sample::Index>(), vec(damage(), 1..4));
    runner()
        .run(&inputs, |(seed, damages)| {
            let input = damaged(seeds[seed.index(seeds.len())].clone(), &damages);
            for (_, target) in targets::TARGETS {
                target(&input);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn random_bytes() {
    runner()
        .run(&vec(any::<u8>(), 0..600), |bytes| {
            for (_, target) in targets::TARGETS {
                target(&bytes);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn extremes_are_bounded() {
    let megabyte = "x7 ".repeat(350_000);
    let distinct: String = (0..3_000_u64)
        .map(|n| {
            let word = |k: u64| {
                (n * k)
                    .to_string()
                    .replace(|c: char| c.is_ascii_digit(), "q")
            };
            let letters: String = n.to_string().bytes().map(|b| char::from(b + 49)).collect();
            format!("{letters} {} {letters}\n", word(7))
        })
        .collect();
    let nested = "[".repeat(200_000);
    let inputs: [&[u8]; 6] = [
        b"",
        b"\n",
        megabyte.as_bytes(),
        distinct.as_bytes(),
        nested.as_bytes(),
        b"{\"a\":NaN}\n{\"timestamp\":1e999}\n",
    ];
    for input in inputs {
        for (_, target) in targets::TARGETS {
            target(input);
        }
    }
    // Every target has a file for libFuzzer.
    for (name, _) in targets::TARGETS {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
        assert!(folder.join(format!("{name}.rs")).is_file(), "{name}");
    }
}
