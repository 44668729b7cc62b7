//! A small seeded generator, so that one seed gives one model on every machine and version.

/// SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014):
/// one word of state, passes BigCrush, and any seed is a good one.
#[derive(Debug, Clone)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The generator of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// An independent generator for part `stream` of the same work.
    pub const fn stream(seed: u64, stream: u64) -> Self {
        let mut rng = Self::new(seed ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03));
        rng.state = rng.next_u64();
        rng
    }

    /// 64 random bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// Uniform in [0, 1), 53 bits.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64")]
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in 0..`bound`; 0 when `bound` is 0. The bias is below `bound` / 2⁶⁴ (Lemire 2019).
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the high word of the product is below bound, a usize"
    )]
    pub const fn below(&mut self, bound: usize) -> usize {
        ((self.next_u64() as u128 * bound as u128) >> 64) as usize
    }

    /// `size` distinct numbers of 0..`population` in random order (all of them when `size` is larger).
    pub fn sample(&mut self, population: usize, size: usize) -> Vec<usize> {
        let size = size.min(population);
        if size.saturating_mul(8) < population {
            // Floyd's algorithm would need a set as well: draw and reject, at most one in eight.
            let mut seen = std::collections::HashSet::with_capacity(size);
            let mut drawn = Vec::with_capacity(size);
            while drawn.len() < size {
                let candidate = self.below(population);
                if seen.insert(candidate) {
                    drawn.push(candidate);
                }
            }
            return drawn;
        }
        let mut all: Vec<usize> = (0..population).collect();
        for index in 0..size {
            let other = index + self.below(population - index);
            all.swap(index, other);
        }
        all.truncate(size);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_published_sequence() {
        // First outputs of the reference implementation for seed 1234567.
        let mut rng = Rng::new(1_234_567);
        assert_eq!(rng.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn samples_without_replacement() {
        for (population, size) in [(10, 10), (10, 99), (1000, 5), (100, 40), (0, 3)] {
            let mut sample = Rng::new(7).sample(population, size);
            assert_eq!(sample.len(), size.min(population));
            sample.sort_unstable();
            sample.dedup();
            assert_eq!(sample.len(), size.min(population));
            assert!(sample.iter().all(|&index| index < population));
        }
    }
}
