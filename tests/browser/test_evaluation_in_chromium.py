"""The pages of evaluations in a real Chromium: sets, the flash form's tick list, and the run of an evaluation."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from edgeprof.client.http_client import HubClient
from edgeprof.wire.evaluation import ItemProblem
from tests.browser.conftest import StartHub
from tests.browser.test_pages_in_chromium import AXE, VIOLATIONS, looking
from tests.hub import fleet
from tests.hub.test_evaluation_jobs import evaluated, evaluation_of
from tests.hub.test_evaluation_sets import made
from tests.hub.test_sets_page import packed

pytestmark = pytest.mark.browser

PROBLEMS = tuple(ItemProblem(item_id=f"i{number}", reason="the image cannot be decoded") for number in range(3))


@pytest.fixture(scope="module")
def url(start_hub: StartHub, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A hub with two sets and the evaluation that `RUN` is."""
    served = start_hub(WITH_RUN)
    folder = tmp_path_factory.mktemp("sets")
    for number, name in enumerate(("shapes", "a set with a long name that a person gave it, for a reason")):
        HubClient(served).add_set(made(folder / str(number), name=name, count=number + 3))
    return served


KNOWN = fleet.typical()
RUN = replace(
    evaluated(KNOWN.models[0]),
    evaluation=evaluation_of(ended="time_limit", problems=PROBLEMS),
    effective=fleet.effective(KNOWN.models[0], 0),
)
WITH_RUN = replace(KNOWN, results=[*KNOWN.results, RUN])


@pytest.mark.parametrize("width", [1400, 390])
def test_each_page_fits_and_has_no_barrier_and_no_complaint(chromium: Browser, url: str, width: int) -> None:
    with looking(chromium, width) as (page, complaints):
        for path in ("/sets", "/flash", f"/runs/{RUN.result_id}"):
            page.goto(url + path)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
            page.evaluate(AXE)
            assert page.evaluate(VIOLATIONS) == [], path
        assert complaints == []


def test_an_archive_is_added_in_the_browser(chromium: Browser, url: str, tmp_path: Path) -> None:
    archive = tmp_path / "forms.zip"
    archive.write_bytes(packed(made(tmp_path / "forms", name="forms", count=5), archive.name))
    with looking(chromium) as (page, _):
        page.goto(f"{url}/sets")
        page.get_by_label("Archive").set_input_files(archive)
        page.get_by_role("button", name="Add the set").click()
        page.get_by_role("rowheader", name="forms").wait_for()
