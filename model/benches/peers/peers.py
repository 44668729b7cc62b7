"""Measures the peers on one core: scikit-learn's Isolation Forest and drain3, in seconds and rates.

Called by run.sh with the file of feature rows and the file of raw lines that the Rust side uses too.
"""
import gzip
import json
import resource
import sys
import time

import numpy as np
from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig
from sklearn.ensemble import IsolationForest


def best(repeats, work):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


rows = np.fromfile(sys.argv[1], dtype="<f4").reshape(-1, 30)
forest = IsolationForest(n_estimators=100, max_samples=256, random_state=0, n_jobs=1)
fit_seconds = best(3, lambda: forest.fit(rows))
bulk_seconds = best(2, lambda: forest.score_samples(rows))
single_seconds = best(20, lambda: forest.score_samples(rows[:1]))

with gzip.open(sys.argv[2], "rt", errors="replace") as file:
    lines = [line.rstrip("\n") for line in file]
config = TemplateMinerConfig()
config.profiling_enabled = False
config.masking_instructions = [
    MaskingInstruction(r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
    MaskingInstruction(r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
]


def mine():
    miner = TemplateMiner(config=config)
    for line in lines:
        miner.add_log_message(line)


mine_seconds = best(3, mine)
json.dump({
    "rows": len(rows),
    "lines": len(lines),
    "forest_fit_seconds": fit_seconds,
    "forest_rows_per_second": len(rows) / bulk_seconds,
    "forest_single_seconds": single_seconds,
    "drain3_lines_per_second": len(lines) / mine_seconds,
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}, sys.stdout)
