"""An item or a preparation that no rule foresees is named with its place, as any other."""

from dataclasses import replace
from typing import Any

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.sets.checks import ItemChecks

FACTS = SetFacts(name="s", task="exact-match", domain="language", template="{prompt}")
ANSWER: Item = {"id": "1", "prompt": "?", "target": "a"}


@pytest.mark.parametrize("test", ["-" * 200_000 + "1", "+".join(["1"] * 200_000)])
def test_code_that_python_cannot_take(test: str) -> None:
    item: Item = {"id": "1", "prompt": "def f():", "test": test, "entry_point": "f"}
    with pytest.raises(EdgeprofError, match=r"items\.jsonl:1: .* cannot be used"):
        ItemChecks(replace(FACTS, task="code")).check(item, "items.jsonl:1")


@pytest.mark.parametrize(
    "preparation",
    [
        {"normalize": 5},
        {"extract": [{"name": "a", "pattern": "(?:" * 3000 + ")" * 3000}]},
        {"extract": [{"name": "a", "pattern": "a{99999999999999999999}"}]},
    ],
)
def test_a_preparation_of_another_kind(preparation: dict[str, Any]) -> None:
    with pytest.raises(EdgeprofError, match=r"items\.jsonl:1: .* cannot be used"):
        ItemChecks(replace(FACTS, preparation=preparation)).check(ANSWER, "items.jsonl:1")
