"""The page of a run: every part that a run brings is told, and of a part that is not there one line says so."""

import html
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.evidence import FoundTrap, SweepAt, SweepPoint, Trust
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.matrix.labels import notes_of
from edgeprof_hub.store.writer import SqliteWriter
from edgeprof_hub.views import sweeps, traces
from edgeprof_hub.views.cell_badge import badge_of
from edgeprof_hub.views.samples import histogram_of
from tests.hub import fleet, realistic
from tests.hub.test_pages import URL, words

CNN, LLM = fleet.model("cnn", "cnn"), fleet.model("llm", "llm", "gguf")

ReadRun = Callable[[m.Result], str]


@pytest.fixture
def read_run(tmp_path: Path) -> Iterator[ReadRun]:
    """The HTML of the page of one result, from a hub that holds nothing else."""
    with ExitStack() as stack:

        def read(result: m.Result) -> str:
            writer = SqliteWriter(tmp_path / DATABASE)
            made = fleet.Fleet([fleet.state(1, "a")], [fleet.facts(1)], [CNN, LLM], [result])
            fleet.fill(writer, made)
            writer.close()
            fleet.keep_artifacts(tmp_path, replace(made, artifacts=[realistic.trace()]))
            client = stack.enter_context(TestClient(create_app(HubSettings(data=tmp_path)), base_url=URL))
            answer = client.get(f"/runs/{result.result_id}")
            assert answer.status_code == 200
            return answer.text

        yield read


def charts(text: str) -> list[dict[str, object]]:
    found = re.findall(r'<script type="application/json" id="[a-z-]+-data-\d+">(.*?)</script>', text)
    return [json.loads(document) for document in found]


def test_everything_that_a_run_brings_is_told(read_run: ReadRun) -> None:
    page = read_run(realistic.full(1, CNN))
    text = words(page)
    for told in (
        *("✓ clean", "This machine has no under-voltage bit."),
        *("resolution 41.0 ns", "212 ns in every sample", "160 runs until the speed was steady", "within ± 0.84 %"),
        *("two runs may differ by 3.2 %", "98 % of the model's pages were in memory before", "Load 61.0 12.0 5.08×"),
        *("image 16×1×8×8", "out of memory at batch 32"),
        *("1.41× (sustained / burst)", "lasting drop in speed after 24.0 s"),
        *("600 per second", "yes: every request was answered", "0.520 ms (95 % 0.510–0.530)", "needs 299 samples"),
        *("Model loaded", "71.5 MiB", "This kernel keeps no memory cgroup"),
        *(
            "51.0 to 58.5 °C",
            "1,500 to 2,400 MHz",
            "1.2 % of the model's CPU time",
            "This kernel has no /proc/pressure.",
        ),
        *("0.22 % of one core", "31.4 MiB"),
    ):
        assert told in text, told
    assert {chart["title"] for chart in charts(page)} >= {"p50", "Median inference", "Temperature", "CPU clock"}
    assert "Not requested:" not in text


def test_a_run_shows_its_label(read_run: ReadRun) -> None:
    result = realistic.full(1, CNN)
    page = read_run(replace(result, protocol=replace(result.protocol, label="new <heat> sink")))
    assert "run label <b><bdi>new &lt;heat&gt; sink</bdi></b>" in page


def test_what_went_wrong_is_named_with_what_it_means(read_run: ReadRun) -> None:
    text = words(read_run(realistic.spoiled(1, CNN)))
    for told in (
        *("! busy Other programs took 14 % of the cores", "! throttled The board said frequency_capped"),
        *(
            "the speed never became steady",
            "stopped at its time limit of 10 s",
            "within ± 6.1 %",
        ),
        *("the files lie on a tmpfs", "frequency capped; counters grew by 4", "Cores gone offline ! 3"),
        *("41 requests were never answered", "device not calibrated"),
        "Not requested: sweep over sizes, soak.",
    ):
        assert told in text, told


def test_of_an_old_run_one_line_says_what_is_not_there(read_run: ReadRun) -> None:
    text = words(read_run(fleet.result(1, CNN, fleet.vision_rows(0.4, 0.01))))
    for told in (
        *("not checked This run predates trust badges.", "did not record its timing"),
        *("Cold start not measured.", "did not record memory by phase", "did not sample the device during this run"),
        *("Measurement overhead Not measured in this run.", "Not requested: sweep over sizes, soak, open loop."),
    ):
        assert told in text, told


