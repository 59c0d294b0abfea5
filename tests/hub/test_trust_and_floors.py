"""Marks rest on runs that nothing spoiled, and on what a calibration learned."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.tables import allowances, trust
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.evidence import TRUST_CAUSES, NoiseFloor, Trust, TrustCause, TrustMark
from edgeprof.wire.run_field import fields_of
from edgeprof.wire.run_request import RunConfig
from edgeprof_hub.matrix import labels, table
from tests.hub import fleet, realistic, stores

QUICK, SLOW = fleet.model("quick", "family"), fleet.model("slow", "family")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[stores.Store]:
    with stores.opened(tmp_path) as opened:
        yield opened


def built(
    store: stores.Store,
    slower: float = 2.0,
    badges: tuple[Trust | None, Trust | None] = (None, None),
    floors: tuple[NoiseFloor | None, NoiseFloor | None] = (None, None),
) -> dict[str, rest.Cell]:
    """Two variants of one family on one device; the first takes 1 ms and 50 MiB, the second `slower` times both."""
    results: list[m.Result] = []
    for record, factor, badge, floor in zip((QUICK, SLOW), (1.0, slower), badges, floors, strict=True):
        rows = [*fleet.vision_rows(factor, 0.0001)[:-1], fleet.row("peak_memory_mib", 50 * factor, 0.01)]
        made = fleet.result(1, record, rows)
        own = floor and replace(floor, model_id=made.model_id, config_key=made.config_key)
        results.append(replace(made, trust=badge, noise_floor=own))
    fleet.fill(store.writer, fleet.Fleet([fleet.state(1, "a")], [fleet.facts(1)], [QUICK, SLOW], results))
    made = table.build(store.reader, fleet.NOW_S)
    names = {column.model_id: column.model_name for column in made.columns}
    return {names[cell.model_id]: cell for cell in made.cells}


def marks(cells: dict[str, rest.Cell], metric: str = "latency_p50_ms") -> list[tuple[str, str]]:
    return [(name, mark.verdict) for name, cell in cells.items() for mark in cell.marks if mark.metric == metric]


def marked(cause: TrustCause) -> Trust:
    return Trust(marks=(TrustMark(cause=cause, reason="seen"),))


def test_clean_and_unchecked_runs_are_ranked(store: stores.Store) -> None:
    assert marks(built(store, badges=(Trust(), None))) == [("quick", "best")]


@pytest.mark.parametrize("cause", [cause for cause in TRUST_CAUSES if cause != "emulated"])
@pytest.mark.parametrize("place", [0, 1], ids=["leader", "rival"])
def test_nobody_is_the_best_where_a_badge_speaks_against_one(
    store: stores.Store, cause: TrustCause, place: int
) -> None:
    badges = (marked(cause), Trust()) if place == 0 else (Trust(), marked(cause))
    cells = built(store, badges=badges)
    assert marks(cells) == []
    assert cells["quick"].metrics["latency_p50_ms"].value == 1.0
    memory = [] if cause in ("made_up_work", "swapping", "suspect_output", "replayed") else [("quick", "best")]
    assert marks(cells, "peak_memory_mib") == memory


def test_what_is_not_shown_to_differ_stays_so_under_a_badge(store: stores.Store) -> None:
    cells = built(store, slower=1.01, badges=(marked("busy"), Trust()))
    assert {verdict for _, verdict in marks(cells)} == {"not_shown_to_differ"}


@pytest.mark.parametrize(("slower", "is_told_apart"), [(1.08, False), (1.12, True)])
def test_without_a_calibration_five_percent_are_assumed(
    store: stores.Store, slower: float, is_told_apart: bool
) -> None:
    assert (("quick", "best") in marks(built(store, slower=slower))) == is_told_apart


@pytest.mark.parametrize(("share", "slower"), [(0.01, 1.03), (0.30, 1.6)])
def test_a_learned_floor_takes_the_place_of_what_is_assumed(store: stores.Store, share: float, slower: float) -> None:
    floor = realistic.floor(share)
    assert marks(built(store, slower=slower, floors=(floor, floor))) == [("quick", "best")]


@pytest.mark.parametrize("share", [0.002, 0.02, 0.1, 0.4])
def test_no_difference_below_the_floor_is_ever_claimed(store: stores.Store, share: float) -> None:
    floor = realistic.floor(share)
    found = marks(built(store, slower=1 + share, floors=(floor, floor)))
    assert {verdict for _, verdict in found} == {"not_shown_to_differ"}


def test_two_floors_together_are_at_least_what_both_devices_differ_by() -> None:
    """The difference of two runs whose devices have the spreads s and t spreads by sqrt(s² + t²)."""
    for one, other in ((0.01, 0.01), (0.01, 0.2), (0.05, 0.0)):
        shares = [allowances.share(cell_with(realistic.floor(each)), "latency_p50_ms") for each in (one, other)]
        needed = math.sqrt((math.log1p(one) ** 2 + math.log1p(other) ** 2) / 2)
        assert sum(math.log1p(share) for share in shares) >= needed - 1e-12


@pytest.mark.parametrize(
    "floor",
    [
        realistic.floor(0.01, series="inter_token"),
        realistic.floor(0.01, number=2),
        replace(realistic.floor(0.01), floor=math.inf),
        replace(realistic.floor(0.01), model_id="another"),
        replace(realistic.floor(0.01), model_id=""),
        replace(realistic.floor(0.01), config_key="another"),
        None,
    ],
    ids=["other series", "other device", "not finite", "other model", "no model", "other configuration", "none"],
)
def test_a_floor_that_does_not_fit_is_not_used(floor: NoiseFloor | None) -> None:
    assert allowances.share(cell_with(floor), "latency_p50_ms") == allowances.ASSUMED


def test_a_floor_of_medians_never_makes_a_tail_look_steadier() -> None:
    assert allowances.share(cell_with(realistic.floor(0.01)), "latency_p99_ms") == allowances.ASSUMED
    assert allowances.share(cell_with(realistic.floor(0.4)), "latency_p99_ms") > 0.2
    assert allowances.share(cell_with(realistic.floor(0.4)), "peak_memory_mib") == allowances.ASSUMED


def test_each_figure_of_a_language_model_has_the_floor_of_its_own_series() -> None:
    lead, *others = (
        realistic.floor(share, series=series)
        for share, series in ((0.02, "inter_token"), (0.1, "ttft"), (0.2, "prefill"), (0.3, "decode"))
    )
    cell = replace(cell_with(lead), noise_floors=tuple(others))
    metrics = ("inter_token_p50_ms", "ttft_ms", "prefill_tokens_per_s", "decode_tokens_per_s")
    found = [allowances.learned(cell, metric) for metric in metrics]
    assert [floor.floor if floor else None for floor in found] == [0.02, 0.1, 0.2, 0.3]
    alone = allowances.learned(cell_with(lead), "decode_tokens_per_s")
    assert alone == lead
    assert allowances.learned(cell_with(lead), "ttft_ms") is None


def cell_with(floor: NoiseFloor | None) -> rest.Cell:
    return rest.Cell(
        device_id=fleet.device_id(1),
        model_id="m",
        config_key="k",
        state="measured",
        result_id="r",
        metrics={},
        absent={},
        failure_code=None,
        failure_message=None,
        stage=None,
        fraction=None,
        ranked=True,
        unranked_reason=None,
        effective_runtime=None,
        received_s=None,
        cost=None,
        cost_absent=None,
        noise_floor=floor,
    )


def test_a_cell_shows_its_job_at_work_though_a_later_repeat_waits(store: stores.Store) -> None:
    jobs = [fleet.job(1, QUICK), fleet.job(1, QUICK)]
    fleet.fill(store.writer, fleet.Fleet([fleet.state(1, "a")], [], [QUICK], jobs=[]))
    campaign = [replace(job, campaign_id=jobs[0].campaign_id) for job in jobs]
    store.writer.create_campaign(campaign)
    store.writer.save_job_state(campaign[0].job_id, 1, "running", "measure", 0.5, "")
    (cell,) = table.build(store.reader, fleet.NOW_S).cells
    assert (cell.state, cell.stage, cell.fraction) == ("running", "measure", 0.5)
    store.writer.save_job_state(campaign[0].job_id, 1, "cancelled", "", None, "")
    assert table.build(store.reader, fleet.NOW_S).cells[0].state == "queued"


def test_a_column_says_what_was_asked_for_otherwise_than_usual() -> None:
    usual = fleet.config(QUICK)
    assert labels.options_of(usual, QUICK) == ()
    axes = [each for each in fields_of(RunConfig) if each.name not in labels.NAMED_APART]
    assert [each.name for each in axes if not each.known.column] == ["shapes", "dims", "input_values", "settings"]
    odd = replace(usual, provider="cuda", depth_tokens=1024, arrival_rate_per_s=40.0, require_full_delegation=True)
    assert labels.options_of(odd, QUICK) == ("provider cuda", "depth 1,024 tokens", "40 requests/s", "full delegation")
    own = replace(QUICK, input_shapes={"x": (1, 3)})
    assert labels.options_of(replace(usual, shapes={"x": (1, 3)}), own) == ()
    assert labels.options_of(replace(usual, shapes={"x": (4, 3)}), own) == ("x 4×3",)
    given = replace(usual, dims={"held": 0}, input_values={"sr": "16000"})
    assert labels.options_of(given, QUICK) == ("held 0", "sr = 16000")
    assert labels.options_of(replace(usual, settings={"spinning": "off"}), QUICK) == ("spinning off",)


def test_a_badge_is_named_in_words() -> None:
    badge = Trust(marks=(realistic.BUSY, TrustMark(cause="under_voltage", reason="4.6 V\nwas seen")))
    assert trust.causes(badge) == ("busy", "under voltage")
    assert trust.reasons(badge)[1] == "under voltage: 4.6 V was seen"
    assert (trust.sign(badge), trust.sign(Trust()), trust.sign(None)) == ("!", "✓", "?")
