"""`edgeprof.Hub`: the Python client against a real hub and a device that answers."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

import edgeprof
import edgeprof_exports
from edgeprof.client.http_client import HubError
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from tests.hub import fleet
from tests.hub.fake_agent import FakeAgent
from tests.hub.live import Live, eventually

DIGITS = Path(edgeprof_exports.__file__).parent / "bundled" / "digits-cnn-int8.onnx"


def answer(agent: FakeAgent) -> None:
    """Post a result for every job that comes."""
    eventually(lambda: len(agent.got(m.Job)) == 2)
    for job in agent.got(m.Job):
        made = fleet.result(1, fleet.model("digits", "digits"), fleet.vision_rows(4.0, 0.1))
        agent.post(
            replace(
                made,
                job_id=job.job_id,
                attempt=job.attempt,
                model_id=job.model.model_id,
                config=job.config,
                config_key=job.config_key,
            )
        )


def test_flash_wait_and_read(hub: Live, agent: FakeAgent) -> None:
    client = edgeprof.Hub(hub.url)
    asked = rest.CampaignRequest(model_ids=(), device_ids=(), repeats=2)
    campaign = client.flash(DIGITS, to=["agent-1"], name="digits", quantization="int8", request=asked)
    worker = threading.Thread(target=answer, args=(agent,))
    worker.start()
    seen: list[list[str]] = []
    ended = client.wait(campaign, lambda now: seen.append([job.state for job in now.jobs]), timeout_s=30)
    worker.join()
    assert [job.state for job in ended.jobs] == ["measured", "measured"]
    assert seen[-1] == ["measured", "measured"]
    assert len(client.results_of(campaign)) == 2
    rows = list(client.rows())
    assert {row["model"] for row in rows} == {"digits"}
    assert {row["value"] for row in rows if row["metric"] == "latency_p50_ms"} == {4.0}
    assert list(client.rows(after=1)) == [row for row in rows if row["seq"] > 1]


def test_what_is_not_there_is_said(hub: Live, agent: FakeAgent) -> None:
    client = edgeprof.Hub(hub.url)
    with pytest.raises(UsageError, match="No device 'cellar'"):
        client.flash(DIGITS, to=["cellar"])
    with pytest.raises(UsageError, match="not a file here"):
        client.flash("nothing-like-it", everywhere=True)
    campaign = client.flash(DIGITS, everywhere=True)
    with pytest.raises(EdgeprofError, match="is not finished after"):
        client.wait(campaign, timeout_s=0)
    with pytest.raises(HubError, match="No hub answers"):
        edgeprof.Hub("http://127.0.0.1:1").devices()


def test_a_frame_where_a_library_is_there(hub: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    class Frame:
        def __init__(self, rows: list[object]) -> None:
            self.rows = rows

    class Library:
        DataFrame = Frame

    monkeypatch.setitem(__import__("sys").modules, "pandas", Library)
    found = edgeprof.Hub(hub.url).frame()
    assert isinstance(found, Frame)
    assert found.rows == []
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(EdgeprofError, match="needs pandas or polars"):
        edgeprof.Hub(hub.url).frame()


def test_the_package_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Hubb'"):
        _ = edgeprof.Hubb  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnknownMemberType]
