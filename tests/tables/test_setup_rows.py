"""Set-ups as rows: the figure over runs, the badge, the failure; a terminal's width; CSV and Markdown."""

import csv
import io
from dataclasses import replace

import pytest

from edgeprof.tables.columns import width_of
from edgeprof.tables.setups.export import render_csv, render_md
from edgeprof.tables.setups.names import Named, cut_all, cut_middle, names_of
from edgeprof.tables.setups.rows import Figure, SetupRow, row_of
from edgeprof.tables.setups.text import badge_of, render_rows
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import Trust, TrustMark
from tests.hub import fleet

LONG = "an-organisation_a-very-long-model-name-instruct-v2.1-2026-11-30-quantized.Q4_{}_M.gguf"
NETWORK, WRITER = fleet.model("net", "net", model_format="onnx"), fleet.model("llm", "llm", model_format="gguf")

FAILURE = m.Failure(stage="load", code="operator_unsupported", message="No kernel for X.", log="")


def measured(p50_ms: float, *causes: str) -> m.Result:
    marks = tuple(TrustMark(cause=cause, reason="so") for cause in causes)  # pyright: ignore[reportArgumentType]
    return replace(fleet.result(1, NETWORK, fleet.vision_rows(p50_ms, 0.01)), trust=Trust(marks=marks))


def network(name: str, *results: m.Result) -> SetupRow:
    return row_of(name, results or (measured(1.0),), fleet.config(NETWORK), name, "onnx")


def writer(name: str, decode: float = 20.0) -> SetupRow:
    result = replace(fleet.result(1, WRITER, fleet.language_rows(decode)), trust=Trust())
    return row_of(name, [result], fleet.config(WRITER), name, "gguf")


def failed(name: str) -> SetupRow:
    return network(name, fleet.result(1, NETWORK, failure=FAILURE))


def test_one_run_keeps_its_interval_and_several_have_their_median_and_range() -> None:
    one = network("a")
    figure = one.figures["latency_p50_ms"]
    assert (one.span, figure.low is not None) == ("95 % within the run", True)
    three = network("a", measured(1.0), measured(3.0), measured(2.0))
    figure = three.figures["latency_p50_ms"]
    assert (figure.value, figure.low, figure.high, three.span) == (2.0, 1.0, 3.0, "range of the runs")
    assert figure.half_width == pytest.approx(0.5)
    assert network("a", *[measured(1.0)] * 6).span == "95 % over runs"


def test_a_badge_counts_and_is_cut_to_what_fits() -> None:
    assert badge_of(network("a")) == "clean"
    marked = network("a", measured(1.0, "busy", "noisy"), measured(1.0, "unsettled"))
    assert badge_of(marked) == "busy +2"
    assert badge_of(network("a", measured(1.0, "busy", "noisy"))) == "busy, noisy"
    assert badge_of(network("a", measured(1.0, "busy", "noisy")), is_short=True) == "busy +1"
    assert badge_of(network("a", measured(1.0), fleet.result(1, NETWORK, failure=FAILURE))) == "clean; 1 of 2 failed"
    assert badge_of(network("a", replace(measured(1.0), trust=None))) == "not judged"


@pytest.mark.parametrize("width", [60, 80, 100, 130])
def test_twelve_set_ups_with_long_names_fit_and_stay_apart(width: int) -> None:
    rows = [writer(LONG.format(number)) for number in range(10)]
    rows += [network("模型" * 30 + f"{number}.onnx") for number in range(2)]
    rows += [failed(LONG.format("failed"))]
    shown = render_rows(rows, width)
    assert max(map(width_of, shown.lines)) <= width
    assert len(set(shown.names)) == len(rows)
    assert all(any(name in line for line in shown.lines) for name in shown.names)
    assert sum("operator_unsupported" in line for line in shown.lines) == 1


