//! Masks: the parts of a message that are values, replaced by `<*>` in one pass over its bytes.
//!
//! One regular expression per mask and line costs more than everything else in mining (the drain3
//! crate falls from 2.1 to 0.7 million lines a second with them), so the built-in masks are one
//! hand-written classifier over the pieces of a token. Own expressions can be added by config; they
//! run first and only they pay that price.

use std::borrow::Cow;

use regex::Regex;
use serde::{Deserialize, Serialize};

pub(crate) mod dates;
mod piece;
mod words;

use words::Context;

/// What a masked value becomes.
pub const WILDCARD: &str = "<*>";

/// What a status of 500 to 599 becomes: the one number of a request line that says that something
/// broke must not vanish in a mask.
const SERVER_ERROR: &str = "<5xx>";

/// A position of a pattern that any token fits, because many words were seen in it; a plain `<*>`
/// fits masked values only. No message holds this token: control characters part tokens.
pub(crate) const OPEN: &str = "\u{0}";

/// Bytes of a message that are looked at; the rest of a longer one becomes one wildcard.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024;

/// Tokens of a message that are looked at; the rest of a longer one becomes one wildcard.
pub const TOKENS_MAX: usize = 256;

/// Which values are masked. The defaults are one set for all sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskConfig {
    /// Whatever holds a digit: numbers, sizes, versions, addresses, UUIDs, block ids. A leading
    /// word stays (`blk_<*>`, `eth<*>`).
    pub numbers: bool,
    /// File paths and URLs.
    pub paths: bool,
    /// Host names and e-mail addresses without a digit.
    pub hosts: bool,
    /// Weekdays and months inside dates.
    pub dates: bool,
    /// Units of a scaled number (`12 KB` and `3 GB` are one value), the name in `for user ann`, and
    /// `<5xx>` for a server's error after `status:` or a request line.
    pub words: bool,
    /// Own expressions, applied in order before the built-in masks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<ExtraMask>,
}

/// A mask by regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraMask {
    /// What to replace (syntax of the `regex` crate, linear time).
    pub pattern: String,
    /// By what; `$1` refers to a group.
    #[serde(default = "wildcard")]
    pub replacement: String,
}

fn wildcard() -> String {
    WILDCARD.to_owned()
}

impl Default for MaskConfig {
    fn default() -> Self {
        Self {
            numbers: true,
            paths: true,
            hosts: true,
            dates: true,
            words: true,
            extra: Vec::new(),
        }
    }
}

/// A mask of the configuration that is no regular expression.
#[derive(Debug, thiserror::Error)]
#[error("extra[{index}].pattern: not a regular expression")]
pub struct MaskError {
    /// Position in `extra`.
    pub index: usize,
    #[source]
    source: Box<regex::Error>,
}

/// [`MaskConfig`], compiled.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    config: MaskConfig,
    extra: Vec<(Regex, String)>,
}

impl Masks {
    /// Compiles a configuration.
    ///
    /// # Errors
    /// The first of `extra` that is not a regular expression or is too large a one.
    pub fn new(config: MaskConfig) -> Result<Self, MaskError> {
        let compile = |(index, mask): (usize, &ExtraMask)| {
            regex::RegexBuilder::new(&mask.pattern)
                .size_limit(1 << 20)
                .build()
                .map(|pattern| (pattern, mask.replacement.clone()))
                .map_err(|source| MaskError {
                    index,
                    source: Box::new(source),
                })
        };
        let extra = config
            .extra
            .iter()
            .enumerate()
            .map(compile)
            .collect::<Result<_, _>>()?;
        Ok(Self { config, extra })
    }

    /// The configuration.
    pub fn config(&self) -> &MaskConfig {
        &self.config
    }

    /// Writes the masked tokens of `message` into `masked`, replacing what was there.
    pub fn apply(&self, message: &str, masked: &mut Masked) {
        masked.clear();
        let mut text = Cow::Borrowed(head(message));
        for (pattern, replacement) in &self.extra {
            if let Cow::Owned(replaced) = pattern.replace_all(&text, replacement.as_str()) {
                text = Cow::Owned(replaced);
            }
        }
        let mut truncated = message.len() > MESSAGE_BYTES_MAX;
        let mut rest = text.as_bytes();
        while let Some((token, after)) = next_token(rest) {
            if masked.len() == TOKENS_MAX {
                truncated = true;
                break;
            }
            rest = after;
            if self.config.dates
                && let Some(after_date) = dates::date_words(token, rest)
            {
                rest = after_date;
                masked.push_wildcard();
                continue;
            }
            let context = if self.config.words {
                Context::of(masked)
            } else {
                Context::Plain
            };
            match context {
                Context::AfterNumber if words::is_scaled_unit(token) => {
                    masked.extend_last(words::punctuation(token));
                }
                Context::Status if words::is_server_error(token) => {
                    masked.bytes.extend_from_slice(SERVER_ERROR.as_bytes());
                    masked.bytes.extend_from_slice(words::punctuation(token));
                    masked.end_token();
                }
                Context::NamesUser if words::is_name(token) => masked.push_wildcard(),
                _ => {
                    piece::mask_token(&self.config, token, masked);
                    masked.end_token();
                }
            }
        }
        if truncated {
            masked.push_wildcard();
        }
    }
}

