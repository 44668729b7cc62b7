//! A reader for envelopes that borrows everything from the input.
//!
//! A general JSON parser spends more time on an envelope than decompressing it takes; this one knows
//! its few members, looks for the end of strings with `memchr`, and leaves escapes in place for the
//! writer. It reads any valid JSON of an envelope, in any order, with unknown members skipped, and
//! refuses everything else with the place.

use memchr::memchr2;

use super::MessageType;
use super::text::{JsonText, code_unit};
use crate::time::Time;

/// Deeper nesting than any envelope has; it bounds the reader's memory.
const DEPTH_MAX: usize = 64;

/// CloudWatch's own limit of group and stream names is 512 characters; a longer name, repeated for
/// every event, would multiply the output.
const NAME_BYTES_MAX: usize = 2_048;

/// CloudWatch's event ids have 56 digits.
const ID_BYTES_MAX: usize = 256;

/// One envelope, borrowed from the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeRef<'a> {
    /// Whether it carries events.
    pub message_type: MessageType,
    /// Log group.
    pub group: JsonText<'a>,
    /// Log stream.
    pub stream: JsonText<'a>,
    /// The events, in the order of the stream.
    pub events: Vec<EventRef<'a>>,
}

/// One event of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRef<'a> {
    /// CloudWatch's event id.
    pub id: JsonText<'a>,
    /// What the producer told CloudWatch.
    pub timestamp: Time,
    /// The line.
    pub message: JsonText<'a>,
}

/// Text that is no sequence of envelopes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no CloudWatch Logs envelope: {problem} at byte {at}")]
pub struct EnvelopeError {
    /// What is wrong.
    pub problem: &'static str,
    /// The byte where it was noticed.
    pub at: usize,
}

/// The envelopes of `text`, one after the other, perhaps with blanks between them.
///
/// # Errors
/// [`EnvelopeError`] at the first place where the text is not that; there is at least one envelope.
pub fn read_envelopes(text: &str) -> Result<Vec<EnvelopeRef<'_>>, EnvelopeError> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        // One pass for all strings: almost no envelope holds a control character anywhere.
        has_controls: text.bytes().fold(false, |any, byte| any | (byte < 0x20)),
    };
    let mut envelopes = Vec::new();
    loop {
        reader.blanks();
        if reader.peek().is_none() && !envelopes.is_empty() {
            return Ok(envelopes);
        }
        envelopes.push(reader.envelope()?);
    }
}

type Read<T> = Result<T, EnvelopeError>;

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    has_controls: bool,
}

