//! Scoring through the model's endpoint, with the model in process behind it.
//!
//! Both are the same pure function of a window, so which of them answered does not show in the findings.
//! What is late, fails or answers for another model is scored in process; and after one failure the rest
//! of the pass is, so that a dead endpoint costs a pass one time limit and no more.

use std::sync::Arc;
use std::time::Duration;

use aiops_domain::config::ScoringEndpoint;
use aiops_domain::scoring::{ScoringRequest, ScoringResponse, ScoringWindow};
use aiops_domain::{Finding, Source};
use aiops_model::drift::Drift;
use aiops_model::{EventWindow, Windowing};

use super::model::{Current, Models, Scorer};
use crate::ports::{PortError, PortResult};

/// Bytes of lines in one request: an endpoint takes 6 MB, and JSON adds to the lines.
const BATCH_BYTES_MAX: usize = 3 << 20;

/// What a record takes in a request beside its line.
const RECORD_OVERHEAD_BYTES: usize = 400;

/// The endpoint.
pub trait ScoringService: Send + Sync + 'static {
    /// Scores windows; one finding for each, in their order.
    fn score(
        &self,
        request: &ScoringRequest,
    ) -> impl Future<Output = PortResult<ScoringResponse>> + Send;
}

/// The model that counts now, asked through the endpoint if there is one.
#[derive(Debug)]
pub struct EndpointModels<M, E> {
    models: M,
    endpoint: Option<Arc<Endpoint<E>>>,
}

/// An endpoint and its limits.
#[derive(Debug)]
struct Endpoint<E> {
    service: E,
    timeout: Duration,
    batch_windows_max: usize,
}

impl<M, E> EndpointModels<M, E> {
    /// `models`, asked through `service` within these limits.
    pub fn new(models: M, endpoint: Option<(E, &ScoringEndpoint)>) -> Self {
        let endpoint = endpoint.map(|(service, settings)| {
            Arc::new(Endpoint {
                service,
                timeout: Duration::from_millis(settings.timeout_ms.into()),
                batch_windows_max: settings.batch_windows_max.max(1),
            })
        });
        Self { models, endpoint }
    }
}

impl<M: Models, E: ScoringService> Models for EndpointModels<M, E> {
    type Scorer = EndpointScorer<M::Scorer, E>;

    async fn current(&self) -> PortResult<Current<Self::Scorer>> {
        let current = self.models.current().await?;
        Ok(Current {
            scorer: Arc::new(EndpointScorer {
                in_process: current.scorer,
                endpoint: self.endpoint.clone(),
            }),
            shadow: current.shadow,
            // The endpoint serves the current model only.
            candidate: current.candidate.map(|in_process| {
                Arc::new(EndpointScorer {
                    in_process,
                    endpoint: None,
                })
            }),
        })
    }
}

/// A scorer behind an endpoint.
#[derive(Debug)]
pub struct EndpointScorer<S, E> {
    in_process: Arc<S>,
    endpoint: Option<Arc<Endpoint<E>>>,
}

impl<S: Scorer, E: ScoringService> Scorer for EndpointScorer<S, E> {
    fn version(&self) -> &str {
        self.in_process.version()
    }

    fn windowing(&self, source: Source) -> &Windowing {
        self.in_process.windowing(source)
    }

    fn score(&self, window: &EventWindow) -> Finding {
        self.in_process.score(window)
    }

    fn drift(&self, windows: &[EventWindow]) -> Option<Drift> {
        self.in_process.drift(windows)
    }

    async fn score_all(&self, windows: &[EventWindow]) -> Vec<Finding> {
        let mut findings = Vec::with_capacity(windows.len());
        let mut endpoint = self.endpoint.as_deref();
        let mut rest = windows;
        while let (Some(remote), false) = (endpoint, rest.is_empty()) {
            let (batch, later) = rest.split_at(batch_of(rest, remote.batch_windows_max));
            match self.ask(remote, batch).await {
                Ok(answered) => findings.extend(answered),
                Err(error) => {
                    tracing::warn!(%error, "the endpoint does not score: the model in process does");
                    endpoint = None;
                    continue;
                }
            }
            rest = later;
        }
        findings.extend(rest.iter().map(|window| self.score(window)));
        findings
    }
}

impl<S: Scorer, E: ScoringService> EndpointScorer<S, E> {
    async fn ask(&self, remote: &Endpoint<E>, batch: &[EventWindow]) -> PortResult<Vec<Finding>> {
        if batch.is_empty() {
            return Err(unusable("the window is too large for a request".to_owned()));
        }
        let windows = batch.iter().cloned().map(ScoringWindow::from).collect();
        let request = ScoringRequest::Windows { windows };
        let answer = tokio::time::timeout(remote.timeout, remote.service.score(&request))
            .await
            .map_err(|_| PortError::Transient {
                what: "the endpoint".to_owned(),
                detail: format!("no answer within {} ms", remote.timeout.as_millis()),
            })??;
        if answer.model.version != self.version() {
            return Err(unusable(format!(
                "it has the model {}, and {} is the current one",
                answer.model.version,
                self.version()
            )));
        }
        if answer.findings.len() != batch.len() {
            return Err(unusable(format!(
                "{} findings for {} windows",
                answer.findings.len(),
                batch.len()
            )));
        }
        Ok(answer.findings)
    }
}

fn unusable(detail: String) -> PortError {
    PortError::Permanent {
        what: "the endpoint".to_owned(),
        detail,
    }
}

/// How many windows from the start go into one request; 0: the first alone is too large.
fn batch_of(windows: &[EventWindow], windows_max: usize) -> usize {
    let mut bytes = 0;
    windows
        .iter()
        .take(windows_max)
        .take_while(|window| {
            let lines = window.records.iter();
            bytes += lines
                .map(|record| record.message.len() + RECORD_OVERHEAD_BYTES)
                .sum::<usize>();
            bytes <= BATCH_BYTES_MAX
        })
        .count()
}
