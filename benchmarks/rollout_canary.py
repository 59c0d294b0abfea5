"""How often the canary's comparison passes, stops or waits: `python -m benchmarks.rollout_canary [--trials N]`.

Simulated runs whose truth is known: 200 samples a run, runs that differ as wholes by 1 or 3 %. Seeded.
"""

import argparse
import random
from collections import Counter
from dataclasses import replace

from benchmarks.simulated_runs import ALL, Device
from edgeprof.compare.sources import Run
from edgeprof_hub.rollout.comparing import speed
from tests.hub import fleet

SAMPLES = 200
LIMIT_PERCENT = 10.0
FACTORS = (0.8, 1.0, 1.05, 1.1, 1.2, 1.3, 1.5, 2.0)
DEVICES = {
    "narrow (normal, 2 % wide)": ("normal", 0.01),
    "narrow, runs 3 % apart": ("normal", 0.03),
    "correlated (AR(1) 0.9)": ("AR(1) 0.9", 0.01),
    "heavy tail": ("heavy tail", 0.01),
    "wide (lognormal, 20 %)": ("lognormal", 0.01),
    "very wide (gamma, 50 %)": ("gamma", 0.01),
    "two speeds by run": ("modes by run", 0.01),
}


def share(series: str, spread: float, factor: float, runs: int, trials: int) -> Counter[str]:
    """How often each outcome came."""
    draw = random.Random(f"{series} {spread} {factor} {runs}")
    device = Device(ALL[series], spread)
    model = fleet.model("cnn", "cnn")
    base = fleet.result(1, model, fleet.vision_rows(10.0, 0.1))

    def side(by: float) -> list[Run]:
        results = [replace(base, samples_ms=tuple(device.run(draw, SAMPLES, by))) for _ in range(runs)]
        return [Run("run", result, lambda _: None) for result in results]

    return Counter(speed(side(1.0), side(factor), LIMIT_PERCENT, "before").outcome for _ in range(trials))


def main() -> None:
    """One table for each number of runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=200)
    trials: int = parser.parse_args().trials
    for runs in (1, 3, 6):
        print(f"{runs} runs of each model, limit +{LIMIT_PERCENT:g} %: passes/waits/stops of {trials}")
        print(f"{'':26}" + "".join(f"{factor:>15g} ×" for factor in FACTORS))
        for title, (series, spread) in DEVICES.items():
            cells = [share(series, spread, factor, runs, trials) for factor in FACTORS]
            shown = [f"{one['succeeded']}/{one['undecided']}/{one['failed']}" for one in cells]
            print(f"{title:26}" + "".join(f"{text:>17}" for text in shown))


if __name__ == "__main__":
    main()
