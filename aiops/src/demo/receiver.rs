//! The far end of notifications in the demonstration: a local web server that takes what Slack and
//! Teams would take, and remembers when it came.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Chat services take far less.
const BODY_BYTES_MAX: usize = 1 << 20;

/// A message that came.
#[derive(Debug, Clone)]
pub struct Received {
    /// When its last byte came.
    pub at: Instant,
    /// The path it was posted to.
    pub path: String,
    /// Its body.
    pub body: String,
}

#[derive(Debug, Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    refusing: AtomicBool,
    refused: AtomicUsize,
}

/// What a receiver accepted, for others to read.
#[derive(Debug, Clone)]
pub struct Mailbox(Arc<Shared>);

impl Mailbox {
    /// Everything that was accepted so far, in order.
    pub fn received(&self) -> Vec<Received> {
        self.0
            .received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A running receiver. Dropping it stops it.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Starts one on a free loopback port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .fallback(receive)
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            // It ends with the task; an error of accepting has nobody to go to.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// The address to post `path` to.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Whether it answers 503 to everything, as a service that is down.
    pub fn refuse(&self, refuse: bool) {
        self.shared.refusing.store(refuse, Ordering::SeqCst);
    }

    /// How many requests it refused so far.
    pub fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// Everything that was accepted so far, in order.
    pub fn received(&self) -> Vec<Received> {
        self.mailbox().received()
    }

    /// What it accepts, for somebody who reads along.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox(Arc::clone(&self.shared))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(shared): State<Arc<Shared>>, request: Request) -> impl IntoResponse {
    let path = request.uri().path().to_owned();
    let Ok(body) = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "too large");
    };
    if shared.refusing.load(Ordering::SeqCst) {
        shared.refused.fetch_add(1, Ordering::SeqCst);
        return (StatusCode::SERVICE_UNAVAILABLE, "down");
    }
    shared
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Received {
            at: Instant::now(),
            path,
            body: text(&body),
        });
    (StatusCode::OK, "ok")
}

fn text(body: &Bytes) -> String {
    String::from_utf8_lossy(body).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::aws::http_client;

    #[tokio::test]
    async fn it_remembers_what_it_accepted_and_nothing_while_it_is_down() {
        let receiver = Receiver::start().await.unwrap();
        let http = http_client(std::time::Duration::from_secs(5)).unwrap();
        let post = |body: &'static str| http.post(receiver.url("/slack")).body(body).send();
        receiver.refuse(true);
        assert_eq!(post("lost").await.unwrap().status(), 503);
        assert_eq!(receiver.refused(), 1);
        receiver.refuse(false);
        assert_eq!(post("kept").await.unwrap().status(), 200);
        let received = receiver.received();
        assert_eq!(received.len(), 1);
        assert_eq!(
            (received[0].path.as_str(), received[0].body.as_str()),
            ("/slack", "kept")
        );
    }
}
