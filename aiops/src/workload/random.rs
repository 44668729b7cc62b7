//! Seeded randomness for the workload: a generator per part, so that one part's draws never shift
//! another's.

use aiops_domain::Time;
use sha2::{Digest, Sha256};

/// SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// The generator of the part `name` of the workload of `seed`.
    pub(crate) fn of(seed: u64, name: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(seed.to_be_bytes())
            .chain_update(name)
            .finalize();
        let state = digest
            .iter()
            .take(8)
            .fold(0, |state, byte| (state << 8) | u64::from(*byte));
        Self { state }
    }

    /// 64 random bits.
    pub(crate) const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// Uniform in `low..high`; `low` when the range is empty.
    pub(crate) fn range(&mut self, low: u64, high: u64) -> u64 {
        let span = u128::from(high.saturating_sub(low));
        low + u64::try_from((u128::from(self.bits()) * span) >> 64).unwrap_or(0)
    }

    /// Uniform in [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        // 32 bits are plenty here, and exact in an f64.
        f64::from(u32::try_from(self.bits() >> 32).unwrap_or(0)) / 4_294_967_296.0
    }

    /// True once in `1 / probability` times.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// One of `choices`, which is not empty.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = usize::try_from(self.range(0, choices.len() as u64)).unwrap_or(0);
        &choices[index]
    }

    /// A permutation of `0..length`.
    pub(crate) fn permutation(&mut self, length: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..length).collect();
        for index in (1..length).rev() {
            let other = usize::try_from(self.range(0, index as u64 + 1)).unwrap_or(0);
            order.swap(index, other);
        }
        order
    }

    /// Exponential with this mean.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.uniform()).ln()
    }

    /// Log-normal with this median: durations and sizes are skewed to the right.
    pub(crate) fn skewed(&mut self, median: f64, sigma: f64) -> f64 {
        // Irwin–Hall: the sum of twelve uniforms is normal enough for latencies.
        let normal: f64 = (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0;
        median * (sigma * normal).exp()
    }

    /// [`Self::skewed`] as a whole number.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and a cast saturates"
    )]
    pub(crate) fn amount(&mut self, median: f64, sigma: f64) -> u64 {
        self.skewed(median, sigma).round() as u64
    }

    /// The instants of a Poisson process of `per_minute` events between `from` and `to`.
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
    pub(crate) fn arrivals(&mut self, per_minute: f64, from: Time, to: Time) -> Vec<Time> {
        let mut instants = Vec::new();
        let mut offset = self.exponential(60_000.0 / per_minute);
        while from.plus_millis(offset as i64) < to {
            instants.push(from.plus_millis(offset as i64));
            offset += self.exponential(60_000.0 / per_minute);
        }
        instants
    }

    /// `length` hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| {
                char::from_digit(u32::try_from(self.range(0, 16)).unwrap_or(0), 16).unwrap_or('0')
            })
            .collect()
    }

    /// A random UUID.
    pub(crate) fn uuid(&mut self) -> String {
        format!(
            "{}-{}-4{}-a{}-{}",
            self.hex(8),
            self.hex(4),
            self.hex(3),
            self.hex(3),
            self.hex(12)
        )
    }

    /// `length` characters as Kubernetes makes names.
    pub(crate) fn name_suffix(&mut self, length: usize) -> String {
        const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..length)
            .map(|_| char::from(*self.pick(ALPHABET)))
            .collect()
    }
}
