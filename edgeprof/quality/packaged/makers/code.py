"""HumanEval: as programs to complete, and as solutions to find by their description."""

import ast
import json
from collections.abc import Iterator, Sequence
from typing import Any

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.packaged.makers.base import Made, scattered, unpacked
from edgeprof.quality.packaged.recipe import SetRecipe


def programs(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """`prompt`, `test` and `entry_point`, as they are."""
    items: list[Item] = [
        {
            "id": case["task_id"].replace("/", "-"),
            "prompt": case["prompt"],
            "test": case["test"],
            "entry_point": case["entry_point"],
        }
        for case in _cases(members[0])
    ]
    return Made(scattered(items, recipe))


def descriptions(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """`text`, a function's description without its examples, and `relevance`: its solution."""
    cases = {case["task_id"].replace("/", "-"): case for case in _cases(members[0])}
    items: list[Item] = [
        {"id": name, "text": _description(case), "relevance": {name: 1}} for name, case in cases.items()
    ]
    documents = {name: case["canonical_solution"].strip("\n") for name, case in cases.items()}
    return Made(scattered(items, recipe), preparation={"documents": documents})


def _description(case: dict[str, Any]) -> str:
    tree = ast.parse(case["prompt"] + case["canonical_solution"])
    functions = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == case["entry_point"]]
    texts = (each.value for each in functions[0].body if isinstance(each, ast.Expr))  # one stands below an import
    text = next(str(each.value) for each in texts if isinstance(each, ast.Constant))
    return " ".join(text.partition(">>>")[0].split())


def _cases(member: bytes) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in unpacked(member).decode().splitlines() if line.strip())
