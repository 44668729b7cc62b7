//! Scoring through an endpoint: the same findings, whatever the endpoint does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aiops_domain::config::ScoringEndpoint;
use aiops_domain::scoring::{SCORING_SCHEMA, ScoringModel, ScoringRequest, ScoringResponse};
use aiops_domain::{Finding, Interval, LogRecord, Shape, Source, Time};
use aiops_functions::detector::endpoint::{EndpointModels, ScoringService};
use aiops_functions::detector::model::{Current, Models, Scorer as _};
use aiops_functions::ports::{PortError, PortResult};
use aiops_model::EventWindow;

use crate::scorer::Words;
use crate::world::tumbling;

/// What the endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Answers,
    Fails,
    Hangs,
    HasAnotherModel,
    ForgetsOne,
}

#[derive(Debug, Clone)]
struct Remote {
    mood: Mood,
    calls: Arc<AtomicUsize>,
}

impl ScoringService for Remote {
    async fn score(&self, request: &ScoringRequest) -> PortResult<ScoringResponse> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match self.mood {
            Mood::Fails => {
                return Err(PortError::Transient {
                    what: "endpoint".into(),
                    detail: "planned".into(),
                });
            }
            Mood::Hangs => std::future::pending().await,
            _ => {}
        }
        let ScoringRequest::Windows { windows } = request else {
            panic!("the detector sends windows");
        };
        let scorer = Words::new(&tumbling());
        let mut findings: Vec<Finding> = windows
            .iter()
            .map(|window| {
                let mut finding = scorer.score(&EventWindow::from(window.clone()));
                // So that a test sees who answered.
                finding.summary = "remote".into();
                finding
            })
            .collect();
        if self.mood == Mood::ForgetsOne {
            findings.pop();
        }
        let version = match self.mood {
            Mood::HasAnotherModel => "another".to_owned(),
            _ => scorer.version().to_owned(),
        };
        Ok(ScoringResponse {
            schema: SCORING_SCHEMA.into(),
            model: ScoringModel {
                version,
                sha256: String::new(),
            },
            findings,
        })
    }
}

struct InProcess;

impl Models for InProcess {
    type Scorer = Words;

    async fn current(&self) -> PortResult<Current<Words>> {
        Ok(Current {
            scorer: Arc::new(Words::new(&tumbling())),
            shadow: false,
            candidate: None,
        })
    }
}

fn window(number: i64, bytes: usize) -> EventWindow {
    let time = Time::from_millis(number * 60_000);
    EventWindow {
        source: Source::Ec2,
        entity: "i-1".into(),
        key: None,
        interval: Interval {
            start: time,
            end: time.plus_millis(60_000),
        },
        records: vec![LogRecord {
            v: 1,
            id: number.to_string(),
            time,
            timestamp: time,
            ingested: time,
            source: Source::Ec2,
            group: "/g".into(),
            stream: "s".into(),
            entity: "i-1".into(),
            shape: Shape::Text,
            message: "x".repeat(bytes),
        }],
    }
}

/// Findings, calls, and how many of the findings came from the endpoint.
async fn scored(mood: Mood, windows: &[EventWindow]) -> (Vec<Finding>, usize, usize) {
    let calls = Arc::new(AtomicUsize::new(0));
    let remote = Remote {
        mood,
        calls: calls.clone(),
    };
    let settings = ScoringEndpoint {
        timeout_ms: 100,
        batch_windows_max: 4,
        ..ScoringEndpoint::new("models")
    };
    let models = EndpointModels::new(InProcess, Some((remote, &settings)));
    let current = models.current().await.unwrap();
    let mut findings = current.scorer.score_all(windows).await;
    let remote = findings
        .iter_mut()
        .filter(|finding| finding.summary == "remote")
        .map(|finding| finding.summary.clear())
        .count();
    for finding in &mut findings {
        finding.summary.clear();
    }
    (findings, calls.load(Ordering::Relaxed), remote)
}

#[tokio::test(start_paused = true)]
async fn the_findings_are_the_same_whatever_the_endpoint_does() {
    let windows: Vec<EventWindow> = (0..10).map(|number| window(number, 10)).collect();
    let scorer = Words::new(&tumbling());
    let expected: Vec<Finding> = windows
        .iter()
        .map(|window| {
            let mut finding = scorer.score(window);
            finding.summary.clear();
            finding
        })
        .collect();
    for (mood, calls, remote) in [
        (Mood::Answers, 3, 10),
        // After one failure the rest of the pass does without it.
        (Mood::Fails, 1, 0),
        (Mood::Hangs, 1, 0),
        (Mood::HasAnotherModel, 1, 0),
        (Mood::ForgetsOne, 1, 0),
    ] {
        let begun = tokio::time::Instant::now();
        let found = scored(mood, &windows).await;
        assert_eq!(found, (expected.clone(), calls, remote), "{mood:?}");
        let limit = if mood == Mood::Hangs { 100 } else { 0 };
        assert_eq!(begun.elapsed(), Duration::from_millis(limit), "{mood:?}");
    }
}

#[tokio::test]
async fn requests_stay_within_what_an_endpoint_takes() {
    let large: Vec<EventWindow> = (0..6).map(|number| window(number, 1 << 20)).collect();
    let (findings, calls, remote) = scored(Mood::Answers, &large).await;
    assert_eq!((findings.len(), calls, remote), (6, 3, 6));
    // One that no request can carry is scored in process, and so is what follows in this pass.
    let mut windows = vec![window(0, 10), window(1, 4 << 20), window(2, 10)];
    windows[1].entity = "i-2".into();
    let (findings, calls, remote) = scored(Mood::Answers, &windows).await;
    assert_eq!((findings.len(), calls, remote), (3, 1, 1));
}
