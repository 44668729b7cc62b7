//! Syslog lines: RFC 5424, and RFC 3164 as daemons really write it to files (no priority, ISO time).

use crate::event_time::{Stamp, StampTime, find_stamp};

/// A syslog line, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyslogLine<'a> {
    /// Facility × 8 + severity, if the line carries it.
    pub priority: Option<u8>,
    /// When it was written, if the line says.
    pub time: Option<StampTime>,
    /// The host that wrote it; empty if the line names none.
    pub host: &'a str,
    /// The program: RFC 5424's APP-NAME, RFC 3164's tag.
    pub program: &'a str,
    /// The process id, if given.
    pub process: Option<&'a str>,
    /// RFC 5424's structured data, with its brackets; empty if there is none.
    pub structured_data: &'a str,
    /// What the program said.
    pub message: &'a str,
}

impl<'a> SyslogLine<'a> {
    /// Reads a line; `None` if it is not syslog: neither RFC 5424 (`<34>1 …`) nor a time stamp of
    /// syslog's followed by `host program[pid]: message`.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (priority, rest) = match line.strip_prefix('<') {
            Some(rest) => {
                let (digits, rest) = rest.split_once('>')?;
                let priority: u8 = digits.parse().ok().filter(|priority| *priority <= 191)?;
                (Some(priority), rest)
            }
            None => (None, line),
        };
        match rest.strip_prefix("1 ") {
            Some(rest) if priority.is_some() => Self::rfc_5424(priority, rest),
            _ => Self::rfc_3164(priority, rest),
        }
    }

    /// `TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA [MSG]`, `-` for what is absent.
    fn rfc_5424(priority: Option<u8>, rest: &'a str) -> Option<Self> {
        let (timestamp, rest) = rest.split_once(' ')?;
        let time = match timestamp {
            "-" => None,
            _ => Some(whole_stamp(timestamp)?.time),
        };
        let (host, rest) = rest.split_once(' ')?;
        let (program, rest) = rest.split_once(' ')?;
        let (process, rest) = rest.split_once(' ')?;
        let (_message_id, rest) = rest.split_once(' ').unwrap_or((rest, "-"));
        let end = structured_data_end(rest)?;
        let (structured_data, message) = rest.split_at_checked(end)?;
        let message = message.strip_prefix(' ').unwrap_or(message);
        Some(Self {
            priority,
            time,
            host: absent(host).unwrap_or_default(),
            program: absent(program).unwrap_or_default(),
            process: absent(process),
            structured_data: absent(structured_data).unwrap_or_default(),
            message: message.strip_prefix('\u{feff}').unwrap_or(message),
        })
    }

    /// `Mmm dd hh:mm:ss host program[pid]: message`, or with an RFC 3339 time as rsyslog writes it.
    fn rfc_3164(priority: Option<u8>, rest: &'a str) -> Option<Self> {
        let stamp = find_stamp(rest).filter(|stamp| stamp.span.start == 0)?;
        let classic = matches!(stamp.time, StampTime::Yearless { .. })
            && rest.starts_with(|first: char| first.is_ascii_alphabetic())
            && !rest.starts_with(['I', 'W', 'E'])
            && rest.get(3..4) == Some(" ");
        let rfc_3339 = matches!(stamp.time, StampTime::Instant(_)) && rest.get(10..11) == Some("T");
        if !classic && !rfc_3339 {
            return None;
        }
        let rest = rest.get(stamp.span.end..)?.strip_prefix(' ')?;
        let (host, rest) = rest.split_once(' ')?;
        let (tag, message) = rest.split_once(':')?;
        let (program, process) = match tag.split_once('[') {
            Some((program, process)) => (program, process.strip_suffix(']')),
            None => (tag, None),
        };
        if !is_tag(tag) || host.is_empty() {
            return None;
        }
        Some(Self {
            priority,
            time: Some(stamp.time),
            host,
            program,
            process,
            structured_data: "",
            message: message.strip_prefix(' ').unwrap_or(message),
        })
    }
}

fn whole_stamp(text: &str) -> Option<Stamp> {
    find_stamp(text).filter(|stamp| stamp.span == (0..text.len()))
}

fn absent(field: &str) -> Option<&str> {
    (field != "-").then_some(field)
}

/// A tag is one short word, perhaps with a bracketed process id: `sshd(pam_unix)[19939]`,
/// `systemd-logind`, `-- root[26]`.
fn is_tag(tag: &str) -> bool {
    let word = tag.strip_prefix("-- ").unwrap_or(tag);
    (1..=64).contains(&word.len())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'{' | b'}' | b'='))
}

/// Where the structured data at the start of `text` ends: after `-`, or after elements `[…]` in whose
/// quoted values `\"`, `\\` and `\]` are escapes.
fn structured_data_end(text: &str) -> Option<usize> {
    if text == "-" || text.starts_with("- ") {
        return Some(1);
    }
    let (mut inside, mut quoted, mut escaped, mut end) = (false, false, false, None);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if inside => quoted = !quoted,
            b'[' if !inside => inside = true,
            b']' if inside && !quoted => {
                inside = false;
                end = Some(at + 1);
            }
            _ if inside => {}
            _ => break,
        }
    }
    if inside { None } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3164_as_daemons_write_it() {
        let line = SyslogLine::parse(
            "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure; logname= uid=0",
        )
        .unwrap();
        assert_eq!(
            (line.host, line.program, line.process),
            ("combo", "sshd(pam_unix)", Some("19939"))
        );
        assert_eq!(line.message, "authentication failure; logname= uid=0");
        let line = SyslogLine::parse("<13>Feb  5 17:32:18 10.0.0.99 myproc: hello: world").unwrap();
        assert_eq!(
            (line.priority, line.host, line.message),
            (Some(13), "10.0.0.99", "hello: world")
        );
        let line = SyslogLine::parse(
            "2026-08-01T12:00:00.123456+00:00 ip-10-0-0-1 kernel: Out of memory: Killed process 7",
        )
        .unwrap();
        assert_eq!(
            (line.program, line.process, line.message),
            ("kernel", None, "Out of memory: Killed process 7")
        );
    }

    #[test]
    fn rfc_5424_with_and_without_structured_data() {
        let line = SyslogLine::parse(
            r#"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [ex@1 a="x\]y" b="2"][z] An event"#,
        )
        .unwrap();
        assert_eq!(line.structured_data, r#"[ex@1 a="x\]y" b="2"][z]"#);
        assert_eq!((line.process, line.message), (None, "An event"));
        let line =
            SyslogLine::parse("<34>1 - - su 77 - - \u{feff}'su root' failed for lonvick").unwrap();
        assert_eq!(line.message, "'su root' failed for lonvick");
        assert_eq!((line.time, line.host, line.process), (None, "", Some("77")));
        assert_eq!(SyslogLine::parse("<34>1 - - su 77 -").unwrap().message, "");
    }

    #[test]
    fn other_lines_are_not_syslog() {
        for line in [
            "",
            "<192>Feb  5 17:32:18 h p: m",
            "<34>1 yesterday h p - - - m",
            "<34>1 - h p - - [open m",
            "2015-10-18 18:01:47,978 INFO [main] a.b.C: text",
            "2015-10-18T18:01:47Z INFO starting up",
            "I0102 15:04:05.678901       1 main.go:30] host up: yes",
            "[Sun Dec 04 04:47:44 2005] [notice] init",
        ] {
            assert_eq!(SyslogLine::parse(line), None, "{line}");
        }
    }
}
