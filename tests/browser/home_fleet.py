"""Fleets for the comparison page: one with everything a card can say, a busy one, and forty devices."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from edgeprof.wire import identity
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import Trust, TrustMark
from edgeprof_hub.context import DATABASE
from edgeprof_hub.seed.writing import Size, fill
from tests.hub import fleet

BUSY = Trust(
    marks=(
        TrustMark(cause="busy", reason="Other programs took 14 % of the cores."),
        TrustMark(cause="unsettled", reason="The speed never became steady in 30 runs."),
    )
)


def decided() -> fleet.Fleet:
    """A pick of four interleaved runs each on a board with a price, a failure, and a language model alone."""
    made = fleet.typical()
    fp32, int8, lite = made.models[:3]
    runs: list[m.Result] = []
    for number in range(4):
        drift = 1 + number / 750
        runs += [
            fleet.result(1, fp32, fleet.vision_rows(0.412 * drift, 0.004)),
            fleet.result(1, int8, fleet.vision_rows(0.254 * drift, 0.003), integer_kernels=6),
            fleet.result(1, lite, fleet.vision_rows(0.198 * drift, 0.002), integer_kernels=6),
        ]
    others = [one for one in made.results if one.model_id not in {fp32.model_id, int8.model_id, lite.model_id}]
    return replace(made, results=[*others, *[replace(run, trust=Trust()) for run in runs]], jobs=[])


def busy() -> fleet.Fleet:
    """The typical fleet, measured while another program took the cores: every cell has a badge."""
    made = fleet.typical()
    return replace(made, results=[replace(one, trust=BUSY) if one.metrics else one for one in made.results])


def failed() -> fleet.Fleet:
    """A hub with nothing but failures."""
    made = fleet.typical()
    return replace(made, results=[fleet.result(1, model, failure=fleet.UNSUPPORTED) for model in made.models], jobs=[])


def forty(folder: Path) -> None:
    """Forty devices and thirty models, seeded, and without the mark that would forbid an answer."""
    fill(folder, Size(devices=40, models=30, results=1500), lambda _: None)
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("DELETE FROM setting WHERE name = 'synthetic'")
        connection.commit()


def named(name: str, count: int) -> fleet.Fleet:
    """One device and that many models of one long name, of which one has run."""
    models = [
        replace(fleet.model(name, f"{name} {at}"), model_id=identity.sha256_hex(b"%d" % at)) for at in range(count)
    ]
    run = fleet.result(1, models[0], fleet.vision_rows(0.4, 0.01))
    return fleet.Fleet([fleet.state(1, name)], [fleet.facts(1)], models, [run])
