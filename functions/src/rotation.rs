//! `secret-rotation`: gives the key of approvals a new value, in the four steps of Secrets Manager.
//! The version before stays readable as the previous one until the next rotation, so a token that was
//! signed just before is still verified.
//!
//! Each step may come twice and does its work once.

use aiops_domain::config::RotationConfig;
use serde::Deserialize;

use crate::ports::rotation::{CURRENT, PENDING, RotatedSecrets};
use crate::ports::{PortError, PortResult};
use crate::token::Keys;

/// What Secrets Manager asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Make a new value and keep it as the pending version.
    CreateSecret,
    /// Tell it to the service that it opens.
    SetSecret,
    /// Try it.
    TestSecret,
    /// Make it the version in use.
    FinishSecret,
}

/// The event of one step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    /// The step.
    pub step: Step,
    /// The secret's ARN.
    pub secret_id: String,
    /// The id of the version that the rotation makes.
    pub client_request_token: String,
}

/// The function over its seam.
#[derive(Debug)]
pub struct Rotation<S> {
    /// The secrets.
    pub secrets: S,
    /// The configuration.
    pub config: RotationConfig,
}

impl<S: RotatedSecrets> Rotation<S> {
    /// Does one step.
    ///
    /// # Errors
    /// When the secret is not ours or not being rotated, the new key does not do, or a call fails.
    pub async fn handle(&self, event: &Event) -> PortResult<()> {
        let arn = event.secret_id.as_str();
        let version = event.client_request_token.as_str();
        let refused = |detail: &str| PortError::Permanent {
            what: format!("rotation of {arn}"),
            detail: detail.to_owned(),
        };
        if !self.config.secret_arns.iter().any(|known| known == arn) {
            return Err(refused(
                "the secret is not in this function's configuration",
            ));
        }
        let state = self.secrets.state(arn).await?;
        if !state.rotates {
            return Err(refused("the secret is not rotated"));
        }
        let stages = state
            .versions
            .get(version)
            .ok_or_else(|| refused("the secret has no such version"))?;
        if stages.contains(CURRENT) {
            return Ok(());
        }
        if !stages.contains(PENDING) {
            return Err(refused("the version is not pending"));
        }
        match event.step {
            Step::CreateSecret => self.create(arn, version).await,
            // The functions read the key where it is: there is nobody else to tell.
            Step::SetSecret => Ok(()),
            Step::TestSecret => match self.secrets.pending(arn, version).await? {
                Some(key) if Keys::new(&key, None).is_some() => Ok(()),
                Some(_) => Err(refused("the new key is too short to sign with")),
                None => Err(refused("the new version has no value")),
            },
            Step::FinishSecret => {
                let current = state.version_of(CURRENT);
                self.secrets.promote(arn, version, current).await
            }
        }
    }

    async fn create(&self, arn: &str, version: &str) -> PortResult<()> {
        if self.secrets.pending(arn, version).await?.is_some() {
            return Ok(());
        }
        let key = self.secrets.random(self.config.key_characters).await?;
        match self.secrets.put_pending(arn, version, &key).await {
            // The step ran twice at once, and the other one was first: its key is as good.
            Err(PortError::Conflict { .. }) => Ok(()),
            other => other,
        }
    }
}
