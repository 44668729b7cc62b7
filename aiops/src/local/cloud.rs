//! A local cloud from its start to its end: emulator, relay, applied stack.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aiops_infra::graph::{Graph, Key};
use anyhow::Context as _;
use serde_json::Value;

use super::apply::{Applied, Settings, apply};
use super::aws::{Aws, REGION};
use super::process::{self, Emulator};
use super::state::{LocalState, SCHEMA};
use super::{install, relay, secrets};
use crate::error::CommandError;
use crate::printer::Printer;

/// Type token of a Kinesis stream: the relay puts into the one of the graph.
const STREAM_TYPE: &str = "aws:kinesis/stream:Stream";

/// How to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory that `.aiops/` is in: the log and, when kept, the state.
    pub home: PathBuf,
    /// Directory with the zips of the functions and of the relay.
    pub archives: PathBuf,
    /// Whether the cloud stays when this process ends.
    pub keep: bool,
    /// Contents of secrets, by the logical name of the secret.
    pub secrets: BTreeMap<String, String>,
}

/// Who ends the emulator.
#[derive(Debug)]
enum Held {
    /// We do, when dropped.
    Ours(Emulator),
    /// It was kept by an earlier command, and stays.
    Kept {
        pid: u32,
        directory: PathBuf,
        log: PathBuf,
    },
}

/// A running local cloud. Dropping it stops it, unless it was [kept](LocalCloud::keep).
#[derive(Debug)]
pub struct LocalCloud {
    emulator: Held,
    aws: Aws,
    options: Options,
    stack: String,
    applied: Applied,
    // After the emulator: its directory goes only once nobody works in it any more.
    _temporary: Option<tempfile::TempDir>,
}

impl LocalCloud {
    /// Installs the emulator if needed and starts it; nothing is applied yet.
    pub async fn start(options: Options, printer: &Printer) -> Result<Self, CommandError> {
        if options.keep {
            refuse_a_second(&options.home).await?;
        }
        let environment = install::ensure(printer)?;
        let base = options.home.join(".aiops");
        std::fs::create_dir_all(&base).map_err(|error| CommandError::bad_path(&base, error))?;
        let (temporary, directory) = if options.keep {
            (None, base.join("run"))
        } else {
            let temporary = tempfile::Builder::new().prefix("aiops-").tempdir()?;
            let directory = temporary.path().join("run");
            (Some(temporary), directory)
        };
        let log = log_file(&options.home);
        let emulator = Emulator::start(&environment, &directory, &log).await?;
        let aws = Aws::new(emulator.endpoint())?;
        Ok(Self {
            emulator: Held::Ours(emulator),
            aws,
            options,
            stack: String::new(),
            applied: Applied::default(),
            _temporary: temporary,
        })
    }

    /// The cloud that an earlier command kept, and that still answers.
    pub fn resume(options: Options, state: LocalState) -> Result<Self, CommandError> {
        Ok(Self {
            aws: Aws::new(state.endpoint)?,
            emulator: Held::Kept {
                pid: state.pid,
                directory: state.directory,
                log: state.log,
            },
            options,
            stack: state.stack,
            applied: Applied {
                resources: state.resources,
                exports: state.exports,
                ..Applied::default()
            },
            _temporary: None,
        })
    }

    /// Brings the cloud to `graph`; `progress` is told of each resource.
    pub async fn apply(
        &mut self,
        graph: &Graph,
        progress: &(dyn Fn(&Key) + Send + Sync),
    ) -> anyhow::Result<&Applied> {
        let stream = graph.of_kind(STREAM_TYPE).next().map_or("", |stream| {
            match stream.inputs.get("name") {
                Some(aiops_infra::graph::Value::String(name)) => name.as_str(),
                _ => stream.name.as_str(),
            }
        });
        let relay = relay::deploy(&self.aws, &self.options.archives, stream)
            .await
            .context("the relay of subscriptions")?;
        let settings = Settings {
            archives: self.options.archives.clone(),
            relay,
        };
        let before = std::mem::take(&mut self.applied.resources);
        self.applied = apply(&self.aws, graph, &settings, &before, progress).await?;
        secrets::fill(&self.aws, &self.applied.resources, &self.options.secrets).await?;
        self.stack.clone_from(&graph.stack);
        if matches!(self.emulator, Held::Kept { .. }) {
            self.save()?;
        }
        Ok(&self.applied)
    }

    /// A client of it.
    pub const fn aws(&self) -> &Aws {
        &self.aws
    }

    /// What was applied.
    pub const fn applied(&self) -> &Applied {
        &self.applied
    }

    /// The output `property` of an applied resource.
    pub fn output(&self, kind: &str, name: &str, property: &str) -> Option<&Value> {
        self.applied
            .resources
            .get(&Key::new(kind, name).to_string())?
            .outputs
            .get(property)
    }

    /// An export of the stack that is a text.
    pub fn export(&self, name: &str) -> anyhow::Result<&str> {
        self.applied
            .exports
            .get(name)
            .and_then(Value::as_str)
            .with_context(|| format!("the stack {} has no export `{name}`", self.stack))
    }

    /// The emulator's log.
    pub fn log(&self) -> PathBuf {
        match &self.emulator {
            Held::Ours(_) => log_file(&self.options.home),
            Held::Kept { log, .. } => log.clone(),
        }
    }

    /// Lets it run on after this process; `aiops local stop` ends it. Only now does its file say
    /// where it is: until then it ends with this process, however that ends.
    pub fn keep(self) -> Result<(), CommandError> {
        if !self.options.keep {
            return Ok(());
        }
        self.save()?;
        if let Held::Ours(emulator) = self.emulator
            && let Err(error) = emulator.detach()
        {
            LocalState::remove(&self.options.home)?;
            return Err(error.into());
        }
        Ok(())
    }

    /// Writes what `aiops local` and `aiops incidents` read.
    fn save(&self) -> Result<(), CommandError> {
        let (pid, directory) = match &self.emulator {
            Held::Ours(emulator) => (emulator.pid(), emulator.directory().to_path_buf()),
            Held::Kept { pid, directory, .. } => (*pid, directory.clone()),
        };
        LocalState {
            schema: SCHEMA.to_owned(),
            endpoint: self.aws.endpoint().to_owned(),
            region: REGION.to_owned(),
            pid,
            directory,
            log: self.log(),
            stack: self.stack.clone(),
            resources: self.applied.resources.clone(),
            exports: self.applied.exports.clone(),
        }
        .write(&self.options.home)
    }
}

/// Two kept clouds of one directory would share a file and a directory of their own.
async fn refuse_a_second(home: &Path) -> Result<(), CommandError> {
    match LocalState::read(home)? {
        Some(state) if process::answers(&state.endpoint).await? => {
            Err(CommandError::BadInput(format!(
                "--keep: a local cloud is kept here already, at {}: end it with aiops local stop",
                state.endpoint
            )))
        }
        _ => Ok(()),
    }
}

/// One for each process: tests run several clouds at once.
fn log_file(home: &Path) -> PathBuf {
    home.join(".aiops")
        .join(format!("local-cloud-{}.log", std::process::id()))
}
