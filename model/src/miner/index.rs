//! Finding the pattern of a masked message: one hash lookup per distinct set of wildcard positions.

use std::collections::HashMap;

use crate::mask::{Masked, WILDCARD, hash_token};

/// Patterns by their number of tokens, then by where their wildcards are.
#[derive(Debug, Clone, Default)]
pub(super) struct PatternIndex {
    by_length: HashMap<usize, Vec<Schema>>,
    patterns: HashMap<usize, Vec<Box<[u8]>>>,
}

/// The patterns of one length whose wildcards are at the same positions. A wildcard of a pattern
/// matches every token, a token that is itself `<*>` included.
#[derive(Debug, Clone)]
struct Schema {
    wildcards: Vec<usize>,
    by_hash: HashMap<u64, Vec<usize>>,
}

impl PatternIndex {
    /// Adds the pattern `text`, to be found as `position`.
    pub(super) fn insert(&mut self, text: &str, position: usize) {
        let tokens: Vec<Box<[u8]>> = text
            .split(' ')
            .filter(|token| !token.is_empty())
            .map(|token| token.as_bytes().into())
            .collect();
        let wildcards: Vec<usize> = tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.as_ref() == WILDCARD.as_bytes())
            .map(|(index, _)| index)
            .collect();
        let hashes: Vec<u64> = tokens.iter().map(|token| hash_token(token)).collect();
        let hash = hash_without(&hashes, &wildcards);
        let schemas = self.by_length.entry(tokens.len()).or_default();
        let place = schemas.binary_search_by(|schema| order(&schema.wildcards, &wildcards));
        let place = match place {
            Ok(place) => place,
            Err(place) => {
                let by_hash = HashMap::new();
                schemas.insert(place, Schema { wildcards, by_hash });
                place
            }
        };
        if let Some(schema) = schemas.get_mut(place) {
            schema.by_hash.entry(hash).or_default().push(position);
        }
        self.patterns.insert(position, tokens);
    }

    /// The position of the most specific pattern that a message matches.
    pub(super) fn find(&self, masked: &Masked) -> Option<usize> {
        let schemas = self.by_length.get(&masked.len())?;
        schemas.iter().find_map(|schema| {
            let hash = hash_without(masked.hashes(), &schema.wildcards);
            let candidates = schema.by_hash.get(&hash)?;
            candidates
                .iter()
                .copied()
                .find(|position| self.matches(*position, masked))
        })
    }

    fn matches(&self, position: usize, masked: &Masked) -> bool {
        self.patterns.get(&position).is_some_and(|tokens| {
            tokens.iter().enumerate().all(|(index, token)| {
                token.as_ref() == WILDCARD.as_bytes() || token.as_ref() == masked.token(index)
            })
        })
    }
}

/// Fewer wildcards first, so that the most specific pattern wins; then by position, so that the
/// order of insertion does not matter.
fn order(a: &[usize], b: &[usize]) -> std::cmp::Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Hash of all tokens but those at `skipped` (ascending).
fn hash_without(hashes: &[u64], skipped: &[usize]) -> u64 {
    let mut skip = skipped.iter().copied().peekable();
    let mut all = 0x51_7c_c1_b7_27_22_0a_95_u64;
    for (index, hash) in hashes.iter().enumerate() {
        if skip.next_if_eq(&index).is_some() {
            continue;
        }
        all = (all.rotate_left(5) ^ hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        all ^= (index as u64).rotate_left(32);
    }
    all
}
