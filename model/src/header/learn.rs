//! Learning the header of a stream: item by item from the left, as long as nearly all lines agree.

use std::collections::{BTreeMap, BTreeSet};

use super::lex::{self, Item, ItemKind};
use super::{Element, FORMATS_MAX, HeaderFormat, json, until_dash};

/// Share of the lines that must agree on a timestamp, a level, a separator, a tag.
const AGREEMENT: f64 = 0.8;

/// Share for kinds that messages may begin with too.
const STRONG_AGREEMENT: f64 = 0.95;

/// Words that may stand between two items of a header.
const GAP_MAX: usize = 4;

/// Items of a header.
const ELEMENTS_MAX: usize = 20;

/// Share of a sample that a further format must cover.
const FORMAT_SHARE_MIN: f64 = 0.05;

/// The formats of a sample, the most frequent first.
pub(super) fn formats<'l>(lines: impl Iterator<Item = &'l str>) -> Vec<HeaderFormat> {
    let mut rest: Vec<&str> = lines
        .filter(|line| line.bytes().next().is_some_and(|byte| byte > b' '))
        .collect();
    let total = rest.len();
    let mut formats = Vec::new();
    while formats.len() < FORMATS_MAX && !rest.is_empty() {
        if (rest.len() as f64) < (total as f64) * FORMAT_SHARE_MIN {
            break;
        }
        let Some(format) = format(&rest) else { break };
        let before = rest.len();
        rest.retain(|line| match &format {
            HeaderFormat::Json { message } => json::message(line, message.as_deref()).is_none(),
            _ => format.message_start(line).is_none(),
        });
        if rest.len() == before {
            break;
        }
        formats.push(format);
    }
    formats
}

fn share(part: usize, all: usize) -> f64 {
    if all == 0 {
        0.0
    } else {
        part as f64 / all as f64
    }
}

/// The format of most of the lines, if they have one.
fn format(lines: &[&str]) -> Option<HeaderFormat> {
    let objects: Vec<&str> = lines
        .iter()
        .copied()
        .filter(|line| line.starts_with('{') && line.trim_end().ends_with('}'))
        .collect();
    if share(objects.len(), lines.len()) >= 0.5 {
        return Some(HeaderFormat::Json {
            message: json::message_key(&objects),
        });
    }
    delimited(lines, '|')
        .or_else(|| delimited(lines, '\t'))
        .or_else(|| items(lines))
}

/// Fields between delimiters: the leading ones without white space, of which the first is a
/// timestamp or a number.
fn delimited(lines: &[&str], delimiter: char) -> Option<HeaderFormat> {
    let fits = |line: &str, fields: usize| {
        let mut parts = line.split(delimiter);
        let leading = parts
            .by_ref()
            .take(fields)
            .enumerate()
            .all(|(index, part)| {
                let part = part.trim();
                let item = lex::item(part.as_bytes(), 0);
                let timestamp = item
                    .is_some_and(|item| item.kind == ItemKind::Timestamp && item.end == part.len());
                timestamp || (index > 0 && !part.contains(char::is_whitespace))
            });
        leading && parts.next().is_some()
    };
    let fields = (2..=12)
        .take_while(|fields| {
            let fitting = lines.iter().filter(|line| fits(line, *fields)).count();
            share(fitting, lines.len()) >= STRONG_AGREEMENT
        })
        .last()?;
    Some(HeaderFormat::Delimited { delimiter, fields })
}

/// A line in the vote and how far it was read.
#[derive(Clone, Copy)]
struct Reader<'l> {
    line: &'l [u8],
    at: usize,
}

fn items(lines: &[&str]) -> Option<HeaderFormat> {
    let mut readers: Vec<Reader> = lines
        .iter()
        .map(|line| Reader {
            line: line.as_bytes(),
            at: 0,
        })
        .collect();
    let mut elements: Vec<Element> = Vec::new();
    let mut committed = 0;
    let mut required = 0;
    while elements.len() < ELEMENTS_MAX {
        let votes: Vec<Option<Item>> = readers
            .iter()
            .map(|reader| lex::item(reader.line, reader.at))
            .collect();
        let gap = elements.len() - committed;
        let last = committed
            .checked_sub(1)
            .and_then(|index| elements.get(index))
            .copied();
        let kind = majority(&votes).filter(|(kind, share)| {
            // A host before a tag looks like a tag of two words.
            let host = *kind == ItemKind::Tag && two_words(&readers, &votes);
            !host
                && accepts(
                    *kind,
                    *share,
                    gap,
                    last,
                    elements.get(..committed).unwrap_or_default(),
                )
        });
        if let Some((kind, _)) = kind {
            elements.push(match kind {
                // The first column may hold an alert category instead of its dash.
                ItemKind::Dash if elements.is_empty() => Element::Constant,
                kind => Element::Item(kind),
            });
            committed = elements.len();
            if kind == ItemKind::Timestamp {
                required = committed;
            }
            advance(&mut readers, |reader| {
                lex::item(reader.line, reader.at).filter(|item| item.kind == kind)
            });
            if kind == ItemKind::Tag {
                break;
            }
            continue;
        }
        if gap == 0 && follows_dash_rule(last) && until_dash_share(&readers) >= STRONG_AGREEMENT {
            elements.push(Element::UntilDash);
            committed = elements.len();
            advance(&mut readers, |reader| until_dash(reader.line, reader.at));
            continue;
        }
        if gap >= GAP_MAX || readers.is_empty() {
            break;
        }
        let constant = committed > 0 && gap == 0 && is_constant(&readers, &votes, last);
        elements.push(if constant {
            Element::Constant
        } else {
            Element::Gap
        });
        if constant {
            committed = elements.len();
        }
        advance(&mut readers, |reader| super::word(reader.line, reader.at));
    }
    elements.truncate(committed);
    (required > 0 || has_level(&elements)).then_some(HeaderFormat::Items { elements, required })
}

