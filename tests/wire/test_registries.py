"""The closed lists of the contract agree with each other and with the docs."""

from pathlib import Path
from typing import get_args

import pytest

from edgeprof.wire import codec, failures, metrics, topics

DOCS = Path(__file__).parents[2] / "docs"
UNITS = ("_ms", "_per_s", "_mib", "_j", "_w", "_usd", "_percent", "_per_h", "_nats")


def test_every_topic_class_has_a_message_type() -> None:
    assert set(codec.MESSAGE_TYPES) == set(topics.UPWARD) | set(topics.DOWNWARD)


def test_every_failure_code_has_a_meaning() -> None:
    assert set(failures.MEANING) == set(get_args(failures.FailureCode))


def test_a_metric_with_a_unit_carries_it_in_its_name() -> None:
    assert all(item.name.endswith(UNITS) for item in metrics.METRICS.values() if item.unit)


@pytest.mark.parametrize("name", [*topics.UPWARD, *topics.DOWNWARD, *failures.FAILURE_CODES])
def test_every_topic_and_failure_code_is_documented(name: str) -> None:
    assert f"`{name}`" in (DOCS / "wire.md").read_text()


@pytest.mark.parametrize("name", sorted(metrics.METRICS))
def test_every_metric_is_documented(name: str) -> None:
    page = "quality.md" if metrics.METRICS[name].scope == "quality" else "measuring.md"
    assert f"`{name}`" in (DOCS / page).read_text()
