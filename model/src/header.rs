//! The header of a line (timestamp, level, host, process, pid, component), found by itself for each
//! stream, and the message behind it.
//!
//! Raw lines are what people have, and on them template mining fails if dates, hosts and pids end
//! up in the templates. [`HeaderFormats::learn`] looks at a sample of a stream's lines, votes from
//! the left on what kind of item each position holds, and keeps what is stable; [`HeaderFormats::split`]
//! is then a pure function of a line, so it can be frozen with the model.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

mod json;
mod learn;
mod lex;
mod timestamp;

pub use lex::ItemKind;

/// Formats that one stream may mix.
const FORMATS_MAX: usize = 4;

/// Lines of a sample that [`HeaderFormats::learn`] looks at.
pub const SAMPLE_LINES_MAX: usize = 4_000;

/// One position of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Element {
    /// An item of this kind.
    Item(ItemKind),
    /// Any one word; it counts only if the next item fits.
    Gap,
    /// Any one word that has few values: a host, a component in its column.
    Constant,
    /// Up to three words and ` - `.
    UntilDash,
}

/// The header of the lines of one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderFormat {
    /// Items from the left.
    Items {
        /// What stands where.
        elements: Vec<Element>,
        /// How many of the first must fit for the format to apply at all.
        required: usize,
    },
    /// So many fields, each followed by the delimiter.
    Delimited {
        /// Between two fields.
        delimiter: char,
        /// Fields of the header.
        fields: usize,
    },
    /// One JSON object per line.
    Json {
        /// The key of the message; `None`: the line is told by its scalar fields.
        message: Option<String>,
    },
}

/// The formats of a stream, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HeaderFormats(Vec<HeaderFormat>);

/// What a header says about its line. All are parts of the line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header<'l> {
    /// The text before the message.
    pub text: &'l str,
    /// First timestamp.
    pub timestamp: Option<&'l str>,
    /// Severity.
    pub level: Option<&'l str>,
    /// A word with few values after the timestamp.
    pub host: Option<&'l str>,
    /// Process or component, without its pid and colon.
    pub component: Option<&'l str>,
    /// Process id.
    pub pid: Option<&'l str>,
    /// Whether any format of the stream fits the line; if not, the whole line is the message (a
    /// continuation, a stack trace).
    pub matched: bool,
}

impl HeaderFormats {
    /// Learns the formats of a stream from some of its lines, in their order. The same lines give
    /// the same formats.
    pub fn learn<'l>(lines: impl IntoIterator<Item = &'l str>) -> Self {
        Self(learn::formats(lines.into_iter().take(SAMPLE_LINES_MAX)))
    }

    /// The formats.
    pub fn formats(&self) -> &[HeaderFormat] {
        &self.0
    }

    /// The message of a line.
    pub fn message<'l>(&self, line: &'l str) -> Cow<'l, str> {
        for format in &self.0 {
            match format {
                HeaderFormat::Json { message } => {
                    if let Some(text) = json::message(line, message.as_deref()) {
                        return Cow::Owned(text);
                    }
                }
                _ => {
                    if let Some(start) = format.message_start(line) {
                        return Cow::Borrowed(tail(line, start));
                    }
                }
            }
        }
        Cow::Borrowed(line.trim())
    }

    /// The header of a line and its message.
    pub fn split<'l>(&self, line: &'l str) -> (Header<'l>, Cow<'l, str>) {
        for format in &self.0 {
            match format {
                HeaderFormat::Json { message } => {
                    if let Some(text) = json::message(line, message.as_deref()) {
                        let matched = true;
                        return (
                            Header {
                                matched,
                                ..Header::default()
                            },
                            Cow::Owned(text),
                        );
                    }
                }
                _ => {
                    if let Some(start) = format.message_start(line) {
                        let header = format.header(line, start);
                        return (header, Cow::Borrowed(tail(line, start)));
                    }
                }
            }
        }
        (Header::default(), Cow::Borrowed(line.trim()))
    }
}

fn tail(line: &str, start: usize) -> &str {
    line.get(start..).unwrap_or_default().trim()
}

impl HeaderFormat {
    /// Where the message starts, if the format fits.
    fn message_start(&self, line: &str) -> Option<usize> {
        match self {
            Self::Items { elements, required } => {
                let mut committed = 0;
                walk(line.as_bytes(), elements, *required, &mut |_, item| {
                    committed = item.end;
                })
                .then_some(committed)
            }
            Self::Delimited { delimiter, fields } => line
                .match_indices(*delimiter)
                .nth(fields.checked_sub(1)?)
                .map(|(at, text)| at + text.len()),
            Self::Json { .. } => None,
        }
    }

