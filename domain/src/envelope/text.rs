//! A JSON string as it stands in the input, decoded only when somebody needs its characters.

use std::borrow::Cow;

/// The inside of a JSON string, between its quotes: valid, its escapes still in place, so that it can
/// be copied into other JSON as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonText<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> JsonText<'a> {
    /// `raw` must have been checked by the reader.
    pub(super) const fn new(raw: &'a str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// As it stands between the quotes.
    pub const fn raw(&self) -> &'a str {
        self.raw
    }

    /// The characters it means; borrowed unless there are escapes.
    pub fn decode(&self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.raw);
        }
        let mut text = String::with_capacity(self.raw.len());
        let mut rest = self.raw;
        while let Some((plain, escape)) = rest.split_once('\\') {
            text.push_str(plain);
            rest = decode_escape(escape, &mut text);
        }
        text.push_str(rest);
        Cow::Owned(text)
    }
}

/// Decodes the escape whose backslash was just read; answers what follows it. What the reader has
/// checked always decodes; anything else would be kept as it stands.
fn decode_escape<'a>(escape: &'a str, text: &mut String) -> &'a str {
    let mut chars = escape.chars();
    let plain = match chars.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => {
            let rest = chars.as_str();
            let first = code_unit(rest).unwrap_or(0xFFFD);
            let after = rest.get(4..).unwrap_or_default();
            let second = after.strip_prefix("\\u").and_then(code_unit);
            return match (char::from_u32(u32::from(first)), second) {
                (Some(decoded), _) => {
                    text.push(decoded);
                    after
                }
                (None, Some(second)) => {
                    let pair = char::decode_utf16([first, second])
                        .next()
                        .and_then(Result::ok);
                    text.push(pair.unwrap_or(char::REPLACEMENT_CHARACTER));
                    after.get(6..).unwrap_or_default()
                }
                (None, None) => {
                    text.push(char::REPLACEMENT_CHARACTER);
                    after
                }
            };
        }
        Some(other) => other,
        None => return "",
    };
    text.push(plain);
    chars.as_str()
}

/// The four hexadecimal digits at the start of `text`.
pub(super) fn code_unit(text: &str) -> Option<u16> {
    let digits = text.as_bytes().get(..4)?;
    digits.iter().try_fold(0_u16, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some((value << 4) | u16::try_from(digit).ok()?)
    })
}
