"""What all tests share: missing programs skip by marker, are named at the end, and can be made a failure."""

import os
import shutil
from collections.abc import Iterator

import pytest

from edgeprof.privacy import NO_TELEMETRY

os.environ.update(NO_TELEMETRY)  # before any test imports a runtime

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
PROGRAMS = {"mosquitto": "mosquitto", "browser": "chromium", "prometheus": "prometheus"}


def find_program(name: str) -> str | None:
    """A program on PATH or where Debian keeps daemons."""
    return shutil.which(name) or shutil.which(name, path=SBIN)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="A skipped test makes the run fail.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker, program in PROGRAMS.items():
            if item.get_closest_marker(marker) and find_program(program) is None:
                item.add_marker(pytest.mark.skip(reason=f"{program} is not installed"))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter else 0
    if skipped and session.config.getoption("--no-skips") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = len(terminalreporter.stats.get("skipped", []))
    if skipped:
        verdict = " and skips are forbidden here: this run FAILS" if config.getoption("--no-skips") else ""
        terminalreporter.write_line(f"{skipped} tests were skipped for a missing part (named above){verdict}.")
