"""The hub's pages in a real Chromium: the lines of "Add a device", and how long the fleet and the comparison take."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.conftest import find_program

SIZES = {"wide": (1280, 1000), "phone": (390, 844)}
SCHEMES = ("light", "dark")
PAGES = {"fleet": "/fleet", "comparison": "/"}
VISITS = 5


@dataclass(frozen=True)
class Look:
    """One page: the first visit with an empty cache, the median of later ones, and what it weighs."""

    page: str
    first_s: float
    later_s: float
    html_kb: float
    named: int
    """Boards whose name stands in the page."""


class Reader:
    """A person who has signed in."""

    def __init__(self, browser: Browser, url: str, token: str) -> None:
        self._browser, self._url, self._token = browser, url, token
        self._page = self._signed_in("wide", "light")

    def lines(self, number: int) -> Iterator[str]:
        """So many lines of "Add a device", one for each click."""
        self._page.goto(f"{self._url}/add-device")
        for _ in range(number):
            self._page.get_by_role("button", name="Make").click()
            yield self._page.locator("#join-line").inner_text()

    def look(self, name: str, boards: tuple[str, ...]) -> Look:
        """From the request to the page's `load`."""
        page = self._signed_in("wide", "light")
        took_s: list[float] = []
        for _ in range(1 + VISITS):
            began_s = time.monotonic()
            page.goto(self._url + PAGES[name], wait_until="load")
            took_s.append(time.monotonic() - began_s)
        html = page.content()
        page.context.close()
        later_s = sorted(took_s[1:])[VISITS // 2]
        return Look(name, took_s[0], later_s, len(html.encode()) / 1e3, sum(board in html for board in boards))

    def pictures(self, name: str, folder: Path) -> None:
        """In the four forms."""
        folder.mkdir(parents=True, exist_ok=True)
        for size in SIZES:
            for scheme in SCHEMES:
                page = self._signed_in(size, scheme)
                page.goto(self._url + PAGES[name], wait_until="load")
                page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=True)
                page.context.close()

    def _signed_in(self, size: str, scheme: str) -> Page:
        width, height = SIZES[size]
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            ignore_https_errors=True,  # a person accepts the hub's own CA once
        )
        page = context.new_page()
        page.goto(f"{self._url}/sign-in")
        page.get_by_label("Token").fill(self._token)
        page.get_by_role("button", name="Sign in").last.click()
        return page


@contextmanager
def reader(url: str, token: str) -> Generator[Reader]:
    """Chromium, in the namespace of this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_program("chromium"), args=list(ARGUMENTS))
        yield Reader(browser, url, token)
        browser.close()
