"""An upload from the browser: in parts, resumed after a reload, and without the browser's own SHA-256."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

import edgeprof_exports
from edgeprof_hub.routes import api_uploads
from tests.browser.conftest import StartHub
from tests.browser.test_pages_in_chromium import looking
from tests.hub import fleet

pytestmark = pytest.mark.browser
DIGITS = Path(edgeprof_exports.__file__).parent / "bundled" / "digits-cnn-int8.onnx"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_uploads, "PART_BYTES", 4000)


def a_fleet() -> fleet.Fleet:
    return fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)])


def test_an_upload_that_was_stopped_goes_on_after_a_reload(chromium: Browser, start_hub: StartHub) -> None:
    url = start_hub(a_fleet())
    with looking(chromium) as (page, _):
        sent: list[str] = []

        def hold(route: Route) -> None:
            """The third part never arrives."""
            sent.append(route.request.url.partition("?")[2].partition("&")[0])
            if len(sent) < 3:
                route.continue_()

        page.route("**/api/v1/uploads/*?offset=*", hold)
        page.goto(f"{url}/flash")
        page.get_by_label("Files").set_input_files(DIGITS)
        page.get_by_role("button", name="Upload").click()
        expect(page.locator("#upload progress")).to_have_js_property("value", 8000)
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#upload-problem")).to_contain_text("The hub keeps what it has for a day")
        assert sent == ["offset=0", "offset=4000", "offset=8000"]
        page.unroute("**/api/v1/uploads/*?offset=*")
        page.on("request", lambda request: sent.append(request.url) if request.method == "PATCH" else None)
        page.reload()
        page.get_by_label("Files").set_input_files(DIGITS)
        page.get_by_role("button", name="Upload").click()
        page.wait_for_url("**/flash?model=*")
        expect(page.get_by_role("checkbox", name="digits-cnn-int8")).to_be_checked()
        # Chromium may still let the held part go once nothing holds it.
        assert "offset=8000&" in sent[3] or "offset=12000&" in sent[3]


def test_a_part_that_is_lost_on_the_way_is_sent_again(chromium: Browser, start_hub: StartHub) -> None:
    url = start_hub(a_fleet())
    with looking(chromium) as (page, _):
        tries: list[str] = []

        def lose_one(route: Route) -> None:
            tries.append(route.request.url)
            if len(tries) == 2:
                route.abort("connectionreset")
            else:
                route.continue_()

        page.route("**/api/v1/uploads/*?offset=*", lose_one)
        page.goto(f"{url}/flash")
        page.get_by_label("Files").set_input_files(DIGITS)
        page.get_by_role("button", name="Upload").click()
        page.wait_for_url("**/flash?model=*")
        assert tries[1] == tries[2]


def test_a_page_over_plain_http_hashes_by_itself(chromium: Browser, start_hub: StartHub) -> None:
    url = start_hub(a_fleet())
    with looking(chromium) as (page, complaints):
        page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined })")
        page.goto(f"{url}/flash")
        page.get_by_label("Files").set_input_files(DIGITS)
        page.get_by_role("button", name="Upload").click()
        page.wait_for_url("**/flash?model=*")
        assert complaints == []
