#!/usr/bin/env bash
# Guess:   CycloneDX's own Python library, which writes versions 1.0 to 1.6, keeps what an ML-BOM says of a model:
#          its card with metrics (since 1.5) and its data sets.
# Reality: it reads a valid 1.6 file with `modelCard` and `data` and writes it without both. No warning. The component
#          stays a "machine-learning-model", so that the file looks whole, and the library's own validator passes it.
# Version: cyclonedx-python-lib 11.12.0. Source: seen by running.
# Hurts:   a tool that merges or signs ML-BOMs by this library removes accuracy, training data and limits. Edit the
#          JSON itself, and compare it before and after.
set -euo pipefail
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check "cyclonedx-python-lib[json-validation]==11.12.0" 2>/dev/null
cat >"$t/bom.py" <<'P'
import json
import warnings

from cyclonedx.model.bom import Bom
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

warnings.simplefilter("error")
card = {
    "modelParameters": {"task": "classification", "datasets": [{"type": "dataset", "name": "digits"}]},
    "quantitativeAnalysis": {"performanceMetrics": [{"type": "accuracy", "value": "0.992"}]},
}
model = {"type": "machine-learning-model", "name": "digits", "version": "1", "modelCard": card}
model["data"] = [{"type": "dataset", "name": "digits"}]
before = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [model]}
validate = JsonStrictValidator(SchemaVersion.V1_6).validate_str
assert validate(json.dumps(before)) is None, "the input is not valid"
written = JsonV1Dot6(Bom.from_json(before)).output_as_string()
after = json.loads(written)["components"][0]
print("read:   ", sorted(model))
print("written:", sorted(after))
print("valid:  ", validate(written) is None)
lost = after["type"] == "machine-learning-model" and not {"modelCard", "data"} & set(after) and validate(written) is None
raise SystemExit(0 if lost else "CHANGED")
P
"$t/v/bin/python" "$t/bom.py"
echo "as described"
