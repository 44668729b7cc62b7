//! The seam to an engine: what a deployment asks of it, in the project's own types. The gRPC client
//! and the recorder of the tests stand behind it; the official SDK could.

use std::collections::{BTreeMap, BTreeSet};

use tonic::async_trait;

use crate::graph::{CustomTimeouts, Evaluated};

/// What the engine names a resource by.
pub type Urn = String;

/// A resource as it is registered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Registration {
    /// Type token.
    pub kind: String,
    /// Logical name.
    pub name: String,
    /// The component or stack it belongs to; none for the stack itself.
    pub parent: Option<Urn>,
    /// Whether a provider manages it (not so for components and the stack).
    pub custom: bool,
    /// Inputs.
    pub inputs: BTreeMap<String, Evaluated>,
    /// Everything that must exist before it.
    pub dependencies: BTreeSet<Urn>,
    /// The same by input.
    pub property_dependencies: BTreeMap<String, BTreeSet<Urn>>,
    /// Version of the provider's plugin; empty: the newest.
    pub version: String,
    /// An explicit provider: `urn::id`.
    pub provider: Option<String>,
    /// `destroy` and replacement refuse.
    pub protect: bool,
    /// Properties whose changes are somebody else's.
    pub ignore_changes: Vec<String>,
    /// Delete the old one first.
    pub delete_before_replace: bool,
    /// Properties whose change replaces.
    pub replace_on_changes: Vec<String>,
    /// Former urns.
    pub aliases: Vec<Urn>,
    /// Id of an existing object to adopt.
    pub import_id: Option<String>,
    /// Time limits.
    pub custom_timeouts: CustomTimeouts,
    /// Deleting it from the program leaves the object alone.
    pub retain_on_delete: bool,
    /// Outputs to be treated as secrets.
    pub additional_secret_outputs: Vec<String>,
}

/// The engine's answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Registered {
    /// Its urn.
    pub urn: Urn,
    /// The provider's id; empty while it is not known.
    pub id: String,
    /// Its outputs, as far as they are known.
    pub outputs: BTreeMap<String, Evaluated>,
    /// Whether it exists now (or would): the engine has told the user where it does not.
    pub result: Outcome,
}

/// What became of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// It exists.
    #[default]
    Success,
    /// It failed, and the rest may go on.
    Failed,
    /// It was left out.
    Skipped,
}

/// A resource that is read and not managed: a reference to another stack.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// Type token.
    pub kind: String,
    /// Logical name.
    pub name: String,
    /// The id to read.
    pub id: String,
    /// The component or stack it belongs to.
    pub parent: Option<Urn>,
    /// What identifies it further.
    pub inputs: BTreeMap<String, Evaluated>,
}

/// Why the engine did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MonitorError {
    /// The engine answered with an error.
    #[error("{0}")]
    Refused(String),
    /// The engine is shutting down: something else failed, and the user has been told.
    #[error("the engine stopped: {0}")]
    Stopped(String),
    /// The engine could not be reached.
    #[error("the engine cannot be reached at {address}: {detail}")]
    Unreachable {
        /// Its address.
        address: String,
        /// What went wrong.
        detail: String,
    },
    /// Its answer makes no sense.
    #[error("the engine's answer cannot be read: {0}")]
    Answer(String),
}

impl MonitorError {
    /// Whether the engine has shown the reason already.
    pub fn is_told(&self) -> bool {
        matches!(self, Self::Stopped(_))
    }
}

/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For whoever looks for a mistake.
    Debug,
    /// For whoever watches.
    Info,
    /// May need somebody.
    Warning,
    /// Ends the deployment.
    Error,
}

/// The part of the engine that knows resources.
#[async_trait]
pub trait Monitor: Send + Sync {
    /// Whether the engine knows a feature of the protocol.
    async fn supports(&self, feature: &str) -> Result<bool, MonitorError>;

    /// Registers a resource, and answers once it exists (in a preview: once it is planned).
    async fn register(&self, registration: Registration) -> Result<Registered, MonitorError>;

    /// Reads a resource that is not managed here.
    async fn read(&self, reading: Reading) -> Result<Registered, MonitorError>;

    /// Calls a data source. Its arguments are known.
    async fn invoke(
        &self,
        token: &str,
        arguments: Evaluated,
        version: &str,
    ) -> Result<Evaluated, MonitorError>;

    /// Ends a component or the stack, with what it gives to others.
    async fn register_outputs(
        &self,
        urn: &str,
        outputs: BTreeMap<String, Evaluated>,
    ) -> Result<(), MonitorError>;

    /// Says that nothing more will come, and waits until the engine is done.
    async fn shut_down(&self) -> Result<(), MonitorError>;
}

/// The part of the engine that speaks to the user.
#[async_trait]
pub trait EngineLog: Send + Sync {
    /// Shows a message, at a resource if it is about one.
    async fn log(&self, severity: Severity, message: &str, urn: &str) -> Result<(), MonitorError>;

    /// Names the stack: what is registered without a parent belongs to it.
    async fn set_root(&self, urn: &str) -> Result<(), MonitorError>;
}
