//! Decimal digits, eight at a time.

/// The value of eight ASCII digits, all at once in one word: neighbours are joined to pairs, pairs to
/// fours, fours to the whole (D. Lemire, "Quickly parsing eight digits", 2018). `None` if one of them
/// is no digit.
pub fn eight_digits(digits: [u8; 8]) -> Option<u64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGH_HALVES: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    let word = u64::from_le_bytes(digits);
    // A digit keeps its high half when six is added; what lies above `9` does not.
    let above_nine = word.wrapping_add(0x0606_0606_0606_0606);
    if word & HIGH_HALVES != ZEROS || above_nine & HIGH_HALVES != ZEROS {
        return None;
    }
    let ones = word - ZEROS;
    let pairs = ones.wrapping_mul(10).wrapping_add(ones >> 8);
    let low = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
    let high = ((pairs >> 16) & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
    Some(low.wrapping_add(high) >> 32)
}

/// The value of ten ASCII digits, such as the seconds of this century; `None` for anything else.
pub fn ten_digits(digits: &[u8]) -> Option<i64> {
    let (high, low) = digits.split_first_chunk::<8>()?;
    let [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = low else {
        return None;
    };
    let low = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
    Some(i64::try_from(eight_digits(*high)?).ok()? * 100 + low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(37), ..ProptestConfig::default() })]

        #[test]
        fn digits_are_their_number(text in prop_oneof!["[0-9]{8}", "[ -~]{8}", "[0-9:/]{8}"], end in prop_oneof!["[0-9]{2}", "[ -~]{0,3}"]) {
            let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let bytes: [u8; 8] = text.as_bytes().try_into().unwrap();
            prop_assert_eq!(eight_digits(bytes), is_number(&text).then(|| text.parse().unwrap()));
            let whole = text + &end;
            let is_ten = is_number(&whole) && whole.len() == 10;
            prop_assert_eq!(ten_digits(whole.as_bytes()), is_ten.then(|| whole.parse().unwrap()));
        }
    }
}
