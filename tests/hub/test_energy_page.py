"""Energy on the pages: what a figure covers stands beside it, its method and its doubt on the run's page."""

import json
import re
from dataclasses import replace
from pathlib import Path

from starlette.testclient import TestClient

from edgeprof.wire.energy import Calibration, EnergyRun, EnergyWindow, PowerSource, UncertaintyPart
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import ArtifactRef, MetricRow, Result
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store.writer import SqliteWriter
from edgeprof_hub.views import energy_view
from tests.hub import fleet, realistic
from tests.hub.test_pages import URL, words

CNN = fleet.model("cnn", "cnn")
SOURCE = PowerSource(
    name="rapl",
    scope="cpu_package",
    source="intel-rapl:0 (package-0)",
    version="Linux 6.8",
    integration="counter",
    sample_hz_asked=20.0,
    sample_hz_got=19.5,
)
RUN = EnergyRun(
    source=SOURCE,
    idle_before_w=2.0,
    idle_after_w=2.1,
    idle_sd_w=0.05,
    windows=(EnergyWindow(phase="inference", start_s=32.0, end_s=42.0, units=1000, gross_j=90.0, net_j=69.5),),
    average_w=9.0,
    peak_w=9.6,
    spread_share=0.01,
    throughput_ratio=0.99,
    sampler_cpu_share=0.0021,
    uncertainty=(UncertaintyPart(cause="accuracy of the source (not stated)", share=0.1, assumed=True),),
    uncertainty_share=0.1,
    marks={"drifting_idle": "idle 2 W before and 2.1 W after the load"},
)
TRACE = {
    "phases": [{"name": "idle", "start_s": 0, "end_s": 32}, {"name": "inference", "start_s": 32, "end_s": 42}],
    "sources": [
        {"name": "rapl", "scope": "cpu_package", "unit": "J", "t_s": [0, 1, 2, 3], "values": [10.0, 12.0, 14.0, 23.0]}
    ],
}


def with_energy(number: int, run: EnergyRun, scope: str, value: float = 0.09) -> Result:
    """A realistic run whose energy is this."""
    result = realistic.full(number, CNN)
    rows = [row for row in result.metrics if row.metric != "energy_per_inference_j"]
    row = MetricRow(
        metric="energy_per_inference_j", value=value, n=5, ci_low=0.9 * value, ci_high=1.1 * value, scope=scope
    )
    absent = tuple(each for each in result.absent if each.metric != row.metric)
    return replace(result, metrics=(*rows, row), absent=absent, energy=(run,))


def page_of(folder: Path, results: list[Result], path: str) -> str:
    writer = SqliteWriter(folder / DATABASE)
    numbers = range(1, len(results) + 1)
    states, facts = [fleet.state(n, "abc"[n - 1]) for n in numbers], [fleet.facts(n) for n in numbers]
    made = fleet.Fleet(states, facts, [CNN], results)
    fleet.fill(writer, made)
    writer.close()
    fleet.keep_artifacts(folder, replace(made, artifacts=[realistic.trace()]))
    with TestClient(create_app(HubSettings(data=folder)), base_url=URL) as client:
        return client.get(path).text


def test_a_runs_page_tells_source_method_and_doubt(tmp_path: Path) -> None:
    result = with_energy(1, RUN, "cpu_package")
    text = words(page_of(tmp_path, [result], f"/runs/{result.result_id}"))
    for told in (
        "the processor package alone",
        "intel-rapl:0 (package-0) (Linux 6.8)",
        "19.5 Hz of 20.0 Hz requested; integrated by the source's energy counter",
        "2.00 W before, 2.10 W after, standard deviation 0.0500 W",
        "9.00 W, peak reading 9.60 W",
        "0.21 % of one core",
        "± 10 % (95 %): accuracy of the source (not stated) 10 % (assumed)",
        "idle 2 W before and 2.1 W after the load",
        "25.0 mWh",
    ):
        assert told in text, told


def test_a_source_without_a_figure_says_why(tmp_path: Path) -> None:
    silent = EnergyRun(source=SOURCE, problem="it fell silent 12.0 s before the end")
    result = replace(realistic.full(1, CNN), energy=(silent,))
    text = words(page_of(tmp_path, [result], f"/runs/{result.result_id}"))
    assert "not measured: it fell silent 12.0 s before the end" in text


def test_a_calibration_is_told_with_what_it_was_made_against() -> None:
    known = Calibration(
        calibration_id="c",
        device_id="d",
        sensor="rapl",
        reference="desk plug",
        reference_scope="wall_ac",
        made_on="2026-11-26",
        slope=1.2,
        offset_w=3.5,
        points=2,
        low_w=2.0,
        high_w=9.0,
        residual_w=None,
    )
    run = replace(RUN, source=replace(SOURCE, calibration=known))
    view = energy_view.energy_view(with_energy(1, run, "wall_ac_calibrated"), lambda _: None)
    assert view is not None
    facts = {fact.name: fact.text for fact in view.sources[0].facts}
    assert "1.2000 × reading + 3.500 W, against desk plug" in facts["Calibration"]
    assert "estimated by this unit's calibration" in view.sources[0].covers


def test_the_trace_is_drawn_as_power_with_its_phases() -> None:
    data = json.dumps(TRACE).encode()
    ref = ArtifactRef(name="power", sha256=sha256_hex(data), size=len(data), media_type="application/json")
    result = replace(with_energy(1, RUN, "cpu_package"), artifacts=(ref,))
    view = energy_view.energy_view(result, lambda _: data)
    assert view is not None
    assert view.drawn is not None
    (chart,) = view.drawn.charts
    assert [point.y for point in chart.lines[0].points] == [2.0, 2.0, 9.0]
    assert [rule.text for rule in chart.rules] == ["idle", "inference"]


def test_a_trace_of_any_bytes_is_no_trace() -> None:
    for data in (b"", b"\xff", b'{"phases": 1}', b'{"phases": [], "sources": [{"name": 1}]}', None):
        ref = ArtifactRef(name="power", sha256="0" * 64, size=1, media_type="application/json")
        view = energy_view.energy_view(replace(with_energy(1, RUN, "gpu"), artifacts=(ref,)), lambda _, data=data: data)
        assert view is not None
        assert view.drawn is None


def test_a_cell_tells_what_its_energy_covers_and_keeps_its_unit(tmp_path: Path) -> None:
    page = page_of(tmp_path, [with_energy(1, RUN, "cpu_package")], "/?metric=energy_per_inference_j")
    assert "Energy and power cover the processor package alone." in words(page)
    lead = re.search(r'<a class="lead".*?</a>(.*?)\n', page, re.DOTALL)
    assert lead is not None
    assert "90.0" in lead.group(0)
    assert "mJ" in lead.group(0)
    assert "#note-" in lead.group(1)


def test_energies_of_two_scopes_are_never_ranked(tmp_path: Path) -> None:
    """A package's joules would always beat the wall's."""
    alike, apart = tmp_path / "alike", tmp_path / "apart"
    for folder in (alike, apart):
        folder.mkdir()
    one, other = with_energy(1, RUN, "cpu_package", 0.05), with_energy(2, RUN, "cpu_package", 0.5)
    assert "Best device for this variant." in page_of(alike, [one, other], "/?metric=energy_per_inference_j")
    wall = with_energy(2, RUN, "wall_ac", 0.5)
    assert "Best device for this variant." not in page_of(apart, [one, wall], "/?metric=energy_per_inference_j")
