"""Prefill and decode tokens/s of `llama-capi` over the server path of the same wheel, and over a bare C loop: 1 thread.

A round has one run of each, every run in processes of its own, and every other round is the mirror of the one before
(ABBA): a speed that drifts meets all sides alike. All give the median of the same number of repeats. Needs no compiler.

Targets, on the median of the rounds' ratios: decode at least 1.08 times the server path, prefill at least 0.99; both
within 0.98 to 1.02 of the bare loop.
"""

import argparse
import json
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks.llama_fidelity import FIGURES, Figures, agent
from benchmarks.paired import Ratio, median_ratio
from edgeprof_agent.measuring.lock import measuring
from edgeprof_agent.runtimes.llama.binding_cost import cpu_name
from edgeprof_exports import catalogue, fetch

RECIPE = "smollm2-135m-q4-1"
PROMPT_TOKENS, DECODE_TOKENS, REPEATS = 128, 64, 6
DIRECT, SERVER, BARE = "llama-capi", "xllamacpp", "bare C loop"
TARGETS = {
    (SERVER, "decode_tokens_per_s"): (1.08, float("inf")),
    (SERVER, "prefill_tokens_per_s"): (0.99, float("inf")),
    (BARE, "decode_tokens_per_s"): (0.98, 1.02),
    (BARE, "prefill_tokens_per_s"): (0.98, 1.02),
}

Rounds = list[dict[str, Figures]]


def bare(model: Path) -> Figures:
    """The bare loop, in a process of its own as the others are, and alone on the machine as they are."""
    lengths = [str(number) for number in (PROMPT_TOKENS, DECODE_TOKENS, REPEATS)]
    command = [sys.executable, "-m", "benchmarks.bare_llama_capi", str(model), *lengths]
    with measuring(lambda: None, threading.Event()):
        rates = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {figure: statistics.median(rates[figure]) for figure in FIGURES}


def rounds(model: Path, count: int) -> Rounds:
    """What each side gave in each round."""

    def through_the_agent(variant: str) -> Figures:
        return agent(model, variant, 0, (PROMPT_TOKENS, DECODE_TOKENS, REPEATS))

    sides: list[tuple[str, Callable[[], Figures]]] = [
        (SERVER, lambda: through_the_agent(SERVER)),
        (DIRECT, lambda: through_the_agent(DIRECT)),
        (BARE, lambda: bare(model)),
    ]
    found: Rounds = []
    for turn in range(count):
        found.append({name: side() for name, side in (reversed(sides) if turn % 2 else sides)})
        ratios = ", ".join(
            f"{figure.split('_')[0]} {found[-1][DIRECT][figure] / found[-1][other][figure]:.3f} of the {other}"
            for other in (SERVER, BARE)
            for figure in FIGURES
        )
        print(f"round {turn + 1} of {count}: {ratios}", file=sys.stderr, flush=True)
    return found


def verdict(ratio: Ratio, low: float, high: float) -> str:
    """Whether the median is where it must be, and whether its interval is, too."""
    wanted = f"at least {low:g}" if high == float("inf") else f"{low:g} to {high:g}"
    if low <= ratio.ci_low and ratio.ci_high <= high:
        return f"interval inside {wanted}"
    return f"median {'inside' if low <= ratio.median <= high else 'NOT inside'} {wanted}, interval not inside"


def main() -> None:
    """Rounds and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--json", type=Path, help="save every round here")
    options = parser.parse_args()
    model = fetch.ensure(catalogue.load_recipes()[RECIPE], print)
    found = rounds(model, options.pairs)
    build = f"xllamacpp {version('xllamacpp')}, {cpu_name() or 'CPU without a name'}, {date.today().isoformat()}"
    print(f"{RECIPE}, prompt {PROMPT_TOKENS}, generated {DECODE_TOKENS}, 1 thread, {options.pairs} rounds; {build}")
    for (other, figure), (low, high) in TARGETS.items():
        ratio = median_ratio([(one[DIRECT][figure], one[other][figure]) for one in found])
        print(f"{DIRECT} over {other:<12} {figure:<22} = {ratio}; {verdict(ratio, low, high)}")
    if options.json:
        options.json.write_text(json.dumps({"build": build, "rounds": found}))


if __name__ == "__main__":
    main()
