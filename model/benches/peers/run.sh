#!/usr/bin/env bash
# Compares detection with scikit-learn and drain3 (Python) on one core, in one run, and prints the
# ratios. The peers get an environment of their own below the target directory.
set -euo pipefail
cd "$(dirname "$0")/../../.."
source model/benches/peers/environment.sh
AIOPS_PEERS="$work" "${one_core[@]}" cargo bench --quiet -p aiops-model --bench detection
"${one_core[@]}" "$work/python/bin/python" model/benches/peers/peers.py \
    "$work/rows.f32" "$work/lines.log.gz" >"$work/peers.json"
"$work/python/bin/python" - "$work/ours.json" "$work/peers.json" <<'PYTHON'
import json, sys
ours, peers = (json.load(open(path)) for path in sys.argv[1:3])
print(f"{'':44}{'ours':>14}{'peer':>14}{'ratio':>9}")
for name, one, other, better_high in [
    ("forest: fit, seconds", "forest_fit_seconds", "forest_fit_seconds", False),
    ("forest: bulk, rows/s", "forest_rows_per_second", "forest_rows_per_second", True),
    ("forest: single row, seconds", "forest_single_seconds", "forest_single_seconds", False),
    ("masked lines mined, lines/s", "masked_lines_per_second", "drain3_lines_per_second", True),
    ("raw lines to scores / drain3 alone, lines/s", "lines_per_second", "drain3_lines_per_second", True),
    ("peak memory, MiB", "peak_mib", "peak_mib", False),
]:
    a, b = ours[one], peers[other]
    ratio = a / b if better_high else b / a
    print(f"{name:44}{a:14.6g}{b:14.6g}{ratio:9.2f}")
print(f"{'artefact: load, milliseconds':44}{ours['artefact_load_ms']:14.3g}")
PYTHON
