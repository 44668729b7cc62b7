//! Fills the stack's secrets. On AWS people do that; here addresses come from the command and keys
//! are drawn once.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::aws::{Aws, SECRETS};
use super::state::AppliedResource;

const SECRET_PREFIX: &str = "aws:secretsmanager/secret:Secret::";

/// Keys that nobody outside needs to know, by the logical name of their secret.
const DRAWN: [&str; 2] = ["approval-token-key", "slack-signing-secret"];

/// Letters and digits of a drawn key: more than 256 bits.
const DRAWN_CHARACTERS: u32 = 64;

/// Gives every applied secret its content: the one in `contents` by its logical name; a key that is
/// to be drawn only while it has none, so that what it signed stays valid.
pub(super) async fn fill(
    aws: &Aws,
    resources: &BTreeMap<String, AppliedResource>,
    contents: &BTreeMap<String, String>,
) -> anyhow::Result<()> {
    for (key, resource) in resources {
        let Some(name) = key.strip_prefix(SECRET_PREFIX) else {
            continue;
        };
        let arn = resource
            .outputs
            .get("arn")
            .with_context(|| format!("{key} has no arn"))?;
        let content = match contents.get(name) {
            Some(content) => content.clone(),
            None if DRAWN.contains(&name) && !has_content(aws, arn).await? => draw(aws).await?,
            None => continue,
        };
        let request = json!({"SecretId": arn, "SecretString": content});
        aws.json(SECRETS, "PutSecretValue", request)
            .await
            .with_context(|| key.clone())?;
    }
    Ok(())
}

async fn has_content(aws: &Aws, arn: &Value) -> anyhow::Result<bool> {
    let request = json!({"SecretId": arn});
    match aws.json(SECRETS, "GetSecretValue", request).await {
        Ok(answer) => Ok(answer["SecretString"]
            .as_str()
            .is_some_and(|content| !content.is_empty())),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn draw(aws: &Aws) -> anyhow::Result<String> {
    let request = json!({"PasswordLength": DRAWN_CHARACTERS, "ExcludePunctuation": true});
    let answer = aws.json(SECRETS, "GetRandomPassword", request).await?;
    answer["RandomPassword"]
        .as_str()
        .map(str::to_owned)
        .context("the local cloud drew no key")
}
