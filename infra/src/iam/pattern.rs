//! Patterns of the policy language: `*` any text, `?` one character.

/// Whether the whole of `text` matches `pattern`. Linear in practice: only the last `*` is tried again.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut position) = (0, 0);
    // Where to go on after the last `*`: it takes one more character each time.
    let mut again: Option<(usize, usize)> = None;
    while let Some(character) = text.get(position) {
        match pattern.get(at) {
            Some('*') => {
                again = Some((at + 1, position));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == character => {
                at += 1;
                position += 1;
            }
            _ => match again {
                Some((after, taken)) => {
                    again = Some((after, taken + 1));
                    at = after;
                    position = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

/// Whether an ARN matches a pattern: each of its six parts by itself, so that a `*` in one does not
/// reach into the next. `*` alone matches every ARN.
pub fn matches_arn(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let patterns: Vec<&str> = pattern.splitn(6, ':').collect();
    parts.len() == 6
        && patterns.len() == 6
        && patterns
            .iter()
            .zip(&parts)
            .all(|(pattern, part)| matches(pattern, part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, by recursion.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|taken| slow(rest, &text[taken..])),
            Some((wanted, rest)) => text.split_first().is_some_and(|(first, others)| {
                (*wanted == '?' || wanted == first) && slow(rest, others)
            }),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn proptest_matching_is_as_defined(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&pattern, &text), slow(&p, &t));
        }
    }

    #[test]
    fn a_star_stays_in_its_part_of_an_arn() {
        assert!(matches_arn("arn:aws:s3:::raw/*", "arn:aws:s3:::raw/a/b:c"));
        assert!(matches_arn(
            "arn:*:logs:*:*:log-group:/a*",
            "arn:aws:logs:eu-central-1:111122223333:log-group:/a/b"
        ));
        assert!(!matches_arn(
            "arn:aws:sns:*:topic",
            "arn:aws:sns:eu-central-1:111122223333:topic"
        ));
        assert!(!matches_arn(
            "arn:aws:sqs:*:111122223333:q",
            "arn:aws:sqs:eu-central-1:444455556666:111122223333:q"
        ));
    }
}
