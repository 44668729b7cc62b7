//! Template mining: which messages are one statement of a program with different values.
//!
//! Like Drain (He et al., "Drain: an online log parsing approach with fixed depth tree", ICWS 2017)
//! it groups masked messages by their number of tokens and generalises words that vary. Unlike
//! Drain it does not join what is merely similar: a position becomes a wildcard when *many* words
//! were seen in it while all else is equal (the idea of Brain: Yu et al., "Brain: log parsing with
//! bidirectional parallel tree", IEEE TSC 2023, kept streaming). `VM Paused` and `VM Resumed` stay
//! two templates, a hundred user names become one. Why not the drain3 crate: docs/decisions.
//!
//! [`TemplateMiner`] learns, in bounded memory; [`Miner`] is frozen and scores: a template is then a
//! pure function of the message, whatever came before.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::mask::{MaskConfig, MaskError, Masked, Masks, OPEN, WILDCARD};

mod generalise;
mod index;
mod learn;

pub use learn::TemplateMiner;

use index::PatternIndex;

/// Identity of a template: the first 12 hex digits of the SHA-256 of its text. The same text has
/// the same id in every model, on every machine, seen in training or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TemplateId([u8; 6]);

/// A text that is not the id of a template.
#[derive(Debug, thiserror::Error)]
#[error("a template id is 12 lower-case hex digits")]
pub struct TemplateIdError;

impl TemplateId {
    /// The id of the template with this text.
    pub fn of(text: &str) -> Self {
        let mut id = [0; 6];
        for (to, from) in id.iter_mut().zip(Sha256::digest(text.as_bytes())) {
            *to = from;
        }
        Self(id)
    }

    /// Its digits.
    pub fn hex(self) -> String {
        aiops_domain::finding::hex(&self.0)
    }

    /// Its 48 bits.
    pub(crate) fn number(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }
}

impl fmt::Display for TemplateId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.hex())
    }
}

impl From<TemplateId> for String {
    fn from(id: TemplateId) -> Self {
        id.hex()
    }
}

impl FromStr for TemplateId {
    type Err = TemplateIdError;

    fn from_str(text: &str) -> Result<Self, TemplateIdError> {
        let number = u64::from_str_radix(text, 16).map_err(|_| TemplateIdError)?;
        let [_, _, id @ ..] = number.to_be_bytes();
        let id = Self(id);
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(TemplateIdError)
        }
    }
}

impl TryFrom<String> for TemplateId {
    type Error = TemplateIdError;

    fn try_from(text: String) -> Result<Self, TemplateIdError> {
        text.parse()
    }
}

/// A template and how often training saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Stable identity.
    pub id: TemplateId,
    /// Masked tokens, one space between two; `<*>` stands for a value.
    pub text: String,
    /// Messages that training saw.
    pub count: u64,
}

/// How the miner works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MinerConfig {
    /// What counts as a value at sight.
    pub masks: MaskConfig,
    /// Distinct words in one position, all else equal, from which the position is a value.
    pub variable_words_min: usize,
    /// Distinct messages (after masking) that are held at once while learning.
    pub patterns_max: usize,
}

impl Default for MinerConfig {
    fn default() -> Self {
        Self {
            masks: MaskConfig::default(),
            variable_words_min: 5,
            patterns_max: 20_000,
        }
    }
}

/// What a message is, by a frozen miner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mined {
    /// A template of training: its position in [`Miner::templates`].
    Known(usize),
    /// Never seen: the masked message is its own template.
    Unseen(Template),
}

/// The templates of training, frozen: [`Miner::mine`] is a pure function of the message.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "MinerForm", into = "MinerForm")]
pub struct Miner {
    config: MinerConfig,
    masks: Masks,
    templates: Vec<Template>,
    raw: Vec<(String, u64)>,
    by_id: HashMap<TemplateId, usize>,
    index: PatternIndex,
}

/// The form of a [`Miner`] in an artefact: pattern and count; ids and indices are derived. In a
/// pattern, `\u0000` stands for a position that any word fits, `<*>` for a masked value.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct MinerForm {
    config: MinerConfig,
    patterns: Vec<(String, u64)>,
}

impl From<Miner> for MinerForm {
    fn from(miner: Miner) -> Self {
        Self {
            config: miner.config,
            patterns: miner.raw,
        }
    }
}

impl TryFrom<MinerForm> for Miner {
    type Error = MaskError;

    fn try_from(form: MinerForm) -> Result<Self, MaskError> {
        let masks = Masks::new(form.config.masks.clone())?;
        Ok(Self::with_masks(form.config, masks, form.patterns))
    }
}

impl Miner {
    fn with_masks(config: MinerConfig, masks: Masks, raw: Vec<(String, u64)>) -> Self {
        let mut templates: Vec<Template> = Vec::with_capacity(raw.len());
        let mut by_id: HashMap<TemplateId, usize> = HashMap::with_capacity(raw.len());
        let mut index = PatternIndex::default();
        for (pattern, count) in &raw {
            let text = display(pattern);
            let id = TemplateId::of(&text);
            let position = *by_id.entry(id).or_insert(templates.len());
            index.insert(pattern, position);
            match templates.get_mut(position) {
                Some(template) => template.count += count,
                None => templates.push(Template {
                    id,
                    text,
                    count: *count,
                }),
            }
        }
        Self {
            config,
            masks,
            templates,
            raw,
            by_id,
            index,
        }
    }

    /// Patterns and their counts, in the form of the artefact.
    fn patterns(&self) -> impl Iterator<Item = (&str, u64)> {
        self.raw
            .iter()
            .map(|(pattern, count)| (pattern.as_str(), *count))
    }

    /// The templates of training, most frequent first.
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// How it was configured.
    pub fn config(&self) -> &MinerConfig {
        &self.config
    }

    /// The template of training with this id.
    pub fn template(&self, id: &TemplateId) -> Option<&Template> {
        self.by_id
            .get(id)
            .and_then(|position| self.templates.get(*position))
    }

    /// The template of a message (its header already taken off).
    pub fn mine(&self, message: &str) -> Mined {
        self.mine_with(message, &mut Masked::default())
    }

    /// [`Miner::mine`] with a buffer to reuse.
    pub fn mine_with(&self, message: &str, masked: &mut Masked) -> Mined {
        self.masks.apply(message, masked);
        if let Some(position) = self.index.find(masked) {
            return Mined::Known(position);
        }
        let text = masked.text();
        Mined::Unseen(Template {
            id: TemplateId::of(&text),
            text,
            count: 0,
        })
    }

    /// The template of a message, known or not.
    pub fn template_of(&self, message: &str) -> Template {
        match self.mine(message) {
            Mined::Known(position) => match self.templates.get(position) {
                Some(template) => template.clone(),
                // The index holds positions of `templates` only.
                None => Template {
                    id: TemplateId::of(""),
                    text: String::new(),
                    count: 0,
                },
            },
            Mined::Unseen(template) => template,
        }
    }
}

/// A pattern as people read it.
fn display(pattern: &str) -> String {
    pattern.replace(OPEN, WILDCARD)
}

#[cfg(test)]
mod tests;
