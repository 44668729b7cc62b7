//! Any batches, any order, any repetition, several instances at once.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use aiops_domain::LogRecord;
use aiops_functions::detector::{Outcome, Received};
use aiops_functions::fakes::Faults;
use aiops_functions::ports::Table;
use aiops_model::WindowSpec;

use crate::world::{Choices, Instance, World, batches, keyed, mismatch, records, tumbling};

/// The ways of windowing that every test goes through.
pub(crate) fn specs() -> [WindowSpec; 3] {
    [tumbling(), keyed(25_000), keyed(i64::MAX)]
}

type Running<'i> = (Vec<Received>, Pin<Box<dyn Future<Output = Outcome> + 'i>>);

/// Runs instances over a queue of messages, stepping one of them at a time, by choice; answers
/// `None` if that does not end.
pub(crate) fn race<T: Table + Clone>(
    world: &World<T>,
    choices: &mut Choices,
    instances: usize,
    mut messages: Vec<Received>,
    mut overwrites: Vec<(String, Vec<LogRecord>)>,
) -> Option<()> {
    let yielding = Faults::none().yielding();
    let instances: Vec<Instance<T>> = (0..instances).map(|_| world.instance(&yielding)).collect();
    let mut running: Vec<Option<Running<'_>>> = instances.iter().map(|_| None).collect();
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..400_000 {
        if messages.is_empty()
            && running.iter().all(Option::is_none)
            && let Some((sequence, records)) = overwrites.pop()
        {
            messages = world.write(&sequence, &records);
            continue;
        }
        // A timer may run out while others work.
        if choices.below(40) == 0 || (messages.is_empty() && running.iter().all(Option::is_none)) {
            let timers = world.timers();
            if timers.is_empty() && messages.is_empty() && running.iter().all(Option::is_none) {
                return Some(());
            }
            messages.extend(timers);
        }
        // An object may be overwritten at any moment.
        if choices.below(60) == 0
            && let Some((sequence, records)) = overwrites.pop()
        {
            messages.extend(world.write(&sequence, &records));
        }
        let turn = choices.below(instances.len());
        match running.get_mut(turn)? {
            slot @ None => {
                if messages.is_empty() {
                    continue;
                }
                choices.shuffle(&mut messages);
                let taken = (1 + choices.below(3)).min(messages.len());
                let batch: Vec<Received> = messages.drain(..taken).collect();
                if choices.below(6) == 0 {
                    // At least once.
                    messages.extend(batch.first().cloned());
                }
                let handled = batch.clone();
                let instance = instances.get(turn)?;
                *slot = Some((
                    batch,
                    Box::pin(async move { instance.handle(&handled).await }),
                ));
            }
            slot => {
                if let Some((batch, future)) = slot
                    && let Poll::Ready(outcome) = future.as_mut().poll(&mut context)
                {
                    messages.extend(
                        batch
                            .drain(..)
                            .filter(|received| outcome.failed.contains(&received.id)),
                    );
                    *slot = None;
                }
            }
        }
    }
    None
}

/// Splits, overwrites and races one set of records; answers what went wrong.
pub(crate) fn run<T: Table + Clone>(
    world: &World<T>,
    incidents: &aiops_functions::fakes::FakeTable,
    seed: u64,
    instances: usize,
) -> Option<String> {
    let mut choices = Choices(seed);
    let count = 24 + choices.below(30) as u32;
    let all = records(&mut choices, count, 150_000);
    let mut messages = Vec::new();
    let mut overwrites = Vec::new();
    for (n, batch) in batches(&mut choices, &all).into_iter().enumerate() {
        let sequence = format!("{n:05}");
        if choices.below(4) == 0 && batch.len() > 1 {
            // Killed after writing less than it writes at the next try.
            let (some, _) = batch.split_at(1 + choices.below(batch.len() - 1));
            messages.extend(world.write(&sequence, some));
            overwrites.push((sequence, batch));
        } else {
            messages.extend(world.write(&sequence, &batch));
        }
    }
    if race(world, &mut choices, instances, messages, overwrites).is_none() {
        return Some("the messages are never done".into());
    }
    mismatch(world, incidents, &all)
}

#[test]
fn two_instances_in_any_interleaving_find_what_the_records_say() {
    for (n, spec) in specs().iter().enumerate() {
        for seed in 0..120 {
            let world = World::new(spec);
            let wrong = run(&world, &world.incidents, seed * 3 + n as u64, 2);
            assert_eq!(wrong, None, "{spec:?}, seed {}", seed * 3 + n as u64);
        }
    }
}

#[test]
fn one_instance_with_shuffled_batches_finds_what_the_records_say() {
    for spec in &specs() {
        for seed in 1000..1100 {
            let world = World::new(spec);
            let wrong = run(&world, &world.incidents, seed, 1);
            assert_eq!(wrong, None, "{spec:?}, seed {seed}");
        }
    }
}

#[test]
fn the_order_and_size_of_batches_do_not_matter() {
    for spec in &specs() {
        let all = records(&mut Choices(7), 200, 900_000);
        for size in [1, 7, 50, 200] {
            for reversed in [false, true] {
                let world = World::new(spec);
                let mut messages = Vec::new();
                for (n, batch) in all.chunks(size).enumerate() {
                    messages.extend(world.write(&format!("{n:05}"), batch));
                }
                if reversed {
                    messages.reverse();
                }
                world.settle(messages);
                let wrong = mismatch(&world, &world.incidents, &all);
                assert_eq!(
                    wrong, None,
                    "{spec:?}, batches of {size}, reversed {reversed}"
                );
            }
        }
    }
}
