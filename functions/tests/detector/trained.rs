//! The model that ships, streamed: the findings of the records at once, whatever the batches.

use std::collections::BTreeMap;

use aiops_domain::{Finding, LogRecord, Source};
use aiops_functions::detector::model::Scorer as _;
use aiops_functions::detector::trained::TrainedModel;
use aiops_functions::fakes::FakeTable;
use aiops_model::{Model, TrainOptions, WindowSpec, train};

use crate::world::{Choices, World, record, stored};

/// Requests of a service, a few lines each over two hosts, interleaved; if they are `odd`, some fail.
fn requests(choices: &mut Choices, count: i64, odd: bool) -> Vec<LogRecord> {
    let mut lines: Vec<(i64, &str, String)> = Vec::new();
    for request in 0..count {
        let begun = 1_700_000_000_000 + request * 700 + choices.below(300) as i64;
        let host = ["web-1", "web-2"][choices.below(2)];
        let mut say = |after: i64, text: String| {
            lines.push((begun + after, host, format!("req-{request} {text}")));
        };
        say(0, format!("GET /item/{} begins", choices.below(500)));
        for query in 0..1 + choices.below(3) as i64 {
            say(
                10 + query * 5,
                format!("query took {} ms", choices.below(90)),
            );
        }
        if odd && request % 97 == 13 {
            say(60, "connection reset by peer, giving up".to_owned());
            say(60, "rolled back the transaction".to_owned());
            say(60, "no answer was sent".to_owned());
        } else {
            say(80, format!("answered with {} bytes", choices.below(9_000)));
        }
    }
    lines.sort_by_key(|(time, _, _)| *time);
    (0..)
        .zip(lines)
        .map(|(id, (time, host, text))| record(id, time, host, text))
        .collect()
}

fn reference(model: &TrainedModel, records: &[LogRecord]) -> BTreeMap<String, Finding> {
    let assembly = model.windowing(Source::Other).assemble(records.to_vec());
    assembly
        .windows
        .iter()
        .map(|window| model.score(window))
        .filter(|finding| finding.anomalous)
        .map(|finding| (finding.id.clone(), finding))
        .collect()
}

#[test]
fn a_trained_model_finds_the_same_in_any_batches() {
    let specs = [
        WindowSpec::Keyed {
            key: r"req-\d+".into(),
            gap_ms: i64::MAX,
        },
        WindowSpec::Keyed {
            key: r"req-\d+".into(),
            gap_ms: 5_000,
        },
        WindowSpec::Tumbling { length_ms: 20_000 },
    ];
    for window in specs {
        let all = requests(&mut Choices(5), 400, true);
        let quiet = requests(&mut Choices(6), 2_000, false);
        let options = TrainOptions {
            window: window.clone(),
            ..TrainOptions::default()
        };
        let artefact = train(quiet, &options).unwrap().to_bytes().unwrap();
        let load = || TrainedModel::new(Model::from_bytes(&artefact).unwrap()).unwrap();
        let expected = reference(&load(), &all);
        if matches!(window, WindowSpec::Keyed { .. }) {
            assert!(expected.len() > 3, "only {} findings", expected.len());
        }
        for size in [40, 333, all.len()] {
            for shuffled in [false, true] {
                let world = World::scoring(FakeTable::default(), FakeTable::default(), load());
                let mut messages = Vec::new();
                for (n, batch) in all.chunks(size).enumerate() {
                    messages.extend(world.write(&format!("{n:05}"), batch));
                }
                if shuffled {
                    Choices(9).shuffle(&mut messages);
                }
                world.settle(messages);
                let found = stored(&world.incidents).unwrap().findings;
                // Not near: the very numbers.
                assert_eq!(
                    found, expected,
                    "{window:?}, batches of {size}, shuffled {shuffled}"
                );
            }
        }
    }
}
