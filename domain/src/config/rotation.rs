//! Configuration of `secret-rotation`.

use serde::{Deserialize, Serialize};

/// What `secret-rotation` works with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotationConfig {
    /// The secrets that it rotates, by ARN; any other is refused.
    pub secret_arns: Vec<String>,
    /// Length of a new key in characters, letters and digits.
    #[serde(default = "key_characters")]
    pub key_characters: u16,
}

impl RotationConfig {
    /// The defaults for these secrets.
    pub fn new(secret_arns: Vec<String>) -> Self {
        Self {
            secret_arns,
            key_characters: key_characters(),
        }
    }
}

/// 64 of 62 letters and digits: 381 bits, more than the 256 of the MAC that the key is for.
const fn key_characters() -> u16 {
    64
}
