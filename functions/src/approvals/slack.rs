//! Slack's signed interactions: version 0 of its signature, five minutes of tolerance.

use aiops_domain::Time;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;

use super::{Approvals, Choice, Refused, Request};
use crate::ports::cloud::{SecretVersion, Secrets};
use crate::ports::{Clock, Table, Workflow};

/// How far Slack's time and ours may lie apart, in seconds.
const MAX_SKEW_SECONDS: i64 = 300;

/// A click.
#[derive(Debug)]
pub(super) struct Click {
    pub(super) user_id: String,
    pub(super) token: String,
    pub(super) choice: Choice,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    user: User,
    actions: Vec<Action>,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

#[derive(Deserialize)]
struct Action {
    action_id: String,
    #[serde(default)]
    value: String,
}

impl<T: Table, W: Workflow, S: Secrets, K: Clock> Approvals<T, W, S, K> {
    /// The click that the request is, if Slack signed it just now.
    pub(super) async fn interaction(&self, request: &Request, now: Time) -> Result<Click, Refused> {
        let arn = self
            .config
            .slack_signing_secret_arn
            .as_deref()
            .ok_or(Refused::SlackSignature)?;
        let body = request
            .body()
            .ok_or(Refused::Malformed("the body is too long or not text"))?;
        let signed_at = request
            .header("x-slack-request-timestamp")
            .ok_or(Refused::SlackSignature)?;
        let seconds: i64 = signed_at.parse().map_err(|_| Refused::SlackSignature)?;
        let signature = request
            .header("x-slack-signature")
            .and_then(|signature| signature.strip_prefix("v0="))
            .and_then(unhex)
            .ok_or(Refused::SlackSignature)?;
        let mut signed = false;
        for version in [SecretVersion::Current, SecretVersion::Previous] {
            if let Some(secret) = self.secrets.secret(arn, version).await? {
                signed |= !secret.is_empty() && signs(&secret, signed_at, &body, &signature);
            }
        }
        if !signed {
            return Err(Refused::SlackSignature);
        }
        // After the signature: a time that nobody signed says nothing.
        if now.as_millis().div_euclid(1000).abs_diff(seconds) > MAX_SKEW_SECONDS.unsigned_abs() {
            return Err(Refused::SlackTime);
        }
        click(&body)
    }
}

fn signs(secret: &str, signed_at: &str, body: &str, signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return false;
    };
    mac.update(b"v0:");
    mac.update(signed_at.as_bytes());
    mac.update(b":");
    mac.update(body.as_bytes());
    // Compares in constant time.
    mac.verify_slice(signature).is_ok()
}

fn click(body: &str) -> Result<Click, Refused> {
    let malformed = || Refused::Malformed("the body is no interaction");
    // Only for its form decoding.
    let mut url = reqwest::Url::parse("https://localhost/").map_err(|_| malformed())?;
    url.set_query(Some(body));
    let payload = url
        .query_pairs()
        .find(|(name, _)| name == "payload")
        .map(|(_, value)| value.into_owned())
        .ok_or_else(malformed)?;
    let payload: Payload = serde_json::from_str(&payload).map_err(|_| malformed())?;
    let [action] = &payload.actions[..] else {
        return Err(malformed());
    };
    let choice = match (payload.kind.as_str(), action.action_id.as_str()) {
        ("block_actions", "approve") => Choice::Approve,
        ("block_actions", "deny") => Choice::Deny,
        _ => return Err(malformed()),
    };
    Ok(Click {
        user_id: payload.user.id,
        token: action.value.clone(),
        choice,
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let digits = digits?;
    (digits.len() == 64).then(|| {
        digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit))
            .collect()
    })
}
