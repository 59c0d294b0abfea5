"""The page Add a device in a real browser: within the rules that axe knows, and its line checks the real script."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from edgeprof_hub.joining.wheel_index import FOLDER
from tests.browser.test_pages_in_chromium import AXE, VIOLATIONS, Scheme, looking
from tests.hub import made_wheels
from tests.hub.live import Live, serving
from tests.hub.test_join_plan import AGENT, ONNX

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder: Path = tmp_path_factory.mktemp("hub")
    for name in (*AGENT, *ONNX, "pip-26.0-py3-none-any.whl"):
        made_wheels.empty(folder / FOLDER, name)
    with serving(folder) as live:
        yield live


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_it_breaks_no_rule_and_fits(chromium: Browser, served: Live, width: int, scheme: Scheme) -> None:
    with looking(chromium, width, scheme) as (page, complaints):
        page.goto(served.url)
        page.get_by_role("link", name="Add a device").first.click()
        expect(page.get_by_role("heading", name="Add a device")).to_be_visible()
        page.evaluate(AXE)
        assert page.evaluate(VIOLATIONS) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert complaints == []


def test_the_line_checks_the_script_that_this_hub_serves(chromium: Browser, served: Live) -> None:
    digest = hashlib.sha256(served.app_get("/install.sh").encode()).hexdigest()
    with looking(chromium) as (page, _):
        page.goto(f"{served.url}/add-device")
        line = page.locator("#join-line").inner_text()
        assert line.startswith(f'curl -fsS {served.url}/install.sh -o edgeprof-install.sh && echo "{digest}  edgeprof')
        assert line.endswith(f"&& sudo sh edgeprof-install.sh --hub {served.url}")
        expect(page.get_by_role("row", name="aarch64-cp311")).to_contain_text("onnx")
