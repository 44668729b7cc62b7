//! Without any one of its conditions the detector is wrong: for each kind of conditional write of the
//! index, the frontier and the guards a search finds a run that ends otherwise than the records say
//! once the table forgets that condition. With all of them the very same runs end right.

use std::pin::pin;
use std::task::{Context, Waker};

use aiops_domain::{Source, Time};
use aiops_functions::detector::frontier;
use aiops_functions::fakes::{ConditionSites, Failing, FakeTable, Faults, Unconditional};
use aiops_model::WindowSpec;

use crate::interleaving::{run, specs};
use crate::preemption::{SITUATIONS, Situation, first_wrong};
use crate::world::{World, keyed, ready, tumbling};

type Forgetful = Unconditional<FakeTable>;

/// The table's form of a condition: verb, the fixed part of its key, what it asks.
const INDEX: &str = "put segments/8000018bcfd93300: any(puts missing, puts equals)";
const WATERMARK: &str = "update source/head: all(any(watermark missing, watermark below), any(latest missing, latest below))";
const IDLE: &str = "update source/head: revision equals";
const FRONTIER: &str = "update source/frontier: any(writes missing, writes equals)";
const GUARD_RAISED: &str = "update slot/guard: any(revision missing, revision at most)";
const GUARD_CHECKED: &str = "check slot/guard: revision equals";
const FINDING_TAKEN_BACK: &str = "delete slot/finding: digest equals";

fn world(
    spec: &WindowSpec,
    forget: impl Fn(FakeTable) -> Forgetful,
) -> (World<Forgetful>, FakeTable) {
    let incidents = FakeTable::default();
    let world = World::over(
        forget(FakeTable::default()),
        forget(incidents.clone()),
        spec,
    );
    (world, incidents)
}

fn without(spec: &WindowSpec, site: &str) -> (World<Forgetful>, FakeTable) {
    world(spec, |table| Unconditional::dropping(table, site))
}

/// A schedule of two instances in this situation that ends wrong without the condition.
fn preempted(site: &str, situation: Situation, seed: u64, stride: usize) -> Option<String> {
    first_wrong(&tumbling(), situation, seed, stride, |spec| {
        without(spec, site)
    })
}

/// A race of three instances that ends wrong without the condition.
fn raced(site: &str, spec: &WindowSpec, mut seeds: std::ops::Range<u64>) -> Option<String> {
    seeds.find_map(|seed| {
        let (world, incidents) = without(spec, site);
        run(&world, &incidents, seed, 3)
    })
}

/// The searches below are for conditions that the detector has.
#[test]
fn the_conditions_are_those_of_the_detector() {
    let sites = ConditionSites::default();
    let recorded = |spec: &WindowSpec| world(spec, |table| Unconditional::recording(table, &sites));
    for spec in &specs() {
        for situation in SITUATIONS {
            assert_eq!(first_wrong(spec, situation, 5, 25, recorded), None);
        }
        for seed in 0..20 {
            let (world, incidents) = recorded(spec);
            assert_eq!(run(&world, &incidents, seed, 3), None);
        }
    }
    let all = sites.all();
    for site in [
        INDEX,
        WATERMARK,
        IDLE,
        FRONTIER,
        GUARD_RAISED,
        GUARD_CHECKED,
        FINDING_TAKEN_BACK,
    ] {
        assert!(all.iter().any(|known| known == site), "{site}: {all:#?}");
    }
}

#[test]
fn an_index_entry_is_written_only_as_it_was_read() {
    assert!(preempted(INDEX, Situation::Overwritten, 5, 5).is_some());
}

#[test]
fn a_watermark_only_rises() {
    assert!(raced(WATERMARK, &tumbling(), 12..40).is_some());
}

#[test]
fn a_source_is_idle_only_if_nothing_came() {
    assert!(raced(IDLE, &keyed(25_000), 1..20).is_some());
}

#[test]
fn a_guard_only_rises() {
    assert!(preempted(GUARD_RAISED, Situation::IdleAndSegment, 6, 3).is_some());
}

#[test]
fn a_pass_writes_only_while_its_guard_stands() {
    assert!(preempted(GUARD_CHECKED, Situation::Overwritten, 5, 5).is_some());
}

#[test]
fn a_finding_is_taken_back_only_as_it_was_read() {
    assert!(raced(FINDING_TAKEN_BACK, &tumbling(), 17..60).is_some());
}

/// Two announce at once, one stopped after any number of steps: how far the frontier is announced
/// in the end. Who adds a segment then relies on it.
fn announced(table: &Forgetful, steps: usize) -> Time {
    let windowing = tumbling().compile().unwrap();
    let yielding = Failing::new(table.clone(), &Faults::none().yielding());
    let (further, nearer) = (Time::from_millis(30), Time::from_millis(20));
    let mut one = pin!(frontier::announce(
        &yielding,
        Source::Ec2,
        &windowing,
        0,
        nearer
    ));
    let mut context = Context::from_waker(Waker::noop());
    let mut over = false;
    for _ in 0..steps {
        over = over || one.as_mut().poll(&mut context).is_ready();
    }
    ready(frontier::announce(
        table,
        Source::Ec2,
        &windowing,
        0,
        further,
    ))
    .unwrap();
    if !over {
        ready(one).unwrap();
    }
    let progress = frontier::announce(table, Source::Ec2, &windowing, 0, Time::from_millis(0));
    ready(progress).unwrap().unwrap().announced
}

#[test]
fn an_announcement_is_never_lost() {
    let sites = ConditionSites::default();
    let least =
        |table: &dyn Fn() -> Forgetful| (0..8).map(|steps| announced(&table(), steps)).min();
    let whole = least(&|| Unconditional::recording(FakeTable::default(), &sites));
    assert_eq!(whole, Some(Time::from_millis(30)));
    assert_eq!(sites.all(), [FRONTIER]);
    let forgetful = least(&|| Unconditional::dropping(FakeTable::default(), FRONTIER));
    assert_eq!(forgetful, Some(Time::from_millis(20)));
}
