#!/usr/bin/env bash
# Run every GPU benchmark, from the root of the repository, and leave a JSON file of each: benchmarks/gpu/run_all.sh [FOLDER]
# Other Python: PYTHON=python3.12. Without a GPU, to see that all runs: OPTIONS="--device cpu --tiny".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=${1:-runs/gpu}
python=${PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)}
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONUNBUFFERED=1 PYTHONPATH=.${PYTHONPATH:+:$PYTHONPATH}
read -ra options <<<"${OPTIONS:-}"
failed=()

measure() {  # name of the report, module, options of its own
    local name=$1 module=$2
    shift 2
    echo "== $name"
    "$python" -m "benchmarks.gpu.$module" --json "$folder/$name.json" "$@" "${options[@]}" || failed+=("$name")
}

measure one_trial one_trial
measure many_trials many_trials
measure utilisation utilisation
measure utilisation_with_noise utilisation --noise --shapes base
measure memory memory
measure memory_large memory --shape large --length 128 --only ours

if ((${#failed[@]})); then
    echo "failed: ${failed[*]}"
    exit 1
fi
