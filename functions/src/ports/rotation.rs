//! The seam of a rotation: the versions of a secret and their stages.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use super::PortResult;

/// The stage of the version in use.
pub const CURRENT: &str = "AWSCURRENT";
/// The stage of the version that a rotation prepares.
pub const PENDING: &str = "AWSPENDING";

/// A secret without its content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecretState {
    /// Whether the secret is rotated at all.
    pub rotates: bool,
    /// The stages of each version.
    pub versions: BTreeMap<String, BTreeSet<String>>,
}

impl SecretState {
    /// The version that has a stage.
    pub fn version_of(&self, stage: &str) -> Option<&str> {
        self.versions
            .iter()
            .find(|(_, stages)| stages.contains(stage))
            .map(|(version, _)| version.as_str())
    }
}

/// Secrets Manager, rotating side.
pub trait RotatedSecrets: Send + Sync {
    /// The versions of a secret.
    fn state(&self, arn: &str) -> impl Future<Output = PortResult<SecretState>> + Send;

    /// The text of the pending version `version`; none when it has no text yet.
    fn pending(
        &self,
        arn: &str,
        version: &str,
    ) -> impl Future<Output = PortResult<Option<String>>> + Send;

    /// Gives the pending version `version` its text. Another text of the same version is a conflict.
    fn put_pending(
        &self,
        arn: &str,
        version: &str,
        text: &str,
    ) -> impl Future<Output = PortResult<()>> + Send;

    /// Makes `to` the version in use; `from`, which was, becomes the previous one.
    fn promote(
        &self,
        arn: &str,
        to: &str,
        from: Option<&str>,
    ) -> impl Future<Output = PortResult<()>> + Send;

    /// Random letters and digits.
    fn random(&self, characters: u16) -> impl Future<Output = PortResult<String>> + Send;
}
