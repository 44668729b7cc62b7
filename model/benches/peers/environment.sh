# Sourced from the repository's root: the peers' own Python environment, below the target directory,
# and one core. Sets `work` (absolute: a benchmark runs in its crate's directory) and `one_core`.
work=$(realpath -m "${CARGO_TARGET_DIR:-target}/peers")
mkdir -p "$work"
if [ ! -x "$work/python/bin/pip" ]; then python3 -m venv "$work/python"; fi
"$work/python/bin/pip" install --quiet --disable-pip-version-check -r model/benches/peers/requirements.txt
one_core=()
if command -v taskset >/dev/null; then one_core=(taskset -c 0); fi
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
