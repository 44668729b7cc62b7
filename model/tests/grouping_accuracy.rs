//! Grouping accuracy on labelled logs, with the defaults: the share of lines whose group is exactly
//! the labelled group. The logs are research data of third parties and not part of the project;
//! without them the test says so and checks nothing.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; a skipped test says so"
)]

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use aiops_model::header::HeaderFormats;
use aiops_model::{MinerConfig, TemplateId, TemplateMiner};

/// System, and what drain3 reaches on its message column with one set of masks.
const SYSTEMS: [(&str, f64); 8] = [
    ("HDFS", 0.998),
    ("Apache", 1.0),
    ("Zookeeper", 0.967),
    ("Hadoop", 0.963),
    ("Spark", 0.922),
    ("OpenSSH", 0.718),
    ("Linux", 0.684),
    ("OpenStack", 0.309),
];

fn bench() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/bench");
    let path = std::env::var_os("AIOPS_BENCH").map_or_else(default, PathBuf::from);
    let loghub = path.join("loghub_2k");
    if loghub.is_dir() {
        return Some(loghub);
    }
    let _unwritable = writeln!(
        std::io::stderr(),
        "skipped: grouping_accuracy: no labelled logs at {}",
        loghub.display()
    );
    None
}

/// The fields of one line of CSV.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut bytes = line.chars().peekable();
    while let Some(next) = bytes.next() {
        match next {
            '"' if quoted && bytes.peek() == Some(&'"') => {
                bytes.next();
                fields.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => fields.last_mut().unwrap().push(other),
        }
    }
    fields
}

/// A column of a CSV file.
fn column(text: &str, name: &str) -> Vec<String> {
    let mut lines = text.lines();
    let index = fields(lines.next().unwrap())
        .iter()
        .position(|field| field == name)
        .unwrap();
    lines.map(|line| fields(line).swap_remove(index)).collect()
}

fn grouping_accuracy(groups: &[TemplateId], labels: &[String]) -> f64 {
    assert_eq!(groups.len(), labels.len());
    let mut by_group: HashMap<TemplateId, Vec<usize>> = HashMap::new();
    let mut by_label: HashMap<&str, Vec<usize>> = HashMap::new();
    for (line, (group, label)) in groups.iter().zip(labels).enumerate() {
        by_group.entry(*group).or_default().push(line);
        by_label.entry(label).or_default().push(line);
    }
    let right: usize = by_group
        .values()
        .filter(|lines| by_label[labels[lines[0]].as_str()] == **lines)
        .map(Vec::len)
        .sum();
    right as f64 / labels.len() as f64
}

fn mine(messages: &[impl AsRef<str>]) -> Vec<TemplateId> {
    let mut learner = TemplateMiner::new(MinerConfig::default()).unwrap();
    for message in messages {
        learner.learn(message.as_ref());
    }
    let miner = learner.freeze();
    messages
        .iter()
        .map(|message| miner.template_of(message.as_ref()).id)
        .collect()
}

#[test]
fn a_group_counts_only_if_it_is_exactly_the_labelled_one() {
    let ids: Vec<TemplateId> = ["a", "a", "b", "c", "c"].map(TemplateId::of).into();
    let labels: Vec<String> = ["1", "1", "1", "2", "2"].map(String::from).into();
    // `a` and `b` split label 1, so only the two lines of `c` are right.
    assert!((grouping_accuracy(&ids, &labels) - 0.4).abs() < 1e-12);
}

#[test]
fn grouping_accuracy_with_the_defaults() {
    let Some(bench) = bench() else { return };
    let (mut on_messages, mut on_lines) = (0.0, 0.0);
    for (system, drain3) in SYSTEMS {
        let read = |suffix: &str| {
            fs::read_to_string(bench.join(system).join(format!("{system}_2k.{suffix}"))).unwrap()
        };
        let (log, structured) = (read("log"), read("log_structured.csv"));
        let labels = column(&structured, "EventId");
        let messages = mine(&column(&structured, "Content"));
        let message_accuracy = grouping_accuracy(&messages, &labels);
        let formats = HeaderFormats::learn(log.lines());
        let stripped: Vec<_> = log.lines().map(|line| formats.message(line)).collect();
        let line_accuracy = grouping_accuracy(&mine(&stripped), &labels);
        println!(
            "{system:<10} messages {message_accuracy:.3} lines {line_accuracy:.3} drain3 {drain3:.3}"
        );
        assert!(message_accuracy >= drain3 - 0.02, "{system}");
        on_messages += message_accuracy;
        on_lines += line_accuracy;
    }
    let count = SYSTEMS.len() as f64;
    println!(
        "average    messages {:.3} lines {:.3}",
        on_messages / count,
        on_lines / count
    );
    assert!(on_messages / count >= 0.98);
    assert!(on_lines / count >= 0.98);
}
