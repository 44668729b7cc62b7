//! The items that headers are made of, recognised one at a time from the left.

use serde::{Deserialize, Serialize};

use super::timestamp;

/// What an item of a header is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// A date, a time, both, or an epoch; in brackets or not.
    Timestamp,
    /// `INFO`, `[error]`, `W`.
    Level,
    /// The priority of syslog, `<34>`.
    Priority,
    /// A number: a process or thread id.
    Integer,
    /// `[main]`: a balanced bracket.
    Bracket,
    /// A separator: `-`, `---`, `|`, `:`.
    Dash,
    /// `sshd[12]:`, `dfs.DataNode:`: a name up to its colon.
    Tag,
    /// A dotted name without a colon, or `file.go:12]`.
    Name,
    /// Any other word.
    Word,
}

/// An item of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) kind: ItemKind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Two or more spaces or a tab follow: a column of a table.
    pub(super) column: bool,
}

/// Longest bracket or tag.
const ITEM_BYTES_MAX: usize = 400;

const LEVELS: [&str; 27] = [
    "TRACE",
    "DEBUG",
    "INFO",
    "INFORMATION",
    "INFORMATIONAL",
    "NOTICE",
    "WARN",
    "WARNING",
    "ERROR",
    "ERR",
    "CRIT",
    "CRITICAL",
    "ALERT",
    "EMERG",
    "EMERGENCY",
    "FATAL",
    "SEVERE",
    "FINE",
    "FINER",
    "FINEST",
    "CONFIG",
    "PANIC",
    "VERBOSE",
    "FAILURE",
    "LOG",
    "DBG",
    "WRN",
];

/// Whether a word is a level of severity.
pub(super) fn is_level(word: &[u8]) -> bool {
    match word {
        [letter] => matches!(letter, b'V' | b'D' | b'I' | b'W' | b'E' | b'F'),
        _ => LEVELS
            .iter()
            .any(|level| word.eq_ignore_ascii_case(level.as_bytes())),
    }
}

/// The next item at or after `from`; `None` at the end of the line.
pub(super) fn item(line: &[u8], from: usize) -> Option<Item> {
    let rest = line.get(from..)?;
    let start = from + rest.iter().position(|byte| *byte > b' ')?;
    let rest = line.get(start..)?;
    let (kind, length) = recognise(rest);
    let end = start + length.max(1);
    let after = line.get(end..).unwrap_or_default();
    let column = after.starts_with(b"  ") || after.starts_with(b"\t");
    Some(Item {
        kind,
        start,
        end,
        column,
    })
}

fn recognise(rest: &[u8]) -> (ItemKind, usize) {
    let word = rest
        .iter()
        .position(|byte| *byte <= b' ')
        .unwrap_or(rest.len());
    match rest.first() {
        Some(b'<') => {
            if let Some(length) = priority(rest) {
                return (ItemKind::Priority, length);
            }
        }
        Some(b'[') => {
            if let Some(length) = bracket(rest, b'[', b']') {
                let inner = rest.get(1..length - 1).unwrap_or_default().trim_ascii();
                let kind = if timestamp::length(inner).is_some_and(|end| end == inner.len()) {
                    ItemKind::Timestamp
                } else if is_level(inner) {
                    ItemKind::Level
                } else {
                    ItemKind::Bracket
                };
                return (kind, with_punctuation(rest, length));
            }
        }
        _ => {}
    }
    if let Some(length) = timestamp::length(rest) {
        return (ItemKind::Timestamp, with_punctuation(rest, length));
    }
    if let Some(length) = klog(rest) {
        return (ItemKind::Timestamp, length);
    }
    let token = rest.get(..word).unwrap_or_default();
    if token.len() <= 4
        && token
            .iter()
            .all(|byte| matches!(byte, b'-' | b'|' | b':' | b'=' | b'>'))
    {
        return (ItemKind::Dash, word);
    }
    let plain = token
        .strip_suffix(b":")
        .or_else(|| token.strip_suffix(b","))
        .unwrap_or(token);
    if is_level(plain) {
        return (ItemKind::Level, word);
    }
    if !plain.is_empty() && plain.iter().all(u8::is_ascii_digit) || is_hex_id(plain) {
        return (ItemKind::Integer, word);
    }
    if let Some(length) = tag(rest) {
        return (ItemKind::Tag, length);
    }
    if is_name(token) {
        return (ItemKind::Name, word);
    }
    (ItemKind::Word, word)
}

