//! Takes secrets and personal data out of text before it leaves the system: keys, tokens, e-mail
//! addresses and card numbers by default, more by configuration.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

/// Compiled patterns above this size are refused: configuration must not exhaust a function.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// What is redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactionConfig {
    /// Whether the built-in patterns apply.
    #[serde(default = "yes")]
    pub defaults: bool,
    /// Further patterns (regular expressions); what they match is replaced as a whole.
    #[serde(default)]
    pub patterns: Vec<String>,
}

const fn yes() -> bool {
    true
}

impl Default for RedactionConfig {
    fn default() -> Self {
        Self {
            defaults: true,
            patterns: Vec::new(),
        }
    }
}

/// A pattern of the configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("redaction.patterns[{index}] is not a regular expression: {detail}")]
pub struct PatternError {
    index: usize,
    detail: String,
}

/// The compiled patterns.
#[derive(Debug, Clone)]
pub struct Redactor {
    defaults: bool,
    patterns: Vec<Regex>,
}

/// (what it is, pattern). Group 1, if there is one, is kept: the name before a secret helps whoever reads.
const BUILT_IN: [(&str, &str); 9] = [
    (
        "private key",
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
    ),
    ("AWS key id", r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"),
    (
        "token",
        r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.?[A-Za-z0-9_-]*",
    ),
    (
        "token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|xox[a-z]-[A-Za-z0-9-]{8,}|sk_(?:live|test)_\w{10,}|glpat-[\w-]{16,})",
    ),
    (
        "credential",
        r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9+/._~=-]{8,}",
    ),
    (
        "password",
        r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@]{1,64}:)[^\s@/]{1,256}@",
    ),
    (
        "secret",
        r#"(?i)(\b[\w.-]{0,40}(?:passw(?:or)?d|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|session[_-]?id)[\w.-]{0,40}["']?\s{0,3}[:=]\s{0,3})("[^"]*"|'[^']*'|[^\s"'&,;]+)"#,
    ),
    (
        "e-mail",
        r"(?i)\b[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}\b",
    ),
    ("card", r"\b\d(?:[ -]?\d){12,18}\b"),
];

static COMPILED: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    BUILT_IN
        .iter()
        .filter_map(|(what, pattern)| Regex::new(pattern).ok().map(|regex| (*what, regex)))
        .collect()
});

impl Redactor {
    /// Compiles the configuration.
    ///
    /// # Errors
    /// When a pattern is not a regular expression or too large.
    pub fn new(config: &RedactionConfig) -> Result<Self, PatternError> {
        let patterns = config
            .patterns
            .iter()
            .enumerate()
            .map(|(index, pattern)| {
                RegexBuilder::new(pattern)
                    .size_limit(MAX_PATTERN_BYTES)
                    .build()
                    .map_err(|error| PatternError {
                        index,
                        detail: error.to_string(),
                    })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            defaults: config.defaults,
            patterns,
        })
    }

    /// The text without what the patterns match.
    pub fn redact(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        let built_in = COMPILED.iter().filter(|_| self.defaults);
        for (what, regex) in built_in {
            let replaced = regex.replace_all(&text, |found: &Captures<'_>| {
                let whole = found.get(0).map_or("", |part| part.as_str());
                if *what == "card" && !passes_luhn(whole) {
                    return whole.to_owned();
                }
                let kept = found.get(1).map_or("", |part| part.as_str());
                let host = if *what == "password" { "@" } else { "" };
                format!("{kept}[{what} redacted]{host}")
            });
            text = Cow::Owned(replaced.into_owned());
        }
        for regex in &self.patterns {
            text = Cow::Owned(regex.replace_all(&text, "[redacted]").into_owned());
        }
        text.into_owned()
    }
}

/// The check digit of ISO/IEC 7812: a number that fails it is no card.
fn passes_luhn(text: &str) -> bool {
    let digits = text
        .chars()
        .rev()
        .filter_map(|character| character.to_digit(10));
    let sum: u32 = digits
        .enumerate()
        .map(|(position, digit)| match (position % 2, digit * 2) {
            (0, _) => digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redact(text: &str) -> String {
        Redactor::new(&RedactionConfig::default())
            .unwrap()
            .redact(text)
    }

    #[test]
    fn every_built_in_pattern_compiles() {
        assert_eq!(COMPILED.len(), BUILT_IN.len());
    }

    #[test]
    fn secrets_are_taken_out_and_their_names_stay() {
        for (text, wanted) in [
            (
                "key AKIAIOSFODNN7EXAMPLE used",
                "key [AWS key id redacted] used",
            ),
            (
                "db_password=hunter2 host=a",
                "db_password=[secret redacted] host=a",
            ),
            (
                r#"{"apiKey": "s3cr3t","n":1}"#,
                r#"{"apiKey": [secret redacted],"n":1}"#,
            ),
            (
                "Authorization: Bearer abcdef123456",
                "Authorization: Bearer [credential redacted]",
            ),
            (
                "user ann.b+c@example.com failed",
                "user [e-mail redacted] failed",
            ),
            (
                "card 4111 1111 1111 1111 declined",
                "card [card redacted] declined",
            ),
            (
                "postgres://app:pa55@db/x",
                "postgres://app:[password redacted]@db/x",
            ),
            ("xoxb-1234567890-abcdef", "[token redacted]"),
        ] {
            assert_eq!(redact(text), wanted);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "2 123456789012 eni-0a1 203.0.113.7 10.0.0.4 44321 22 6 20 4249 1418530010 1418530070 REJECT OK",
            "order 4111 1111 1111 1112 shipped",
            "blk_-1608999687919862906 terminating",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn further_patterns_apply_and_bad_ones_are_named() {
        let config = RedactionConfig {
            defaults: false,
            patterns: vec![r"cust-\d+".into()],
        };
        assert_eq!(
            Redactor::new(&config).unwrap().redact("cust-12 a@b.cd"),
            "[redacted] a@b.cd"
        );
        let bad = RedactionConfig {
            defaults: true,
            patterns: vec!["a".into(), "(".into()],
        };
        assert!(
            Redactor::new(&bad)
                .unwrap_err()
                .to_string()
                .contains("patterns[1]")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, rng_algorithm: proptest::test_runner::RngAlgorithm::ChaCha, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_text_makes_it_fail(text in any::<String>()) {
            let _redacted = redact(&text);
        }
    }
}
