"""The comparison as a person uses it: small, still, large enough to touch, and usable at forty devices."""

import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import home_fleet
from tests.browser.conftest import StartHub, serving
from tests.browser.test_pages_in_chromium import AXE, VIOLATIONS, looking

pytestmark = pytest.mark.browser

MAX_FIRST_VISIT_BYTES = 250 * 1024
MAX_SHIFT = 0.05
MIN_TARGET_PX = 24
SHIFTS = """() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => { for (const each of list.getEntries()) sum += each.value; })
        .observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 600);
})"""
SMALL = f"""() => [...document.querySelectorAll("a, button, summary, select, input:not([type=hidden])")]
    .filter((it) => it.checkVisibility() && !it.matches(".skip"))
    .filter((it) => {{ const box = it.getBoundingClientRect();
        return box.width > 0 && (box.width < {MIN_TARGET_PX} - .5 || box.height < {MIN_TARGET_PX} - .5); }})
    .map((it) => `${{it.tagName}} ${{it.className}} ${{it.textContent.trim().slice(0, 30)}}`)"""


@pytest.fixture(scope="module")
def decided(start_hub: StartHub) -> str:
    return start_hub(home_fleet.decided())


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("forty")
    home_fleet.forty(folder)
    with serving(folder) as url:
        yield url


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_nothing_is_too_small_and_axe_is_content(
    chromium: Browser, decided: str, forty: str, width: int
) -> None:
    urls = (decided, forty) if width > 600 else (decided,)  # axe takes seconds for each large page
    for url in urls:
        with looking(chromium, width) as (page, complaints):
            page.goto(url)
            assert page.evaluate(SHIFTS) <= MAX_SHIFT
            assert page.evaluate(SMALL) == []
            page.evaluate(AXE)
            assert page.evaluate(VIOLATIONS) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert complaints == []


def test_the_first_visit_is_small(forty: str) -> None:
    def size(path: str) -> tuple[int, bytes]:
        request = urllib.request.Request(forty + path, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
        return len(body), body

    with urllib.request.urlopen(forty) as answer:
        named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.read().decode()))
    assert len(named) >= 4
    assert size("/")[0] + sum(size(path)[0] for path in named) <= MAX_FIRST_VISIT_BYTES


@pytest.mark.parametrize("width", [1280, 390])
def test_a_badge_opens_its_reason_without_javascript(chromium: Browser, start_hub: StartHub, width: int) -> None:
    url = start_hub(home_fleet.busy())
    context = chromium.new_context(java_script_enabled=False, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(url)
    reason = page.get_by_text("busy: Other programs took 14 % of the cores.").first
    expect(reason).not_to_be_visible()
    page.locator(".cell .badge.doubt").first.click()
    expect(reason).to_be_visible()
    expect(page.locator(".more[open] dl").first).to_contain_text("58.2 MiB")
    context.close()


def test_chosen_columns_stand_in_every_cell_and_their_footnotes_below(chromium: Browser, decided: str) -> None:
    with looking(chromium) as (page, complaints):
        page.goto(decided)
        assert page.locator(".notes li").count() == 0
        for name in ("memory", "energy"):
            page.locator("#menu-columns").click()
            page.locator(f"#column-{name}").click()
        expect(page).to_have_url(re.compile(r"columns=memory%2Cenergy"))
        chosen = page.locator("td .chosen").first
        expect(chosen).to_contain_text("58.2")
        expect(chosen).to_contain_text("not measured")
        expect(page.locator(".notes li")).to_have_count(1)
        assert complaints == []


def test_the_button_of_a_card_queues_its_runs(chromium: Browser, start_hub: StartHub) -> None:
    with looking(chromium, 390) as (page, _):
        page.goto(start_hub(home_fleet.busy()))
        page.get_by_role("button", name="Repeat 2 interleaved").click()
        expect(page.locator("h1")).to_have_text("8 jobs, 0 finished")


def test_forty_devices_are_searched_filtered_and_paged(chromium: Browser, forty: str) -> None:
    with looking(chromium) as (page, complaints):
        page.goto(forty)
        expect(page.locator(".card")).to_have_count(6)
        page.get_by_role("link", name=re.compile("All .* answers")).click()
        assert page.locator(".card").count() > 20
        page.goto(forty)
        page.locator("#search-device").fill("synthetic-00")
        page.locator("#search-model").fill("int8 onnx")
        page.get_by_label("Hide what nobody ran").check()
        page.keyboard.press("Enter")
        expect(page.locator(".matrix tbody tr")).to_have_count(9)
        for head in page.locator(".matrix thead tr").nth(1).locator("small").all_inner_texts():
            assert "int8" in head or "hide" in head
        expect(page.locator("#search-device")).to_have_value("synthetic-00")
        page.get_by_role("link", name="show all").click()
        expect(page.locator("h1")).to_contain_text("of 40 devices")
        assert complaints == []


def test_the_flash_page_filters_and_selects_what_is_shown(chromium: Browser, forty: str) -> None:
    with looking(chromium) as (page, complaints):
        page.goto(f"{forty}/flash")
        models, devices = page.locator(".choice").nth(0), page.locator(".choice").nth(1)
        page.get_by_label("Filter devices").focus()
        page.keyboard.type("synthetic-00")
        devices.get_by_role("button", name="Select all shown").press("Enter")
        expect(devices).to_contain_text("9 of 40 selected, 9 shown")
        family = page.locator("input[name=family][value='synthetic-net-01']")
        family.press("Space")
        expect(page.locator("#chosen-jobs")).to_have_text("4 models on 9 devices")
        page.get_by_label("Filter models").fill("int8 onnx synthetic-net-01")
        models.get_by_role("button", name="Select none").click()
        expect(page.locator("#chosen-jobs")).to_have_text("3 models on 9 devices")
        assert family.evaluate("box => box.indeterminate && !box.checked")
        assert page.evaluate(SMALL) == []
        page.get_by_role("button", name="Flash and profile").click()
        expect(page.locator("h1")).to_have_text("27 jobs, 0 finished")
        assert complaints == []


def test_a_hub_with_nothing_but_failures_says_so(chromium: Browser, start_hub: StartHub) -> None:
    with looking(chromium, 390) as (page, complaints):
        page.goto(start_hub(home_fleet.failed()))
        expect(page.locator(".card").first).to_contain_text("No pick")
        expect(page.locator(".card").first).to_contain_text("operator_unsupported")
        page.locator(".cell.failed .badge").first.click()
        expect(page.locator(".more[open]").first).to_contain_text("TransformLandmarks")
        assert complaints == []


def test_names_of_200_characters_and_2000_models_break_nothing(chromium: Browser, start_hub: StartHub) -> None:
    url = start_hub(home_fleet.named("x" * 200, 2000))
    for width in (1280, 390):
        with looking(chromium, width) as (page, complaints):
            page.goto(url)
            expect(page.locator("h1")).to_be_visible()
            expect(page.locator(".idle")).to_contain_text("1,987 more")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert complaints == []
