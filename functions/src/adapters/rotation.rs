//! Secrets Manager, rotating side.

use std::collections::BTreeMap;

use super::SecretsManager;
use super::error::classify;
use super::messages::text_of;
use crate::ports::rotation::{CURRENT, PENDING, RotatedSecrets, SecretState};
use crate::ports::{PortError, PortResult};

impl RotatedSecrets for SecretsManager {
    async fn state(&self, arn: &str) -> PortResult<SecretState> {
        let answer = self.client().describe_secret().secret_id(arn).send().await;
        let secret = answer.map_err(|error| classify(&format!("secret {arn}"), &error))?;
        let versions: BTreeMap<_, _> = secret
            .version_ids_to_stages
            .unwrap_or_default()
            .into_iter()
            .map(|(version, stages)| (version, stages.into_iter().collect()))
            .collect();
        Ok(SecretState {
            rotates: secret.rotation_enabled.unwrap_or_default(),
            versions,
        })
    }

    async fn pending(&self, arn: &str, version: &str) -> PortResult<Option<String>> {
        let answer = self
            .client()
            .get_secret_value()
            .secret_id(arn)
            .version_id(version)
            .version_stage(PENDING)
            .send()
            .await;
        text_of(arn, answer)
    }

    async fn put_pending(&self, arn: &str, version: &str, text: &str) -> PortResult<()> {
        let answer = self
            .client()
            .put_secret_value()
            .secret_id(arn)
            .client_request_token(version)
            .secret_string(text)
            .version_stages(PENDING)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_exists_exception()) =>
            {
                Err(PortError::Conflict {
                    what: format!("secret {arn}"),
                    failed: Vec::new(),
                })
            }
            Err(error) => Err(classify(&format!("secret {arn}"), &error)),
        }
    }

    async fn promote(&self, arn: &str, to: &str, from: Option<&str>) -> PortResult<()> {
        self.client()
            .update_secret_version_stage()
            .secret_id(arn)
            .version_stage(CURRENT)
            .move_to_version_id(to)
            .set_remove_from_version_id(from.map(str::to_owned))
            .send()
            .await
            .map_err(|error| classify(&format!("secret {arn}"), &error))?;
        Ok(())
    }

    async fn random(&self, characters: u16) -> PortResult<String> {
        let what = "a random password";
        let answer = self
            .client()
            .get_random_password()
            .password_length(characters.into())
            .exclude_punctuation(true)
            .send()
            .await
            .map_err(|error| classify(what, &error))?;
        answer.random_password.ok_or_else(|| PortError::Permanent {
            what: what.to_owned(),
            detail: "the answer holds none".to_owned(),
        })
    }
}
