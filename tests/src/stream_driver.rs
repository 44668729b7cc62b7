//! Delivers the records of a shard to a function as Lambda's event source mapping for streams does:
//! one batch at a time and in order, again from the lowest reported failure, in halves after a failure
//! of the whole batch, up to a number of retries, and perhaps twice.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>

use std::collections::VecDeque;
use std::future::Future;
use std::ops::Range;

/// How the mapping is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    /// Whether a batch that failed as a whole is split in halves.
    pub bisects: bool,
    /// How often records are delivered again before they go to the on-failure destination; `None`:
    /// for ever.
    pub retries_max: Option<u32>,
}

/// What a function answers, or how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The sequence numbers of `batchItemFailures`; none: all is done.
    Failures(Vec<String>),
    /// An error, a time-out, or the end of the process.
    Crashed,
}

/// Decides what the service leaves open: the sizes of batches, and which are delivered twice.
#[derive(Debug, Clone, Default)]
pub struct Accidents {
    /// Sizes of the first batches; the rest come in one.
    pub batch_records: VecDeque<usize>,
    /// Whether the first invocations are repeated with the same batch; later ones are not.
    pub repeated: VecDeque<bool>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// The positions of the records that went to the on-failure destination.
    pub discarded: Vec<usize>,
    /// How often the function was invoked.
    pub invocations: usize,
}

/// A shard that makes no progress.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the shard is stuck at record {position} after {invocations} invocations")]
pub struct StuckShard {
    /// Where.
    pub position: usize,
    /// After so many invocations.
    pub invocations: usize,
}

/// A batch that is to be delivered.
struct Batch {
    records: Range<usize>,
    retries: u32,
}

/// Delivers `records` to `function` until each is done or discarded. `sequence` names a record.
///
/// # Errors
/// [`StuckShard`] after `invocations_max` invocations.
pub async fn deliver<R, F>(
    records: &[R],
    sequence: impl Fn(&R) -> &str,
    mapping: Mapping,
    mut accidents: Accidents,
    invocations_max: usize,
    mut function: impl FnMut(Vec<R>) -> F,
) -> Result<Delivery, StuckShard>
where
    R: Clone,
    F: Future<Output = Answer>,
{
    let mut delivery = Delivery::default();
    let mut pending: VecDeque<Batch> = VecDeque::new();
    let mut next = 0;
    while next < records.len() || !pending.is_empty() {
        let batch = pending.pop_front().unwrap_or_else(|| {
            let size = accidents.batch_records.pop_front().unwrap_or(usize::MAX);
            let end = next.saturating_add(size.max(1)).min(records.len());
            let fresh = next..end;
            next = end;
            Batch {
                records: fresh,
                retries: 0,
            }
        });
        let mut times = 1 + usize::from(accidents.repeated.pop_front().unwrap_or(false));
        let mut answer = Answer::Crashed;
        while times > 0 {
            if delivery.invocations == invocations_max {
                return Err(StuckShard {
                    position: batch.records.start,
                    invocations: invocations_max,
                });
            }
            delivery.invocations += 1;
            answer = function(records[batch.records.clone()].to_vec()).await;
            times -= 1;
        }
        let first_failure = match answer {
            Answer::Failures(failed) if failed.is_empty() => continue,
            // A name that is in no record counts as a failure of the whole batch.
            Answer::Failures(failed) => batch
                .records
                .clone()
                .find(|position| {
                    failed
                        .iter()
                        .any(|name| *name == sequence(&records[*position]))
                })
                .unwrap_or(batch.records.start),
            Answer::Crashed => batch.records.start,
        };
        after_failure(batch, first_failure, mapping, &mut pending, &mut delivery);
    }
    Ok(delivery)
}

/// Puts what is left of a failed batch back, or discards it.
fn after_failure(
    batch: Batch,
    first_failure: usize,
    mapping: Mapping,
    pending: &mut VecDeque<Batch>,
    delivery: &mut Delivery,
) {
    let rest = first_failure..batch.records.end;
    let made_progress = first_failure > batch.records.start;
    // Splitting a batch, at the reported record or in the middle, does not count as a retry.
    if mapping.bisects && !made_progress && rest.len() > 1 {
        let middle = rest.start + rest.len() / 2;
        for half in [middle..rest.end, rest.start..middle] {
            pending.push_front(Batch {
                records: half,
                retries: batch.retries,
            });
        }
        return;
    }
    let retries = batch.retries + u32::from(!(mapping.bisects && made_progress));
    if mapping.retries_max.is_some_and(|max| retries > max) {
        delivery.discarded.extend(rest);
        return;
    }
    pending.push_front(Batch {
        records: rest,
        retries,
    });
}
