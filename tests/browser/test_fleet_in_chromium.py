"""The page of the fleet in a real browser: usable on a phone, within axe's rules, live, and selecting a whole page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from edgeprof.wire.vitals import Vitals
from edgeprof_hub.events import Change
from edgeprof_hub.store import fleet as store_fleet
from tests.browser.test_jobs_in_chromium import SMALL_TARGETS
from tests.browser.test_pages_in_chromium import AXE, VIOLATIONS, Scheme, looking
from tests.hub import fleet
from tests.hub.live import Live, serving

pytestmark = pytest.mark.browser
HOT = Vitals(temperature_c=82.0, disk_free_mib=300.0, throttle_flags=("under_voltage",), quarantined_results=1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serving(tmp_path_factory.mktemp("hub")) as live:
        live.hub.writer.call(lambda store: fleet.fill(store, fleet.typical()))
        for number in (1, 2):
            of = fleet.device_id(number)
            live.hub.writer.call(
                lambda store, of=of: store.change(lambda db: store_fleet.save_vitals(db, of, HOT, fleet.NOW_S))
            )
        yield live


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_the_fleet_breaks_no_rule_and_fits(chromium: Browser, served: Live, width: int, scheme: Scheme) -> None:
    with looking(chromium, width, scheme) as (page, complaints):
        page.goto(f"{served.url}/fleet?state=trouble&sort=disk")
        page.evaluate(AXE)
        assert page.evaluate(VIOLATIONS) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(SMALL_TARGETS) == []
        assert complaints == []


def test_a_whole_page_is_ticked_tagged_and_a_change_shows_without_a_reload(chromium: Browser, served: Live) -> None:
    with looking(chromium) as (page, complaints):
        page.goto(f"{served.url}/fleet")
        expect(page.locator("#live-state")).to_have_text("live")
        page.get_by_label("Select every device of this page").check()
        count = page.locator('td input[name="device"]:checked').count()
        assert count == len(served.client.devices())
        page.get_by_label("Tag or group").fill("bench")
        page.get_by_role("button", name="Add tag").click()
        expect(page.locator(".done")).to_have_text(f"{count} devices tagged.")
        expect(page.get_by_role("link", name="bench", exact=True)).to_have_count(count)
        of = fleet.device_id(1)
        served.hub.writer.call(lambda store: store.rename_device(of, "renamed-pi"))
        served.hub.events.publish([Change("device", of)])
        expect(page.get_by_role("link", name="renamed-pi")).to_be_visible()
        assert complaints == []
