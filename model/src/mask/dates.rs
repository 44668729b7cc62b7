//! Dates spelled with words (`Thu Jul  7 23:06:58 2005`): weekday and month are values too, but
//! only beside the number of a day, for `May` and `Sun` are also words.

use super::next_token;

const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

pub(crate) fn is_month(token: &[u8]) -> bool {
    MONTHS.iter().any(|month| token == *month)
}

pub(crate) fn is_weekday(token: &[u8]) -> bool {
    let token = token.strip_suffix(b",").unwrap_or(token);
    WEEKDAYS.iter().any(|weekday| token == *weekday)
}

/// If `token` begins a date in words, what follows its words and the day.
pub(super) fn date_words<'a>(token: &[u8], rest: &'a [u8]) -> Option<&'a [u8]> {
    if token.len() > 4 || !token.first().is_some_and(u8::is_ascii_uppercase) {
        return None;
    }
    let (mut second, mut after) = next_token(rest)?;
    if is_weekday(token) {
        if !is_month(second) {
            return None;
        }
        (second, after) = next_token(after)?;
    } else if !is_month(token) {
        return None;
    }
    let day = second.strip_suffix(b",").unwrap_or(second);
    let is_day = day.len() <= 2 && !day.is_empty() && day.iter().all(u8::is_ascii_digit);
    is_day.then_some(after)
}