impl<'a> Reader<'a> {
    fn envelope(&mut self) -> Read<EnvelopeRef<'a>> {
        let start = self.at;
        let (mut message_type, mut group, mut stream, mut events) = (None, None, None, None);
        let mut bad_id = None;
        self.members(|reader, key| {
            match key {
                "messageType" => {
                    message_type = Some(match reader.string()?.raw() {
                        "DATA_MESSAGE" => MessageType::DataMessage,
                        "CONTROL_MESSAGE" => MessageType::ControlMessage,
                        _ => return Err(reader.error("unknown messageType")),
                    });
                }
                "logGroup" => group = Some(reader.name()?),
                "logStream" => stream = Some(reader.name()?),
                "logEvents" => events = Some(reader.events(&mut bad_id)?),
                _ => reader.skip_value()?,
            }
            Ok(())
        })?;
        let missing = |problem| EnvelopeError { problem, at: start };
        let message_type = message_type.ok_or(missing("messageType is missing"))?;
        // The event of a control message has an empty id.
        if let Some(at) = bad_id
            && message_type == MessageType::DataMessage
        {
            return Err(EnvelopeError {
                problem: "an event id that is empty or too long",
                at,
            });
        }
        Ok(EnvelopeRef {
            message_type,
            group: group.ok_or(missing("logGroup is missing"))?,
            stream: stream.ok_or(missing("logStream is missing"))?,
            events: events.ok_or(missing("logEvents is missing"))?,
        })
    }

    /// `bad_id` becomes the place of an event whose id identifies nothing.
    fn events(&mut self, bad_id: &mut Option<usize>) -> Read<Vec<EventRef<'a>>> {
        self.expect(b'[', "expected an array of events")?;
        // A guess that spares most reallocation: an event takes about 200 bytes.
        let mut events = Vec::with_capacity((self.bytes.len() - self.at) / 192);
        if self.take(b']') {
            return Ok(events);
        }
        loop {
            self.blanks();
            let start = self.at;
            let event = match self.usual_event()? {
                Some(event) => event,
                None => {
                    self.at = start;
                    self.any_event()?
                }
            };
            if event.id.raw().is_empty() || event.id.raw().len() > ID_BYTES_MAX {
                *bad_id = Some(start);
            }
            events.push(event);
            if self.take(b',') {
                continue;
            }
            self.expect(b']', "expected `,` or `]` after an event")?;
            return Ok(events);
        }
    }

    /// An event as CloudWatch writes it, member by member without blanks; `None` if it is written
    /// another way, with the position anywhere.
    fn usual_event(&mut self) -> Read<Option<EventRef<'a>>> {
        if !self.literal(b"{\"id\":\"") {
            return Ok(None);
        }
        let id = self.string_rest()?;
        if !self.literal(b",\"timestamp\":") {
            return Ok(None);
        }
        let timestamp = self.integer()?;
        if !self.literal(b",\"message\":\"") {
            return Ok(None);
        }
        let message = self.string_rest()?;
        Ok(self.literal(b"}").then_some(EventRef {
            id,
            timestamp: Time::from_millis(timestamp),
            message,
        }))
    }

    fn any_event(&mut self) -> Read<EventRef<'a>> {
        let start = self.at;
        let (mut id, mut timestamp, mut message) = (None, None, None);
        self.members(|reader, key| {
            match key {
                "id" => id = Some(reader.string()?),
                "timestamp" => timestamp = Some(reader.integer()?),
                "message" => message = Some(reader.string()?),
                _ => reader.skip_value()?,
            }
            Ok(())
        })?;
        let missing = |problem| EnvelopeError { problem, at: start };
        Ok(EventRef {
            id: id.ok_or(missing("an event without id"))?,
            timestamp: Time::from_millis(timestamp.ok_or(missing("an event without timestamp"))?),
            message: message.ok_or(missing("an event without message"))?,
        })
    }

    /// Every member of the object that begins here; `member` reads the value.
    fn members(&mut self, mut member: impl FnMut(&mut Self, &str) -> Read<()>) -> Read<()> {
        self.expect(b'{', "expected an object")?;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let key = self.string()?.decode();
            self.expect(b':', "expected `:` after a key")?;
            self.blanks();
            member(self, &key)?;
            if self.take(b',') {
                continue;
            }
            return self.expect(b'}', "expected `,` or `}` after a value");
        }
    }

    /// A group's or a stream's name.
    fn name(&mut self) -> Read<JsonText<'a>> {
        let name = self.string()?;
        if name.raw().len() > NAME_BYTES_MAX {
            return Err(self.error("a log group or stream name that is too long"));
        }
        Ok(name)
    }

    fn string(&mut self) -> Read<JsonText<'a>> {
        self.expect(b'"', "expected a string")?;
        self.string_rest()
    }

    /// A string whose opening quote was read.
    fn string_rest(&mut self) -> Read<JsonText<'a>> {
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(found) = memchr2(b'"', b'\\', rest) else {
                return Err(self.error("a string without end"));
            };
            self.at += found;
            if self.peek() == Some(b'\\') {
                escaped = true;
                self.escape()?;
                continue;
            }
            let raw = self.text.get(start..self.at).unwrap_or_default();
            if self.has_controls && raw.bytes().any(|byte| byte < 0x20) {
                return Err(self.error("a control character in a string"));
            }
            self.at += 1;
            return Ok(JsonText::new(raw, escaped));
        }
    }

    /// Steps over the escape at the backslash here, if it is one.
    fn escape(&mut self) -> Read<()> {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let length = match rest.as_bytes().first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => match code_unit(rest.get(1..).unwrap_or_default()) {
                // The first half of a pair needs the second, and no second comes alone.
                Some(0xD800..=0xDBFF) => {
                    let low = rest
                        .get(5..)
                        .and_then(|low| low.strip_prefix("\\u"))
                        .and_then(code_unit);
                    match low {
                        Some(0xDC00..=0xDFFF) => 12,
                        _ => return Err(self.error("half of a surrogate pair")),
                    }
                }
                Some(0xDC00..=0xDFFF) => return Err(self.error("half of a surrogate pair")),
                Some(_) => 6,
                None => return Err(self.error("a broken escape")),
            },
            _ => return Err(self.error("a broken escape")),
        };
        self.at += length;
        Ok(())
    }

    fn integer(&mut self) -> Read<i64> {
        let negative = self.literal(b"-");
        let start = self.at;
        let mut value = 0_i64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(i64::from(digit - b'0')))
                .ok_or_else(|| self.error("a timestamp that is too large"))?;
            self.at += 1;
        }
        if self.at == start || matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(self.error("expected whole milliseconds"));
        }
        Ok(if negative { -value } else { value })
    }

    /// Steps over any value, without recursion.
    fn skip_value(&mut self) -> Read<()> {
        let mut open = Vec::new();
        loop {
            self.blanks();
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                }
                Some(opening @ (b'[' | b'{')) => {
                    self.at += 1;
                    open.push(if opening == b'[' { b']' } else { b'}' });
                    if open.len() > DEPTH_MAX {
                        return Err(self.error("nesting that is too deep"));
                    }
                    continue;
                }
                Some(closing @ (b']' | b'}')) if open.last() == Some(&closing) => {
                    self.at += 1;
                    open.pop();
                }
                Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    self.at += rest
                        .iter()
                        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.'))
                        .count();
                }
                Some(b',' | b':') if !open.is_empty() => {
                    self.at += 1;
                    continue;
                }
                _ => return Err(self.error("expected a value")),
            }
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over `byte` and the blanks around it, if it is next.
    fn take(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.blanks();
        }
        found
    }

    fn expect(&mut self, byte: u8, problem: &'static str) -> Read<()> {
        self.blanks();
        if self.peek() != Some(byte) {
            return Err(self.error(problem));
        }
        self.at += 1;
        // Blanks within a string belong to it.
        if byte != b'"' {
            self.blanks();
        }
        Ok(())
    }

    fn literal(&mut self, text: &[u8]) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let found = rest.starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    const fn error(&self, problem: &'static str) -> EnvelopeError {
        EnvelopeError {
            problem,
            at: self.at,
        }
    }
}
