//! In which order resources are registered: whoever waits for nothing more, longest way to the end
//! first.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::graph::{Graph, Key};

/// What is ready, and what waits for what.
#[derive(Debug)]
pub struct Schedule {
    waiting: Vec<usize>,
    dependents: Vec<Vec<usize>>,
    height: Vec<usize>,
    ready: BinaryHeap<(usize, std::cmp::Reverse<usize>)>,
    /// What each resource waits for.
    pub waits: Vec<BTreeSet<usize>>,
}

/// A graph that cannot be put in order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// A resource waits for one that is not declared.
    #[error("{resource} refers to {missing}, which is not declared")]
    Missing {
        /// Who waits.
        resource: Key,
        /// For what.
        missing: Key,
    },
    /// Resources wait for each other.
    #[error("these resources wait for each other: {}", .0.iter().map(Key::text).collect::<Vec<_>>().join(", "))]
    Circle(Vec<Key>),
    /// Two resources of one type and name.
    #[error("{0} is declared twice")]
    Twice(Key),
}

/// What each resource depends on, by position: what its inputs refer to and its hidden dependencies.
/// A dependency on a component is one on everything inside.
///
/// # Errors
/// When a resource is declared twice or refers to what is not declared.
pub fn dependencies(graph: &Graph) -> Result<Vec<BTreeSet<usize>>, ScheduleError> {
    let index = index(graph)?;
    let mut children: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (position, resource) in graph.resources.iter().enumerate() {
        if let Some(parent) = &resource.parent {
            children.entry(parent.clone()).or_default().push(position);
        }
    }
    graph
        .resources
        .iter()
        .map(|resource| {
            let mut found = BTreeSet::new();
            for key in resource.dependencies() {
                found.insert(position_of(&index, &resource.key(), &key)?);
            }
            for hidden in &resource.options.depends_on {
                inside(&hidden.resource, &children, graph, &mut found);
            }
            Ok(found)
        })
        .collect()
}

/// What each resource waits for: its dependencies, its parent and its provider.
fn waits(graph: &Graph) -> Result<Vec<BTreeSet<usize>>, ScheduleError> {
    let index = index(graph)?;
    let mut waits = dependencies(graph)?;
    for (resource, waits) in graph.resources.iter().zip(&mut waits) {
        for key in resource.parent.iter().chain(&resource.options.provider) {
            waits.insert(position_of(&index, &resource.key(), key)?);
        }
    }
    Ok(waits)
}

fn index(graph: &Graph) -> Result<BTreeMap<Key, usize>, ScheduleError> {
    let mut index = BTreeMap::new();
    for (position, resource) in graph.resources.iter().enumerate() {
        if index.insert(resource.key(), position).is_some() {
            return Err(ScheduleError::Twice(resource.key()));
        }
    }
    Ok(index)
}

fn position_of(
    index: &BTreeMap<Key, usize>,
    resource: &Key,
    key: &Key,
) -> Result<usize, ScheduleError> {
    index
        .get(key)
        .copied()
        .ok_or_else(|| ScheduleError::Missing {
            resource: resource.clone(),
            missing: key.clone(),
        })
}

/// Adds the positions of everything below `component`.
fn inside(
    component: &Key,
    children: &BTreeMap<Key, Vec<usize>>,
    graph: &Graph,
    found: &mut BTreeSet<usize>,
) {
    for position in children.get(component).into_iter().flatten() {
        if found.insert(*position)
            && let Some(child) = graph.resources.get(*position)
        {
            inside(&child.key(), children, graph, found);
        }
    }
}

impl Schedule {
    /// Orders a graph.
    ///
    /// # Errors
    /// When a resource refers to what is not declared, or resources wait for each other.
    pub fn new(graph: &Graph) -> Result<Self, ScheduleError> {
        let waits = waits(graph)?;
        let mut dependents = vec![Vec::new(); waits.len()];
        for (position, needed) in waits.iter().enumerate() {
            for needed in needed {
                if let Some(list) = dependents.get_mut(*needed) {
                    list.push(position);
                }
            }
        }
        let mut schedule = Self {
            waiting: waits.iter().map(BTreeSet::len).collect(),
            height: vec![1; waits.len()],
            dependents,
            ready: BinaryHeap::new(),
            waits,
        };
        let order = schedule.order();
        if order.len() < schedule.waits.len() {
            let circle = graph
                .resources
                .iter()
                .enumerate()
                .filter(|(position, _)| !order.contains(position))
                .map(|(_, resource)| resource.key())
                .collect();
            return Err(ScheduleError::Circle(circle));
        }
        // From the ends backwards: the longest way of whoever waits, and one more.
        for position in order.into_iter().rev() {
            let above = schedule
                .dependents
                .get(position)
                .into_iter()
                .flatten()
                .filter_map(|dependent| schedule.height.get(*dependent))
                .max()
                .copied()
                .unwrap_or(0);
            if let Some(height) = schedule.height.get_mut(position) {
                *height = above + 1;
            }
        }
        for position in 0..schedule.waits.len() {
            schedule.offer(position);
        }
        Ok(schedule)
    }

    /// Length of the longest chain, in resources.
    pub fn critical_path(&self) -> usize {
        self.height.iter().copied().max().unwrap_or(0)
    }

    /// The next resource that waits for nothing, if there is one now.
    pub fn take_ready(&mut self) -> Option<usize> {
        self.ready
            .pop()
            .map(|(_, std::cmp::Reverse(position))| position)
    }

    /// Notes that a resource is registered.
    pub fn done(&mut self, position: usize) {
        let dependents = self.dependents.get(position).cloned().unwrap_or_default();
        for dependent in dependents {
            if let Some(waiting) = self.waiting.get_mut(dependent) {
                *waiting = waiting.saturating_sub(1);
            }
            self.offer(dependent);
        }
    }

    fn offer(&mut self, position: usize) {
        if let (Some(0), Some(height)) = (self.waiting.get(position), self.height.get(position)) {
            self.ready.push((*height, std::cmp::Reverse(position)));
        }
    }

    /// A topological order; shorter than the graph if there is a circle (Kahn, 1962).
    fn order(&self) -> Vec<usize> {
        let mut waiting = self.waiting.clone();
        let mut order: Vec<usize> = (0..waiting.len())
            .filter(|position| waiting.get(*position) == Some(&0))
            .collect();
        let mut next = 0;
        while let Some(position) = order.get(next).copied() {
            next += 1;
            for dependent in self.dependents.get(position).into_iter().flatten() {
                if let Some(count) = waiting.get_mut(*dependent) {
                    *count -= 1;
                    if *count == 0 {
                        order.push(*dependent);
                    }
                }
            }
        }
        order
    }
}