/// The part of a message that is looked at, cut at a character.
fn head(message: &str) -> &str {
    if message.len() <= MESSAGE_BYTES_MAX {
        return message;
    }
    message
        .get(..message.floor_char_boundary(MESSAGE_BYTES_MAX))
        .unwrap_or_default()
}

/// The next run of bytes without white space or control characters, and what follows it.
fn next_token(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = text.iter().position(|byte| *byte > b' ')?;
    let text = text.get(start..)?;
    let end = text
        .iter()
        .position(|byte| *byte <= b' ')
        .unwrap_or(text.len());
    Some(text.split_at(end))
}

/// The masked tokens of one message: a buffer to be used again and again.
#[derive(Debug, Default, Clone)]
pub struct Masked {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    hashes: Vec<u64>,
}

impl Masked {
    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the message had no token at all.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Hash of each token.
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Bytes of token `index`; empty when there is none.
    pub fn token(&self, index: usize) -> &[u8] {
        let start = match index.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or(usize::MAX),
        };
        let end = self.ends.get(index).copied().unwrap_or(0);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The tokens joined by one space: the text of the template that this message alone makes.
    pub fn text(&self) -> String {
        let mut text = Vec::with_capacity(self.bytes.len() + self.len());
        for index in 0..self.len() {
            if index > 0 {
                text.push(b' ');
            }
            text.extend_from_slice(self.token(index));
        }
        // Masks cut at ASCII only, so whole characters stay whole.
        String::from_utf8(text)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.hashes.clear();
    }

    fn token_start(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Ends the token under construction. The same value in a row becomes one, with or without a
    /// comma between: a list of numbers or of block ids is one value, however long.
    fn end_token(&mut self) {
        let start = self.token_start();
        let token = self.bytes.get(start..).unwrap_or_default();
        if token.is_empty() {
            return;
        }
        if let Some(before) = self.len().checked_sub(1) {
            let previous = self.token(before);
            let plain = previous.strip_suffix(b",").unwrap_or(previous);
            if token.strip_suffix(b",").unwrap_or(token) == plain && has_wildcard(plain) {
                // The comma of the last one counts.
                let token = token.to_vec();
                let previous_start = start - previous.len();
                self.bytes.truncate(previous_start);
                self.bytes.extend_from_slice(&token);
                self.hashes.pop();
                self.ends.pop();
                self.hashes.push(hash_token(&token));
                self.ends.push(self.bytes.len());
                return;
            }
        }
        let token = self.bytes.get(start..).unwrap_or_default();
        self.hashes.push(hash_token(token));
        self.ends.push(self.bytes.len());
    }

    /// Appends to the last token.
    fn extend_last(&mut self, bytes: &[u8]) {
        let Some(last) = self.len().checked_sub(1) else {
            return;
        };
        self.ends.pop();
        self.hashes.pop();
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len());
        self.hashes.push(hash_token(self.token(last)));
    }

    fn push_wildcard(&mut self) {
        self.bytes.extend_from_slice(WILDCARD.as_bytes());
        self.end_token();
    }
}

fn has_wildcard(token: &[u8]) -> bool {
    token
        .windows(WILDCARD.len())
        .any(|window| window == WILDCARD.as_bytes())
}

/// A fast 64-bit hash (multiply and rotate over words of 8 bytes). It only finds candidates: texts
/// are compared before two messages count as one template, so a made collision gains nothing.
pub fn hash_token(token: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ (token.len() as u64);
    let mut chunks = token.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        hash = mix(hash, u64::from_le_bytes(word));
    }
    mix(hash, little_endian(chunks.remainder()))
}

/// Up to eight bytes as a number.
fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn mix(hash: u64, word: u64) -> u64 {
    let product = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (product ^ (product >> 29)).rotate_left(23)
}

#[cfg(test)]
mod tests;
