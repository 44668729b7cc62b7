//! Growing one tree.

use super::average_path;
use super::tree::{Node, Tree};
use crate::rng::Rng;

/// Grows a tree on the sampled rows of row-major `values`, to the depth limit ⌈log₂ ψ⌉: below it,
/// the average path of what is left stands in.
#[expect(
    clippy::cast_possible_truncation,
    reason = "nodes and features are numbered by u32: twice the sample, and the columns"
)]
pub(super) fn grow(values: &[f32], columns: usize, sample: Vec<usize>, rng: &mut Rng) -> Tree {
    let limit = sample.len().max(2).next_power_of_two().ilog2();
    let mut rows = sample;
    let mut nodes = vec![leaf(0)];
    let mut paths = vec![0.0];
    let mut features: Vec<u32> = (0..columns as u32).collect();
    // A queue, not a stack: children get their numbers side by side and after their parent.
    let mut open = std::collections::VecDeque::from([(0usize, 0..rows.len(), 0u32)]);
    while let Some((index, range, level)) = open.pop_front() {
        let points = range.len();
        let slice = rows.get_mut(range.clone()).unwrap_or_default();
        let split = if level < limit && points > 1 {
            choose_split(values, columns, slice, &mut features, rng)
        } else {
            None
        };
        let Some((feature, threshold)) = split else {
            if let Some(path) = paths.get_mut(index) {
                *path = f64::from(level) + average_path(points);
            }
            continue;
        };
        let left_points = partition(slice, |row| {
            value_at(values, columns, row, feature) <= threshold
        });
        let left = nodes.len();
        nodes.extend([leaf(left), leaf(left + 1)]);
        paths.extend([0.0, 0.0]);
        if let Some(node) = nodes.get_mut(index) {
            *node = Node {
                threshold,
                feature,
                left: left as u32,
            };
        }
        let middle = range.start + left_points;
        open.push_back((left, range.start..middle, level + 1));
        open.push_back((left + 1, middle..range.end, level + 1));
    }
    match Tree::new(nodes, paths) {
        Ok(tree) => tree,
        Err(reason) => unreachable!("children are appended after their parent: {reason}"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "see grow")]
const fn leaf(index: usize) -> Node {
    Node {
        threshold: f32::INFINITY,
        feature: 0,
        left: index as u32,
    }
}

fn value_at(values: &[f32], columns: usize, row: usize, feature: u32) -> f32 {
    let value = values
        .get(row * columns + feature as usize)
        .copied()
        .unwrap_or(0.0);
    // Rows are finite by construction; should one not be, the tree still is.
    if value.is_finite() { value } else { f32::MIN }
}

/// A random feature among those that vary in the rows, and a threshold below its largest value.
#[expect(
    clippy::cast_possible_truncation,
    reason = "features are single floats"
)]
fn choose_split(
    values: &[f32],
    columns: usize,
    rows: &[usize],
    features: &mut [u32],
    rng: &mut Rng,
) -> Option<(u32, f32)> {
    for drawn in 0..features.len() {
        let other = drawn + rng.below(features.len() - drawn);
        features.swap(drawn, other);
        let feature = features.get(drawn).copied()?;
        let (low, high) = rows.iter().fold((f32::MAX, f32::MIN), |(low, high), &row| {
            let value = value_at(values, columns, row, feature);
            (low.min(value), high.max(value))
        });
        if low < high {
            let width = f64::from(high) - f64::from(low);
            let threshold = (f64::from(low) + rng.uniform() * width) as f32;
            // Rounding may reach the largest value, and then nothing would go right.
            return Some((feature, if threshold < high { threshold } else { low }));
        }
    }
    None
}

/// Moves the rows that go left to the front; returns how many they are.
fn partition(rows: &mut [usize], goes_left: impl Fn(usize) -> bool) -> usize {
    let mut left = 0;
    for index in 0..rows.len() {
        if rows.get(index).is_some_and(|&row| goes_left(row)) {
            rows.swap(left, index);
            left += 1;
        }
    }
    left
}
