//! A thousand seeds, and a crash before and after every call.

use aiops_domain::policy::Mode;
use aiops_functions::fakes::ConditionSites;

use crate::check::run;
use crate::stage::{FAULTS, Scenario};

/// No invocation makes more calls than this.
const CALLS: u64 = 40;

#[test]
fn a_thousand_seeds_leave_no_action_doubled_no_incident_stuck_and_no_message_lost() {
    let mut wrong = Vec::new();
    for seed in 0..1_000 {
        let scenario = Scenario::of(seed);
        let told = format!("{scenario:?}");
        if let Err(what) = run(scenario, &ConditionSites::default(), None) {
            wrong.push(format!("{what}: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{} of 1,000: {wrong:#?}", wrong.len());
}

/// Every invocation of a remediation, an approval and a delivery has every fault at every call once.
#[test]
fn a_fault_at_any_call_of_any_function_leaves_one_end() {
    let mut wrong = Vec::new();
    let mut runs = 0;
    for mode in [Mode::Automatic, Mode::Approve] {
        for fault in FAULTS {
            for call in 0..CALLS {
                let scenario = Scenario::with_fault(mode, call, fault);
                runs += 1;
                if let Err(what) = run(scenario, &ConditionSites::default(), None) {
                    wrong.push(format!("{mode:?}, {fault:?} at call {call}: {what}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {runs}: {wrong:#?}", wrong.len());
}