def test_a_failed_run_is_not_asked_for_what_it_could_not_bring(read_run: ReadRun) -> None:
    text = words(read_run(fleet.result(1, CNN, failure=fleet.UNSUPPORTED)))
    for absent in ("Trust", "Timing", "Memory by phase", "Not requested:"):
        assert absent not in text


def test_a_hostile_reason_is_text(read_run: ReadRun) -> None:
    evil = "<script>alert(1)</script>"
    result = realistic.spoiled(1, CNN)
    assert result.trust
    mark = replace(result.trust.marks[0], reason=evil)
    points = (SweepPoint(at=SweepAt(shapes={evil: (1, 2)}), failure=evil),)
    page = read_run(replace(result, trust=Trust(marks=(mark,), unchecked={evil: evil}), points=points))
    assert "<script>alert" not in page
    assert evil in html.unescape(page)


def test_a_trace_is_thinned_in_its_table_and_names_its_lines() -> None:
    drawn = traces.trace_of(realistic.full(1, CNN), lambda _: realistic.trace(60.0))
    assert drawn
    temperature, clock, cores, memory = drawn.charts
    assert [line.name for line in temperature.lines] == ["cpu-thermal", "gpu-thermal"]
    assert [line.name for line in clock.lines] == ["cpu0", "cpu1, cpu2, cpu3"]
    assert [line.name for line in cores.lines] == ["the model", "other programs"]
    assert {round(point.y, 6) for point in cores.lines[0].points} == {3.9}
    assert max(point.y for point in cores.lines[1].points) == pytest.approx(1.0)
    assert sum(point.y for point in cores.lines[1].points) * 0.5 == pytest.approx(0.6), "seconds of a core"
    assert (len(temperature.lines[0].points), len(memory.lines[0].points)) == (120, 600)
    assert (drawn.every, len(drawn.table.rows)) == (15, 40)


def test_the_clocks_of_many_cores_become_two_lines() -> None:
    times = [0.0, 100.0]
    series = {"t_ms": times, "cpu_mhz": {f"cpu{core}": [1000.0 + core, 2000.0 - core] for core in range(16)}}
    drawn = traces.trace_of(realistic.full(1, CNN), lambda _: json.dumps({"series": series}).encode())
    assert drawn
    lines = {line.name: [point.y for point in line.points] for line in drawn.charts[0].lines}
    assert lines == {"highest of 16": [1015.0, 2000.0], "lowest of 16": [1000.0, 1985.0]}


@pytest.mark.parametrize(
    "data",
    [
        b"\xff{",
        b"[]",
        b'{"series": {"t_ms": [1, null], "temperature_c": {"a": [50, 51]}}}',
        b'{"series": {"t_ms": [2, 1], "temperature_c": {"a": [50, 51]}}}',
        b'{"series": {"t_ms": [1, 2], "temperature_c": {"a": [50]}}}',
        b'{"series": {"t_ms": [1, 2], "temperature_c": {"a": ["hot", true]}}}',
        b'{"series": {"t_ms": {"a": [1]}, "temperature_c": {"a": [50]}}}',
        b'{"series": {"t_ms": [], "cpu_mhz": {}}}',
        b'{"series": {"cpu_mhz": {"cpu0": [1]}}}',
        None,
    ],
)
def test_a_trace_that_cannot_be_read_is_no_trace(data: bytes | None) -> None:
    assert traces.trace_of(realistic.full(1, CNN), lambda _: data) is None


def test_a_sweep_over_depth_has_a_line_for_each_prompt_and_one_over_prompts_its_own_chart() -> None:
    result = realistic.full(1, LLM)
    drawn = sweeps.sweep_of(result)
    assert drawn
    assert {chart.x for chart in drawn.charts} == {"context depth, tokens"}
    assert [line.name for line in drawn.charts[0].lines] == ["prompt of 128", "prompt of 512"]
    prompts = tuple(
        SweepPoint(at=SweepAt(prompt_tokens=tokens), metrics=(fleet.row("ttft_ms", tokens * 7.0),))
        for tokens in (64, 1024)
    )
    both = sweeps.sweep_of(replace(result, points=(*result.points, *prompts)))
    assert both
    assert [chart.log_x for chart in both.charts if chart.x == "prompt tokens"] == [True]
    assert len(both.table.rows) == len(result.points) + 2


