//! Two instances, one stopped after any step while the other takes any number of steps: every
//! schedule of two with two switches, for the situations in which they can get into each other's way.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use aiops_domain::LogRecord;
use aiops_functions::detector::{Outcome, Received};
use aiops_functions::fakes::{FakeTable, Faults};
use aiops_functions::ports::Table;
use aiops_model::WindowSpec;

use crate::interleaving::specs;
use crate::world::{Choices, World, mismatch, ready, records};

/// A situation: what lies there, what one instance handles, and the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Situation {
    /// A segment is overwritten with more while an instance reads it.
    Overwritten,
    /// Two segments of the same windows.
    TwoSegments,
    /// The source falls idle while a segment comes.
    IdleAndSegment,
    /// The same segments twice.
    Twice,
    /// Two segments after the source was idle.
    AfterIdle,
    /// A segment far ahead closes windows for which another comes late.
    AheadAndLate,
}

pub(crate) const SITUATIONS: [Situation; 6] = [
    Situation::Overwritten,
    Situation::TwoSegments,
    Situation::IdleAndSegment,
    Situation::Twice,
    Situation::AfterIdle,
    Situation::AheadAndLate,
];

/// Steps after which a job is over for sure.
const STEPS: usize = 400;

struct Job<'i> {
    messages: Vec<Received>,
    future: Pin<Box<dyn Future<Output = Outcome> + 'i>>,
    outcome: Option<Outcome>,
}

impl Job<'_> {
    /// Takes up to so many steps; answers whether it is over.
    fn step(&mut self, steps: usize) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..steps {
            if self.outcome.is_some() {
                break;
            }
            if let Poll::Ready(outcome) = self.future.as_mut().poll(&mut context) {
                self.outcome = Some(outcome);
            }
        }
        self.outcome.is_some()
    }

    fn failed(self) -> Vec<Received> {
        let failed = self.outcome.map(|outcome| outcome.failed);
        self.messages
            .into_iter()
            .filter(|received| failed.as_ref().is_none_or(|f| f.contains(&received.id)))
            .collect()
    }
}

/// What went wrong if the one instance is stopped after `first` steps and the other after `second`;
/// and whether either of them was over by then.
pub(crate) fn run<T: Table + Clone>(
    world: &World<T>,
    incidents: &FakeTable,
    situation: Situation,
    seed: u64,
    (first, second): (usize, usize),
) -> (Option<String>, bool, bool) {
    let all = records(&mut Choices(seed), 12, 70_000);
    let mut times: Vec<LogRecord> = all.clone();
    times.sort_by_key(|record| record.time);
    let (a, b) = all.split_at(6);
    let (early, ahead) = times.split_at(8);
    let mut overwrite = None;
    let (one, other) = match situation {
        Situation::Overwritten => {
            overwrite = Some(("1", all.as_slice()));
            (world.write("1", a), vec![])
        }
        Situation::TwoSegments => (world.write("1", a), world.write("2", b)),
        Situation::IdleAndSegment => {
            let messages = world.write("1", a);
            ready(world.instance(&Faults::none()).handle(&messages));
            (world.timers(), world.write("2", b))
        }
        Situation::Twice => {
            let messages: Vec<_> = [world.write("1", a), world.write("2", b)].concat();
            (messages.clone(), messages.into_iter().rev().collect())
        }
        Situation::AfterIdle => {
            world.settle(world.write("1", early));
            let (c, d) = ahead.split_at(2);
            (world.write("2", c), world.write("3", d))
        }
        Situation::AheadAndLate => (world.write("1", ahead), world.write("2", early)),
    };
    let yielding = Faults::none().yielding();
    let (x, y) = (world.instance(&yielding), world.instance(&yielding));
    let handled = one.clone();
    let mut one = Job {
        messages: one,
        future: Box::pin(async move { x.handle(&handled).await }),
        outcome: None,
    };
    let one_over = one.step(first);
    let other = overwrite.map_or(other, |(sequence, records)| world.write(sequence, records));
    let handled = other.clone();
    let mut other = Job {
        messages: other,
        future: Box::pin(async move { y.handle(&handled).await }),
        outcome: None,
    };
    let other_over = other.step(second);
    one.step(usize::MAX);
    other.step(usize::MAX);
    let left = [one.failed(), other.failed()].concat();
    let wrong = match world.try_settle(left) {
        None => Some("the messages are never done".into()),
        Some(_) => mismatch(world, incidents, &all),
    };
    (wrong, one_over, other_over)
}

/// Every schedule of a situation, by steps of `stride`; the first that ends wrong.
pub(crate) fn first_wrong<T: Table + Clone>(
    spec: &WindowSpec,
    situation: Situation,
    seed: u64,
    stride: usize,
    world: impl Fn(&WindowSpec) -> (World<T>, FakeTable),
) -> Option<String> {
    for first in (0..STEPS).step_by(stride) {
        let mut first_over = false;
        for second in (0..STEPS).step_by(stride) {
            let (world, incidents) = world(spec);
            let (wrong, over, second_over) =
                run(&world, &incidents, situation, seed, (first, second));
            if let Some(wrong) = wrong {
                return Some(format!(
                    "{situation:?} of seed {seed} with {spec:?}, stopped after {first} and {second} steps: {wrong}"
                ));
            }
            first_over = over;
            if second_over {
                break;
            }
        }
        if first_over {
            break;
        }
    }
    None
}

#[test]
fn two_instances_that_stop_each_other_find_what_the_records_say() {
    for spec in &specs() {
        for situation in SITUATIONS {
            let wrong = first_wrong(spec, situation, 5, 3, |spec| {
                let world = World::new(spec);
                let incidents = world.incidents.clone();
                (world, incidents)
            });
            assert_eq!(wrong, None);
        }
    }
}
