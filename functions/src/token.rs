//! Tokens of approvals: what a message carries so that a click can be tied to one plan. Signed with
//! HMAC-SHA256, expiring, and bound to the digest of the exact plan. A token says what is decided on,
//! never who decides.

use aiops_domain::Time;
use aiops_domain::finding::hex;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ports::cloud::{SecretVersion, Secrets};
use crate::ports::{PortError, PortResult};

/// A signing key is at least this long.
const MIN_KEY_BYTES: usize = 32;

/// A token is at most this long (Slack carries 2,000 characters in a button).
const MAX_TOKEN_BYTES: usize = 1_500;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Deciding, together with a proved identity.
    Decide,
    /// Looking at the plan.
    View,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// What for.
    #[serde(rename = "p")]
    pub purpose: Purpose,
    /// The incident.
    #[serde(rename = "i")]
    pub incident_id: String,
    /// The action.
    #[serde(rename = "a")]
    pub action_id: String,
    /// The digest of its plan.
    #[serde(rename = "d")]
    pub plan_digest: String,
    /// When it ends, in seconds since the epoch.
    #[serde(rename = "e")]
    pub expires: i64,
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// It is no token.
    #[error("the token is malformed")]
    Malformed,
    /// Its signature is not ours.
    #[error("the token's signature is wrong")]
    Forged,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It is for something else.
    #[error("the token is for another purpose")]
    Purpose,
}

/// The signing keys: the current one, and the one before the last rotation.
pub struct Keys {
    current: Vec<u8>,
    previous: Option<Vec<u8>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keys(…)")
    }
}

impl Keys {
    /// Reads the keys.
    ///
    /// # Errors
    /// When there is no key or it is too short.
    pub async fn load(secrets: &impl Secrets, arn: &str) -> PortResult<Self> {
        let refused = |detail: &str| PortError::Permanent {
            what: format!("the key of tokens {arn}"),
            detail: detail.to_owned(),
        };
        let current = secrets
            .secret(arn, SecretVersion::Current)
            .await?
            .ok_or_else(|| refused("has no value"))?;
        let previous = secrets.secret(arn, SecretVersion::Previous).await?;
        Self::new(&current, previous.as_deref())
            .ok_or_else(|| refused("is shorter than 32 characters"))
    }

    /// These keys; `None` if the current one is too short.
    pub fn new(current: &str, previous: Option<&str>) -> Option<Self> {
        let long = |key: &str| (key.len() >= MIN_KEY_BYTES).then(|| key.as_bytes().to_vec());
        Some(Self {
            current: long(current)?,
            previous: previous.and_then(long),
        })
    }

    /// A token that says this.
    pub fn sign(&self, claims: &Claims) -> String {
        let payload = URL_SAFE_NO_PAD.encode(serde_json::json!(claims).to_string());
        let signature = mac(&self.current, &payload).finalize().into_bytes();
        format!("v1.{payload}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// What the token says, if it is ours, of its time and for this purpose.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify(&self, token: &str, purpose: Purpose, now: Time) -> Result<Claims, TokenRefused> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenRefused::Malformed);
        }
        let mut parts = token.split('.');
        let (Some("v1"), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenRefused::Malformed);
        };
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| TokenRefused::Malformed)?;
        // `verify_slice` compares in constant time.
        let ours = std::iter::once(&self.current)
            .chain(&self.previous)
            .any(|key| mac(key, payload).verify_slice(&signature).is_ok());
        if !ours {
            return Err(TokenRefused::Forged);
        }
        let claims: Claims = URL_SAFE_NO_PAD
            .decode(payload)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .ok_or(TokenRefused::Malformed)?;
        if claims.purpose != purpose {
            return Err(TokenRefused::Purpose);
        }
        if now.as_millis().div_euclid(1000) >= claims.expires {
            return Err(TokenRefused::Expired);
        }
        Ok(claims)
    }
}

/// What identifies a token once it is used; the token itself is never stored.
pub fn fingerprint(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

fn mac(key: &[u8], payload: &str) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
    mac.update(b"aiops-approval-v1.");
    mac.update(payload.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";
    const OLD: &str = "fedcba9876543210fedcba9876543210";

    fn claims() -> Claims {
        Claims {
            purpose: Purpose::Decide,
            incident_id: "inc-1".into(),
            action_id: "act-1".into(),
            plan_digest: "d".repeat(64),
            expires: 1_000,
        }
    }

    fn keys() -> Keys {
        Keys::new(KEY, Some(OLD)).unwrap()
    }

    #[test]
    fn a_token_is_taken_until_it_expires_and_for_its_purpose_alone() {
        let token = keys().sign(&claims());
        let at = |seconds: i64| Time::from_millis(seconds * 1000);
        assert_eq!(
            keys().verify(&token, Purpose::Decide, at(999)),
            Ok(claims())
        );
        assert_eq!(
            keys().verify(&token, Purpose::Decide, at(1_000)),
            Err(TokenRefused::Expired)
        );
        assert_eq!(
            keys().verify(&token, Purpose::View, at(999)),
            Err(TokenRefused::Purpose)
        );
    }

    #[test]
    fn the_key_before_a_rotation_is_taken_and_a_foreign_one_is_not() {
        let old = Keys::new(OLD, None).unwrap().sign(&claims());
        let foreign = Keys::new(&"x".repeat(32), None).unwrap().sign(&claims());
        let now = Time::from_millis(0);
        assert!(keys().verify(&old, Purpose::Decide, now).is_ok());
        assert_eq!(
            keys().verify(&foreign, Purpose::Decide, now),
            Err(TokenRefused::Forged)
        );
        assert!(Keys::new("short", None).is_none());
    }

    #[test]
    fn every_altered_character_is_noticed() {
        let token = keys().sign(&claims());
        for position in 0..token.len() {
            let altered: String = token
                .chars()
                .enumerate()
                .map(|(at, character)| match (at == position, character) {
                    (true, 'A') => 'B',
                    (true, _) => 'A',
                    (false, character) => character,
                })
                .collect();
            // The last characters of base64 may hold bits that do not count.
            if altered == token {
                continue;
            }
            let found = keys().verify(&altered, Purpose::Decide, Time::from_millis(0));
            assert!(found.is_err(), "position {position}: {altered}");
        }
    }
}
