//! Finding the pattern of a masked message: one hash lookup per distinct set of open positions.

use hashbrown::HashMap;

use crate::mask::{Masked, OPEN, hash_token};

/// Patterns by their number of tokens, then by where they are open.
#[derive(Debug, Clone, Default)]
pub(super) struct PatternIndex {
    /// At the number of tokens.
    by_length: Vec<Vec<Schema>>,
    entries: Vec<Entry>,
}

/// The patterns of one length that are open at the same positions.
#[derive(Debug, Clone)]
struct Schema {
    open: Vec<usize>,
    by_hash: HashMap<u64, Vec<usize>>,
}

#[derive(Debug, Clone)]
struct Entry {
    tokens: Vec<Box<[u8]>>,
    position: usize,
}

impl PatternIndex {
    /// Adds a pattern, to be found as `position`.
    pub(super) fn insert(&mut self, pattern: &str, position: usize) {
        let tokens: Vec<Box<[u8]>> = pattern
            .split(' ')
            .filter(|token| !token.is_empty())
            .map(|token| token.as_bytes().into())
            .collect();
        let open: Vec<usize> = tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.as_ref() == OPEN.as_bytes())
            .map(|(index, _)| index)
            .collect();
        let hashes: Vec<u64> = tokens.iter().map(|token| hash_token(token)).collect();
        let hash = hash_without(&hashes, &open);
        if self.by_length.len() <= tokens.len() {
            self.by_length.resize_with(tokens.len() + 1, Vec::new);
        }
        let Some(schemas) = self.by_length.get_mut(tokens.len()) else {
            return;
        };
        let place = match schemas.binary_search_by(|schema| order(&schema.open, &open)) {
            Ok(place) => place,
            Err(place) => {
                let by_hash = HashMap::new();
                schemas.insert(place, Schema { open, by_hash });
                place
            }
        };
        if let Some(schema) = schemas.get_mut(place) {
            let entry = self.entries.len();
            schema.by_hash.entry(hash).or_default().push(entry);
        }
        self.entries.push(Entry { tokens, position });
    }

    /// The position of the most specific pattern that a message fits.
    pub(super) fn find(&self, masked: &Masked) -> Option<usize> {
        let schemas = self.by_length.get(masked.len())?;
        schemas.iter().find_map(|schema| {
            let hash = hash_without(masked.hashes(), &schema.open);
            let candidates = schema.by_hash.get(&hash)?;
            candidates
                .iter()
                .filter_map(|entry| self.entries.get(*entry))
                .find(|entry| entry.fits(masked))
                .map(|entry| entry.position)
        })
    }
}

impl Entry {
    fn fits(&self, masked: &Masked) -> bool {
        self.tokens.iter().enumerate().all(|(index, token)| {
            token.as_ref() == OPEN.as_bytes() || token.as_ref() == masked.token(index)
        })
    }
}

/// Fewer open positions first, so that the most specific pattern wins; then by position, so that the
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
