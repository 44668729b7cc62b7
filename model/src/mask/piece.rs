//! The classifier of one token: cuts it at punctuation and decides for each piece whether it is a
//! word or a value.

use super::{MaskConfig, Masked, WILDCARD};

/// Last labels by which a dotted name without digits counts as a host.
const HOST_SUFFIXES: [&[u8]; 13] = [
    b"com",
    b"net",
    b"org",
    b"edu",
    b"gov",
    b"mil",
    b"arpa",
    b"local",
    b"localdomain",
    b"internal",
    b"lan",
    b"corp",
    b"info",
];

/// Two letters at the end of a property key (`mapred.task.id`) rather than of a country's domain.
const KEY_SUFFIXES: [&[u8]; 17] = [
    b"id", b"is", b"in", b"to", b"so", b"no", b"at", b"be", b"by", b"do", b"it", b"me", b"my",
    b"us", b"am", b"as", b"py",
];

/// First labels of packages: reversed domains are not hosts.
const PACKAGE_PREFIXES: [&[u8]; 8] = [
    b"com", b"org", b"net", b"edu", b"gov", b"io", b"java", b"javax",
];

/// Where a token is cut into pieces, by byte.
const CUTS: [bool; 256] = {
    let mut cuts = [false; 256];
    let mut rest: &[u8] = b"=,;:()[]{}\"'`<>|!?#&*^~";
    while let [byte, after @ ..] = rest {
        cuts[*byte as usize] = true;
        rest = after;
    }
    cuts
};

fn is_cut(byte: u8) -> bool {
    CUTS.get(usize::from(byte)).is_some_and(|cut| *cut)
}

