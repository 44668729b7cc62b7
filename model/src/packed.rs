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

/// `#[serde(with)]` for count vectors and how often each occurs: numbers, each vector's length before
/// it. Artefacts of version 1 have them as lists, which take longer to read than all the rest.
pub(crate) mod vectors {
    use std::fmt;

    use base64::Engine as _;
    use serde::de::{Error, SeqAccess, Visitor};

    use super::{BASE64, Deserializer, Serializer};
    use crate::session::Counts;

    pub(crate) fn serialize<S: Serializer>(
        vectors: &[(Counts, u32)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut numbers: Vec<u32> = Vec::new();
        for (counts, occurrences) in vectors {
            let length = u32::try_from(counts.0.len()).map_err(serde::ser::Error::custom)?;
            numbers.extend([*occurrences, length]);
            numbers.extend(
                counts
                    .iter()
                    .flat_map(|(template, count)| [template, count]),
            );
        }
        super::u32s::serialize(&numbers, serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(Counts, u32)>, D::Error> {
        deserializer.deserialize_any(Either)
    }

    struct Either;

    impl<'de> Visitor<'de> for Either {
        type Value = Vec<(Counts, u32)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("count vectors, packed or as lists")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            let bytes = BASE64.decode(text.as_bytes()).map_err(E::custom)?;
            let (words, rest) = bytes.as_chunks::<4>();
            let mut numbers = words.iter().map(|word| u32::from_le_bytes(*word));
            let mut vectors = Vec::new();
            while let Some(occurrences) = numbers.next() {
                let length = numbers
                    .next()
                    .and_then(|length| usize::try_from(length).ok());
                let length = length.filter(|length| *length <= numbers.len() / 2);
                let length = length.ok_or_else(|| E::custom("packed vectors are cut short"))?;
                let mut counts = Vec::with_capacity(length);
                for _ in 0..length {
                    if let (Some(template), Some(count)) = (numbers.next(), numbers.next()) {
                        counts.push((template, count));
                    }
                }
                vectors.push((Counts(counts.into()), occurrences));
            }
            if rest.is_empty() {
                Ok(vectors)
            } else {
                Err(E::custom("packed vectors are cut short"))
            }
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut vectors = Vec::new();
            while let Some(vector) = list.next_element()? {
                vectors.push(vector);
            }
            Ok(vectors)
        }
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

    use crate::session::Counts;

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
        #[serde(with = "vectors")]
        vectors: Vec<(Counts, u32)>,
    }

    proptest! {
        #[test]
        fn numbers_survive(
            whole in proptest::collection::vec(any::<u32>(), 0..9),
            single in proptest::collection::vec(proptest::num::f32::NORMAL, 0..9),
            double in proptest::collection::vec(proptest::num::f64::NORMAL, 0..9),
            pairs in proptest::collection::btree_map(any::<u64>(), any::<u32>(), 0..9),
            vectors in proptest::collection::vec((proptest::collection::vec(any::<(u32, u32)>(), 0..5), any::<u32>()), 0..9),
        ) {
            let vectors = vectors.into_iter().map(|(counts, times)| (Counts(counts.into()), times)).collect();
            let all = All { whole, single, double, pairs, vectors };
            let text = serde_json::to_string(&all).unwrap();
            prop_assert_eq!(serde_json::from_str::<All>(&text).unwrap(), all);
        }
    }

    #[test]
    fn cut_input_is_an_error() {
        for text in [
            r#"{"whole":"AAAA","single":"","double":"","pairs":"","vectors":""}"#,
            r#"{"whole":"","single":"","double":"","pairs":"","vectors":"AAAA"}"#,
            r#"{"whole":"","single":"","double":"","pairs":"","vectors":"AQAAAP////8"}"#,
            r#"{"whole":"","single":"","double":"","pairs":"","vectors":"AQAAAA"}"#,
        ] {
            let error = serde_json::from_str::<All>(text).unwrap_err().to_string();
            assert!(error.contains("cut short"), "{error}");
        }
    }

    #[test]
    fn vectors_of_version_1_are_lists() {
        let text = r#"{"whole":"","single":"","double":"","pairs":"","vectors":[[[[3,1],[5,2]],7],[[],1]]}"#;
        let read: All = serde_json::from_str(text).unwrap();
        let counts = |pairs: &[(u32, u32)]| Counts(pairs.into());
        assert_eq!(
            read.vectors,
            [(counts(&[(3, 1), (5, 2)]), 7), (counts(&[]), 1)]
        );
    }
}
