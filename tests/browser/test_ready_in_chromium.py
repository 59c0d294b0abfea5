"""Readiness in a real Chromium: the page fits, has no barrier, and shows evidence on a click without a script."""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import StartHub
from tests.browser.test_pages_in_chromium import AXE, VIOLATIONS, Scheme, looking
from tests.hub import ready_cases

pytestmark = pytest.mark.browser
MIN_TARGET_PX = 24
SMALL = f"""[...document.querySelectorAll('main a, main button, main input, main select, main summary')]
  .filter(each => each.checkVisibility() && !each.closest('p.facts, .crumbs, dd, .quiet'))
  .filter(each => each.getBoundingClientRect().height < {MIN_TARGET_PX})
  .map(each => each.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> str:
    return start_hub(ready_cases.ready_fleet())


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_pages_fit_and_have_no_barrier(chromium: Browser, hub: str, width: int, scheme: Scheme) -> None:
    model = ready_cases.ready_fleet().models[1].model_id
    with looking(chromium, width, scheme) as (page, complaints):
        for path in ("/ready", f"/ready?{urlencode({'level': ready_cases.LEVEL})}", f"/integration/{model}"):
            page.goto(hub + path)
            for summary in page.locator("main summary").all():
                summary.click()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
            assert page.evaluate(SMALL) == [], path
            page.evaluate(AXE)
            assert page.evaluate(VIOLATIONS) == [], path
        assert complaints == []


def test_a_level_is_typed_and_its_evidence_opens_on_a_click(chromium: Browser, hub: str) -> None:
    with looking(chromium) as (page, _):
        page.goto(f"{hub}/ready")
        page.get_by_label("Service level").fill(ready_cases.LEVEL)
        page.get_by_role("button", name="Check").click()
        first = page.locator(".verdict").first
        assert first.locator(".word").first.inner_text() == "✓ ready"
        evidence = first.get_by_text("14.6 ms (14.4–14.8)")
        assert not evidence.is_visible()
        first.locator("summary").click()
        assert evidence.is_visible()
        first.get_by_role("link", name="run ").first.click()
        assert "/runs/" in page.url
