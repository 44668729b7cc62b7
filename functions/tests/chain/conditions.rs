//! Every condition of a write is needed: without any one of them the search finds something wrong.
//!
//! The conditions are read off the source and off the runs: a condition that is added changes the count
//! of its file, one that no run meets is missing among the runs, and one without which nothing goes
//! wrong has no seed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aiops_functions::fakes::ConditionSites;

use crate::check::run;
use crate::stage::Scenario;

/// How many conditions a file writes down, and as what the runs meet them, each with a seed that goes
/// wrong without it.
type File = (&'static str, usize, &'static [(&'static str, u64)]);

const CONDITIONS: &[File] = &[
    (
        "approvals/decide.rs",
        2,
        &[
            ("put token/used: absent", 1),
            (
                "update incident/action: all(status equals, plan_digest equals)",
                56,
            ),
        ],
    ),
    (
        "incidents.rs",
        1,
        &[
            (
                "update incident/meta: all(status equals, opening equals, any(events missing, events equals))",
                17,
            ),
            (
                "update incident/meta: all(status equals, opening equals, events equals)",
                23,
            ),
        ],
    ),
    (
        "notifier/deliver.rs",
        1,
        &[(
            "update incident/notice: any(state missing, all(state equals, claimed_at below))",
            11,
        )],
    ),
    (
        "notifier/limit.rs",
        2,
        &[
            ("update channel/window: any(n missing, n below)", 1),
            ("update channel/window: grouped missing", 11),
        ],
    ),
    (
        "remediator/approval.rs",
        2,
        &[
            (
                "update incident/action: status one of planned, awaiting_approval",
                104,
            ),
            (
                "update incident/action: status one of planned, awaiting_approval, approved",
                466,
            ),
        ],
    ),
    (
        "remediator/calls.rs",
        2,
        &[
            (
                "update incident/action: all(status equals, any(lease_until missing, lease_until below))",
                8,
            ),
            ("update incident/action: status equals", 8),
        ],
    ),
    (
        "remediator/catalogue.rs",
        1,
        &[("delete nacl/rule: action_id equals", 1030)],
    ),
    (
        "remediator/catalogue/deny_address.rs",
        1,
        &[("put nacl/rule: any(absent, action_id equals)", 74)],
    ),
    (
        "remediator/guard.rs",
        4,
        &[
            (
                "check control/stop: any(stopped missing, stopped equals)",
                198,
            ),
            ("delete cap/hold: present", 4),
            ("put cap/hold: absent", 9),
            ("update cap/hour: any(n missing, n below)", 4),
            ("update cap/in-force: any(n missing, n below)", 5),
        ],
    ),
    (
        "remediator/planning.rs",
        1,
        &[("put incident/action: absent", 10)],
    ),
];

/// What a seed draws a scenario from.
const DRAWS: [fn(u64) -> Scenario; 2] = [Scenario::of, Scenario::late_copies];

/// Runs that meet every condition.
const RUNS: u64 = 300;

/// Seeds that are tried for a condition whose own does not go wrong any more.
const SEEDS: u64 = 3_000;

#[test]
fn every_condition_of_the_source_is_met_by_the_runs() {
    let mut written = BTreeMap::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for part in ["approvals", "incidents", "notifier", "remediator"] {
        for file in files(&source, part) {
            let text = std::fs::read_to_string(source.join(&file)).unwrap();
            let count = text.matches("condition: Some(").count()
                + text.matches("condition: Condition::").count();
            if count > 0 {
                written.insert(file.to_str().unwrap().to_owned(), count);
            }
        }
    }
    let listed: BTreeMap<String, usize> = CONDITIONS
        .iter()
        .map(|(file, count, _)| ((*file).to_owned(), *count))
        .collect();
    assert_eq!(
        written, listed,
        "a condition came or went: list it with a seed that needs it"
    );
    let sites = ConditionSites::default();
    for seed in 0..RUNS {
        run(Scenario::of(seed), &sites, None).unwrap();
    }
    let met: BTreeSet<String> = sites.all().into_iter().collect();
    let listed: BTreeSet<String> = CONDITIONS
        .iter()
        .flat_map(|(_, _, sites)| sites.iter().map(|(site, _)| (*site).to_owned()))
        .collect();
    assert_eq!(met, listed);
}

fn files(source: &Path, part: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from(format!("{part}.rs"))];
    let mut folders = vec![PathBuf::from(part)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(source.join(&folder))
            .into_iter()
            .flatten()
        {
            let path = folder.join(entry.unwrap().file_name());
            if path.extension().is_some() {
                found.push(path);
            } else {
                folders.push(path);
            }
        }
    }
    found.retain(|file| source.join(file).is_file());
    found
}

#[test]
fn without_any_one_condition_something_goes_wrong() {
    let mut unneeded = Vec::new();
    let all = CONDITIONS.iter().flat_map(|(_, _, sites)| sites.iter());
    for (site, first) in all {
        let wrong = |seed: &u64| {
            DRAWS.iter().find_map(|draw| {
                let found = run(draw(*seed), &ConditionSites::default(), Some(site)).err();
                // Not everything that goes wrong does so for want of the condition.
                found.filter(|_| run(draw(*seed), &ConditionSites::default(), None).is_ok())
            })
        };
        let seeds = std::iter::once(*first).chain(0..SEEDS);
        match seeds
            .into_iter()
            .find_map(|seed| Some((seed, wrong(&seed)?)))
        {
            Some((seed, found)) => println!("{site}: seed {seed}: {found}"),
            None => unneeded.push(*site),
        }
    }
    assert!(unneeded.is_empty(), "not needed: {unneeded:?}");
}
