"""The page of a run's operators: from the artifact of the run, with its roofline; and artifacts of no use."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from fastapi.testclient import TestClient

from edgeprof.operators.ceilings import Ceiling
from edgeprof.operators.recorded import NodeRun, OperatorRun, PhaseRun, Span, TensorInfo
from edgeprof.operators.report import report
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import ArtifactRef
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.views.operators_page import MAX_BYTES
from tests.hub import fleet, live, realistic, stores

SQUARE = TensorInfo(type="float", shape=(100, 100), bytes=40_000)
CEILING = Ceiling(
    runtime="onnxruntime",
    runtime_version="1.32.0",
    threads=2,
    bandwidth_gb_s=10.0,
    peak_gflop_s={"fp32": 100.0, "int8": 400.0},
    measured_at="2026-12-01T00:00:00+00:00",
)


def node(op: str, time_ns: float, *, precision: str = "") -> NodeRun:
    return NodeRun(
        name=f"<{op}>",
        op=op,
        place="cpu",
        time_ns=time_ns,
        inputs=(SQUARE, SQUARE),
        outputs=(SQUARE,),
        precision=precision,
        threads=1,
    )


RUN = OperatorRun(
    runtime="onnxruntime",
    runtime_version="1.32.0",
    threads=2,
    tick_ns=1000,
    phases=(
        PhaseRun(
            phase="inference",
            plain_ns=(100_000.0,),
            profiled_ns=(110_000.0,),
            sums_ns=(96_000.0,),
            nodes=(node("MatMul", 40_000, precision="fp32"), node("Cast", 56_000)),
            timeline=(Span(0, 0, 40_000), Span(1, 40_000, 56_000)),
        ),
    ),
)


@pytest.fixture
def stored(request: pytest.FixtureRequest) -> bytes:
    return request.param


@pytest.fixture
def address(tmp_path: Path, stored: bytes) -> Iterator[tuple[TestClient, str]]:
    made = realistic.typical()
    ref = ArtifactRef(
        name="operator_profile", sha256=sha256_hex(stored), size=len(stored), media_type="application/json"
    )
    result = replace(made.results[0], artifacts=(*made.results[0].artifacts, ref))
    made = replace(made, results=[result], artifacts=[*made.artifacts, stored])
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, made)
    fleet.keep_artifacts(tmp_path, made)
    app = create_app(HubSettings(data=tmp_path, mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client, f"/runs/{result.result_id}"


@pytest.mark.parametrize("stored", [msgspec.json.encode(report("m", RUN, CEILING))], indirect=True)
def test_the_page(address: tuple[TestClient, str]) -> None:
    client, run = address
    assert f'href="{run}/operators"' in client.get(run).text
    text = re.sub(r"\s+", " ", client.get(f"{run}/operators").text)
    assert "Operators add up to <b>96 %</b>" in text
    assert "takes <b>110 %</b>" in text
    assert "compute, 50 %" in text  # 20 µs at the peak, 12 at the bandwidth, of 40
    assert "memory, 21 %" in text  # 12 of 56 µs
    assert "fp32 peak 100 GFLOP/s" in text
    assert "int8 peak" not in text.split("</svg>")[0].split("<svg")[1]  # nothing computes in it
    assert "&lt;MatMul&gt;" in text
    first, second, third = re.findall(r"<li><b>(.*?)</b>: saves (.*?) ms", text)
    assert first == ("Export the model without conversions between types and layouts", "0.0560")
    assert second[1] == "0.0480"  # half of 96 µs, on 2 threads
    assert third[0].startswith("Quantize the model to int8")


@pytest.mark.parametrize("stored", [msgspec.json.encode(report("m", RUN, None, "no probe."))], indirect=True)
def test_without_limits_there_is_no_drawing(address: tuple[TestClient, str]) -> None:
    client, run = address
    text = client.get(f"{run}/operators").text
    assert "No limits of this device, so no bounds: no probe." in text
    assert "<svg" not in text


GOOD = msgspec.json.encode(report("m", RUN, CEILING))
STRANGE = GOOD.replace(b'"fp32":100.0', b'"fp16":100.0')
"""A node names a precision that the limits lack."""


@pytest.mark.parametrize(
    "stored",
    [b"{}", b"\xff", b'{"phases": [1]}', STRANGE, b" " * (MAX_BYTES + 1) + b"{}"],
    ids=["empty", "bytes", "phases", "precision", "size"],
    indirect=True,
)
def test_an_artifact_of_no_use(address: tuple[TestClient, str]) -> None:
    client, run = address
    assert client.get(f"{run}/operators").status_code == 404
    assert client.get(run).status_code == 200
