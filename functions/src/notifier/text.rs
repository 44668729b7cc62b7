//! Hostile text made harmless: whoever writes log lines must not be able to mention, link, format or
//! steer a terminal.

/// Without control characters, marks that reorder or hide text, and line breaks; at most `max` characters.
pub fn plain(text: &str, max: usize) -> String {
    let mut plain: String = text
        .chars()
        .map(|character| {
            if matches!(character, '\n' | '\r' | '\t') {
                ' '
            } else {
                character
            }
        })
        .filter(|character| !is_unsafe(*character))
        .take(max + 1)
        .collect();
    if plain.chars().count() > max {
        plain = plain.chars().take(max.saturating_sub(1)).collect();
        plain.push('…');
    }
    plain
}

/// Escape sequences, bidirectional overrides, invisible characters and tags.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A link that no client makes clickable.
pub fn defanged(text: &str) -> String {
    text.replace("://", "[:]//")
}

/// For Slack, in code style: nothing in it is read as a mention, a link or a format.
pub fn slack_code(text: &str, max: usize) -> String {
    format!("`{}`", slack_escaped(&plain(text, max)))
}

/// For Slack, as a block of code.
pub fn slack_block(text: &str, max: usize) -> String {
    format!("```{}```", slack_escaped(&plain(text, max)))
}

/// Slack's three characters, and the backtick, which would end the code.
fn slack_escaped(text: &str) -> String {
    let text = defanged(text)
        .replace('`', "'")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    if text.trim().is_empty() {
        "–".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mentions_links_formats_and_escapes_are_only_text() {
        let hostile = "<!channel> <https://evil|pay> `x` *b* \u{1b}[31m\u{202e}abc\r\nINFO ok";
        assert_eq!(
            slack_code(hostile, 200),
            "`&lt;!channel&gt; &lt;https[:]//evil|pay&gt; 'x' *b* [31mabc  INFO ok`"
        );
        assert_eq!(plain("abcdef", 4), "abc…");
        assert_eq!(slack_code("\u{200b}", 9), "`–`");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, rng_algorithm: proptest::test_runner::RngAlgorithm::ChaCha, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_text_leaves_its_place(text in "\\PC*|.{0,80}", max in 1_usize..100) {
            let code = slack_block(&text, max);
            let inside = code.trim_start_matches("```").trim_end_matches("```");
            prop_assert!(!inside.contains(['`', '<', '>']));
            prop_assert!(!inside.chars().any(char::is_control));
            prop_assert!(plain(&text, max).chars().count() <= max);
        }
    }
}
