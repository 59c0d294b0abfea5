#!/usr/bin/env bash
# Guess:   COCO's format says that an annotation's id is an integer. Numbering from 0 is as good as from 1.
# Reality: pycocotools keeps the matched annotation's id for each detection, and 0 there means "no match". The annotation
#          with id 0 is found by nobody: a perfect detection of it counts as a false positive, without a warning. One object
#          alone has an AP of 0 instead of 1.
# Version: pycocotools 2.0.11. Source: seen by running.
# Hurt:    who writes a small set of his own to test a detector: its first object is always missed.
set -euo pipefail
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check pycocotools==2.0.11 numpy==2.4.6 2>/dev/null
cat > "$t/p.py" <<'P'
import contextlib, io
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
BOX = [10, 10, 100, 100]
def average_precision(start):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {"info": {}, "images": [{"id": 1, "width": 640, "height": 640}], "categories": [{"id": 1, "name": "a"}],
            "annotations": [{"id": start, "image_id": 1, "category_id": 1, "bbox": BOX, "area": 10000, "iscrowd": 0}]}
        truth.createIndex()
        found = truth.loadRes([{"image_id": 1, "category_id": 1, "bbox": BOX, "score": 0.9}])
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate(); evaluation.accumulate(); evaluation.summarize()
    return round(float(evaluation.stats[0]), 3)
seen = {start: average_precision(start) for start in (0, 1)}
print("AP of the same perfect detection, by the annotation's id:", seen)
assert seen == {0: 0.0, 1: 1.0}, seen
P
"$t/v/bin/python" "$t/p.py"
# Seen: AP of the same perfect detection, by the annotation's id: {0: 0.0, 1: 1.0}
