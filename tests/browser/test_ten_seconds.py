"""docs/ten-seconds.md: ten questions whose answers are readable on the first screen, on a desktop and on a phone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import home_fleet
from tests.browser.conftest import StartHub, serving

pytestmark = pytest.mark.browser

SIZES = {"wide": (1280, 1000), "phone": (390, 844)}


@dataclass(frozen=True)
class Question:
    """Its answer is the text of `place` that matches `answer`."""

    number: int
    place: str
    answer: str


DECIDED = (
    Question(1, ".card .pick", r"Pick\s+digits-cnn lite int8\s+with litert"),
    Question(2, ".card .card-head", r"digits-cnn.*pi5-kitchen.*Raspberry Pi 5"),
    Question(3, ".card .big", r"0\.199.ms\s+p50"),
    Question(4, ".card .big small", r"95.%.0\.197–0\.201"),
    Question(5, ".card .next", r"1\.28× as fast as digits-cnn int8; of 3 measured variants"),
    Question(6, ".card .belief", r"firm\s+Intervals are apart, 4 runs each agree, no badge\."),
    Question(8, ".card .card-facts", r"quality\s*not measured"),
    Question(9, ".card .card-facts", r"cost\s*\$0\.0731 per 1,000 inferences.*break-even"),
    Question(10, ".card .card-facts", r"memory\s*58\.2 MiB peak"),
    Question(10, "h1", r"2 failed"),
)
BUSY = (
    Question(1, ".card .pick", r"Leader so far\s+digits-cnn lite int8"),
    Question(6, ".card .belief", r"open\s+The leaders' intervals overlap"),
    Question(7, ".card .remedy", r"Repeat interleaved\."),
    Question(7, ".card form button", r"Repeat 2 interleaved, about 40 s"),
)
FORTY = (
    Question(1, ".card .pick", r"(Pick|Leader so far)\s+synthetic-"),
    Question(2, ".card .card-head", r"synthetic-.*synthetic-0"),
    Question(3, ".card .big", r"\d.*(ms|tokens/s)"),
    Question(5, ".card .next", r"\d× (as fast as|the decode rate of)"),
    Question(6, ".card .belief", r"(firm|likely|open)"),
    Question(8, ".card .card-facts", "quality"),
    Question(10, "h1", r"Shown: 20 of 40 devices"),
)


@pytest.fixture(scope="module")
def urls(start_hub: StartHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("forty")
    home_fleet.forty(folder)
    with serving(folder) as forty:
        yield {"decided": start_hub(home_fleet.decided()), "busy": start_hub(home_fleet.busy()), "forty": forty}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("fleet", "questions"), [("decided", DECIDED), ("busy", BUSY), ("forty", FORTY)])
def test_the_first_screen_answers(
    chromium: Browser, urls: dict[str, str], size: str, fleet: str, questions: tuple[Question, ...]
) -> None:
    width, height = SIZES[size]
    page = chromium.new_page(viewport={"width": width, "height": height})
    page.goto(urls[fleet])
    missing = [each for each in questions if not answered(page, each, width, height)]
    page.close()
    assert missing == []


def answered(page: Page, question: Question, width: int, height: int) -> bool:
    """Whether the first such place holds the answer and lies on the screen as a whole."""
    place = page.locator(question.place).first
    box, text = place.bounding_box(), re.sub(r"\s+", " ", place.inner_text())
    if box is None or not re.search(question.answer, text, re.IGNORECASE):
        return False
    inside = box["x"] >= 0 and box["y"] >= 0 and box["x"] + box["width"] <= width + 1
    return inside and box["y"] + box["height"] <= height and box["height"] >= 10


def test_the_page_asks_all_ten_questions_of_the_document() -> None:
    asked = {each.number for each in (*DECIDED, *BUSY)}
    assert asked == set(range(1, 11))
