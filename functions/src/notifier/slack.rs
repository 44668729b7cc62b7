//! Slack: Block Kit. Whatever comes from lines stands in code style and is escaped.

use serde_json::{Value, json};

use super::limit::Group;
use super::text::{plain, slack_block, slack_code};
use super::view::View;

/// Slack's limit of a header.
const MAX_HEADER: usize = 150;

/// The message: `text` for notifications, `blocks` for the eyes. `note` stands at its end.
pub fn message(view: &View, note: Option<&str>) -> Value {
    let headline = plain(&view.headline(), MAX_HEADER);
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "emoji": false, "text": headline}}),
        section(&slack_code(&view.summary, 600)),
        json!({"type": "section", "fields": [
            field("Where", &slack_code(&format!("{} {}", view.source, view.entity), 200)),
            field("Team", &slack_code(&view.team, 80)),
            field("Since", &format!("{} UTC", view.first_seen)),
            field("Until", &format!("{} UTC, {} findings", view.last_seen, view.count)),
        ]}),
    ];
    let why: Vec<String> = view
        .templates
        .iter()
        .map(|template| slack_code(template, 300))
        .chain(view.lines.iter().map(|line| slack_block(line, 500)))
        .collect();
    if !why.is_empty() {
        blocks.push(section(&format!("*Why*\n{}", why.join("\n"))));
    }
    if !view.changes.is_empty() {
        let changes: Vec<String> = view
            .changes
            .iter()
            .map(|change| slack_code(change, 300))
            .collect();
        blocks.push(section(&format!(
            "*Changed before*\n{}",
            changes.join("\n")
        )));
    }
    blocks.push(section(&format!(
        "*Done*\n{}",
        slack_code(&view.done(), 600)
    )));
    if let Some(action) = &view.action {
        if let Some((passed, detail)) = &action.check {
            let word = if *passed { "passed" } else { "did not pass" };
            blocks.push(section(&format!(
                "*Check* {word}\n{}",
                slack_code(detail, 600)
            )));
        }
        if let Some(token) = &action.decide {
            blocks.extend(question(action, token));
        }
        if let Some(url) = &action.plan_url {
            blocks.push(section(&format!("<{url}|Show the whole plan>")));
        }
    }
    if let Some(url) = &view.query_url {
        blocks.push(section(&format!("<{url}|Show the lines>")));
    }
    let mut context = format!("`{}`: `aiops incidents show {}`", view.id, view.id);
    if !view.also.is_empty() {
        context.push_str(&format!(
            "\nalso: {}",
            slack_code(&view.also.join(", "), 300)
        ));
    }
    if let Some(note) = note {
        context.push_str(&format!("\n{note}"));
    }
    blocks.push(json!({"type": "context", "elements": [mrkdwn(&context)]}));
    json!({
        "text": slack_code(&view.headline(), MAX_HEADER),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// The message that an answered incident goes on: short, where nothing can be updated in place.
pub(super) fn continues(view: &View, more: u64, note: Option<&str>) -> Value {
    let mut context = format!("`{}`: `aiops incidents show {}`", view.id, view.id);
    if let Some(note) = note {
        context.push_str(&format!("\n{note}"));
    }
    json!({
        "text": slack_code(&view.headline(), MAX_HEADER),
        "blocks": [
            section(&slack_code(&view.headline(), MAX_HEADER)),
            section(&slack_code(&view.going_on(more), 600)),
            json!({"type": "context", "elements": [mrkdwn(&context)]}),
        ],
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// One message for many that were held back.
pub(super) fn grouped(group: &Group) -> Value {
    let headlines: Vec<String> = group
        .headlines
        .iter()
        .map(|headline| slack_code(headline, 200))
        .collect();
    let text = plain(&group.sentence(), 300);
    json!({
        "text": text,
        "blocks": [section(&format!("*{text}*")), section(&headlines.join("\n"))],
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// What a thread holds beside the message: the calls and the last word of the log.
pub(super) fn details(view: &View) -> Value {
    let calls = view
        .action
        .iter()
        .flat_map(|action| &action.calls)
        .map(|call| slack_block(call, 700))
        .collect::<Vec<_>>()
        .join("\n");
    let mut blocks = vec![section(&format!(
        "*{}*\n{}",
        view.status.as_str().replace('_', " "),
        match view.continues {
            Some(more) => slack_code(&view.going_on(more), 600),
            None => slack_code(&view.last_event, 600),
        }
    ))];
    if !calls.is_empty() {
        blocks.push(section(&format!("*Calls*\n{}", plain_block(&calls))));
    }
    json!({"text": slack_code(&view.last_event, 200), "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

/// Slack's limit of a section is 3,000 characters; code marks stay closed.
fn plain_block(text: &str) -> String {
    if text.chars().count() <= 2_800 {
        return text.to_owned();
    }
    let cut: String = text.chars().take(2_700).collect();
    let open = cut.matches("```").count() % 2 == 1;
    format!("{cut}{} …", if open { "```" } else { "" })
}

fn question(action: &super::view::ActionView, token: &str) -> Vec<Value> {
    let mut asked = format!(
        "*Approve?* reaches {}\nplan {}",
        slack_code(&action.blast_radius, 400),
        slack_code(&action.plan_digest, 64)
    );
    if let Some(reason) = &action.irreversible {
        asked.push_str(&format!(
            "\n*It cannot be undone*: {}",
            slack_code(reason, 300)
        ));
    }
    let button = |id: &str, text: &str, style: &str| {
        json!({"type": "button", "action_id": id, "style": style, "value": token,
               "text": {"type": "plain_text", "emoji": false, "text": text}})
    };
    let mut approve = button("approve", "Approve", "primary");
    if let Some(fields) = approve.as_object_mut() {
        fields.insert(
            "confirm".to_owned(),
            json!({
                "title": {"type": "plain_text", "text": "Run this plan?"},
                "text": {"type": "plain_text", "text": plain(&format!("{} {}", action.name, action.target), 300)},
                "confirm": {"type": "plain_text", "text": "Run"},
                "deny": {"type": "plain_text", "text": "Back"},
            }),
        );
    }
    vec![
        section(&asked),
        json!({"type": "actions", "block_id": "decision",
               "elements": [approve, button("deny", "Refuse", "danger")]}),
    ]
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

fn field(name: &str, text: &str) -> Value {
    mrkdwn(&format!("*{name}*\n{text}"))
}

fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "verbatim": true, "text": text})
}
