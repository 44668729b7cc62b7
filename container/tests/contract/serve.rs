//! `serve`.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use aiops_domain::scoring::{ScoringResponse, ScoringWindow};
use aiops_domain::{Finding, LogRecord};
use aiops_model::{EventWindow, Model};
use serde_json::{Value, json};

use super::opt_ml::{OptMl, records, segment, text};

const KEY: &str = "segments/source=ec2/dt=2023-11-14/hour=22/shardId-000000000000-1.ndjson.gz";

/// A model's bytes, trained once by the real binary.
fn model() -> &'static [u8] {
    static MODEL: OnceLock<Vec<u8>> = OnceLock::new();
    MODEL.get_or_init(|| {
        let mut root = OptMl::new();
        root.channel("training", &[(KEY, segment(&records(0, 3000)))]);
        let output = root.train();
        assert!(output.status.success(), "{}", text(&output.stderr));
        std::fs::read(root.ml("model/model.aiops")).unwrap()
    })
}

struct Endpoint {
    child: Child,
    url: String,
    client: reqwest::Client,
    _root: OptMl,
}

impl Endpoint {
    async fn start(environment: &[(&str, &str)]) -> Self {
        let root = OptMl::new();
        root.write("model/model.aiops", model());
        // A second installation is refused and harmless.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new(env!("CARGO_BIN_EXE_serve"))
            .env_clear()
            .env("SAGEMAKER_ROOT", root.path())
            .env("SAGEMAKER_BIND_TO_PORT", port.to_string())
            .envs(environment.iter().copied())
            .spawn()
            .unwrap();
        let endpoint = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            client,
            _root: root,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while endpoint
            .client
            .get(format!("{}/ping", endpoint.url))
            .send()
            .await
            .is_err()
        {
            assert!(Instant::now() < deadline, "the endpoint does not answer");
            tokio::task::yield_now().await;
        }
        endpoint
    }