def test_a_sweep_over_two_dimensions_is_drawn_over_the_size_of_the_input() -> None:
    points = tuple(
        SweepPoint(at=SweepAt(shapes={"x": (batch, side)}), metrics=(fleet.row("latency_p50_ms", 1.0 * batch * side),))
        for batch in (1, 2)
        for side in (8, 16)
    )
    drawn = sweeps.sweep_of(replace(realistic.full(1, CNN), points=points))
    assert drawn
    assert [(point.x, point.y) for point in drawn.charts[0].lines[0].points] == [(8, 8), (16, 16), (16, 16), (32, 32)]


def test_a_percentile_without_an_interval_is_shown_with_its_reason_and_the_histogram_counts_all(
    read_run: ReadRun,
) -> None:
    full = realistic.full(1, CNN)
    row = m.MetricRow(
        metric="latency_p99_ms",
        value=1.25,
        n=78_000,
        no_interval="needs 525525 samples for a 95 % interval; this run has 78000, worth 6 independent ones",
    )
    others = tuple(one for one in full.metrics if one.metric != row.metric)
    samples = tuple([1.0 + index / 1000 for index in range(198)] + [900.0, 1000.0])
    page = read_run(replace(full, metrics=(*others, row), samples_ms=samples, artifacts=()))
    assert "no interval: needs 525,525 samples for a 95 % interval; this run has 78,000, worth 6" in words(page)
    assert '<b class="uncertain">1.25</b>' in page
    assert "Histogram of all samples up to p99; 2 beyond it, up to 1,000 ms." in words(page)
    assert "(beyond p99) 2" in words(page)


def test_a_histogram_of_all_samples_is_cut_at_p99() -> None:
    found = histogram_of([1.0 + index / 10_000 for index in range(9_990)] + [1000.0] * 10)
    assert found is not None
    assert found.high_ms < 2.0
    assert sum(found.counts) + found.beyond == 10_000
    assert max(found.counts) < 300
    assert histogram_of([3.0] * 50) is None
    few = histogram_of([1.0, 2.0, 30.0])
    assert few is not None
    assert (few.high_ms, few.beyond, sum(few.counts)) == (30.0, 0, 3)


def test_known_traps_stand_near_the_top_and_in_the_notes_of_the_cell(read_run: ReadRun) -> None:
    traps = (
        FoundTrap(trap="onnx-fp16-on-cpu", evidence="98% of the weights are stored in fp16 <b>"),
        FoundTrap(trap="of-a-newer-agent", evidence="a finding that this hub does not know"),
    )
    result = replace(fleet.result(1, CNN, fleet.vision_rows(4.0, 0.1)), traps=traps)
    text = words(read_run(result))
    assert "Known traps fp16 models are widened to fp32 on a CPU. 98% of the weights are stored in fp16 <b>." in text
    assert "of-a-newer-agent. a finding that this hub does not know." in text
    notes = [note for note in notes_of(result, CNN) if note.startswith("Known trap: ")]
    assert len(notes) == 2
    assert notes[0].endswith("Keep fp16 for a GPU or an NPU.")


def test_a_trap_is_the_badge_of_a_cell_without_a_doubt() -> None:
    cell = rest.Cell(
        device_id="d",
        model_id="m",
        config_key="c",
        state="measured",
        result_id="r",
        metrics={},
        absent={},
        failure_code=None,
        failure_message=None,
        stage=None,
        fraction=None,
        ranked=False,
        unranked_reason=None,
        effective_runtime="onnxruntime 1.32.0",
        received_s=0.0,
        cost=None,
        cost_absent=None,
        notes=("Known trap: it is slow.",),
    )
    badge = badge_of(cell, "latency_p50_ms")
    assert (badge.kind, badge.text) == ("doubt", "! known trap")
    assert "Known trap: it is slow." in badge.reasons
