//! Tasks that a seed interleaves, on a clock that jumps: no threads, no sleeps, the same order for
//! the same seed.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use aiops_domain::Time;
use aiops_functions::fakes::FakeClock;
use aiops_functions::ports::Clock;

/// A run that takes more polls than this does not end.
const POLLS_MAX: u64 = 400_000;

/// Pseudo-random choices (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub struct Choices(pub u64);

impl Choices {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound.max(1)
    }

    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

pub type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Inner {
    clock: FakeClock,
    choices: RefCell<Choices>,
    spawned: RefCell<Vec<Task>>,
    wake: Cell<Option<Time>>,
}

/// The scheduler; clones are the same.
#[derive(Clone)]
pub struct Scheduler(Rc<Inner>);

impl Scheduler {
    pub fn new(clock: FakeClock, seed: u64) -> Self {
        Self(Rc::new(Inner {
            clock,
            choices: RefCell::new(Choices(seed)),
            spawned: RefCell::default(),
            wake: Cell::default(),
        }))
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.spawned.borrow_mut().push(Box::pin(task));
    }

    pub fn now(&self) -> Time {
        self.0.clock.now()
    }

    pub fn below(&self, bound: u64) -> u64 {
        self.0.choices.borrow_mut().below(bound)
    }

    pub fn percent(&self, chance: u64) -> bool {
        self.0.choices.borrow_mut().percent(chance)
    }

    /// Sleeps in virtual time.
    pub async fn sleep(&self, millis: i64) {
        let until = self.now().plus_millis(millis);
        std::future::poll_fn(|_| {
            if self.now() >= until {
                return Poll::Ready(());
            }
            self.0.wake.set(Some(until));
            Poll::Pending
        })
        .await;
    }

    /// Polls tasks in the order of the seed until all are over; `after_each` looks at every state.
    ///
    /// # Errors
    /// What `after_each` found, or that the run does not end.
    pub fn run(&self, mut after_each: impl FnMut() -> Result<(), String>) -> Result<(), String> {
        let mut tasks: Vec<(Task, Option<Time>)> = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..POLLS_MAX {
            tasks.extend(self.0.spawned.take().into_iter().map(|task| (task, None)));
            if tasks.is_empty() {
                return Ok(());
            }
            let now = self.now();
            let ready: Vec<usize> = (0..tasks.len())
                .filter(|at| tasks[*at].1.is_none_or(|wake| wake <= now))
                .collect();
            if ready.is_empty() {
                let next = tasks.iter().filter_map(|(_, wake)| *wake).min().unwrap();
                self.0.clock.advance_millis(next.millis_since(now));
                continue;
            }
            let picked = ready[self.below(ready.len() as u64) as usize];
            self.0.wake.set(None);
            match tasks[picked].0.as_mut().poll(&mut context) {
                Poll::Ready(()) => drop(tasks.swap_remove(picked)),
                Poll::Pending => tasks[picked].1 = self.0.wake.take(),
            }
            after_each()?;
            // Most calls are fast, a few take seconds.
            let slow = self.percent(1);
            let millis = self.below(if slow { 9_000 } else { 60 });
            self.0.clock.advance_millis(i64::try_from(millis).unwrap());
        }
        Err("the run does not end".to_owned())
    }
}
