"""What all tests share: missing programs skip by marker, are named at the end, and can be made a failure.

Slow tests run in a whole run, with `--slow`, and where their own file is named. Chosen folders leave them out.
"""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof.privacy import NO_TELEMETRY

os.environ.update(NO_TELEMETRY)  # before any test imports a runtime

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
TESTS = Path(__file__).parent
MAX_OPEN_FILES = 256
PROGRAMS = {
    "bwrap": "bwrap",
    "mosquitto": "mosquitto",
    "browser": "chromium",
    "prometheus": "prometheus",
    "strace": "strace",
}


def find_program(name: str) -> str | None:
    """A program on PATH or where Debian keeps daemons."""
    return shutil.which(name) or shutil.which(name, path=SBIN)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="A skipped test makes the run fail.")
    parser.addoption("--slow", action="store_true", help="Run tests marked slow in a run of chosen folders, too.")


def pytest_report_header(config: pytest.Config) -> str | None:
    return "tests marked slow are left out; --slow runs them" if leaves_out_slow(config) else None


def leaves_out_slow(config: pytest.Config) -> bool:
    """Whether nothing but folders below `tests` was chosen, and nobody asked for slow tests by option or marker."""
    if config.getoption("--slow") or "slow" in config.option.markexpr:
        return False
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return False
    chosen = [(config.invocation_params.dir / arg.partition("::")[0]).resolve() for arg in config.args]
    return all(path.is_dir() and TESTS in path.parents for path in chosen)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if leaves_out_slow(config):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
    for item in items:
        for marker, program in PROGRAMS.items():
            if item.get_closest_marker(marker) and find_program(program) is None:
                item.add_marker(pytest.mark.skip(reason=f"{program} is not installed"))


def pytest_runtest_logfinish() -> None:
    """Let go of what ended clients still hold: paho waits with `select`, which fails from file 1,024 on."""
    if sys.platform == "linux" and len(os.listdir("/proc/self/fd")) > MAX_OPEN_FILES:
        gc.collect()


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
