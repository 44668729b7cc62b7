//! The event ids of one object, so that an event that comes twice is written once.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A set of texts in one allocation: the bytes lie one after the other, and the table holds places.
#[derive(Default)]
pub(super) struct SeenIds {
    bytes: Vec<u8>,
    places: HashTable<Place>,
    hasher: DefaultHashBuilder,
}

struct Place {
    hash: u64,
    start: usize,
    length: usize,
}

impl SeenIds {
    /// Adds `id`; `false` if it was there.
    pub(super) fn insert(&mut self, id: &str) -> bool {
        let id = id.as_bytes();
        let hash = self.hasher.hash_one(id);
        let same = |place: &Place| {
            place.hash == hash
                && self.bytes.get(place.start..place.start + place.length) == Some(id)
        };
        if self.places.find(hash, same).is_some() {
            return false;
        }
        let place = Place {
            hash,
            start: self.bytes.len(),
            length: id.len(),
        };
        self.bytes.extend_from_slice(id);
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
        fn it_is_a_set(ids in prop::collection::vec("[0-9]{0,2}", 0..200)) {
            let mut seen = SeenIds::default();
            let mut reference = HashSet::new();
            for id in ids {
                prop_assert_eq!(seen.insert(&id), reference.insert(id));
            }
        }
    }
}
