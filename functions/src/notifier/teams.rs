//! Microsoft Teams: an Adaptive Card for a Workflows webhook. Whatever comes from lines stands in text
//! runs, which know no Markdown; the card can link, never act.

use serde_json::{Value, json};

use super::limit::Group;
use super::text::{defanged, plain};
use super::view::View;

/// The message with its card.
pub fn message(view: &View, note: Option<&str>) -> Value {
    let colour = match view.severity {
        aiops_domain::Severity::Low => "Default",
        aiops_domain::Severity::Medium => "Accent",
        aiops_domain::Severity::High => "Warning",
        aiops_domain::Severity::Critical => "Attention",
    };
    let mut body = vec![
        json!({"type": "RichTextBlock", "inlines": [
            {"type": "TextRun", "size": "Large", "weight": "Bolder", "color": colour,
             "text": safe(&view.headline(), 150)}]}),
        run(&safe(&view.summary, 600), false),
        pair("Where", &format!("{} {}", view.source, view.entity)),
        pair("Team", &view.team),
        pair("Since", &format!("{} UTC", view.first_seen)),
        pair(
            "Until",
            &format!("{} UTC, {} findings", view.last_seen, view.count),
        ),
    ];
    if !view.templates.is_empty() || !view.lines.is_empty() {
        body.push(title("Why"));
        body.extend(
            view.templates
                .iter()
                .map(|text| run(&safe(text, 300), true)),
        );
        body.extend(view.lines.iter().map(|text| run(&safe(text, 500), true)));
    }
    if !view.changes.is_empty() {
        body.push(title("Changed before"));
        body.extend(view.changes.iter().map(|text| run(&safe(text, 300), true)));
    }
    body.push(pair("Done", &view.done()));
    let mut actions = Vec::new();
    if let Some(action) = &view.action {
        if let Some((passed, detail)) = &action.check {
            let word = if *passed { "passed" } else { "did not pass" };
            body.push(pair("Check", &format!("{word}: {detail}")));
        }
        if action.decide.is_some() {
            body.push(pair("Reaches", &action.blast_radius));
            body.push(pair("Plan", &action.plan_digest));
            if let Some(reason) = &action.irreversible {
                body.push(pair("It cannot be undone", reason));
            }
            let command = format!(
                "aiops incidents approve {} --plan {}",
                view.id, action.plan_digest
            );
            body.push(pair("Approve in Slack or with", &command));
        }
        if let Some(url) = &action.plan_url {
            actions.push(json!({"type": "Action.OpenUrl", "title": "Show the plan", "url": url}));
        }
    }
    if let Some(url) = &view.query_url {
        actions.push(json!({"type": "Action.OpenUrl", "title": "Show the lines", "url": url}));
    }
    if !view.also.is_empty() {
        body.push(pair("Also", &view.also.join(", ")));
    }
    if let Some(note) = note {
        body.push(run(&safe(note, 300), false));
    }
    body.push(run(
        &safe(&format!("aiops incidents show {}", view.id), 120),
        true,
    ));
    envelope(&body, &actions)
}

/// The message that an answered incident goes on: short, because no card can be updated.
pub(super) fn continues(view: &View, more: u64, note: Option<&str>) -> Value {
    let mut body = vec![
        run(&safe(&view.headline(), 150), false),
        run(&safe(&view.going_on(more), 600), false),
    ];
    if let Some(note) = note {
        body.push(run(&safe(note, 300), false));
    }
    body.push(run(
        &safe(&format!("aiops incidents show {}", view.id), 120),
        true,
    ));
    envelope(&body, &[])
}

/// One message for many that were held back.
pub(super) fn grouped(group: &Group) -> Value {
    let mut body = vec![run(&safe(&group.sentence(), 300), false)];
    body.extend(
        group
            .headlines
            .iter()
            .map(|headline| run(&safe(headline, 200), true)),
    );
    envelope(&body, &[])
}

fn envelope(body: &[Value], actions: &[Value]) -> Value {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": {"width": "Full"},
                "body": body,
                "actions": actions,
            },
        }],
    })
}

fn safe(text: &str, max: usize) -> String {
    let text = defanged(&plain(text, max));
    // Teams reads this tag as a mention.
    let text = text.replace("<at", "‹at").replace("</at", "‹/at");
    if text.trim().is_empty() {
        "–".to_owned()
    } else {
        text
    }
}

fn title(text: &str) -> Value {
    json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "weight": "Bolder", "text": text}]})
}

fn pair(name: &str, text: &str) -> Value {
    json!({"type": "RichTextBlock", "spacing": "Small", "inlines": [
        {"type": "TextRun", "weight": "Bolder", "text": format!("{name}: ")},
        {"type": "TextRun", "text": safe(text, 600)}]})
}

fn run(text: &str, code: bool) -> Value {
    let font = if code { "Monospace" } else { "Default" };
    json!({"type": "RichTextBlock", "spacing": "Small", "inlines": [
        {"type": "TextRun", "fontType": font, "text": text}]})
}
