"""People's pages in a real browser: signing in, what each role is offered, axe on the new pages, a phone's width."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store.writer import SqliteWriter
from tests.browser.conftest import running
from tests.browser.test_pages_in_chromium import AXE, VIOLATIONS, Scheme, looking
from tests.browser.test_recorded_in_chromium import BUTTONS
from tests.hub import fleet
from tests.hub import people_cases as cases
from tests.ports import free_port

pytestmark = pytest.mark.browser

DEVICE = f"/devices/{fleet.device_id(1)}"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("people")
    cases.add_people(data)
    with closing(SqliteWriter(data / DATABASE)) as writer:
        fleet.fill(writer, fleet.typical())
    cases.add_token(data, "ci", "run")
    settings = HubSettings(data=data, port=free_port(), token=cases.TOKEN)
    with running(create_app(settings), settings.port) as address:
        yield address


def sign_in(page: Page, url: str, name: str, onward: str) -> None:
    page.goto(f"{url}{onward}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(cases.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(".who")).to_contain_text(name)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_new_pages_break_no_rule_that_axe_knows_and_fit(
    chromium: Browser, url: str, width: int, scheme: Scheme
) -> None:
    found: list[str] = []
    with looking(chromium, width, scheme) as (page, complaints):
        page.goto(f"{url}/sign-in")
        for path in ("", "/settings/people", "/audit"):
            if path == "/settings/people":
                sign_in(page, url, "ada", path)
            elif path:
                page.goto(url + path)
            page.evaluate(AXE)
            found += [f"{path}: {violation}" for violation in page.evaluate(VIOLATIONS)]
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert complaints == []
    assert not found, "\n".join(found)


def test_a_viewer_sees_no_button_but_ones_own_and_an_operator_none_of_an_admin(chromium: Browser, url: str) -> None:
    admins = re.compile("Delete|Add account|Make token|Save$")
    for name, is_wrong in (("vera", re.compile("")), ("otto", admins)):
        with looking(chromium) as (page, complaints):
            sign_in(page, url, name, "/")
            for path in ("/", "/jobs", "/settings", "/families", "/sets", DEVICE):
                page.goto(url + path)
                found: list[tuple[str, bool]] = page.evaluate(BUTTONS)
                shown = [text for text, is_visible in found if is_visible and text != "Sign out"]
                assert [text for text in shown if is_wrong.match(text)] == [], path
            assert page.locator('input[name="price_usd"]').is_disabled() == (name == "vera")
            assert complaints == []


def test_an_admin_makes_an_account_that_signs_in_and_is_signed_out_again(chromium: Browser, url: str) -> None:
    with looking(chromium) as (page, _), looking(chromium) as (other, _):
        sign_in(page, url, "ada", "/settings/people")
        accounts = page.locator("section", has=page.get_by_role("heading", name="Accounts"))
        accounts.get_by_label("Name", exact=True).fill("max")
        accounts.get_by_label("Password", exact=True).fill(cases.PASSWORD)
        accounts.get_by_role("button", name="Add account").click()
        expect(page.get_by_role("status").filter(has_text="added")).to_be_visible()
        sign_in(other, url, "max", "/jobs")
        page.reload()
        page.get_by_role("button", name=re.compile("^Sign out max, Chrome")).click()
        other.reload()
        expect(other.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_the_token_is_shown_once_to_be_copied(chromium: Browser, url: str) -> None:
    with looking(chromium) as (page, _):
        sign_in(page, url, "ada", "/settings/people")
        tokens = page.locator("section", has=page.get_by_role("heading", name="API tokens"))
        tokens.get_by_label("Name").fill("laptop")
        tokens.get_by_role("button", name="Make token").click()
        expect(tokens.locator("pre")).to_have_text(re.compile(r"^ept_[\w-]{43}$"))
        page.goto(f"{url}/settings/people")
        expect(tokens.locator("pre")).to_have_count(0)
        page.goto(f"{url}/audit?action=token.add")
        expect(page.get_by_role("row").filter(has_text="laptop")).to_contain_text("ada")