fn with_punctuation(rest: &[u8], length: usize) -> usize {
    match rest.get(length) {
        Some(b',' | b':' | b';') if rest.get(length + 1).is_none_or(|byte| *byte <= b' ') => {
            length + 1
        }
        _ => length,
    }
}

fn priority(rest: &[u8]) -> Option<usize> {
    let digits = rest
        .get(1..)?
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    ((1..=3).contains(&digits) && rest.get(digits + 1) == Some(&b'>')).then_some(digits + 2)
}

fn bracket(rest: &[u8], open: u8, close: u8) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, byte) in rest.iter().take(ITEM_BYTES_MAX).enumerate() {
        if *byte == open {
            depth += 1;
        } else if *byte == close {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(index + 1);
            }
        }
    }
    None
}

/// `I0801 12:00:00.123456`, the level and the time of Kubernetes' components.
fn klog(rest: &[u8]) -> Option<usize> {
    if !matches!(rest.first(), Some(b'I' | b'W' | b'E' | b'F')) {
        return None;
    }
    let digits = rest.get(1..5)?;
    if !digits.iter().all(u8::is_ascii_digit) || rest.get(5) != Some(&b' ') {
        return None;
    }
    timestamp::length(rest.get(6..)?).map(|length| length + 6)
}

fn is_hex_id(token: &[u8]) -> bool {
    token
        .strip_prefix(b"0x")
        .is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit))
}

fn is_name(token: &[u8]) -> bool {
    if let Some(place) = token.strip_suffix(b"]") {
        // `controller.go:123]`
        return !place.contains(&b'[') && place.contains(&b':') && place.contains(&b'.');
    }
    let labels = token.split(|byte| *byte == b'.');
    let word = |label: &[u8]| {
        label.first().is_some_and(u8::is_ascii_alphabetic)
            && label
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-'))
    };
    token.contains(&b'.') && labels.clone().count() >= 2 && labels.clone().all(word)
}

/// A name, its `(…)` and `[…]`, up to a colon that white space or the end follows. The name may be
/// two words if the second is a version or carries a pid: `syslogd 1.4.1:`, `Some Helper[12]:`.
fn tag(rest: &[u8]) -> Option<usize> {
    let first = simple_tag(rest)?;
    if rest.get(first) == Some(&b':') {
        return Some(first + 1);
    }
    if rest.get(first) != Some(&b' ') {
        return None;
    }
    let after = rest.get(first + 1..)?;
    if after.first() == Some(&b'(') {
        // An address between the pid and the colon.
        let length = bracket(after, b'(', b')')?;
        return (ends_with_colon(after, length) && rest.get(first - 1) == Some(&b']'))
            .then_some(first + 1 + length + 1);
    }
    let second = simple_tag(after)?;
    let word = after.get(..second)?;
    let qualified =
        word.ends_with(b"]") || (word.first()?.is_ascii_digit() && word.contains(&b'.'));
    (qualified && ends_with_colon(after, second)).then_some(first + 1 + second + 1)
}

fn ends_with_colon(text: &[u8], at: usize) -> bool {
    text.get(at) == Some(&b':') && text.get(at + 1).is_none_or(|byte| *byte <= b' ')
}

/// Length of a name with its attached brackets; stops before a closing colon or a space.
fn simple_tag(rest: &[u8]) -> Option<usize> {
    if !rest.first().is_some_and(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'.')
    }) {
        return None;
    }
    let mut at = 0;
    while at < rest.len().min(ITEM_BYTES_MAX) {
        let tail = rest.get(at..)?;
        match tail.first()? {
            b'[' => at += bracket(tail, b'[', b']')?,
            b'(' => at += bracket(tail, b'(', b')')?,
            b':' if ends_with_colon(tail, 0) => return Some(at),
            byte if *byte <= b' ' => return Some(at),
            b'"' | b'\'' | b'=' | b',' | b';' | b'{' | b'}' | b']' | b')' => return None,
            _ => at += 1,
        }
    }
    None
}
