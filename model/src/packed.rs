//! Arrays of numbers as base64 of their little-endian bytes, so that an artefact of JSON stays small
//! and loads fast, and floats survive to the bit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

fn write<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64.encode(bytes))
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    BASE64.decode(text.as_bytes()).map_err(D::Error::custom)
}

macro_rules! packed {
    ($name:ident, $number:ty, $what:literal) => {
        #[doc = concat!("`#[serde(with)]` for `Vec<", stringify!($number), ">`.")]
        pub(crate) mod $name {
            use super::{Deserializer, Serializer};
            use serde::de::Error as _;

            const WIDTH: usize = size_of::<$number>();

            pub(crate) fn serialize<S: Serializer>(
                numbers: &[$number],
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
                super::write(&bytes, serializer)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Vec<$number>, D::Error> {
                let bytes = super::read(deserializer)?;
                let (words, rest) = bytes.as_chunks::<WIDTH>();
                if !rest.is_empty() {
                    return Err(D::Error::custom($what));
                }
                Ok(words
                    .iter()
                    .map(|word| <$number>::from_le_bytes(*word))
                    .collect())
            }
        }
    };
}

packed!(u32s, u32, "packed whole numbers are cut short");
packed!(f32s, f32, "packed single floats are cut short");
packed!(f64s, f64, "packed double floats are cut short");

/// `#[serde(with)]` for `BTreeMap<u64, u32>`: 12 bytes an entry.
pub(crate) mod pairs {
    use std::collections::BTreeMap;

    use super::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        pairs: &BTreeMap<u64, u32>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(pairs.len() * 12);
        for (key, value) in pairs {
            bytes.extend_from_slice(&key.to_le_bytes());
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        super::write(&bytes, serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<u64, u32>, D::Error> {
        let bytes = super::read(deserializer)?;
        let (entries, rest) = bytes.as_chunks::<12>();
        if !rest.is_empty() {
            return Err(super::cut_short::<D>());
        }
        Ok(entries
            .iter()
            .map(|&[a, b, c, d, e, f, g, h, i, j, k, l]| {
                (
                    u64::from_le_bytes([a, b, c, d, e, f, g, h]),
                    u32::from_le_bytes([i, j, k, l]),
                )
            })
            .collect())
    }
}

fn cut_short<'de, D: Deserializer<'de>>() -> D::Error {
    D::Error::custom("packed pairs are cut short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Serialize;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct All {
        #[serde(with = "u32s")]
        whole: Vec<u32>,
        #[serde(with = "f32s")]
        single: Vec<f32>,
        #[serde(with = "f64s")]
        double: Vec<f64>,
        #[serde(with = "pairs")]
        pairs: BTreeMap<u64, u32>,
    }

    proptest! {
        #[test]
        fn numbers_survive(
            whole in proptest::collection::vec(any::<u32>(), 0..9),
            single in proptest::collection::vec(proptest::num::f32::NORMAL, 0..9),
            double in proptest::collection::vec(proptest::num::f64::NORMAL, 0..9),
            pairs in proptest::collection::btree_map(any::<u64>(), any::<u32>(), 0..9),
        ) {
            let all = All { whole, single, double, pairs };
            let text = serde_json::to_string(&all).unwrap();
            prop_assert_eq!(serde_json::from_str::<All>(&text).unwrap(), all);
        }
    }

    #[test]
    fn cut_input_is_an_error() {
        let text = r#"{"whole":"AAAA","single":"","double":"","pairs":""}"#;
        let error = serde_json::from_str::<All>(text).unwrap_err().to_string();
        assert!(error.contains("cut short"), "{error}");
    }
}
