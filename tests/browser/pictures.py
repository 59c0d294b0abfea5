"""Takes the pictures in `docs/pictures` from a hub that serves: `python -m tests.browser.pictures URL FOLDER`.

Each page in four looks: wide and phone, light and dark. Start `./scripts/demo` on a quiet machine first.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import msgspec
from playwright.sync_api import sync_playwright

from edgeprof.client import HubClient
from edgeprof.wire import rest
from tests.browser.conftest import ARGUMENTS
from tests.conftest import find_program

SIZES = {"wide": (1280, 1000), "phone": (390, 844)}
SCHEMES = ("light", "dark")


def pages(client: HubClient) -> Iterator[tuple[str, str]]:
    """Name and address of each page that this hub can show."""
    yield "compare", "/"
    yield "flash", "/flash"
    yield "jobs", "/jobs"
    yield "families", "/families"
    yield "settings", "/settings"
    yield "ready", "/ready?level=100+frames/s,+p95+under+20+ms,+200+MiB"
    measured = [cell for cell in client.compare().cells if cell.result_id and cell.state == "measured"]
    if not measured:
        return
    cell = measured[0]
    yield "run", f"/runs/{cell.result_id}"
    yield "device", f"/devices/{cell.device_id}"
    yield "model", f"/models/{cell.model_id}"
    yield "history", f"/cells/{cell.device_id}/{cell.model_id}/{cell.config_key}"
    if priced := [one for one in measured if one.cost is not None]:
        yield "cost", f"/cost/{priced[0].result_id}"
    if len(pair := [one for one in measured if one.device_id == cell.device_id][:2]) == 2:
        yield "beside", "/side-by-side?" + "&".join(f"run={one.result_id}" for one in pair)
    if job_id := client.result(str(cell.result_id)).result.job_id:
        with urlopen(f"{client.url}/api/v1/jobs/{job_id}") as answer:
            yield "campaign", f"/campaigns/{msgspec.json.decode(answer.read(), type=rest.JobRecord).campaign_id}"


def main(url: str, folder: Path) -> None:
    """Overwrites the pictures of the pages that this hub can show."""
    client = HubClient(url)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_program("chromium"), args=list(ARGUMENTS))
        for name, address in pages(client):
            for size, (width, height) in SIZES.items():
                for scheme in SCHEMES:
                    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                    page.goto(url + address, wait_until="load")
                    page.screenshot(path=folder / f"{name}-{size}-{scheme}.png")
                    page.close()
            print(f"{name}: {address}")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