    /// The fields of a line whose message starts at `start`.
    fn header<'l>(&self, line: &'l str, start: usize) -> Header<'l> {
        let mut header = Header {
            text: line.get(..start).unwrap_or_default(),
            matched: true,
            ..Header::default()
        };
        match self {
            Self::Items { elements, required } => {
                walk(
                    line.as_bytes(),
                    elements,
                    *required,
                    &mut |element, item| {
                        let text = line.get(item.start..item.end).unwrap_or_default();
                        header.take(element, text);
                    },
                );
            }
            Self::Delimited { delimiter, .. } => {
                for field in header.text.split(*delimiter) {
                    let kind = lex::item(field.as_bytes(), 0).map(|item| item.kind);
                    let kind = match kind {
                        Some(ItemKind::Word | ItemKind::Name) => ItemKind::Tag,
                        Some(kind) => kind,
                        None => continue,
                    };
                    header.take(Element::Item(kind), field);
                }
            }
            Self::Json { .. } => {}
        }
        header
    }
}

impl<'l> Header<'l> {
    fn take(&mut self, element: Element, text: &'l str) {
        let bare = text
            .trim_end_matches([':', ','])
            .trim_start_matches('[')
            .trim_end_matches(']');
        match element {
            Element::Item(ItemKind::Timestamp) => {
                self.timestamp.get_or_insert(bare);
            }
            Element::Item(ItemKind::Level) => {
                self.level.get_or_insert(bare);
            }
            Element::Item(ItemKind::Integer) => {
                self.pid.get_or_insert(bare);
            }
            Element::Item(ItemKind::Tag | ItemKind::Name) => {
                let name = text.trim_end_matches(':');
                let (name, pid) = match name
                    .strip_suffix(']')
                    .and_then(|name| name.rsplit_once('['))
                {
                    Some((name, pid)) => (name, Some(pid)),
                    None => (name, None),
                };
                self.component.get_or_insert(name);
                if let Some(pid) = pid {
                    self.pid.get_or_insert(pid);
                }
            }
            Element::UntilDash => {
                self.component
                    .get_or_insert(text.trim_end_matches('-').trim_end());
            }
            Element::Gap | Element::Constant if self.timestamp.is_some() => {
                self.host.get_or_insert(text);
            }
            _ => {}
        }
    }
}

/// Walks a line along `elements` and tells `visit` of each item that belongs to the header. False:
/// one of the first `required` does not fit.
fn walk(
    line: &[u8],
    elements: &[Element],
    required: usize,
    visit: &mut dyn FnMut(Element, lex::Item),
) -> bool {
    let mut at = 0;
    let mut gaps: Vec<lex::Item> = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        let fit = match element {
            Element::UntilDash => until_dash(line, at),
            Element::Gap | Element::Constant => word(line, at),
            Element::Item(kind) => lex::item(line, at).filter(|item| item.kind == *kind),
        };
        let Some(item) = fit else {
            return index >= required;
        };
        at = item.end;
        if *element == Element::Gap {
            gaps.push(item);
            continue;
        }
        for gap in gaps.drain(..) {
            visit(Element::Gap, gap);
        }
        visit(*element, item);
    }
    true
}

/// One word, whatever it is.
fn word(line: &[u8], from: usize) -> Option<lex::Item> {
    let rest = line.get(from..)?;
    let start = from + rest.iter().position(|byte| *byte > b' ')?;
    let rest = line.get(start..)?;
    let end = start
        + rest
            .iter()
            .position(|byte| *byte <= b' ')
            .unwrap_or(rest.len());
    Some(lex::Item {
        kind: ItemKind::Word,
        start,
        end,
        column: false,
    })
}

/// Up to three words and a dash between spaces.
fn until_dash(line: &[u8], from: usize) -> Option<lex::Item> {
    let first = word(line, from)?;
    let mut at = first.end;
    for _ in 0..3 {
        let next = word(line, at)?;
        if line.get(next.start..next.end) == Some(b"-") {
            return Some(lex::Item {
                end: next.end,
                ..first
            });
        }
        at = next.end;
    }
    None
}

#[cfg(test)]
mod tests;
