//! Learning templates from a stream, in bounded memory.

use super::generalise::{Pattern, generalise};
use super::index::PatternIndex;
use super::{Miner, MinerConfig, TemplateId, display};
use crate::mask::{MaskError, Masked, Masks};

/// Learns templates line by line. What it holds is bounded by `patterns_max`: when that many
/// distinct masked messages are held, it generalises them, and drops the rarest if that does not
/// help. Below the bound the result does not depend on the order of the lines.
#[derive(Debug)]
pub struct TemplateMiner {
    config: MinerConfig,
    masks: Masks,
    patterns: Vec<Pattern>,
    index: PatternIndex,

    masked: Masked,
    dropped: u64,
}

impl TemplateMiner {
    /// A miner that has learnt nothing.
    ///
    /// # Errors
    /// A mask of the configuration that does not compile.
    pub fn new(config: MinerConfig) -> Result<Self, MaskError> {
        let masks = Masks::new(config.masks.clone())?;
        Ok(Self::with_patterns(config, masks, Vec::new()))
    }

    /// Goes on from a frozen miner: its templates keep their texts, and so their ids, until new
    /// lines generalise them.
    pub fn resume(miner: &Miner) -> Self {
        let patterns = miner
            .patterns()
            .map(|(raw, count)| Pattern::from_raw(raw, count))
            .collect();
        Self::with_patterns(miner.config.clone(), miner.masks.clone(), patterns)
    }

    fn with_patterns(config: MinerConfig, masks: Masks, patterns: Vec<Pattern>) -> Self {
        let mut miner = Self {
            config,
            masks,
            patterns: Vec::new(),
            index: PatternIndex::default(),

            masked: Masked::default(),
            dropped: 0,
        };
        miner.replace(patterns);
        miner
    }

    fn replace(&mut self, patterns: Vec<Pattern>) {
        self.index = PatternIndex::default();

        for (position, pattern) in patterns.iter().enumerate() {
            self.index.insert(&pattern.raw(), position);
        }
        self.patterns = patterns;
    }

    /// Learns one message (its header already taken off).
    pub fn learn(&mut self, message: &str) {
        self.masks.apply(message, &mut self.masked);
        if let Some(position) = self.index.find(&self.masked) {
            if let Some(pattern) = self.patterns.get_mut(position) {
                pattern.count += 1;
            }
            return;
        }
        if self.patterns.len() >= self.config.patterns_max.max(2) {
            self.compact();
        }
        let text = self.masked.text();
        self.index.insert(&text, self.patterns.len());
        self.patterns.push(Pattern::from_raw(&text, 1));
    }

    /// Learns one message and says to which template it belongs as of now. Later lines may
    /// generalise that template, and a generalised template has a new id.
    pub fn mine(&mut self, message: &str) -> TemplateId {
        self.learn(message);
        let position = self.index.find(&self.masked);
        let pattern = position.and_then(|position| self.patterns.get(position));
        TemplateId::of(
            &pattern.map_or_else(|| self.masked.text(), |pattern| display(&pattern.raw())),
        )
    }

    /// Messages whose template was dropped, the rarest first, to stay within `patterns_max`.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Generalises what is held; if that leaves more than three quarters of the bound, the rarest
    /// go, so that the cost of the next generalisation is spread over many lines.
    fn compact(&mut self) {
        let mut patterns = generalise(
            std::mem::take(&mut self.patterns),
            self.config.variable_words_min,
        );
        let keep = self.config.patterns_max.max(2) / 4 * 3;
        if patterns.len() > keep {
            let rare = patterns.split_off(keep);
            self.dropped += rare.iter().map(|pattern| pattern.count).sum::<u64>();
        }
        self.replace(patterns);
    }

    /// The templates learnt, frozen.
    pub fn freeze(&self) -> Miner {
        let patterns = generalise(self.patterns.clone(), self.config.variable_words_min);
        let texts = patterns
            .iter()
            .map(|pattern| (pattern.raw(), pattern.count))
            .collect();
        Miner::with_masks(self.config.clone(), self.masks.clone(), texts)
    }
}
