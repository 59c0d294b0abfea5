"""Which runs leave slow tests out: those of folders below `tests`, and no other."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.conftest import leaves_out_slow

PROJECT = Path(__file__).parents[1]
SLOW_FILE = "tests/statistics/test_simulated_truth.py"


def config(arguments: list[str], slow: bool = False, markers: str = "not full") -> pytest.Config:
    """What pytest makes of these arguments, as far as the rule reads it."""
    source = pytest.Config.ArgsSource.ARGS if arguments else pytest.Config.ArgsSource.TESTPATHS
    fields = {
        "getoption": {"--slow": slow}.__getitem__,
        "option": SimpleNamespace(markexpr=markers),
        "args_source": source,
        "args": arguments or ["tests"],
        "invocation_params": SimpleNamespace(dir=PROJECT),
    }
    return cast(pytest.Config, SimpleNamespace(**fields))


@pytest.mark.parametrize("arguments", [["tests/statistics"], ["tests/wire", "tests/statistics/"]])
def test_a_run_of_folders_leaves_slow_tests_out(arguments: list[str]) -> None:
    assert leaves_out_slow(config(arguments))


@pytest.mark.parametrize(
    "arguments",
    [[], ["tests"], ["."], [SLOW_FILE], [f"{SLOW_FILE}::test_real_effects_are_shown"], ["tests/wire", SLOW_FILE]],
)
def test_a_whole_run_and_a_named_file_have_them(arguments: list[str]) -> None:
    assert not leaves_out_slow(config(arguments))


def test_an_option_and_a_marker_bring_them_back() -> None:
    assert not leaves_out_slow(config(["tests/statistics"], slow=True))
    assert not leaves_out_slow(config(["tests/statistics"], markers="slow"))


def test_the_simulations_are_slow_and_exist() -> None:
    assert "pytestmark = pytest.mark.slow" in (PROJECT / SLOW_FILE).read_text()
