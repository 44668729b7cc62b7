//! One tree, laid out for walking: children side by side, leaves that point at themselves.

use serde::{Deserialize, Serialize};

/// A tree in arrays. A row goes from node `i` to `left[i]` if its value is at most the threshold,
/// else to `left[i] + 1`. A leaf has an infinite threshold and itself as left child, so that every
/// row takes the same number of steps without asking whether it has arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Path length of a row that ends in the node (0 for inner nodes).
    paths: Vec<f64>,
    /// Steps from the root to the deepest leaf.
    depth: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    pub(super) threshold: f32,
    pub(super) feature: u32,
    pub(super) left: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Form {
    #[serde(with = "crate::packed::f32s")]
    thresholds: Vec<f32>,
    #[serde(with = "crate::packed::u32s")]
    features: Vec<u32>,
    #[serde(with = "crate::packed::u32s")]
    left: Vec<u32>,
    #[serde(with = "crate::packed::f64s")]
    paths: Vec<f64>,
}

impl From<Tree> for Form {
    fn from(tree: Tree) -> Self {
        Self {
            thresholds: tree.nodes.iter().map(|node| node.threshold).collect(),
            features: tree.nodes.iter().map(|node| node.feature).collect(),
            left: tree.nodes.iter().map(|node| node.left).collect(),
            paths: tree.paths,
        }
    }
}

impl TryFrom<Form> for Tree {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        if form.features.len() != form.thresholds.len() || form.left.len() != form.thresholds.len()
        {
            return Err("a tree's arrays differ in length".to_owned());
        }
        let nodes = form
            .thresholds
            .into_iter()
            .zip(form.features)
            .zip(form.left)
            .map(|((threshold, feature), left)| Node {
                threshold,
                feature,
                left,
            })
            .collect();
        Self::new(nodes, form.paths)
    }
}

/// Rows of a tree, or trees of a row, that are walked together: their steps do not wait for each other.
pub(super) const LANES: usize = 16;

impl Tree {
    /// A tree of these nodes; children must come after their parent.
    pub(super) fn new(nodes: Vec<Node>, paths: Vec<f64>) -> Result<Self, String> {
        if nodes.is_empty() || nodes.len() != paths.len() {
            return Err("a tree needs nodes, and a path for each".to_owned());
        }
        let mut levels = vec![0u32; nodes.len()];
        let mut depth = 0;
        for (index, node) in nodes.iter().enumerate() {
            let left = node.left as usize;
            if left == index {
                continue;
            }
            let level = levels.get(index).copied().unwrap_or(0) + 1;
            match levels.get_mut(left..left + 2) {
                Some(children) if left > index => children.fill(level),
                _ => {
                    return Err(format!(
                        "node {index} of a tree has no such child as {left}"
                    ));
                }
            }
            depth = depth.max(level);
        }
        Ok(Self {
            nodes,
            paths,
            depth,
        })
    }

    /// Adds the path length of each row to `paths`; whole groups of [`LANES`] rows only.
    pub(super) fn add_paths(&self, values: &[f32], columns: usize, paths: &mut [f64]) {
        let groups = values.chunks_exact(LANES * columns);
        for (rows, paths) in groups.zip(paths.chunks_exact_mut(LANES)) {
            let mut at = [0u32; LANES];
            for _ in 0..self.depth {
                for (lane, row) in at.iter_mut().zip(rows.chunks_exact(columns)) {
                    *lane = self.step(*lane, row);
                }
            }
            for (path, lane) in paths.iter_mut().zip(at) {
                *path += self.path(lane);
            }
        }
    }

    /// The sum of one row's path lengths, through several trees at once.
    pub(super) fn paths_of(trees: &[Self], row: &[f32]) -> f64 {
        let mut sum = 0.0;
        for trees in trees.chunks(LANES) {
            let depth = trees.iter().map(|tree| tree.depth).max().unwrap_or(0);
            let mut at = [0u32; LANES];
            for _ in 0..depth {
                for (lane, tree) in at.iter_mut().zip(trees) {
                    *lane = tree.step(*lane, row);
                }
            }
            for (tree, lane) in trees.iter().zip(at) {
                sum += tree.path(lane);
            }
        }
        sum
    }

    fn path(&self, leaf: u32) -> f64 {
        self.paths.get(leaf as usize).copied().unwrap_or(0.0)
    }

    #[inline]
    fn step(&self, at: u32, row: &[f32]) -> u32 {
        let Some(node) = self.nodes.get(at as usize) else {
            return at;
        };
        let value = row.get(node.feature as usize).copied().unwrap_or(0.0);
        node.left + u32::from(value > node.threshold)
    }
}
