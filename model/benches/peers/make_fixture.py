"""Exports a small scikit-learn Isolation Forest and its scores, for the test of the importer."""
import json
import sys

import numpy as np
from sklearn.ensemble import IsolationForest

rng = np.random.default_rng(7)
rows = np.round(np.vstack([rng.normal(0, 1, (120, 4)), rng.uniform(-6, 6, (8, 4))]), 3)
rows[:, 3] = np.floor(np.abs(rows[:, 3]))
forest = IsolationForest(n_estimators=10, max_samples=64, random_state=7).fit(rows)
estimators = []
for tree, features in zip(forest.estimators_, forest.estimators_features_):
    t = tree.tree_
    estimators.append({
        "children_left": t.children_left.tolist(),
        "children_right": t.children_right.tolist(),
        "feature": [int(features[f]) if f >= 0 else -1 for f in t.feature],
        "threshold": t.threshold.tolist(),
        "n_node_samples": t.n_node_samples.tolist(),
    })
json.dump({
    "forest": {"n_features": 4, "max_samples": int(forest.max_samples_), "estimators": estimators},
    "rows": rows.tolist(),
    "scores": (-forest.score_samples(rows)).tolist(),
}, sys.stdout)
