"""Every page in a real Chromium: wide and narrow, light and dark, with a keyboard, without JavaScript, live."""

import json
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

import edgeprof_exports
from tests.browser.conftest import StartHub
from tests.hub import fleet, test_endpoint_device

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
BUNDLED = Path(edgeprof_exports.__file__).parent / "bundled"
AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
VIOLATIONS = """async () => {
    const run = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
    const place = (item) => item.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ");
    return run.violations.map((item) => `${item.id}: ${item.help} (${place(item)})`);
}"""
HOSTILE = "<script>document.title='owned'</script> \u202egnp.exe אבג 🦊 " + "x" * 200


@pytest.fixture(scope="module")
def typical() -> fleet.Fleet:
    return fleet.typical()


@pytest.fixture(scope="module")
def url(start_hub: StartHub, typical: fleet.Fleet) -> str:
    return start_hub(typical)


@pytest.fixture(scope="module")
def hostile() -> fleet.Fleet:
    return fleet.hostile(HOSTILE)


@pytest.fixture(scope="module")
def hostile_url(start_hub: StartHub, hostile: fleet.Fleet) -> str:
    return start_hub(hostile)


def pages_of(made: fleet.Fleet) -> list[str]:
    runs = [f"/runs/{result.result_id}" for result in made.results if result.status == "measured"][:1]
    failed = [f"/runs/{result.result_id}" for result in made.results if result.status == "failed"][:1]
    measured = [result.result_id for result in made.results if result.status == "measured"][:3]
    beside = ["/side-by-side?" + "&".join(f"run={one}" for one in measured)] if len(measured) > 1 else []
    device, model = f"/devices/{fleet.device_id(1)}", f"/models/{made.models[0].model_id}"
    cells = [f"/cells/{one.device_id}/{one.model_id}/{one.config_key}" for one in made.results[:1]]
    family = "/?" + urlencode({"family": made.models[0].family})
    shaded = ["/?colour=rank&against=energy&columns=memory,cost,energy", "/?colour=distance&x=cost&cards=all"]
    matrix = ["/", "/?metric=peak_memory_mib", family, *shaded]
    costs = (
        [f"/cost/{result.result_id}" for result in made.results if not result.emulated][:1] if made.prices_usd else []
    )
    return [
        *matrix,
        *runs,
        *failed,
        *cells,
        *costs,
        device,
        model,
        *beside,
        "/flash",
        "/fleet",
        "/fleet?state=retired&sort=queue",
        "/families",
        "/predictions",
        "/settings",
        "/sign-in",
    ]


