"""The page of jobs in a real browser: live, usable on a phone, within the rules that axe knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from edgeprof.wire import rest
from edgeprof_hub.events import Change
from tests.browser.test_pages_in_chromium import AXE, VIOLATIONS, Scheme, looking
from tests.hub import job_cases
from tests.hub.live import Live, serving

pytestmark = pytest.mark.browser
MIN_TARGET_PX = 24
SMALL_TARGETS = f"""() => [...document.querySelectorAll("main button, main select, main td a")].map(
    (one) => [one.textContent.trim(), one.getBoundingClientRect().height]).filter((one) => one[1] < {MIN_TARGET_PX})"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, dict[str, list[rest.JobRecord]]]]:
    folder: Path = tmp_path_factory.mktemp("hub")
    with serving(folder) as live:
        yield live, live.hub.writer.call(job_cases.typical)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_queue_breaks_no_rule_and_fits(
    chromium: Browser, served: tuple[Live, dict[str, list[rest.JobRecord]]], width: int, scheme: Scheme
) -> None:
    live, _ = served
    with looking(chromium, width, scheme) as (page, complaints):
        page.goto(f"{live.url}/jobs")
        page.evaluate(AXE)
        assert page.evaluate(VIOLATIONS) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(SMALL_TARGETS) == []
        assert complaints == []


def test_a_change_shows_without_a_reload_and_a_job_is_cancelled(
    chromium: Browser, served: tuple[Live, dict[str, list[rest.JobRecord]]]
) -> None:
    live, made = served
    running = made["now"][0]
    with looking(chromium) as (page, complaints):
        page.goto(f"{live.url}/jobs")
        row = page.locator(f"#job-{running.job_id}")
        expect(row).to_contain_text("running: measure")
        expect(page.locator("#live-state")).to_have_text("live")
        live.hub.writer.call(lambda store: store.save_job_state(running.job_id, 1, "running", "report", 0.9, ""))
        live.hub.events.publish([Change("job", running.job_id)])
        expect(row).to_contain_text("running: report")
        row.get_by_role("button", name="Cancel net-a on kitchen-pi").click()
        expect(page.locator(f"#job-{running.job_id}")).to_contain_text("cancelled")
        page.get_by_role("link", name="Failed 1").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_text("Cancel all open jobs…").click()
        page.get_by_role("button", name="Cancel all open jobs").click()
        expect(page.locator("h1")).to_have_text("No open jobs.")
        assert complaints == []
