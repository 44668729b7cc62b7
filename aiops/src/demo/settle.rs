//! When is everything done? When every line is in the segments or in quarantine, the detectors'
//! queues are empty (timers are messages too) and no workflow runs any more.

use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::json;

use super::LOOK_AGAIN;
use super::places::Places;
use super::read_back;
use crate::local::aws::{Aws, SQS, STATES};

/// Longer than any window of the demonstration stays open, and than any one step takes.
pub(super) const STILL_FOR: Duration = Duration::from_secs(180);

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Distinct lines in segments and quarantine.
    pub lines: u64,
    /// Messages of the detectors' queues: waiting, delayed, under way.
    pub messages: u64,
    /// Workflows under way.
    pub workflows: usize,
}

/// Waits until `sent` lines have been looked at, as long as anything moves. `progress` is told how
/// far it is.
pub async fn wait(
    aws: &Aws,
    places: &Places,
    sent: u64,
    progress: &(dyn Fn(Seen) + Send + Sync),
) -> anyhow::Result<()> {
    wait_for(aws, places, sent, STILL_FOR, progress).await
}

/// [`wait`], but for workflows only as long as they move within `patience`: one that asks a person
/// ends when somebody answers.
pub async fn wait_for(
    aws: &Aws,
    places: &Places,
    sent: u64,
    patience: Duration,
    progress: &(dyn Fn(Seen) + Send + Sync),
) -> anyhow::Result<()> {
    let mut moved = Instant::now();
    let mut arrivals = read_back::Arrivals::default();
    let mut seen = Seen::default();
    let (mut calm, mut calm_messages) = (0, 0);
    while calm < 2 {
        if moved.elapsed() > STILL_FOR {
            bail!(
                "for {} s nothing has moved: {} of {sent} lines are in segments, {} messages wait and {} workflows run: see the local cloud's log",
                STILL_FOR.as_secs(),
                seen.lines,
                seen.messages,
                seen.workflows
            );
        }
        let is_looked_at = calm_messages >= 2;
        if is_looked_at && patience < STILL_FOR && moved.elapsed() > patience {
            return Ok(());
        }
        let before = seen;
        if seen.lines < sent {
            seen.lines = arrivals.count(aws, places).await?;
        }
        seen.messages = messages(aws, &places.detector_queue_url).await?
            + messages(aws, &places.metrics_queue_url).await?;
        seen.workflows = running(aws, &places.state_machine_arn).await?;
        if seen != before {
            moved = Instant::now();
        }
        progress(seen);
        // Twice in a row: between a message and the workflow that it starts there is a moment.
        let is_quiet = seen.lines >= sent && seen.messages == 0;
        calm_messages = if is_quiet { calm_messages + 1 } else { 0 };
        let is_calm = is_quiet && seen.workflows == 0;
        calm = if is_calm { calm + 1 } else { 0 };
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

async fn messages(aws: &Aws, queue_url: &str) -> anyhow::Result<u64> {
    let answer = aws
        .json(
            SQS,
            "GetQueueAttributes",
            json!({"QueueUrl": queue_url, "AttributeNames": ["All"]}),
        )
        .await?;
    Ok([
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
    ]
    .iter()
    .filter_map(|name| answer["Attributes"][name].as_str()?.parse::<u64>().ok())
    .sum())
}

async fn running(aws: &Aws, state_machine_arn: &str) -> anyhow::Result<usize> {
    let answer = aws
        .json(
            STATES,
            "ListExecutions",
            json!({"stateMachineArn": state_machine_arn, "statusFilter": "RUNNING"}),
        )
        .await?;
    Ok(answer["executions"].as_array().map_or(0, Vec::len))
}
