#!/usr/bin/env bash
# All that Brigade's documentation says about GPUs, measured in one go: under ten minutes on a data-centre card.
#   docs/benchmarks/on_a_gpu.sh OUT [PYTHON_WITH_JAXMARL]
# writes into the folder OUT: that kitchens on the GPU are those of the CPU (tests.txt), steps a second (bench.json), a
# training through Ray (training.txt), and, if an interpreter that has JaxMARL with CUDA is named, that beside it
# (jaxmarl.jsonl). With NUMBA_ENABLE_CUDASIM=1 the first part runs in Numba's simulator of a GPU, and the others are
# left out.
set -euo pipefail
out=${1:?usage: on_a_gpu.sh OUT [PYTHON_WITH_JAXMARL]}
jaxmarl=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python}
mkdir -p "$out"

part() {
    local name=$1 seconds=$2
    shift 2
    echo "== $name" >&2
    if ! timeout "$seconds" "$@"; then
        echo "== $name did not end well" >&2
        failed="${failed:-} $name"
    fi
}

part tests 240 "$python" -m pytest -q "$here/../../tests/experiments/test_rl_cuda.py" >"$out/tests.txt" 2>&1
if [ "${NUMBA_ENABLE_CUDASIM:-0}" = 1 ]; then
    echo "in the simulator there is nothing to measure" >&2
else
    part bench 150 "$python" -m brigade bench --gpu --json >"$out/bench.json"
    part training 90 "$python" -m brigade train selfplay_rooms rooms.refill=null kitchens=16384 steps=50_000_000 \
        seeds=2 parallel=2 device=cuda "out=$out/training" >"$out/training.txt" 2>&1
    if [ -n "$jaxmarl" ]; then
        part jaxmarl 100 "$jaxmarl" "$here/jaxmarl_speed.py" --batches 1024 16384 262144 --seconds 3 >"$out/jaxmarl.jsonl"
    fi
fi
[ -z "${failed:-}" ] || { echo "did not end well:$failed" >&2; exit 1; }
