"""A recorded hub in a real browser: it refuses every change, so no page offers one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.recorded import hub, recording
from tests.browser.conftest import running
from tests.browser.test_pages_in_chromium import looking
from tests.ports import free_port

pytestmark = pytest.mark.browser
BUTTONS = """() => [...document.querySelectorAll('form[method="post"] button, button[formmethod="post"]')].map(
    (one) => [one.textContent.trim(), one.checkVisibility()])"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("recorded")
    settings = HubSettings(data=folder, port=free_port())
    with (
        hub.showing(settings, recording.read(recording.SHIPPED)) as shown,
        running(create_app(settings, shown), settings.port) as address,
    ):
        yield address


@pytest.mark.parametrize("path", ["/", "/jobs", "/flash", "/families", "/settings"])
def test_no_page_offers_a_change(chromium: Browser, url: str, path: str) -> None:
    with looking(chromium) as (page, complaints):
        page.goto(f"{url}{path}")
        found: list[tuple[str, bool]] = page.evaluate(BUTTONS)
        assert found, "this page has no button that changes anything: take it out of the list"
        assert [text for text, is_visible in found if is_visible] == []
        assert complaints == []
