//! SageMaker on this machine: the calls that we make, answered by running the real image's binaries in
//! an unpacked root, and refusing what SageMaker refuses. An image registry is at the same address.
//!
//! Where it differs from SageMaker is in `docs/sagemaker.md`. What it keeps is in its directory and in
//! memory: it forgets when it ends.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aiops_functions::adapters::S3;
use aiops_functions::adapters::signed::SignedClient;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

mod answer;
mod api;
mod check;
mod files;
mod hosting;
mod images;
mod jobs;
mod log;
mod packages;

/// Bytes of a request: a layer of an image is the largest.
const BODY_BYTES_MAX: usize = 256 << 20;

/// The account of the local cloud.
pub(crate) const ACCOUNT: &str = super::aws::ACCOUNT;

/// Where it works, and what it works with.
pub struct Options {
    /// Roots, images and uploads.
    pub directory: PathBuf,
    /// The port; 0: a free one.
    pub port: u16,
    /// The local cloud, for objects.
    pub objects: S3,
    /// The local cloud, for roles and logs.
    pub cloud: SignedClient,
}

/// A running endpoint. Dropping it ends it and what it runs.
pub struct LocalSagemaker {
    address: SocketAddr,
    task: JoinHandle<()>,
    shared: Arc<Shared>,
}

/// What its handlers share.
pub(crate) struct Shared {
    directory: PathBuf,
    /// Host and port, as images are named.
    host: String,
    objects: S3,
    cloud: SignedClient,
    http: reqwest::Client,
    state: Mutex<State>,
    /// Requests that endpoints answered.
    invocations: AtomicU64,
}

#[derive(Default)]
pub(crate) struct State {
    manifests: BTreeMap<(String, String), images::Stored>,
    uploads: u64,
    jobs: BTreeMap<String, jobs::Job>,
    models: BTreeMap<String, Value>,
    configurations: BTreeMap<String, Value>,
    endpoints: BTreeMap<String, hosting::Hosted>,
    groups: BTreeMap<String, Vec<Value>>,
}

impl Shared {
    /// The state, also after a handler panicked while it held it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arn(&self, resource: &str) -> String {
        format!(
            "arn:aws:sagemaker:{}:{ACCOUNT}:{resource}",
            self.cloud.region()
        )
    }
}

impl LocalSagemaker {
    /// Starts it on the loopback interface.
    ///
    /// # Errors
    /// When the port is taken or the directory cannot be made.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.directory)?;
        let directory = options.directory.canonicalize()?;
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            directory,
            host: address.to_string(),
            objects: options.objects,
            cloud: options.cloud,
            http: aiops_functions::adapters::signed::http_client()?,
            state: Mutex::default(),
            invocations: AtomicU64::new(0),
        });
        let router = Router::new()
            .fallback(api::handle)
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            // It ends with the task; an error of accepting has nobody to go to.
            let _ended = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            task,
            shared,
        })
    }

    /// `http://127.0.0.1:port`, for `AWS_ENDPOINT_URL_SAGEMAKER` and `AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests that its endpoints answered with findings.
    pub fn invocations(&self) -> u64 {
        self.shared.invocations.load(Ordering::Relaxed)
    }

    /// The registry's host, as names of images begin.
    pub fn registry(&self) -> &str {
        &self.shared.host
    }
}

impl Drop for LocalSagemaker {
    fn drop(&mut self) {
        self.task.abort();
        // Their tasks hold the processes, which end with them.
        let mut state = self.shared.state();
        state.jobs.values().for_each(jobs::Job::abort);
        state.endpoints.clear();
    }
}
