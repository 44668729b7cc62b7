//! Whoever waits for a job reads its log while it runs.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiops::commands::image::send;
use aiops::image::{BINARIES, Image};
use aiops::package::Architecture;
use aiops::printer::Printer;
use aiops::sagemaker::submit::submit;
use aiops::sagemaker::watch::{Status, describe, wait};
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::world::World;

/// Until the first lines of a job are told.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was told, to be looked at while more is told.
#[derive(Clone, Default)]
struct Told {
    bytes: Arc<Mutex<Vec<u8>>>,
    more: Arc<Notify>,
}

impl Told {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// What was told, once all of `parts` are in it.
    async fn text_with(&self, parts: &[&str]) -> String {
        loop {
            let text = self.text();
            if parts.iter().all(|part| text.contains(part)) {
                return text;
            }
            // Holds what comes between the look and the wait.
            self.more.notified().await;
        }
    }
}

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.bytes.lock().unwrap().write(bytes);
        self.more.notify_one();
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn status_log_and_metrics_are_told_while_the_job_runs() {
    let world = World::with_segments().await;
    let stack = &world.stack;
    // Ends only when it is stopped.
    let script =
        b"#!/bin/sh\necho 'metric train:lines=7;'\necho half way >&2\nexec /bin/sleep 600\n";
    let path = format!("{BINARIES}/train");
    let image = Image::of_files(&[(&path, script)], Architecture::of_host()).unwrap();
    let repository = stack.text("modelRepositoryUrl").unwrap().parse().unwrap();
    send(&image, repository, "endless", None).await.unwrap();
    let mut request = world.request(1);
    request.image = image.digest().to_string();
    let job = submit(stack, &request).await.unwrap();

    let told = Told::default();
    let printer = Printer::into_sinks(io::sink(), told.clone());
    let waiting = wait(
        &stack.client,
        &job.name,
        Duration::from_millis(50),
        &printer,
    );
    let stopping = async {
        let parts = ["metric train:lines=7;", "half way"];
        let text = timeout(PATIENCE, told.text_with(&parts))
            .await
            .unwrap_or_else(|_| panic!("{}", told.text()));
        assert!(text.contains("Training"), "{text}");
        let running = describe(&stack.client, &job.name).await.unwrap().unwrap();
        assert_eq!(running.status, Status::InProgress);
        assert_eq!(running.metrics["train:lines"], 7.0);
        let name = json!({ "TrainingJobName": job.name });
        world.call("StopTrainingJob", name).await.unwrap();
    };
    let (done, ()) = tokio::join!(waiting, stopping);
    assert_eq!(done.unwrap().status, Status::Stopped);
}
