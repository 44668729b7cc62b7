//! Killed, throttled and cut off at every call.

use aiops_domain::Source;
use aiops_functions::detector::message::Timer;
use aiops_functions::fakes::{Fault, Faults};

use crate::interleaving::specs;
use crate::world::{Choices, World, batches, mismatch, ready, received, records};

const FAULTS: [Fault; 6] = [
    Fault::Before,
    Fault::After,
    Fault::Throttle,
    Fault::Refuse,
    Fault::CrashBefore,
    Fault::CrashAfter,
];

/// Every seam call of a run over two batches and a timer is hit once by every fault; what failed is
/// delivered again, to the same instance or, if it died, to a new one.
#[test]
fn a_fault_at_any_call_changes_nothing_in_the_end() {
    for spec in &specs() {
        let all = records(&mut Choices(11), 14, 100_000);
        let calls = {
            let faults = Faults::none();
            go(&World::new(spec), &all, &faults);
            faults.calls()
        };
        assert!(calls > 30, "{calls} calls are too few to show anything");
        for fault in FAULTS {
            for call in 0..calls {
                let world = World::new(spec);
                go(&world, &all, &Faults::at([(call, fault)]));
                let wrong = mismatch(&world, &world.incidents, &all);
                assert_eq!(wrong, None, "{spec:?}, {fault:?} at call {call} of {calls}");
            }
        }
    }
}

fn go(world: &World, all: &[aiops_domain::LogRecord], faults: &Faults) {
    let instance = world.instance(faults);
    let (some, others) = all.split_at(all.len() / 2);
    let mut left = Vec::new();
    for (sequence, batch) in [("1", some), ("2", others)] {
        let messages = world.write(sequence, batch);
        let outcome = ready(instance.handle(&messages));
        left.extend(
            messages
                .into_iter()
                .filter(|received| faults.is_dead() || outcome.failed.contains(&received.id)),
        );
    }
    let timers = world.timers();
    let outcome = ready(instance.handle(&timers));
    left.extend(
        timers
            .into_iter()
            .filter(|received| faults.is_dead() || outcome.failed.contains(&received.id)),
    );
    world.settle(left);
    next_message(world);
}

/// A start that was refused stays pending until the function is invoked next, by whatever comes.
fn next_message(world: &World) {
    let timer = Timer {
        source: Source::Ec2,
        revision: -1,
    };
    world.settle(vec![received(timer.body())]);
}

#[test]
fn many_faults_at_once_change_nothing_in_the_end() {
    for spec in &specs() {
        for seed in 0..60 {
            let mut choices = Choices(seed);
            let world = World::new(spec);
            let all = records(&mut choices, 40, 150_000);
            let mut messages = Vec::new();
            for (n, batch) in batches(&mut choices, &all).into_iter().enumerate() {
                messages.extend(world.write(&format!("{n:05}"), &batch));
            }
            for _ in 0..30 {
                let planned: Vec<_> = (0..6)
                    .map(|_| (choices.below(120) as u64, FAULTS[choices.below(6)]))
                    .collect();
                let faults = Faults::at(planned);
                let instance = world.instance(&faults);
                if messages.is_empty() {
                    break;
                }
                let taken = (1 + choices.below(10)).min(messages.len());
                let batch: Vec<_> = messages.drain(..taken).collect();
                let outcome = ready(instance.handle(&batch));
                messages.extend(
                    batch.into_iter().filter(|received| {
                        faults.is_dead() || outcome.failed.contains(&received.id)
                    }),
                );
            }
            world.settle(messages);
            next_message(&world);
            let wrong = mismatch(&world, &world.incidents, &all);
            assert_eq!(wrong, None, "{spec:?}, seed {seed}");
        }
    }
}
