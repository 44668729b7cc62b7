//! The person on call, and the Slack between: reads what the webhook brought and answers what asks, by
//! interactions that are signed as Slack signs them and posted to the deployed endpoint. Nothing on the
//! other side knows of the demonstration.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::task::JoinHandle;

use super::receiver::Mailbox;
use crate::local::aws::query::escape;
use crate::local::aws::{Aws, SECRETS, http_client};

/// The approver that `Pulumi.local.yaml` names.
const USER: &str = "U0ONCALL";
/// How long to think.
const THINKING: Duration = Duration::from_millis(200);
/// Shutting out an address is what this person approves; nothing else.
const APPROVED: &str = "deny address";

/// A decision that was posted, and how the endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Which plan, in the message's words.
    pub plan: String,
    /// `approve` or `deny`.
    pub choice: String,
    /// HTTP status of the answer.
    pub status: u16,
}

/// A question in a message: what would be done, and the value of each button.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    plan: String,
    approve: String,
    deny: String,
}

/// Somebody who is on call. Dropping it ends the shift.
#[derive(Debug)]
pub struct OnCall {
    decisions: Arc<Mutex<Vec<Decision>>>,
    task: JoinHandle<()>,
}

impl OnCall {
    /// Begins the shift: reads `mailbox`, answers at `approvals_url`. The signing secret is what Slack
    /// and the stack share.
    pub async fn start(
        aws: &Aws,
        mailbox: Mailbox,
        approvals_url: &str,
        signing_secret: &str,
    ) -> anyhow::Result<Self> {
        let secret = aws
            .json(
                SECRETS,
                "GetSecretValue",
                json!({"SecretId": signing_secret}),
            )
            .await?;
        let secret = secret["SecretString"]
            .as_str()
            .context("the signing secret has no content")?
            .to_owned();
        let url = format!("{approvals_url}/slack/interactions");
        let http = http_client(Duration::from_secs(30))?;
        let decisions = Arc::new(Mutex::new(Vec::new()));
        let made = Arc::clone(&decisions);
        let task = tokio::spawn(async move {
            let mut answered = BTreeSet::new();
            loop {
                for question in mailbox.received().iter().filter_map(|m| question(&m.body)) {
                    if !answered.insert(question.approve.clone()) {
                        continue;
                    }
                    let (choice, token) = if question.plan.starts_with(APPROVED) {
                        ("approve", &question.approve)
                    } else {
                        ("deny", &question.deny)
                    };
                    let body = interaction(choice, token);
                    let now = jiff::Timestamp::now().as_second().to_string();
                    let request = http
                        .post(&url)
                        .header("content-type", "application/x-www-form-urlencoded")
                        .header("x-slack-request-timestamp", &now)
                        .header("x-slack-signature", signature(&secret, &now, &body))
                        .body(body);
                    let status = match request.send().await {
                        Ok(answer) => answer.status().as_u16(),
                        Err(_) => 0,
                    };
                    let decision = Decision {
                        plan: question.plan,
                        choice: choice.to_owned(),
                        status,
                    };
                    made.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(decision);
                }
                tokio::time::sleep(THINKING).await;
            }
        });
        Ok(Self { decisions, task })
    }

    /// What was decided so far, in order.
    pub fn decisions(&self) -> Vec<Decision> {
        self.decisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for OnCall {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a Slack message asks, if it has the buttons of a decision.
fn question(body: &str) -> Option<Question> {
    let message: Value = serde_json::from_str(body).ok()?;
    let buttons = message["blocks"]
        .as_array()?
        .iter()
        .find(|block| block["block_id"] == "decision")?["elements"]
        .as_array()?;
    let button = |id: &str| buttons.iter().find(|button| button["action_id"] == id);
    let value = |id: &str| Some(button(id)?["value"].as_str()?.to_owned());
    Some(Question {
        plan: button("approve")?["confirm"]["text"]["text"]
            .as_str()?
            .to_owned(),
        approve: value("approve")?,
        deny: value("deny")?,
    })
}

/// A click, as Slack posts it.
fn interaction(choice: &str, token: &str) -> String {
    let payload = json!({
        "type": "block_actions",
        "user": {"id": USER, "username": "on-call"},
        "actions": [{"action_id": choice, "block_id": "decision", "type": "button", "value": token}],
    });
    format!("payload={}", escape(&payload.to_string()))
}

/// Version 0 of Slack's signature.
fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    digest
        .iter()
        .fold("v0=".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_asks_only_if_it_has_the_buttons() {
        let body = json!({"blocks": [
            {"type": "header"},
            {"type": "actions", "block_id": "decision", "elements": [
                {"action_id": "approve", "value": "yes", "confirm": {"text": {"text": "deny address 203.0.113.9"}}},
                {"action_id": "deny", "value": "no"},
            ]},
        ]});
        let question = question(&body.to_string()).unwrap();
        assert_eq!(
            (
                question.plan.as_str(),
                question.approve.as_str(),
                question.deny.as_str()
            ),
            ("deny address 203.0.113.9", "yes", "no")
        );
        for other in ["", "{}", r#"{"blocks":[{"type":"header"}]}"#] {
            assert_eq!(super::question(other), None, "{other}");
        }
    }

    /// The example of Slack's own documentation.
    #[test]
    fn a_request_is_signed_as_slack_signs() {
        let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        assert_eq!(
            signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body),
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        );
    }
}
