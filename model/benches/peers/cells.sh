#!/usr/bin/env bash
# The Isolation Forest alone beside scikit-learn's on the same rows, in every cell of the evaluation.
set -euo pipefail
cd "$(dirname "$0")/../../.."
source model/benches/peers/environment.sh
cells=$work/cells
rm -rf "$cells"
mkdir -p "$cells"
AIOPS_PEERS="$cells" "${one_core[@]}" cargo bench --quiet -p aiops-model --bench forest_cells
"${one_core[@]}" "$work/python/bin/python" model/benches/peers/cells.py "$cells"