/// Appends the masked form of `token`.
pub(super) fn mask_token(config: &MaskConfig, token: &[u8], masked: &mut Masked) {
    if is_empty_slot(token) {
        // `()` where other lines have `(host)`: the slot is there, its value is empty.
        masked.bytes.extend(token.iter().take(1));
        masked.bytes.extend_from_slice(WILDCARD.as_bytes());
        masked.bytes.extend(token.iter().skip(1));
        return;
    }
    // Every value that holds cutting characters holds a colon.
    let colon = token.contains(&b':');
    let mut rest = token;
    let mut wildcard_end = None;
    while let Some(&first) = rest.first() {
        let length = if colon { value_length(config, rest) } else { 0 };
        if length > 0 {
            push_value(masked, &mut wildcard_end);
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        if is_cut(first) {
            masked.bytes.push(first);
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let length = rest
            .iter()
            .position(|byte| is_cut(*byte))
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(length);
        rest = after;
        match classify(config, piece) {
            Piece::Word => masked.bytes.extend_from_slice(piece),
            Piece::Value { prefix, suffix } => {
                masked
                    .bytes
                    .extend_from_slice(piece.get(..prefix).unwrap_or_default());
                push_value(masked, &mut wildcard_end);
                masked
                    .bytes
                    .extend_from_slice(piece.get(piece.len() - suffix..).unwrap_or_default());
            }
        }
    }
}

/// Appends a wildcard, or nothing when only a connecting character is between it and the last one:
/// `10.0.0.1:22`, `2026-08-01,12:00` and a bare `10.0.0.1` are one value each.
fn push_value(masked: &mut Masked, wildcard_end: &mut Option<usize>) {
    if let Some(end) = *wildcard_end {
        let between = masked.bytes.get(end..).unwrap_or_default();
        let connects = |byte: &u8| matches!(byte, b':' | b',' | b'-' | b'/' | b'.' | b'#' | b'@');
        if between.len() <= 2 && between.iter().all(connects) {
            masked.bytes.truncate(end);
            return;
        }
    }
    masked.bytes.extend_from_slice(WILDCARD.as_bytes());
    *wildcard_end = Some(masked.bytes.len());
}

fn is_empty_slot(token: &[u8]) -> bool {
    matches!(token, b"()" | b"[]" | b"{}" | b"\"\"" | b"''")
}

/// Length of a value at the start of `rest` that holds cutting characters itself: a URL, an IPv6 or
/// MAC address. 0: there is none.
fn value_length(config: &MaskConfig, rest: &[u8]) -> usize {
    let Some(first) = rest.first() else { return 0 };
    if config.paths && first.is_ascii_alphabetic() {
        let scheme = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-')))
            .unwrap_or(rest.len());
        let after = rest.get(scheme..).unwrap_or_default();
        if after.starts_with(b"://") {
            return rest
                .iter()
                .position(|byte| {
                    matches!(
                        byte,
                        b')' | b']' | b'>' | b'"' | b'\'' | b',' | b';' | b'}' | b'`'
                    )
                })
                .unwrap_or(rest.len());
        }
        let drive = after.starts_with(b":\\") || after.starts_with(b":/");
        if scheme == 1 && drive {
            return rest
                .iter()
                .position(|byte| matches!(byte, b')' | b']' | b'>' | b'"' | b'\'' | b',' | b';'))
                .unwrap_or(rest.len());
        }
    }
    if config.numbers && (first.is_ascii_hexdigit() || *first == b':') {
        let run = rest
            .iter()
            .position(|byte| !(byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')))
            .unwrap_or(rest.len());
        let value = rest.get(..run).unwrap_or_default();
        let ends = rest
            .get(run)
            .is_none_or(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-'));
        let colons = value.iter().filter(|byte| **byte == b':').count();
        if ends && colons >= 2 && value.iter().any(u8::is_ascii_digit) {
            // At the end they are punctuation.
            let trailing = value
                .iter()
                .rev()
                .take_while(|byte| matches!(byte, b':' | b'.'))
                .count();
            return run - trailing;
        }
    }
    0
}

enum Piece {
    Word,
    /// A value between the first `prefix` and the last `suffix` bytes.
    Value {
        prefix: usize,
        suffix: usize,
    },
}

fn classify(config: &MaskConfig, piece: &[u8]) -> Piece {
    // Most pieces are a word: letters, not all of them hex digits.
    if piece.iter().all(u8::is_ascii_alphabetic) && !piece.iter().all(u8::is_ascii_hexdigit) {
        return Piece::Word;
    }
    // A sentence's end is not part of the value.
    let suffix = piece.iter().rev().take_while(|byte| **byte == b'.').count();
    let body = piece.get(..piece.len() - suffix).unwrap_or_default();
    let whole = Piece::Value { prefix: 0, suffix };
    let Some(&first) = body.first() else {
        return Piece::Word;
    };
    let mut digits = 0_usize;
    let mut dots = 0_usize;
    let mut slashes = 0_usize;
    let mut others = 0_usize;
    let mut at = 0_usize;
    let mut hex_only = true;
    for byte in body {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'.' => dots += 1,
            b'/' => slashes += 1,
            b'\\' => others += 1,
            b'@' => at += 1,
            _ => {}
        }
        hex_only &= byte.is_ascii_hexdigit() || *byte == b'-';
    }
    if config.paths {
        let path = (first == b'/' && body.len() > 1) || slashes >= 2 || others > 0;
        if path {
            return whole;
        }
    }
    if digits == 0 {
        if config.numbers && hex_only && body.len() >= 8 && !body.contains(&b'-') {
            return whole;
        }
        let host = dots >= 1 && (at == 1 || is_host(body));
        return if config.hosts && host {
            whole
        } else {
            Piece::Word
        };
    }
    if !config.numbers {
        return Piece::Word;
    }
    if hex_only && body.len() >= 6 {
        return whole;
    }
    Piece::Value {
        prefix: word_prefix(body, dots > 0),
        suffix,
    }
}

/// Length of the word before the first digit that stays readable: `blk_` of `blk_-12`, `eth` of
/// `eth0`; 0 when letters and digits are mixed at random or the piece is a host.
fn word_prefix(body: &[u8], dotted: bool) -> usize {
    let letters = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'$');
    let mut prefix = body
        .iter()
        .position(|byte| !letters(byte))
        .unwrap_or(body.len());
    if dotted {
        // `ns1.example.org` is a host, `jetty-6.1.26` a name with its version.
        let tail = body.get(prefix..).unwrap_or_default();
        if tail.iter().any(u8::is_ascii_alphabetic) {
            return 0;
        }
    }
    // The sign of a number is part of it.
    if prefix > 0 && body.get(prefix - 1) == Some(&b'-') {
        let before = body.get(..prefix - 1).unwrap_or_default();
        if before.is_empty() || before.ends_with(b"_") {
            prefix -= 1;
        }
    }
    let head = body.get(..prefix).unwrap_or_default();
    if head
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count()
        < 2
    {
        return 0;
    }
    let joined = head
        .last()
        .is_some_and(|byte| matches!(byte, b'_' | b'-' | b'$'));
    if joined {
        return prefix;
    }
    // Letters straight before a digit: a name with an index if letters do not come again.
    let tail = body.get(prefix..).unwrap_or_default();
    let number = tail
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(tail.len());
    let mixed = tail.get(number).is_some_and(u8::is_ascii_alphabetic);
    if mixed { 0 } else { prefix }
}

fn is_host(body: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    if !body.iter().all(plain) {
        return false;
    }
    let mut labels = body.split(|byte| *byte == b'.');
    let first = labels.next().unwrap_or_default();
    let last = labels.next_back().unwrap_or_default();
    if PACKAGE_PREFIXES.contains(&first) {
        return false;
    }
    let country = last.len() == 2 && labels.next().is_some() && !KEY_SUFFIXES.contains(&last);
    HOST_SUFFIXES.contains(&last) || country
}
