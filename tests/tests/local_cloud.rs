//! The emulator's process: it answers, and it ends with the one who started it.

#![allow(clippy::unwrap_used, reason = "helpers of tests unwrap too")]

use std::path::Path;
use std::time::{Duration, Instant};

use aiops::local::install::{self, Environment};
use aiops::local::process::{self, Emulator};
use aiops::printer::Printer;

fn environment() -> Environment {
    let printer = Printer::into_sinks(std::io::sink(), std::io::stderr());
    install::ensure(&printer).expect("the emulator must be installable: it is never skipped")
}

async fn start(directory: &Path) -> Emulator {
    Emulator::start(
        &environment(),
        &directory.join("run"),
        &directory.join("local.log"),
    )
    .await
    .unwrap()
}

async fn wait_until_silent(endpoint: &str) {
    let started = Instant::now();
    while process::answers(endpoint).await.unwrap() {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "it still answers"
        );
    }
}

#[tokio::test]
async fn an_emulator_ends_with_its_owner_and_leaves_only_its_log() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = start(directory.path()).await;
    let endpoint = emulator.endpoint().to_owned();
    assert!(endpoint.starts_with("http://127.0.0.1:"));
    assert!(process::answers(&endpoint).await.unwrap());
    drop(emulator);
    wait_until_silent(&endpoint).await;
    assert!(!directory.path().join("run").exists());
    assert!(directory.path().join("local.log").exists());
}

#[tokio::test]
async fn a_kept_emulator_stays_until_it_is_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let emulator = start(directory.path()).await;
    let endpoint = emulator.endpoint().to_owned();
    let run = emulator.directory().to_path_buf();
    emulator.detach().unwrap();
    assert!(process::answers(&endpoint).await.unwrap());
    assert!(process::stop_kept(&run, &endpoint).await.unwrap());
    wait_until_silent(&endpoint).await;
    assert!(!run.exists());
    assert!(!process::stop_kept(&run, &endpoint).await.unwrap());
}
