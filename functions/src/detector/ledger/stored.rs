//! A finding as it is stored: lines are hostile, and an item holds at most 400 KiB.

use aiops_domain::Finding;

/// Bytes of an example line.
const EXAMPLE_BYTES_MAX: usize = 4096;

/// Bytes of a template's text.
const TEMPLATE_BYTES_MAX: usize = 2048;

/// Templates of a finding; those beyond moved the score least.
const TEMPLATES_MAX: usize = 50;

/// The finding with its texts cut to what an item can hold.
pub(super) fn bounded(finding: &Finding) -> Finding {
    let mut finding = finding.clone();
    if let Some(example) = &mut finding.example {
        cut(&mut example.text, EXAMPLE_BYTES_MAX);
    }
    finding.templates.truncate(TEMPLATES_MAX);
    for template in &mut finding.templates {
        cut(&mut template.template, TEMPLATE_BYTES_MAX);
    }
    cut(&mut finding.summary, TEMPLATE_BYTES_MAX);
    finding
}

/// Cuts a text to so many bytes of its JSON form, in which a control character takes six.
fn cut(text: &mut String, bytes: usize) {
    let mut room = bytes;
    let fits = text
        .char_indices()
        .find(|(_, character)| {
            let size = json_bytes(*character);
            let full = size > room;
            room = room.saturating_sub(size);
            full
        })
        .map(|(at, _)| at);
    if let Some(at) = fits {
        text.truncate(at);
    }
}

/// Bytes of a character within a JSON string as serde_json writes it.
const fn json_bytes(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_the_bytes_of_its_json() {
        for (text, bytes) in [
            ("plain text", 4),
            ("\u{1}\u{2}\u{3}", 13),
            ("a\"b\\c\n", 5),
            ("äöü€", 5),
            ("short", 100),
        ] {
            let mut cut_text = text.to_owned();
            cut(&mut cut_text, bytes);
            let json = serde_json::json!(cut_text).to_string();
            assert!(json.len() - 2 <= bytes, "{json}");
            let next = text.chars().nth(cut_text.chars().count());
            let one_more = next.map_or(usize::MAX, |next| json.len() - 2 + json_bytes(next));
            assert!(one_more > bytes, "{json}: one more character would fit");
        }
    }
}
