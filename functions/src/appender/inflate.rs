//! Decompression of untrusted gzip with a cap, into one buffer that is used again and again.

use flate2::{Decompress, FlushDecompress, Status};

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
    #[error("damaged gzip")]
    Damaged,
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

/// A decompressor with its buffer. It takes members apart itself: `flate2`'s own gzip reader spends a
/// third of its time on a checksum that `crc32fast` has for next to nothing.
pub struct Inflater {
    state: Decompress,
    buffer: Vec<u8>,
    length: usize,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            state: Decompress::new(false),
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
        let mut rest = data;
        loop {
            if !rest.starts_with(&MAGIC) {
                let at = data.len() - rest.len();
                return Err(InflateError::NoMember { at });
            }
            rest = self.member(rest, bytes_max)?;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// What was decompressed last.
    pub fn output(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// Decompresses the member that `input` begins with; answers what follows it.
    fn member<'a>(&mut self, input: &'a [u8], bytes_max: usize) -> Result<&'a [u8], InflateError> {
        let start = self.length;
        let rest = self.deflated(after_header(input)?, bytes_max)?;
        let (trailer, rest) = rest.split_at_checked(8).ok_or(InflateError::Truncated)?;
        let output = self.buffer.get(start..self.length).unwrap_or_default();
        let expected = crc32fast::hash(output)
            .to_le_bytes()
            .into_iter()
            // The length counts modulo 2³².
            .chain(output.len().to_le_bytes().into_iter().take(4));
        if !trailer.iter().copied().eq(expected) {
            return Err(InflateError::Damaged);
        }
        Ok(rest)
    }

    /// Decompresses a deflate stream; answers what follows it.
    fn deflated<'a>(
        &mut self,
        mut input: &'a [u8],
        bytes_max: usize,
    ) -> Result<&'a [u8], InflateError> {
        // One byte more than the cap tells "too large" from "just fits".
        let end_max = bytes_max.saturating_add(1);
        self.state.reset(false);
        loop {
            if self.length == self.buffer.len() {
                let grown = (self.buffer.len() * 2).max(FIRST_BUFFER_BYTES);
                self.buffer.resize(grown.min(end_max), 0);
            }
            let end = self.buffer.len().min(end_max);
            let space = self.buffer.get_mut(self.length..end).unwrap_or_default();
            let (taken_before, made_before) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, space, FlushDecompress::None)
                .map_err(|_| InflateError::Damaged)?;
            let taken = self.state.total_in() - taken_before;
            let made = self.state.total_out() - made_before;
            input = usize::try_from(taken)
                .ok()
                .and_then(|taken| input.get(taken..))
                .unwrap_or_default();
            self.length += usize::try_from(made).unwrap_or_default();
            if self.length > bytes_max {
                self.length = bytes_max;
                return Err(InflateError::TooLarge { bytes_max });
            }
            if status == Status::StreamEnd {
                return Ok(input);
            }
            if taken == 0 && made == 0 {
                return Err(InflateError::Truncated);
            }
        }
    }
}

/// What follows the header of a gzip member (RFC 1952, 2.3).
fn after_header(member: &[u8]) -> Result<&[u8], InflateError> {
    const HEADER_CHECKSUM: u8 = 1 << 1;
    const EXTRA: u8 = 1 << 2;
    const NAME: u8 = 1 << 3;
    const COMMENT: u8 = 1 << 4;
    const RESERVED: u8 = 0b1110_0000;
    const DEFLATE: u8 = 8;

    let truncated = InflateError::Truncated;
    let ([_, _, method, flags, ..], mut rest) =
        member.split_first_chunk::<10>().ok_or(truncated.clone())?;
    if *method != DEFLATE || flags & RESERVED != 0 {
        return Err(InflateError::Damaged);
    }
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(truncated.clone())?;
        let length = usize::from(u16::from_le_bytes(*length));
        rest = after.get(length..).ok_or(truncated.clone())?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = memchr::memchr(0, rest).ok_or(truncated.clone())?;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
    if flags & HEADER_CHECKSUM != 0 {
        let (expected, after) = rest.split_first_chunk::<2>().ok_or(truncated)?;
        let header = member.get(..member.len() - rest.len()).unwrap_or_default();
        let [low, high, ..] = crc32fast::hash(header).to_le_bytes();
        if *expected != [low, high] {
            return Err(InflateError::Damaged);
        }
        rest = after;
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;
    use flate2::{Compression, GzBuilder};
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
        assert_eq!(inflater.inflate(&gzip(&[]), 0), Ok(()));
        assert!(inflater.inflate(&gzip(&[1]), 0).is_err());
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
            Err(InflateError::Damaged)
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

    #[test]
    fn every_part_of_a_header_is_stepped_over() {
        let mut data = GzBuilder::new()
            .extra(vec![1, 0, 2])
            .filename("name")
            .comment("comment")
            .mtime(7)
            .write(Vec::new(), Compression::default());
        data.write_all(b"hello").unwrap();
        let data = data.finish().unwrap();
        let mut inflater = Inflater::default();
        assert_eq!(inflater.inflate(&data, 5), Ok(()));
        assert_eq!(inflater.output(), b"hello");
        for length in 2..data.len() {
            assert_eq!(
                inflater.inflate(&data[..length], 5),
                Err(InflateError::Truncated)
            );
        }
        // With a checksum over the header, right and wrong.
        let header = [0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 255];
        let [low, high, ..] = crc32fast::hash(&header).to_le_bytes();
        let rest = &gzip(b"hello")[10..];
        let right = [&header[..], &[low, high], rest].concat();
        let wrong = [&header[..], &[low, !high], rest].concat();
        assert_eq!(inflater.inflate(&right, 5), Ok(()));
        assert_eq!(inflater.inflate(&wrong, 5), Err(InflateError::Damaged));
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
