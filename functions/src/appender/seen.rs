//! The event ids of one object, so that an event that comes twice is written once.

use std::hash::{BuildHasher as _, Hash, Hasher};

use aiops_domain::digits::eight_digits;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

/// A set of event ids. Those that CloudWatch makes are kept as the numbers that they are (56 decimal
/// digits), 64 neighbours in one entry, since the events of one call are numbered one after the other;
/// any other id is kept as its text.
#[derive(Default)]
pub(super) struct SeenIds {
    blocks: HashMap<Block, u64>,
    texts: Texts,
}

impl SeenIds {
    /// Adds `id`; `false` if it was there.
    pub(super) fn insert(&mut self, id: &str) -> bool {
        let Some((block, bit)) = block_and_bit(id.as_bytes()) else {
            return self.texts.insert(id.as_bytes());
        };
        let members = self.blocks.entry(block).or_default();
        let is_new = *members & bit == 0;
        *members |= bit;
        is_new
    }
}

/// Three words that mean the first of 64 neighbouring numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block([u64; 3]);

impl Hash for Block {
    /// Word by word: a slice would be hashed byte by byte, with its length.
    fn hash<H: Hasher>(&self, state: &mut H) {
        for word in self.0 {
            state.write_u64(word);
        }
    }
}

/// The block of the number that 56 decimal digits are, and its bit within the block; `None` for any
/// other text. The digits are read in seven parts of eight, 27 bits each, so that no two ids have the
/// same block and bit.
fn block_and_bit(id: &[u8]) -> Option<(Block, u64)> {
    let id: &[u8; 56] = id.try_into().ok()?;
    let (chunks, _) = id.as_chunks::<8>();
    let mut parts = [0; 7];
    for (part, chunk) in parts.iter_mut().zip(chunks) {
        *part = eight_digits(*chunk)?;
    }
    let [a, b, c, d, e, f, last] = parts;
    let seven_bits = |from: u32| (last >> from) & 0x7F;
    let block = Block([
        a << 34 | b << 7 | seven_bits(6),
        c << 34 | d << 7 | seven_bits(13),
        e << 34 | f << 7 | seven_bits(20),
    ]);
    Some((block, 1 << (last & 63)))
}

/// A set of texts in one allocation: the bytes lie one after the other, and the table holds places.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    places: HashTable<Place>,
    hasher: DefaultHashBuilder,
}

struct Place {
    hash: u64,
    start: usize,
    length: usize,
}

impl Texts {
    fn insert(&mut self, text: &[u8]) -> bool {
        let hash = self.hasher.hash_one(text);
        let same = |place: &Place| {
            place.hash == hash
                && self.bytes.get(place.start..place.start + place.length) == Some(text)
        };
        if self.places.find(hash, same).is_some() {
            return false;
        }
        let place = Place {
            hash,
            start: self.bytes.len(),
            length: text.len(),
        };
        self.bytes.extend_from_slice(text);
        self.places.insert_unique(hash, place, |place| place.hash);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(42), ..ProptestConfig::default() })]

        #[test]
        fn different_ids_have_different_numbers(a in "[0-9]{56}", at in 0..56_usize, digit in 0..10_u8) {
            let mut b = a.clone().into_bytes();
            b[at] = b'0' + digit;
            prop_assert_eq!(block_and_bit(a.as_bytes()) == block_and_bit(&b), a.as_bytes() == b.as_slice());
        }

        #[test]
        fn it_is_a_set(ids in prop::collection::vec(prop_oneof!["[0-9]{0,2}", "[0-9a]{2}".prop_map(|end| "7".repeat(54) + &end), "[0-9]{1}".prop_map(|digit| digit.repeat(56))], 0..200)) {
            let mut seen = SeenIds::default();
            let mut reference = HashSet::new();
            for id in ids {
                prop_assert_eq!(seen.insert(&id), reference.insert(id));
            }
        }
    }
}