@contextmanager
def looking(browser: Browser, width: int = 1400, scheme: Scheme = "light") -> Generator[tuple[Page, list[str]]]:
    """A page, and what its console complains of (a refused script or style is said there)."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page, complaints
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_every_page_is_drawn_without_complaint_and_fits_its_width(
    chromium: Browser, url: str, typical: fleet.Fleet, width: int, scheme: Scheme
) -> None:
    with looking(chromium, width, scheme) as (page, complaints):
        for path in pages_of(typical):
            page.goto(url + path)
            expect(page.locator("h1")).to_be_visible()
            for chart in page.locator(".chart").all():
                expect(chart.locator("svg").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_breaks_a_rule_of_wcag_aa_that_axe_knows(
    chromium: Browser, url: str, hostile_url: str, typical: fleet.Fleet, scheme: Scheme
) -> None:
    found: list[str] = []
    with looking(chromium, 1400, scheme) as (page, _):
        for address in [*(url + path for path in pages_of(typical)), hostile_url]:
            page.goto(address)
            for chart in page.locator(".chart").all():
                expect(chart.locator("svg").first).to_be_visible()
            page.evaluate(AXE)
            found += [f"{address}: {violation}" for violation in page.evaluate(VIOLATIONS)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_about_a_hosted_model_break_no_rule_either_and_fit_a_phone(
    chromium: Browser, start_hub: StartHub, scheme: Scheme
) -> None:
    hosted = test_endpoint_device.made()
    hosted.prices_usd[1] = 80.0
    served, board = hosted.results
    paths = ("/", f"/runs/{served.result_id}", f"/devices/{served.device_id}", "/flash", f"/cost/{board.result_id}")
    url, found = start_hub(hosted), list[str]()
    with looking(chromium, 390, scheme) as (page, _):
        for path in paths:
            page.goto(url + path)
            page.evaluate(AXE)
            found += [f"{path}: {violation}" for violation in page.evaluate(VIOLATIONS)]
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    assert not found, "\n".join(found)


def test_a_model_goes_up_with_progress_and_is_ticked_to_be_flashed(chromium: Browser, start_hub: StartHub) -> None:
    own = start_hub(fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)]))
    with looking(chromium) as (page, complaints):
        page.goto(f"{own}/flash")
        page.get_by_label("Files").set_input_files(BUNDLED / "digits-cnn-int8.onnx")
        page.get_by_label("Name", exact=True).fill("digits")
        page.get_by_role("button", name="Upload").click()
        page.wait_for_url("**/flash?model=*")
        expect(page.get_by_role("checkbox", name="digits")).to_be_checked()
        page.get_by_role("checkbox", name="pi").check()
        page.get_by_label("Save the selected devices as a group").fill("lab")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("checkbox", name="lab")).to_be_visible()
        page.get_by_role("checkbox", name="pi", exact=False).first.uncheck()
        page.get_by_role("checkbox", name="lab").check()
        expect(page.locator("input[name=device]")).to_be_checked()
        page.get_by_role("button", name="Flash and profile").click()
        page.wait_for_url("**/campaigns/*")
        assert complaints == []


def test_what_is_no_model_is_refused_before_it_is_sent(chromium: Browser, url: str, tmp_path: Path) -> None:
    poem = tmp_path / "poem.gguf"
    poem.write_text("roses are red, violets are blue, this is no model, not even for you")
    with looking(chromium) as (page, _):
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        page.goto(f"{url}/flash")
        page.get_by_text("Upload a model").click()
        page.get_by_label("Files").set_input_files(poem)
        page.get_by_role("button", name="Upload").click()
        expect(page.locator("#upload-problem")).to_contain_text("its first bytes are not GGUF")
        assert sent == [f"{url}/api/v1/models/check"]


def test_a_model_goes_up_without_javascript_too(chromium: Browser, start_hub: StartHub) -> None:
    own = start_hub(fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)]))
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{own}/flash")
    page.get_by_label("Files").set_input_files(BUNDLED / "digits-cnn-int8.tflite")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("checkbox", name="digits-cnn-int8")).to_be_checked()
    context.close()


def test_what_is_hidden_comes_back_and_a_pinned_device_is_first(chromium: Browser, url: str) -> None:
    with looking(chromium) as (page, _):
        page.goto(url)
        rows = page.locator(".matrix tbody tr")
        expect(rows).to_have_count(2)
        page.get_by_role("link", name="Pin phone").click()
        expect(rows.first).to_contain_text("phone")
        page.get_by_role("link", name="Hide pi5-kitchen").click()
        expect(rows).to_have_count(1)
        page.get_by_role("link", name="show again").click()
        expect(rows).to_have_count(2)


def test_an_empty_hub_tells_the_next_step(chromium: Browser, start_hub: StartHub) -> None:
    empty = start_hub(fleet.Fleet())
    with looking(chromium, 390) as (page, complaints):
        page.goto(empty)
        expect(page.locator("#agent-line")).to_have_text(f"edgeprof agent run --hub {empty}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert complaints == []


@pytest.mark.parametrize("width", [1400, 390])
def test_hostile_names_are_shown_as_text_and_break_nothing(
    chromium: Browser, hostile_url: str, hostile: fleet.Fleet, width: int
) -> None:
    with looking(chromium, width) as (page, complaints):
        for path in pages_of(hostile):
            page.goto(hostile_url + path)
            expect(page.locator("h1")).to_be_visible()
            assert "owned" not in page.title() or "<script>" in page.title()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.goto(hostile_url)
        expect(page.locator("tbody th bdi")).to_contain_text("<script>document.title='owned'</script>")
        assert complaints == []


def test_the_figures_are_there_without_javascript(chromium: Browser, url: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    expect(page.locator(".matrix")).to_contain_text("0.254")
    page.get_by_text("Show: Headline").click()
    page.get_by_role("link", name="Peak memory", exact=True).click()
    expect(page.locator("td .lead b").first).to_have_text("58.2")
    context.close()


def test_a_narrow_screen_shows_a_card_for_each_device(chromium: Browser, url: str) -> None:
    with looking(chromium, 390) as (page, _):
        page.goto(url)
        box = page.locator(".matrix-box")
        assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
        rows = page.locator(".matrix tbody tr")
        tops = [row.bounding_box() for row in rows.all()]
        assert all(top is not None and top["width"] > 350 for top in tops)
        first = rows.first.locator("td").first
        named = first.evaluate("cell => getComputedStyle(cell, '::before').content")
        assert "digits-cnn fp32" in named
        expect(page.get_by_role("rowheader", name="pi5-kitchen")).to_be_visible()  # still a table to a screen reader


def test_the_keyboard_reaches_everything_and_its_place_is_seen(chromium: Browser, url: str) -> None:
    with looking(chromium) as (page, _):
        page.goto(url)
        reached: list[str] = []
        for _ in range(400):  # more than a page of this fleet has stops
            page.keyboard.press("Tab")
            place = page.evaluate(
                """() => { const it = document.activeElement, look = getComputedStyle(it);
                return [it.tagName, it.textContent.trim().slice(0, 40), it.className,
                        look.outlineStyle, parseFloat(look.outlineWidth)]; }"""
            )
            if place[0] == "BODY":
                break
            reached.append(f"{place[1]} {place[2]}")
            assert place[3] != "none", place
            assert place[4] >= 2, place
        told = " | ".join(reached)
        for name in ("Skip to content", "Flash", "Show: Headline", "matrix-box", "pi5-kitchen", "0.254", "failed"):
            assert name in told
        assert "≈ tie badge same" in told


def test_the_matrix_follows_the_hub_without_a_reload(chromium: Browser, start_hub: StartHub) -> None:
    own = start_hub(fleet.typical())
    with looking(chromium, 610) as (page, complaints):
        page.goto(own)
        expect(page.locator("#live-state")).to_have_text("live")
        page.evaluate("window.loadedOnce = true")
        page.locator(".matrix-box").evaluate("box => { box.scrollLeft = 120 }")
        patch(own, f"/api/v1/devices/{fleet.device_id(1)}", {"name": "renamed-elsewhere"})
        expect(page.locator("tbody th").first).to_contain_text("renamed-elsewhere")
        assert page.evaluate("window.loadedOnce")
        assert page.locator(".matrix-box").evaluate("box => box.scrollLeft") == 120
        expect(page.locator("svg.plane").first).to_be_visible()
        assert complaints == []


def patch(url: str, path: str, body: dict[str, str]) -> None:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers, method="PATCH")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 204


def test_a_person_flashes_renames_and_deletes_by_forms(chromium: Browser, start_hub: StartHub) -> None:
    own = start_hub(fleet.typical())
    with looking(chromium) as (page, complaints):
        page.goto(f"{own}/flash")
        page.get_by_role("checkbox", name="digits-cnn fp32").check()
        page.get_by_label("pi5-kitchen").check()
        page.get_by_role("button", name="Flash and profile").click()
        expect(page.locator("h1")).to_have_text("1 job, 0 finished")
        page.get_by_role("button", name="Cancel unfinished jobs").click()
        expect(page.locator("h1")).to_have_text("1 job, 1 finished")

        page.goto(f"{own}/devices/{fleet.device_id(2)}")
        page.get_by_role("textbox", name="Name").fill("drawer")
        page.get_by_role("button", name="Rename").click()
        expect(page.locator("h1")).to_have_text("drawer")
        page.get_by_text("Delete this device…").click()
        page.get_by_role("button", name="Delete device and results").click()
        expect(page.locator("h1")).to_contain_text("on 1 device:")
        assert complaints == []


def test_ticked_cells_outlast_a_change_and_are_put_side_by_side(chromium: Browser, url: str) -> None:
    """A refresh waits while cells are ticked, or the choice would be lost."""
    with looking(chromium) as (page, complaints):
        page.goto(url)
        expect(page.locator("#live-state")).to_have_text("live")
        boxes = page.locator("td input[type=checkbox]")
        boxes.nth(0).check()
        boxes.nth(1).check()
        request = urllib.request.Request(
            f"{url}/api/v1/devices/{fleet.device_id(1)}",
            json.dumps({"name": "renamed-meanwhile"}).encode(),
            {"Content-Type": "application/json"},
            method="PATCH",
        )
        urllib.request.urlopen(request).close()
        page.wait_for_timeout(2500)
        assert page.locator("td input:checked").count() == 2
        page.locator("#beside-go").click()
        expect(page.locator("h1")).to_have_text("2 runs side by side")
        expect(page.locator(".chart svg").first).to_be_visible()
        assert complaints == []
