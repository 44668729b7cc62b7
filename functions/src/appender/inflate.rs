//! Decompression of untrusted gzip with a cap, into one buffer that is used again and again.

use flate2::{Decompress, FlushDecompress, Status};

/// zlib's largest window, and the gzip wrapping.
const WINDOW_BITS: u8 = 15;

/// The first two bytes of every gzip member.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

const FIRST_BUFFER_BYTES: usize = 256 << 10;

/// Why data could not be decompressed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// Not gzip at all, or something behind the last member that is none.
    #[error("no gzip member at byte {at}")]
    NoMember {
        /// Offset in the compressed data.
        at: usize,
    },
    /// Damaged, or a checksum that does not match.
    #[error("damaged gzip near byte {at}")]
    Damaged {
        /// Offset in the compressed data.
        at: usize,
    },
    /// It ends within a member.
    #[error("gzip that ends within a member")]
    Truncated,
    /// More than the cap.
    #[error("more than {bytes_max} bytes when decompressed")]
    TooLarge {
        /// The cap.
        bytes_max: usize,
    },
}

/// A decompressor with its buffer.
pub struct Inflater {
    state: Decompress,
    buffer: Vec<u8>,
    length: usize,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            state: Decompress::new_gzip(WINDOW_BITS),
            buffer: Vec::new(),
            length: 0,
        }
    }
}

impl Inflater {
    /// Decompresses every gzip member of `data`, one after the other.
    ///
    /// # Errors
    /// [`InflateError`]; what came out before it is in [`Inflater::output`].
    pub fn inflate(&mut self, data: &[u8], bytes_max: usize) -> Result<(), InflateError> {
        self.length = 0;
        let mut at = 0;
        loop {
            let member = data.get(at..).unwrap_or_default();
            if !member.starts_with(&MAGIC) {
                return Err(InflateError::NoMember { at });
            }
            at += self.member(member, at, bytes_max)?;
            if at == data.len() {
                return Ok(());
            }
        }
    }

    /// What was decompressed last.
    pub fn output(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// Decompresses one member; answers how many bytes of `input` it took.
    fn member(
        &mut self,
        input: &[u8],
        offset: usize,
        bytes_max: usize,
    ) -> Result<usize, InflateError> {
        self.state.reset(true);
        let mut taken = 0;
        loop {
            // One byte more than the cap tells "too large" from "just fits".
            if self.length > bytes_max {
                self.length = bytes_max;
                return Err(InflateError::TooLarge { bytes_max });
            }
            if self.length == self.buffer.len() {
                let grown = (self.buffer.len() * 2).max(FIRST_BUFFER_BYTES);
                self.buffer.resize(
                    grown.min(bytes_max.saturating_add(1)).max(self.length + 1),
                    0,
                );
            }
            let end = self.buffer.len().min(bytes_max.saturating_add(1));
            let output = self.buffer.get_mut(self.length..end).unwrap_or_default();
            let rest = input.get(taken..).unwrap_or_default();
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(rest, output, FlushDecompress::None)
                .map_err(|_| InflateError::Damaged { at: offset + taken })?;
            let consumed = usize::try_from(self.state.total_in() - before_in).unwrap_or(rest.len());
            let produced = usize::try_from(self.state.total_out() - before_out).unwrap_or(0);
            taken += consumed;
            self.length += produced;
            match status {
                Status::StreamEnd if self.length <= bytes_max => return Ok(taken),
                Status::StreamEnd => {}
                Status::Ok | Status::BufError => {
                    if consumed == 0 && produced == 0 {
                        return Err(InflateError::Truncated);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_cap_is_exact() {
        let data = gzip(&[7; 1_000_000]);
        let mut inflater = Inflater::default();
        assert_eq!(inflater.inflate(&data, 1_000_000), Ok(()));
        assert_eq!(inflater.output(), &[7; 1_000_000]);
        assert_eq!(
            inflater.inflate(&data, 999_999),
            Err(InflateError::TooLarge { bytes_max: 999_999 })
        );
        assert_eq!(inflater.output().len(), 999_999);
        let two = [data.clone(), data].concat();
        assert!(inflater.inflate(&two, 1_999_999).is_err());
        assert_eq!(inflater.inflate(&two, 2_000_000), Ok(()));
    }

    #[test]
    fn a_bomb_is_stopped_at_the_cap() {
        let bomb = gzip(&vec![0; 64 << 20]);
        let mut inflater = Inflater::default();
        assert!(matches!(
            inflater.inflate(&bomb, 1 << 20),
            Err(InflateError::TooLarge { .. })
        ));
        assert!(inflater.buffer.capacity() <= 2 << 20);
    }

    #[test]
    fn what_is_no_gzip_is_told_apart() {
        let mut inflater = Inflater::default();
        let whole = gzip(b"hello hello hello");
        let mut flipped = whole.clone();
        let checksum = flipped.len() - 6;
        flipped[checksum] ^= 1;
        assert_eq!(
            inflater.inflate(b"", 10),
            Err(InflateError::NoMember { at: 0 })
        );
        assert_eq!(
            inflater.inflate(b"{\"a\":1}", 10),
            Err(InflateError::NoMember { at: 0 })
        );
        assert!(matches!(
            inflater.inflate(&flipped, 100),
            Err(InflateError::Damaged { .. })
        ));
        assert_eq!(
            inflater.inflate(&whole[..whole.len() - 1], 100),
            Err(InflateError::Truncated)
        );
        assert_eq!(
            inflater.inflate(&[whole.as_slice(), b"x"].concat(), 100),
            Err(InflateError::NoMember { at: whole.len() })
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(41), ..ProptestConfig::default() })]

        #[test]
        fn members_come_out_one_after_the_other(members in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 1..5)) {
            let data: Vec<u8> = members.iter().flat_map(|member| gzip(member)).collect();
            let mut inflater = Inflater::default();
            prop_assert_eq!(inflater.inflate(&data, 10_000), Ok(()));
            prop_assert_eq!(inflater.output(), members.concat());
        }

        #[test]
        fn damage_is_an_error_or_nothing(data in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut damaged = gzip(&data);
            let at = at.index(damaged.len());
            damaged[at] ^= flip;
            let mut inflater = Inflater::default();
            // A flipped byte of the header (time, system) does no harm; anything else is noticed.
            if inflater.inflate(&damaged, 1000).is_ok() {
                prop_assert_eq!(inflater.output(), data);
            }
        }
    }
}