fn has_level(elements: &[Element]) -> bool {
    elements.contains(&Element::Item(ItemKind::Level))
}

/// Drops the lines that do not fit and moves the others on.
fn advance(readers: &mut Vec<Reader>, fit: impl Fn(&Reader) -> Option<Item>) {
    readers.retain_mut(|reader| match fit(reader) {
        Some(item) => {
            reader.at = item.end;
            true
        }
        None => false,
    });
}

/// Whether most tags are of two words.
fn two_words(readers: &[Reader], votes: &[Option<Item>]) -> bool {
    let tags = readers.iter().zip(votes).filter_map(|(reader, vote)| {
        let item = vote.filter(|item| item.kind == ItemKind::Tag)?;
        reader.line.get(item.start..item.end)
    });
    let (two, one): (Vec<&[u8]>, Vec<&[u8]>) = tags.partition(|tag| {
        let mut words = tag.splitn(2, |byte| *byte == b' ').skip(1);
        words.next().is_some_and(|second| !second.starts_with(b"("))
    });
    two.len() > one.len()
}

fn majority(votes: &[Option<Item>]) -> Option<(ItemKind, f64)> {
    let mut counts: BTreeMap<ItemKind, usize> = BTreeMap::new();
    for item in votes.iter().flatten() {
        *counts.entry(item.kind).or_default() += 1;
    }
    let (kind, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    Some((kind, share(count, votes.len())))
}

/// Whether an item that `share` of the lines have belongs to the header, `gap` words after the last
/// item that does.
fn accepts(
    kind: ItemKind,
    share: f64,
    gap: usize,
    last: Option<Element>,
    header: &[Element],
) -> bool {
    let begun = header.iter().any(|element| {
        matches!(
            element,
            Element::Item(ItemKind::Timestamp | ItemKind::Level | ItemKind::Priority)
        )
    });
    let after_time = matches!(
        last,
        Some(Element::Item(ItemKind::Timestamp | ItemKind::Priority) | Element::Constant)
    );
    match kind {
        ItemKind::Timestamp => share >= AGREEMENT,
        ItemKind::Level => share >= AGREEMENT && (gap == 0 || share >= 0.9),
        ItemKind::Priority => share >= AGREEMENT && header.is_empty() && gap == 0,
        ItemKind::Dash => share >= AGREEMENT && gap <= 2,
        ItemKind::Integer => share >= STRONG_AGREEMENT && gap == 0,
        ItemKind::Bracket => share >= 0.9 && gap == 0 && begun,
        ItemKind::Name => share >= 0.9 && gap == 0 && begun,
        ItemKind::Tag => share >= AGREEMENT && begun && (gap == 0 || (gap <= 2 && after_time)),
        ItemKind::Word => false,
    }
}

fn follows_dash_rule(last: Option<Element>) -> bool {
    matches!(
        last,
        Some(Element::Item(
            ItemKind::Timestamp | ItemKind::Level | ItemKind::Bracket
        ))
    )
}

fn until_dash_share(readers: &[Reader]) -> f64 {
    let fitting = readers
        .iter()
        .filter(|reader| until_dash(reader.line, reader.at).is_some())
        .count();
    share(fitting, readers.len())
}

/// Whether the next word has so few values that it is a host or, in a column of its own, a
/// component. Messages begin with few words too, so without a column only right after a timestamp
/// and only if there is hardly any choice.
fn is_constant(readers: &[Reader], votes: &[Option<Item>], last: Option<Element>) -> bool {
    let mut words: BTreeSet<&[u8]> = BTreeSet::new();
    let mut columns = 0;
    for (reader, vote) in readers.iter().zip(votes) {
        let Some(item) = vote else { return false };
        words.insert(reader.line.get(item.start..item.end).unwrap_or_default());
        columns += usize::from(item.column);
    }
    let few = words.len() <= 8.max(readers.len() / 50);
    let column = few && share(columns, readers.len()) >= 0.9;
    let host = words.len() == 1
        && readers.len() >= 100
        && matches!(last, Some(Element::Item(ItemKind::Timestamp)));
    readers.len() >= 2 && (column || host)
}
