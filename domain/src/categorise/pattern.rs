//! Patterns of log group and stream names: text in which `*` stands for anything.

use serde::{Deserialize, Serialize};

/// A name with `*` for any run of characters, the empty one too. Letters count as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether the whole of `name` is of this form. Takes time in the product of the lengths at
    /// worst, never more.
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.0.as_bytes(), name.as_bytes());
        let (mut at_pattern, mut at_name) = (0, 0);
        // Where to take up again after the last star, if what follows it does not fit.
        let mut resume = None;
        while let Some(byte) = name.get(at_name) {
            match pattern.get(at_pattern) {
                Some(b'*') => {
                    at_pattern += 1;
                    resume = Some((at_pattern, at_name));
                }
                Some(expected) if expected == byte => {
                    at_pattern += 1;
                    at_name += 1;
                }
                _ => match resume {
                    Some((after_star, started)) => {
                        at_pattern = after_star;
                        at_name = started + 1;
                        resume = Some((after_star, started + 1));
                    }
                    None => return false,
                },
            }
        }
        pattern
            .get(at_pattern..)
            .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
    }
}

impl Default for Pattern {
    fn default() -> Self {
        Self("*".to_owned())
    }
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("/aws/eks/*/cluster", "/aws/eks/prod/cluster", true),
            ("/aws/eks/*/cluster", "/aws/eks/prod/cluster/x", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("eni-*-all", "eni-0abc-all", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("**", "x", true),
            ("a*", "A", false),
        ] {
            assert_eq!(
                Pattern::from(pattern).matches(name),
                expected,
                "{pattern} {name}"
            );
        }
    }

    /// The definition, without any cleverness.
    fn reference(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => reference(rest, name),
            (Some((b'*', rest)), Some((_, tail))) => {
                reference(rest, name) || reference(pattern, tail)
            }
            (Some((first, rest)), Some((byte, tail))) => first == byte && reference(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(33), ..ProptestConfig::default() })]

        #[test]
        fn it_matches_as_defined(pattern in "[ab*]{0,8}", name in "[ab]{0,10}") {
            prop_assert_eq!(
                Pattern::new(pattern.clone()).matches(&name),
                reference(pattern.as_bytes(), name.as_bytes())
            );
        }
    }
}