def test_what_is_the_same_everywhere_stands_once_before_a_name_is_cut() -> None:
    narrow = render_rows([writer(LONG.format(1)), writer(LONG.format(2))], 90)
    assert any(line.startswith("All: ") for line in narrow.lines)
    assert "runtime" not in narrow.lines[0]
    assert "runtime" in render_rows([writer("a"), writer("b")], 90).lines[0]


def test_a_device_stands_first_and_a_missing_figure_is_a_dash() -> None:
    row = replace(network("net"), device="board-a", figures={})
    head, line, *_ = render_rows([row], 100).lines
    assert head.split()[:2] == ["device", "model"]
    assert line.split()[:2] == ["board-a", "net"]
    assert " - " in line


def test_a_figure_without_an_interval_has_no_sign_and_no_caption() -> None:
    bare = replace(network("net"), figures={"latency_p50_ms": Figure(value=1.5)})
    assert not any("±" in line for line in render_rows([bare], 100).lines)


def test_energy_has_a_column_where_it_was_measured() -> None:
    joules = {**network("net").figures, "energy_per_inference_j": Figure(value=0.0012)}
    shown = render_rows([replace(network("net"), figures=joules), network("other")], 100).lines
    assert "energy" in shown[0]
    assert "1.20 mJ" in shown[1]
    assert "energy" not in render_rows([network("net")], 100).lines[0]


def test_colours_come_only_from_a_painter() -> None:
    assert "\x1b" not in "".join(render_rows([network("a"), failed("b")], 80).lines)
    painted = render_rows([network("a"), failed("b")], 80, lambda text, style: f"<{style}>{text}").lines
    assert painted[1].endswith("<good>clean")
    assert painted[2].endswith("<bad>failed: operator_unsupported")


def test_a_name_says_only_what_tells_set_ups_apart() -> None:
    a, b = Named("a.onnx", "1", "onnxruntime", 1, "cpu"), Named("b.tflite", "2", "litert", 1, "cpu")
    assert names_of([a, b]) == ["a.onnx", "b.tflite"]
    assert names_of([a, a._replace(threads=0), b]) == ["a.onnx, 1 thread", "a.onnx, every core", "b.tflite"]
    assert names_of([a, a._replace(model_key="22222222")]) == ["a.onnx (1)", "a.onnx (222222)"]


def test_cut_names_keep_where_they_differ() -> None:
    names = ["resnet50-v1-7-int8-dynamic.onnx", "resnet50-v1-7-int8-static.onnx", "short.onnx"]
    cut = cut_all(names, 16)
    assert len(set(cut)) == 3
    assert all(width_of(name) <= 16 for name in cut)
    assert cut[2] == "short.onnx"
    assert cut_all(["x" * 99 + ", 2 threads"], 24)[0].endswith(", 2 threads")
    assert cut_middle("SmolLM2-135M-Instruct.Q4_0.gguf", 20) == "SmolLM2-13…Q4_0.gguf"


def test_csv_has_a_line_a_set_up_with_whole_names_and_numbers() -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv([network(LONG), writer("=llm"), failed("bad")]), newline="")))
    assert [row["name"] for row in rows] == [LONG, "'=llm", "bad"]
    assert float(rows[0]["latency_p50_ms_low"]) <= float(rows[0]["latency_p50_ms"]) == 1.0
    assert (rows[0]["trust"], rows[0]["prompt_tokens"], rows[0]["decode_tokens_per_s"]) == ("clean", "", "")
    assert (rows[1]["prompt_tokens"], float(rows[1]["decode_tokens_per_s"])) == ("128", 20.0)
    assert (rows[2]["failed"], rows[2]["failure_code"], rows[2]["trust"]) == ("1", "operator_unsupported", "")


def test_markdown_is_a_table_a_kind() -> None:
    text = render_md([network("a|b"), writer("c"), failed("bad")])
    tables = [block for block in text.split("\n\n") if block.startswith("| set-up")]
    assert len(tables) == 2
    assert r"a\|b" in tables[0]
    assert "failed: operator" in tables[0]
    assert "pp128 tok/s" in tables[1]
