"""Quality in a real Chromium: beside speed in the matrix, the capability page, gates and drift on a run's page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.test_pages_in_chromium import AXE, VIOLATIONS, Scheme, looking
from tests.hub import fleet
from tests.hub.live import Live, serving
from tests.hub.quality_cases import BAD, FAMILY, FLOAT, GATE, GOOD, RIGHT, SLIGHTLY, WORSE, evaluated, speed, store

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A family on two devices: one variant fails, one is not evaluated on the second, and one drifts."""
    with serving(tmp_path_factory.mktemp("quality") / "data") as found:
        hub = found.hub
        runs = [evaluated(hub, 1, FLOAT, RIGHT), evaluated(hub, 1, GOOD, SLIGHTLY), evaluated(hub, 1, BAD, WORSE)]
        drifting = evaluated(hub, 2, FLOAT, WORSE, version="1.24.0")
        speeds = [
            speed(number, model, p50 / number) for number in (1, 2) for model, p50 in ((FLOAT, 4), (GOOD, 2), (BAD, 1))
        ]
        store(hub, *runs, drifting, *speeds, devices=(1, 2), gates=(GATE, "shapes: flips <= 5"))
        hub.writer.call(lambda writer: writer.set_device_price(fleet.device_id(1), 80.0, "a shop"))
        yield found


def addresses(live: Live) -> list[str]:
    rows = live.client.quality()
    drifting = next(row.result_id for row in rows if row.drift)
    failing = next(row.result_id for row in rows if row.gate == "fails")
    measured = next(
        cell.result_id for cell in live.client.compare().cells if cell.quality and cell.quality.correct is not None
    )
    runs = [f"/runs/{each}" for each in (drifting, failing, measured)]
    return [
        "/",
        "/?against=quality",
        f"/capability/{FAMILY}",
        f"/capability/{GOOD.model_id}",
        *runs,
        f"/cost/{measured}",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_each_page_fits_and_has_no_barrier_and_no_complaint(
    chromium: Browser, live: Live, width: int, scheme: Scheme
) -> None:
    with looking(chromium, width, scheme) as (page, complaints):
        for path in addresses(live):
            page.goto(live.url + path)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
            page.evaluate(AXE)
            assert page.evaluate(VIOLATIONS) == [], path
        assert complaints == []


def test_a_gate_is_set_on_the_capability_page(chromium: Browser, live: Live) -> None:
    with looking(chromium) as (page, _):
        page.goto(f"{live.url}/capability/{FAMILY}")
        page.get_by_label("One gate a line").fill("shapes: accuracy >= 80")
        page.get_by_role("button", name="Save gates").click()
        assert page.get_by_label("One gate a line").input_value() == "shapes: accuracy >= 80"
