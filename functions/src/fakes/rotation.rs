//! Secrets Manager's rotating side in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::locked;
use crate::ports::rotation::{CURRENT, PENDING, RotatedSecrets, SecretState};
use crate::ports::{PortError, PortResult};

/// One secret with its versions.
#[derive(Debug, Default)]
struct Inner {
    state: SecretState,
    texts: BTreeMap<String, String>,
    drawn: u32,
}

/// One secret whose random texts are numbered.
#[derive(Debug, Clone, Default)]
pub struct FakeRotatedSecrets {
    inner: Arc<Mutex<Inner>>,
}

impl FakeRotatedSecrets {
    /// A secret that is rotated and has no version yet.
    pub fn empty() -> Self {
        let fake = Self::default();
        locked(&fake.inner).state.rotates = true;
        fake
    }

    /// Begins a rotation, as Secrets Manager does: a pending version without a text.
    pub fn begin(&self, version: &str) {
        let mut inner = locked(&self.inner);
        let stages = BTreeSet::from([PENDING.to_owned()]);
        inner.state.versions.insert(version.to_owned(), stages);
    }

    /// The text of the version that has a stage.
    pub fn text(&self, stage: &str) -> Option<String> {
        let inner = locked(&self.inner);
        let version = inner.state.version_of(stage)?;
        inner.texts.get(version).cloned()
    }

    /// Switches rotation on or off.
    pub fn set_rotates(&self, rotates: bool) {
        locked(&self.inner).state.rotates = rotates;
    }
}

impl RotatedSecrets for FakeRotatedSecrets {
    async fn state(&self, _arn: &str) -> PortResult<SecretState> {
        Ok(locked(&self.inner).state.clone())
    }

    async fn pending(&self, _arn: &str, version: &str) -> PortResult<Option<String>> {
        Ok(locked(&self.inner).texts.get(version).cloned())
    }

    async fn put_pending(&self, arn: &str, version: &str, text: &str) -> PortResult<()> {
        let mut inner = locked(&self.inner);
        match inner.texts.get(version) {
            Some(there) if there != text => Err(PortError::Conflict {
                what: arn.to_owned(),
                failed: Vec::new(),
            }),
            _ => {
                inner.texts.insert(version.to_owned(), text.to_owned());
                Ok(())
            }
        }
    }

    async fn promote(&self, _arn: &str, to: &str, from: Option<&str>) -> PortResult<()> {
        let mut inner = locked(&self.inner);
        let versions = &mut inner.state.versions;
        for stages in versions.values_mut() {
            stages.remove("AWSPREVIOUS");
            stages.remove(CURRENT);
        }
        if let Some(stages) = from.and_then(|from| versions.get_mut(from)) {
            stages.insert("AWSPREVIOUS".to_owned());
        }
        if let Some(stages) = versions.get_mut(to) {
            stages.insert(CURRENT.to_owned());
        }
        Ok(())
    }

    async fn random(&self, characters: u16) -> PortResult<String> {
        let mut inner = locked(&self.inner);
        inner.drawn += 1;
        let width = usize::from(characters);
        Ok(format!("{:0>width$}", inner.drawn))
    }
}
