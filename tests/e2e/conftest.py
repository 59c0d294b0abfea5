"""One hub with one agent for all tests of a module, and the models that we ship."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.farm import Farm

BUNDLED = Path(__file__).parents[2] / "model_exports" / "edgeprof_exports" / "bundled"


@pytest.fixture
def bundled() -> Path:
    return BUNDLED


@pytest.fixture
def empty_farm(tmp_path: Path) -> Iterator[Farm]:
    """Nothing runs yet."""
    farm = Farm(tmp_path)
    yield farm
    farm.stop()


@pytest.fixture
def farm(empty_farm: Farm) -> Farm:
    """A hub and the agent `alpha`, online."""
    empty_farm.start_hub()
    empty_farm.start_agent("alpha")
    empty_farm.device("alpha")
    return empty_farm
