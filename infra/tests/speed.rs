//! A deployment is about as fast as the graph's shape allows, in virtual time.

#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

#[path = "support/stacks.rs"]
mod stacks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aiops_infra::engine::recorder::{Behaviour, Recorder};
use aiops_infra::engine::{Environment, Monitor, deploy};
use aiops_infra::graph::{Evaluated, Graph, Key};

/// What a resource takes, in milliseconds.
const LATENCY_MS: u64 = 50;

fn environment(parallel: usize) -> Environment {
    Environment {
        monitor: String::new(),
        engine: String::new(),
        project: "aiops".to_owned(),
        stack: "dev".to_owned(),
        preview: true,
        parallel: Some(parallel),
        config: BTreeMap::new(),
        secret_keys: Default::default(),
    }
}

/// At most 1.3 times the longest chain or the sum shared out, whichever is more.
#[tokio::test(start_paused = true)]
async fn every_stack_is_deployed_about_as_fast_as_its_shape_allows() {
    for graph in stacks::graphs() {
        let custom = graph
            .resources
            .iter()
            .filter(|resource| !resource.is_component())
            .count();
        let custom = u64::try_from(custom).unwrap();
        for parallel in [4, 16, 64] {
            let recorder = Arc::new(Recorder::new(Behaviour {
                latency: Duration::from_millis(LATENCY_MS),
                invokes: everything_answers(&graph),
                preview: true,
                ..Behaviour::default()
            }));
            let start = tokio::time::Instant::now();
            let monitor = Arc::clone(&recorder) as Arc<dyn Monitor>;
            deploy(
                Arc::new(graph.clone()),
                &environment(parallel),
                monitor,
                recorder.as_ref(),
            )
            .await
            .unwrap();
            let took = u64::try_from(start.elapsed().as_millis()).unwrap();
            let shared = custom * LATENCY_MS / u64::try_from(parallel).unwrap();
            let least = (chain(&graph) * LATENCY_MS).max(shared);
            assert!(
                took * 10 <= least * 13,
                "{}, {parallel} at a time: {took} ms, the shape allows {least} ms",
                graph.stack
            );
        }
    }
}

/// Longest chain of custom resources, by this test's own means: whatever a resource waits for is
/// declared before it.
fn chain(graph: &Graph) -> u64 {
    let mut length: BTreeMap<Key, u64> = BTreeMap::new();
    for resource in &graph.resources {
        let waits = resource.waits_for();
        let before = waits
            .iter()
            .filter_map(|key| length.get(key))
            .max()
            .copied()
            .unwrap_or(0);
        length.insert(resource.key(), before + u64::from(!resource.is_component()));
    }
    length.values().max().copied().unwrap_or(0)
}

/// Data sources whose every property is unknown.
fn everything_answers(graph: &Graph) -> BTreeMap<String, Evaluated> {
    graph
        .invokes()
        .into_iter()
        .map(|(token, _)| (token, Evaluated::Unknown))
        .collect()
}
