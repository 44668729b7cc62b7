//! Forests exported from scikit-learn, to prove that both score alike.

use serde::Deserialize;
use smartcore::error::Failed;

use super::average_path;
use super::tree::{Node, Tree};

/// What `sklearn.ensemble.IsolationForest` holds, as JSON.
#[derive(Debug, Clone, Deserialize)]
pub struct ScikitForest {
    /// Columns of a row.
    pub n_features: usize,
    /// ψ.
    pub max_samples: usize,
    /// The estimators.
    pub estimators: Vec<ScikitTree>,
}

/// The arrays of `tree_` of one estimator.
#[derive(Debug, Clone, Deserialize)]
pub struct ScikitTree {
    /// `children_left`; -1 in a leaf.
    pub children_left: Vec<i64>,
    /// `children_right`.
    pub children_right: Vec<i64>,
    /// `feature`, mapped by `estimators_features_`.
    pub feature: Vec<i64>,
    /// `threshold`.
    pub threshold: Vec<f64>,
    /// `n_node_samples`.
    pub n_node_samples: Vec<usize>,
}

impl ScikitForest {
    pub(super) fn trees(&self) -> Result<Vec<Tree>, Failed> {
        self.estimators
            .iter()
            .map(|tree| convert(tree, self.n_features).map_err(|reason| Failed::input(&reason)))
            .collect()
    }
}

/// Renumbers the nodes so that children lie side by side.
fn convert(tree: &ScikitTree, columns: usize) -> Result<Tree, String> {
    let mut nodes = vec![leaf(0)?];
    let mut paths = vec![0.0];
    let mut open = std::collections::VecDeque::from([(0usize, 0usize, 0u32)]);
    while let Some((theirs, ours, level)) = open.pop_front() {
        let missing = || format!("node {theirs} of a tree is missing");
        let left = *tree.children_left.get(theirs).ok_or_else(missing)?;
        if left < 0 {
            let points = *tree.n_node_samples.get(theirs).ok_or_else(missing)?;
            if let Some(path) = paths.get_mut(ours) {
                *path = f64::from(level) + average_path(points);
            }
            continue;
        }
        let right = *tree.children_right.get(theirs).ok_or_else(missing)?;
        let feature = *tree.feature.get(theirs).ok_or_else(missing)?;
        let threshold = *tree.threshold.get(theirs).ok_or_else(missing)?;
        let feature = u32::try_from(feature)
            .ok()
            .filter(|&feature| (feature as usize) < columns)
            .ok_or_else(|| format!("a tree splits on feature {feature} of {columns}"))?;
        if level > 512 || nodes.len() > 2 * tree.children_left.len() {
            return Err("a tree refers to its own nodes in a circle".to_owned());
        }
        let child = nodes.len();
        nodes.extend([leaf(child)?, leaf(child + 1)?]);
        paths.extend([0.0, 0.0]);
        if let Some(node) = nodes.get_mut(ours) {
            *node = Node {
                threshold: round_down(threshold),
                feature,
                left: number(child)?,
            };
        }
        for (theirs, ours) in [(left, child), (right, child + 1)] {
            let theirs =
                usize::try_from(theirs).map_err(|_| format!("a tree has a child {theirs}"))?;
            open.push_back((theirs, ours, level + 1));
        }
    }
    Tree::new(nodes, paths)
}

fn leaf(index: usize) -> Result<Node, String> {
    Ok(Node {
        threshold: f32::INFINITY,
        feature: 0,
        left: number(index)?,
    })
}

fn number(index: usize) -> Result<u32, String> {
    u32::try_from(index).map_err(|_| "a tree has too many nodes".to_owned())
}

/// The largest single float that is not above `threshold`: a single float is at most one exactly
/// when it is at most the other, so the cast loses no decision.
#[expect(clippy::cast_possible_truncation, reason = "that is the point")]
fn round_down(threshold: f64) -> f32 {
    let near = threshold as f32;
    if f64::from(near) > threshold {
        near.next_down()
    } else {
        near
    }
}
