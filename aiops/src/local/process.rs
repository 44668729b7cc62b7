//! The emulator's process: started on a free port of the loopback interface, and ended with us,
//! whether we return, panic, are interrupted or killed (`launch.py` watches a pipe that we hold).

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::install::Environment;

const LAUNCH: &str = include_str!("launch.py");
const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// The share of a workflow's waits that is waited here.
const WAIT_SCALE: &str = "0.2";

/// A running emulator. Dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    endpoint: String,
    directory: PathBuf,
    detached: bool,
}

impl Emulator {
    /// Starts one in `directory` (made, and removed when it stops), its output in `log`, and waits
    /// until it answers. It ends with this value, unless it is [detached](Self::detach).
    pub async fn start(
        environment: &Environment,
        directory: &Path,
        log: &Path,
    ) -> anyhow::Result<Self> {
        // Between our choice of a port and its use somebody else may take it: try again.
        let mut last = None;
        for _attempt in 0..3 {
            let mut emulator = Self::spawn(environment, directory, log)?;
            match emulator.wait_until_healthy().await {
                Ok(()) => return Ok(emulator),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("no attempt was made"))).with_context(|| {
            format!(
                "the local cloud does not start: see its log {}",
                log.display()
            )
        })
    }

    fn spawn(environment: &Environment, directory: &Path, log: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        let directory = directory.canonicalize()?;
        if let Some(parent) = log.parent() {
            fs::create_dir_all(parent)?;
        }
        let output =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let alive = alive_file(&directory);
        fs::write(&alive, "remove this file to stop the local cloud\n")?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(&environment.python);
        command
            .args(["-c", LAUNCH])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &directory)
            // The emulator unpacks functions and keeps its pid file here.
            .env("TMPDIR", &directory)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("MINISTACK_REGION", super::aws::REGION)
            .env("LAMBDA_EXECUTOR", "local")
            .env("LOG_LEVEL", "WARNING")
            .env("STATE_DIR", directory.join("state"))
            .env("S3_DATA_DIR", directory.join("s3"))
            // The emulator gives its functions no endpoint of their own.
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AIOPS_RUN_DIR", &directory)
            .env("AIOPS_ALIVE", &alive)
            // A workflow's waits are for people and for AWS, which takes its time.
            .env("SFN_WAIT_SCALE", WAIT_SCALE)
            .current_dir(&directory)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", environment.python.display()))?;
        Ok(Self {
            child,
            endpoint,
            directory,
            detached: false,
        })
    }

    async fn wait_until_healthy(&mut self) -> anyhow::Result<()> {
        let http = super::aws::http_client(Duration::from_secs(2))?;
        let url = format!("{}/_ministack/health", self.endpoint);
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the emulator ended with {status}");
            }
            if http
                .get(&url)
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
            {
                return Ok(());
            }
            if started.elapsed() > START_TIMEOUT {
                bail!("no answer within {} s", START_TIMEOUT.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its address, `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Its process id, which is also its process group.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether its process is still there.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Lets it outlive this value and this process: from now on [`stop_kept`] stops it.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn detach(mut self) -> anyhow::Result<()> {
        let pipe = self.child.stdin.as_mut();
        pipe.context("the emulator has no pipe")?
            .write_all(b"k")
            .context("the emulator has ended")?;
        self.detached = true;
        Ok(())
    }

    fn stop(&mut self) {
        // Makes `launch.py` end its whole group.
        drop(self.child.stdin.take());
        let started = Instant::now();
        while started.elapsed() < STOP_TIMEOUT {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _already_ended = self.child.kill();
        let _reaped = self.child.wait();
        let _already_gone = fs::remove_dir_all(&self.directory);
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if !self.detached {
            self.stop();
        }
    }
}

fn alive_file(directory: &Path) -> PathBuf {
    directory.join("alive")
}

/// Stops a kept emulator by its directory and waits until nobody answers at `endpoint` any more.
/// Answers whether it had been running.
pub async fn stop_kept(directory: &Path, endpoint: &str) -> anyhow::Result<bool> {
    let was_running = answers(endpoint).await?;
    let _already_gone = fs::remove_file(alive_file(directory));
    let started = Instant::now();
    while answers(endpoint).await? {
        if started.elapsed() > STOP_TIMEOUT {
            bail!("the local cloud at {endpoint} does not stop");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let _already_gone = fs::remove_dir_all(directory);
    Ok(was_running)
}

/// Whether an emulator answers at `endpoint`.
pub async fn answers(endpoint: &str) -> anyhow::Result<bool> {
    let http = super::aws::http_client(Duration::from_secs(2))?;
    Ok(http
        .get(format!("{endpoint}/_ministack/health"))
        .send()
        .await
        .is_ok_and(|answer| answer.status().is_success()))
}
