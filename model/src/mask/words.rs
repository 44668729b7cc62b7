//! Words that are values because of the words before them.

use super::{Masked, WILDCARD};

/// What the tokens so far say about the next one.
#[derive(Clone, Copy)]
pub(super) enum Context {
    Plain,
    /// The last token is a value.
    AfterNumber,
    /// The last token announces an HTTP status.
    Status,
    /// The last tokens are `for user`, `invalid user` and the like.
    NamesUser,
}

impl Context {
    pub(super) fn of(masked: &Masked) -> Self {
        let Some(last) = masked.len().checked_sub(1) else {
            return Self::Plain;
        };
        let token = masked.token(last);
        if announces_status(token) {
            return Self::Status;
        }
        if token.ends_with(WILDCARD.as_bytes()) {
            return Self::AfterNumber;
        }
        if token != b"user" {
            return Self::Plain;
        }
        let before = last.checked_sub(1).map_or(&b""[..], |at| masked.token(at));
        match before {
            b"for" | b"of" | b"by" | b"as" | b"invalid" | b"Invalid" | b"illegal" | b"Illegal" => {
                Self::NamesUser
            }
            _ => Self::Plain,
        }
    }
}

/// `status:`, `code`, and the end of a quoted request line, `HTTP/1.1"`.
fn announces_status(token: &[u8]) -> bool {
    matches!(
        token,
        b"status" | b"status:" | b"Status" | b"Status:" | b"statusCode:" | b"status_code:"
    ) || token == b"HTTP<*>\""
}

/// Whether the token is a status of 500 to 599.
pub(super) fn is_server_error(token: &[u8]) -> bool {
    match token.split_at_checked(3) {
        Some(([b'5', ten, one], after)) => {
            ten.is_ascii_digit()
                && one.is_ascii_digit()
                && after.len() == punctuation(token).len()
                && after.len() <= 1
        }
        _ => false,
    }
}

/// Units that a program chooses by the size of the number.
pub(super) fn is_scaled_unit(token: &[u8]) -> bool {
    let unit = token
        .get(..token.len() - punctuation(token).len())
        .unwrap_or_default();
    matches!(
        unit,
        b"B" | b"kB"
            | b"KB"
            | b"MB"
            | b"GB"
            | b"TB"
            | b"KiB"
            | b"MiB"
            | b"GiB"
            | b"TiB"
            | b"ns"
            | b"us"
            | b"ms"
            | b"s"
    )
}

/// The punctuation at the end of a token.
pub(super) fn punctuation(token: &[u8]) -> &[u8] {
    let letters = token
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric())
        .unwrap_or(token.len());
    token.get(letters..).unwrap_or_default()
}

/// Whether the token is a bare name.
pub(super) fn is_name(token: &[u8]) -> bool {
    token
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$'))
}