    async fn invoke(&self, content_type: &str, body: Vec<u8>) -> (u16, String) {
        let answer = self
            .client
            .post(format!("{}/invocations", self.url))
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    fn terminate(&self) {
        let killed = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Quiet lines, and lines of a fault in the last window.
fn with_fault() -> Vec<LogRecord> {
    let mut lines = records(3000, 60);
    let last = lines.last().unwrap().clone();
    lines.extend((0..40).map(|number| LogRecord {
        id: format!("odd-{number}"),
        message: format!("replica {number} lost its leader"),
        ..last.clone()
    }));
    lines
}

fn in_process() -> (Vec<EventWindow>, Vec<Finding>) {
    let model = Model::from_bytes(model()).unwrap();
    let windowing = model
        .window_spec(aiops_domain::Source::Ec2)
        .compile()
        .unwrap();
    let windows = windowing.assemble(with_fault()).windows;
    let findings = windows.iter().map(|window| model.score(window)).collect();
    (windows, findings)
}

#[tokio::test]
async fn json_and_lines_give_what_the_model_gives_in_process() {
    let endpoint = Endpoint::start(&[]).await;
    let (windows, expected) = in_process();
    assert!(expected.iter().any(|finding| finding.anomalous));
    let windows: Vec<ScoringWindow> = windows.into_iter().map(ScoringWindow::from).collect();

    for body in [
        json!({"windows": windows}),
        json!({"records": with_fault()}),
    ] {
        let body = body.to_string().into_bytes();
        let (status, answer) = endpoint
            .invoke("application/json; charset=utf-8", body)
            .await;
        assert_eq!(status, 200, "{answer}");
        let answer: ScoringResponse = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer.findings, expected);
        assert_eq!(
            answer.model.sha256,
            Model::from_bytes(model()).unwrap().sha256()
        );
    }

    let lines = |values: Vec<Value>| {
        values
            .iter()
            .map(|value| format!("{value}\n"))
            .collect::<String>()
            .into_bytes()
    };
    let of_windows = windows.iter().map(|window| json!(window)).collect();
    let of_records = with_fault().iter().map(|record| json!(record)).collect();
    for body in [lines(of_windows), lines(of_records)] {
        let (status, answer) = endpoint.invoke("application/jsonlines", body).await;
        assert_eq!(status, 200, "{answer}");
        let found: Vec<Finding> = answer
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_line_that_cannot_be_scored_keeps_its_place() {
    let endpoint = Endpoint::start(&[]).await;
    let (windows, expected) = in_process();
    let window = json!(ScoringWindow::from(windows[0].clone()));
    let mut empty = window.clone();
    empty["records"] = json!([]);
    let body = format!("nonsense\n{window}\n\n{empty}\n{window}");
    let (status, answer) = endpoint
        .invoke("application/x-ndjson", body.into_bytes())
        .await;
    assert_eq!(status, 200);
    let lines: Vec<Value> = answer
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["error"], "line 1: neither a window nor a record");
    assert_eq!(lines[1], json!(expected[0]));
    assert_eq!(lines[2]["error"], "line 4: no records");
    assert_eq!(lines[3], lines[1]);
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_by_its_status() {
    let endpoint = Endpoint::start(&[("AIOPS_BODY_BYTES_MAX", "1000")]).await;
    for (content_type, body, status, says) in [
        ("text/csv", "1,2", 415, "application/json"),
        ("application/json", "{", 400, "neither"),
        (
            "application/json",
            "{\"windows\": [], \"x\": 1}",
            400,
            "neither",
        ),
        ("application/json", &" ".repeat(2000), 413, "1000 bytes"),
    ] {
        let (found, answer) = endpoint
            .invoke(content_type, body.as_bytes().to_vec())
            .await;
        assert_eq!(found, status, "{answer}");
        assert!(answer.contains(says), "{answer}");
    }
    let parameters = endpoint
        .client
        .get(format!("{}/execution-parameters", endpoint.url));
    let parameters = parameters.send().await.unwrap().text().await.unwrap();
    let parameters: Value = serde_json::from_str(&parameters).unwrap();
    assert_eq!(parameters["BatchStrategy"], "MULTI_RECORD");
}

#[tokio::test]
async fn more_than_can_wait_are_told_to_come_again_and_a_stop_finishes_what_began() {
    let mut endpoint = Endpoint::start(&[("AIOPS_CONCURRENCY", "1")]).await;
    let address = endpoint.url.trim_start_matches("http://").to_owned();
    // Six requests that do not send their body yet: one at work, four waiting, and one too many.
    let (sender, answers) = mpsc::channel();
    let mut slow: Vec<TcpStream> = Vec::new();
    for number in 0..6 {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream
            .write_all(b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 14\r\nconnection: close\r\n\r\n")
            .unwrap();
        let (reader, sender) = (stream.try_clone().unwrap(), sender.clone());
        std::thread::spawn(move || {
            let answer = std::io::read_to_string(reader).unwrap();
            sender.send((number, answer)).unwrap();
        });
        slow.push(stream);
    }
    let (refused, answer) = answers.recv().unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 1"), "{answer}");
    // Asked to stop, it still answers those that it let in.
    endpoint.terminate();
    for (number, stream) in slow.iter_mut().enumerate() {
        if number != refused {
            stream.write_all(b"{\"windows\":[]}").unwrap();
        }
    }
    for (_, answer) in answers.iter().take(5) {
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert_eq!(endpoint.child.wait().unwrap().code(), Some(0));
}

#[test]
fn without_a_model_it_does_not_begin() {
    let root = OptMl::new();
    let output = Command::new(env!("CARGO_BIN_EXE_serve"))
        .env_clear()
        .env("SAGEMAKER_ROOT", root.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("model.aiops"));
    root.write("model/model.aiops", b"AIOPSMDL\xff\0\0\0");
    let output = Command::new(env!("CARGO_BIN_EXE_serve"))
        .env_clear()
        .env("SAGEMAKER_ROOT", root.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("format version 255"));
}
