"""Scores the rows that the `forest_cells` benchmark wrote with scikit-learn's Isolation Forest and
prints both figures for every cell. Called by cells.sh with the directory of the rows.
"""
import json
import pathlib
import sys

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

directory = pathlib.Path(sys.argv[1])
ours = json.loads((directory / "ours.json").read_text())
cells = {}
for path in sorted(directory.glob("*-*-*.json")):
    meta = json.loads(path.read_text())
    fitted, judged, test = (
        np.fromfile(path.with_suffix("." + part), dtype="<f4").reshape(-1, meta["columns"])
        for part in ("fitted", "judged", "test")
    )
    labels = np.array(meta["labels"], dtype=bool)
    weights = np.where(labels, 1.0, meta["normal_weight"])
    for seed in range(meta["seeds"]):
        forest = IsolationForest(n_estimators=100, max_samples=256, random_state=seed, n_jobs=1)
        forest.fit(fitted)
        threshold = np.quantile(-forest.score_samples(judged), meta["share"])
        scores = -forest.score_samples(test)
        alarms = scores > threshold
        found = float(np.sum(labels & alarms))
        false = float(np.sum(~labels & alarms)) * meta["normal_weight"]
        missed = float(np.sum(labels & ~alarms))
        f1 = 2 * found / max(2 * found + false + missed, 1e-9)
        auc = roc_auc_score(labels, scores, sample_weight=weights)
        cells.setdefault(f"{meta['set']} {meta['protocol']}", []).append((f1, auc))
print(f"{'':28}{'ours F1':>9}{'peer F1':>9}{'differ':>8}{'ours AUC':>10}{'peer AUC':>10}{'differ':>8}")
for name, figures in cells.items():
    f1, auc = np.mean(figures, axis=0)
    us = ours[name]
    print(
        f"{name:28}{us['f1']:9.3f}{f1:9.3f}{us['f1'] - f1:+8.3f}"
        f"{us['roc_auc']:10.4f}{auc:10.4f}{us['roc_auc'] - auc:+8.4f}"
    )
