"""The readers' journey with a real hub, a real agent and a real Chromium: it arrives, a model goes up, results appear.

One page stays open on the comparison all the while and is never reloaded.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import edgeprof_exports
from tests.e2e.farm import Farm

pytestmark = pytest.mark.browser

BUNDLED = Path(edgeprof_exports.__file__).parent / "bundled"
SLOW_MS = 90_000
"""A run with its protocol as the form starts it, on a machine that does other things."""


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    made = Farm(tmp_path)
    made.start_hub()
    yield made
    made.stop()


@pytest.fixture
def watching(chromium: Browser, farm: Farm) -> Iterator[Page]:
    """The comparison of an empty hub, left open."""
    context = chromium.new_context(viewport={"width": 1300, "height": 900})
    page = context.new_page()
    page.goto(farm.client.url)
    expect(page.locator("#agent-line")).to_be_visible()
    yield page
    context.close()


def test_an_agent_arrives_a_model_goes_up_and_its_figures_appear(chromium: Browser, farm: Farm, watching: Page) -> None:
    farm.start_agent("bench-pi")
    expect(watching.locator("#live")).to_contain_text("1 device", timeout=SLOW_MS)
    page = chromium.new_context().new_page()
    page.goto(f"{farm.client.url}/flash")
    page.get_by_label("Files").set_input_files([BUNDLED / "digits-cnn-int8.onnx", BUNDLED / "digits-cnn-fp32.onnx"])
    page.get_by_role("textbox", name="Family").fill("")
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/flash?model=*")
    expect(page.get_by_role("checkbox", name="digits-cnn-int8")).to_be_checked()
    page.get_by_role("checkbox", name="bench-pi").check()
    page.get_by_role("checkbox", name="Measure energy").uncheck()
    page.get_by_label("Threads").fill("1")
    page.get_by_role("button", name="Flash and profile").click()
    page.wait_for_url("**/campaigns/*")
    expect(page.locator("#live")).to_contain_text("2 finished", timeout=SLOW_MS)
    expect(page.locator("#live")).to_contain_text("measured")
    expect(watching.locator(".cell.measured .lead b")).to_have_count(2, timeout=SLOW_MS)
    watching.get_by_role("checkbox", name="digits-cnn-int8 on bench-pi: select").check()
    watching.get_by_role("checkbox", name="digits-cnn-fp32 on bench-pi: select").check()
    watching.get_by_role("button", name="Compare selected").click()
    expect(watching.locator("h1")).to_have_text("2 runs side by side")
    expect(watching.locator(".chart svg").first).to_be_visible()
    page.context.close()


def test_a_job_that_waits_for_its_device_is_cancelled_from_the_page(
    chromium: Browser, farm: Farm, watching: Page
) -> None:
    agent = farm.start_agent("bench-pi")
    expect(watching.locator("#live")).to_contain_text("1 device", timeout=SLOW_MS)
    agent.stop()
    device = farm.client.devices()[0]
    model = farm.put(BUNDLED / "digits-cnn-int8.tflite")
    campaign = farm.start([model], [device])
    expect(watching.locator(".cell")).to_contain_text("queued", timeout=SLOW_MS)
    page = chromium.new_context().new_page()
    page.goto(f"{farm.client.url}/campaigns/{campaign.campaign_id}")
    page.get_by_role("button", name="Cancel").first.click()
    expect(page.locator("#live")).to_contain_text("cancelled", timeout=SLOW_MS)
    page.context.close()
