"""The page of a run with everything that a run can bring, in a real Chromium."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import StartHub
from tests.browser.test_pages_in_chromium import Scheme, looking
from tests.hub import fleet, realistic

pytestmark = pytest.mark.browser

SECTIONS = (
    *("Trust", "Metrics", "Samples", "Timing", "Cold and warm start", "Sweep"),
    *("Soak: burst and sustained", "Open loop: arrivals do not wait for answers", "Memory by phase"),
    *("Device during the run", "Measurement overhead", "Requested and actual configuration"),
)


@pytest.fixture(scope="module")
def made() -> fleet.Fleet:
    return realistic.typical()


@pytest.fixture(scope="module")
def url(start_hub: StartHub, made: fleet.Fleet) -> str:
    return start_hub(made)


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (390, "dark")])
def test_every_section_is_there_and_every_chart_is_drawn_beside_its_table(
    chromium: Browser, url: str, made: fleet.Fleet, width: int, scheme: Scheme
) -> None:
    with looking(chromium, width, scheme) as (page, complaints):
        page.goto(f"{url}/runs/{made.results[0].result_id}")
        for title in SECTIONS:
            expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        for chart in page.locator(".chart").all():
            expect(chart.locator("svg.plot").first).to_be_visible()
            assert chart.locator("g[data-mark='line'] path, circle, g[data-mark='rect'] rect").count() > 0
        expect(page.locator("#conditions ~ .charts .chart-keys").first).to_contain_text("gpu-thermal")
        expect(page.get_by_text("knee", exact=True).first).to_be_visible()
        for folded in page.locator("details.figures summary").all():
            folded.click()
        expect(page.get_by_role("region", name="Trace of the run")).to_contain_text("cpu1, cpu2, cpu3")
        expect(page.get_by_role("region", name="Soak curve")).to_contain_text("0.410")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert complaints == []


def test_a_language_models_sweep_and_a_spoiled_run_are_drawn_without_complaint(
    chromium: Browser, url: str, made: fleet.Fleet
) -> None:
    with looking(chromium, 390) as (page, complaints):
        page.goto(f"{url}/runs/{made.results[4].result_id}")
        expect(page.locator("#sweep ~ .charts .chart-keys").first).to_contain_text("prompt of 512")
        page.goto(f"{url}/runs/{made.results[2].result_id}")
        expect(page.locator(".findings")).to_contain_text("! busy")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert complaints == []


def test_a_badge_in_the_matrix_leads_to_its_reason(chromium: Browser, url: str) -> None:
    with looking(chromium) as (page, complaints):
        page.goto(url)
        expect(page.get_by_label("clean run").first).to_be_visible()
        expect(page.locator(".matrix").get_by_text("not checked", exact=True)).to_be_visible()
        opened = page.locator(".matrix details.more").filter(has_text="frequency_capped")
        opened.locator("summary").click()
        expect(opened.get_by_text("throttled: The board said frequency_capped")).to_be_visible()
        opened.get_by_role("link", name="Evidence").click()
        expect(page.locator("#trust")).to_be_in_viewport()
        expect(page.locator(".findings")).to_contain_text("The board said frequency_capped")
        assert complaints == []


def test_the_figures_of_charts_are_there_without_javascript(chromium: Browser, url: str, made: fleet.Fleet) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/runs/{made.results[0].result_id}")
    expect(page.get_by_role("region", name="Points of the sweep")).to_contain_text("6,780")
    page.locator("section:has(#soak) details.figures summary").first.click()
    expect(page.get_by_role("region", name="Soak curve")).to_contain_text("0.410")
    context.close()


def test_the_headline_stands_on_the_first_screen_of_a_phone_before_all_evidence(
    chromium: Browser, url: str, made: fleet.Fleet
) -> None:
    with looking(chromium, 390) as (page, complaints):
        page.goto(f"{url}/runs/{made.results[0].result_id}")
        headline = page.locator(".headline")
        for text in ("0.412", "95 % 0.408–0.416", "58.2", "not measured", "clean", "What would change it"):
            expect(headline).to_contain_text(text)
        box = headline.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 844
        expect(page.get_by_text("1,000 ms ÷ p50 0.412 ms")).to_be_visible()
        for link in page.locator(".headline a, .jumps a").all():
            size = link.bounding_box()
            assert size is not None
            assert size["height"] >= 24
        assert complaints == []


def test_a_family_is_split_in_the_browser_after_its_effects_were_shown(chromium: Browser, url: str) -> None:
    with looking(chromium) as (page, complaints):
        page.goto(f"{url}/families")
        section = (
            page.locator("section").filter(has=page.get_by_role("button", name="Split…", include_hidden=True)).first
        )
        section.get_by_text("Change this family…").click()
        section.get_by_role("checkbox").first.check()
        section.get_by_label("into a new family").fill("Split off")
        section.get_by_role("button", name="Split…").click()
        expect(page.get_by_role("heading", name="Split a family: what moves")).to_be_visible()
        expect(page.get_by_text("Nothing is deleted or measured again.")).to_be_visible()
        page.get_by_role("button", name="Change it").click()
        expect(page.get_by_role("status").filter(has_text="Changed: Split off")).to_be_visible()
        expect(page.get_by_role("heading", name="Split off")).to_be_visible()
        assert complaints == []
