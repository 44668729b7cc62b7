//! Tests of the module `logs`.

use std::io::Write as _;

use aiops_domain::Source;
use aiops_infra::config::Environment;

use super::*;

fn options(file: &Path, group: &str) -> LogsOptions {
    LogsOptions {
        file: file.to_owned(),
        group: group.to_owned(),
        model: None,
        window: None,
        year: None,
        seed: 0,
        rules: true,
        batching: Batching::default(),
    }
}

fn printer() -> Printer {
    Printer::into_sinks(std::io::sink(), std::io::sink())
}

fn local() -> StackConfig {
    StackConfig::of(Environment::Local)
}

#[test]
fn the_stack_gets_the_group_that_the_lines_go_to() {
    let cases = [
        ("/var/log/messages", Source::Ec2, Shape::Text),
        ("my-vpc-flow-logs", Source::VpcFlow, Shape::Flow),
        ("hdfs", Source::Other, Shape::Text),
    ];
    for (name, source, shape) in cases {
        let mut config = local();
        options(Path::new("a.log"), name)
            .configure(&mut config)
            .unwrap();
        let group = &config.logs.groups[GROUP_KEY];
        assert_eq!(group.name.as_deref(), Some(name));
        assert_eq!((group.source, group.shape), (source, shape), "{name}");
    }
    let mut config = local();
    let known = format!("/{}/system", config.prefix());
    let before = config.logs.groups.len();
    options(Path::new("a.log"), &known)
        .configure(&mut config)
        .unwrap();
    assert_eq!(config.logs.groups.len(), before, "it is there already");
}

#[test]
fn what_cannot_be_streamed_is_bad_input() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::File::create(&path)
            .unwrap()
            .write_all(content.as_bytes())
            .unwrap();
        path
    };
    let envelope = r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"elsewhere","logStream":"s","subscriptionFilters":[],"logEvents":[{"id":"1","timestamp":1785585600000,"message":"x"}]}"#;
    let cases = [
        (
            options(Path::new("/nonexistent/a.log"), "g"),
            "/nonexistent/a.log",
        ),
        (options(&file("empty.log", "\n\n"), "g"), "no line"),
        (options(directory.path(), "g"), "a directory"),
        (options(&file("envelopes", envelope), "g"), "elsewhere"),
        (options(&file("a.log", "x\n"), "a b"), "--group: `a b`"),
        (options(&file("a.log", "x\n"), "/aws/lambda/f"), "--group"),
        (
            LogsOptions {
                year: Some(12),
                ..options(&file("a.log", "x\n"), "g")
            },
            "--year: 12",
        ),
        (
            LogsOptions {
                model: Some(file("no.model", "x")),
                ..options(&file("a.log", "x\n"), "g")
            },
            "no.model",
        ),
        (
            LogsOptions {
                window: Some(WindowSpec::Keyed {
                    key: "blk".into(),
                    gap_ms: 1_000,
                }),
                ..options(&file("a.log", "x\n"), "g")
            },
            "key",
        ),
    ];
    for (options, expected) in cases {
        let mut config = local();
        let result = options.configure(&mut config).and_then(|()| {
            prepare(
                &options,
                &config,
                Time::from_millis(1_785_585_600_000),
                &printer(),
            )
        });
        let error = result.unwrap_err();
        assert_eq!(error.exit_status(), 2, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn the_name_of_a_file_becomes_a_log_stream() {
    for (path, expected) in [
        ("/var/log/app.log", "app.log"),
        ("a:b*c.log", "a_b_c.log"),
        ("-", "-"),
    ] {
        assert_eq!(options(Path::new(path), "g").stream(), expected);
    }
}
