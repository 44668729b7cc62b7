//! What a line that tries everything looks like on a terminal: text.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::*;

/// Clears the screen, colours, moves the cursor, reorders, hides, by escapes and by C1 characters.
const HOSTILE: &str = "x\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\r\n\u{8}\u{202e}abc\u{200b}\u{7f}";

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn hostile() -> Show {
    let time = "2026-08-01T12:00:00Z";
    let incident = json!({
        "id": HOSTILE, "fingerprint": "f", "source": "ec2", "entity": HOSTILE, "kind": "disk_full",
        "severity": "high", "status": "resolved", "count": 1, "first_seen": time, "last_seen": time,
        "summary": HOSTILE, "finding_ids": [],
        "actions": [{"id": "a", "action": HOSTILE, "target": HOSTILE, "mode": HOSTILE, "status": HOSTILE,
                     "plan_digest": HOSTILE, "prior_state": {"text": HOSTILE},
                     "check": {"passed": true, "detail": HOSTILE}, "undone": false}],
    });
    let finding = json!({
        "id": "1", "source": "ec2", "entity": HOSTILE, "key": HOSTILE,
        "window": {"start": time, "end": time}, "kind": "disk_full", "score": 1.0, "p_value": 0.1,
        "anomalous": true, "example": {"line": 1, "text": HOSTILE}, "summary": HOSTILE,
        "templates": [{"id": "t", "template": HOSTILE, "count": 1, "expected": 0.0, "contribution": 1.0}],
    });
    let event = json!({
        "n": 1, "opening": 1, "at": time, "who": {"by": "slack", "user_id": HOSTILE}, "trigger": null,
        "from": "open", "to": "open", "why": HOSTILE,
    });
    let change = json!({"at": time, "by": HOSTILE, "what": HOSTILE, "target": HOSTILE});
    let related = json!({
        "id": HOSTILE, "kind": "log_anomaly", "source": "ec2", "severity": "medium",
        "status": "resolved", "first_seen": time,
    });
    Show {
        schema: "aiops.incident/1",
        incident: serde_json::from_value(incident).unwrap(),
        findings: vec![serde_json::from_value(finding).unwrap()],
        events: vec![serde_json::from_value(event).unwrap()],
        changes: vec![serde_json::from_value(change).unwrap()],
        related: vec![serde_json::from_value(related).unwrap()],
    }
}

#[test]
fn nothing_of_a_line_reaches_the_terminal_as_a_command() {
    let show = hostile();
    let (out, notes) = (Sink::default(), Sink::default());
    let printer = Printer::into_sinks(out.clone(), notes);
    printer.line(row(&show.incident, &printer)).unwrap();
    tell(&show, &printer).unwrap();
    printer.json(&show).unwrap();
    let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
    let obeyed: Vec<char> = text
        .chars()
        .filter(|character| {
            let hidden = matches!(character, '\u{200b}' | '\u{202e}');
            (character.is_control() && *character != '\n') || hidden
        })
        .collect();
    assert_eq!(obeyed, Vec::<char>::new(), "{text:?}");
    assert!(text.contains("\\u{1b}[2J"), "{text}");
    // The JSON says the same as ever.
    let json = text
        .get(text.find("{\"").or_else(|| text.find("{\n")).unwrap()..)
        .unwrap();
    let read: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(read["incident"], json!(show.incident));
}
