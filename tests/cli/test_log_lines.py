"""A name from another machine cannot forge a log line, nor write to the terminal that shows the log."""

import io
import logging
from collections.abc import Iterator

import pytest

from edgeprof.log_lines import OneLine, configure, printable


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    logger = logging.Logger("of this test")
    logger.addHandler(handler)
    yield logger, stream
    handler.close()


def test_a_name_with_a_line_feed_and_an_escape_stays_within_its_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.info("job.started model=%s", "net\n2026-01-01 ERROR forged \x1b[31mred\x1b[0m\r\u202e")
    assert stream.getvalue() == (
        "INFO job.started model=net\\n2026-01-01 ERROR forged \\x1b[31mred\\x1b[0m\\r\\u202e\n"
    )


def test_a_traceback_keeps_its_lines_and_loses_its_escapes(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        raise ValueError("bad \x1b[2J name")
    except ValueError:
        logger.exception("job.internal_error")
    text = stream.getvalue()
    assert "\x1b" not in text
    assert "Traceback (most recent call last):\n" in text
    assert text.endswith("ValueError: bad \\x1b[2J name\n")


@pytest.mark.parametrize("text", ["", "plain", "Küche 厨房 №1", "a b-c_d/e.f"])
def test_names_that_can_be_read_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


def test_half_a_character_is_written_too() -> None:
    assert printable("a\ud800") == "a\\ud800"


def test_both_programs_write_this_way(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers: list[logging.Handler] = []

    def basic_config(*, level: int, handlers: list[logging.Handler] = handlers) -> None:
        given.extend(handlers)

    given: list[logging.Handler] = []
    monkeypatch.setattr(logging, "basicConfig", basic_config)
    configure(logging.INFO)
    assert [type(handler.formatter) for handler in given] == [OneLine]
