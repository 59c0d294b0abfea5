"""`set.json` as it lies on disk: every field of the right type, and each checked as far as it can be alone. Pure."""

import json
import re
from collections import Counter
from typing import Any, cast

from edgeprof.errors import EdgeprofError
from edgeprof.quality.evaluation_set import FACTS_FILE, SetFacts
from edgeprof.quality.sets.template import check_template, missing_slot
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire.identity import canonical_json

DOMAINS = ("vision", "audio", "sensor", "language")
MAX_FACTS_BYTES = 4 << 20
MAX_NAME_CHARS = 100

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
"""The form of a BCP 47 tag; whether the language exists is not checked."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def parse_facts(data: bytes, place: str = FACTS_FILE) -> SetFacts:
    """The facts in the bytes of a `set.json`; `place` names it in errors. Raises EdgeprofError."""
    if len(data) > MAX_FACTS_BYTES:
        raise _bad(place, f"{len(data):,} bytes are more than the {MAX_FACTS_BYTES:,} allowed. Shorten it.")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _bad(place, f"not JSON: {error}. Write one JSON object.") from None
    if not isinstance(document, dict):
        raise _bad(place, "not a JSON object. Write one with `name`, `task` and `domain`.")
    facts = _typed(document, place)  # pyright: ignore[reportUnknownArgumentType]
    check_facts(facts, place)
    return facts


def check_facts(facts: SetFacts, place: str = FACTS_FILE) -> None:
    """Raises EdgeprofError for facts that no set can have: `unknown_task`, `bad_template` or `bad_set`."""
    for name, value in vars(facts).items():
        try:
            canonical_json(value)
        except (ValueError, TypeError, RecursionError) as error:
            raise _bad(place, f"`{name}` is not plain JSON: {error}.") from None
    if not facts.name.strip() or len(facts.name) > MAX_NAME_CHARS or not facts.name.isprintable():
        raise _bad(place, f"`name` must have 1 to {MAX_NAME_CHARS} printable characters.")
    check_task(facts.task, place)
    if facts.domain not in DOMAINS:
        raise _bad(place, f"unknown domain {facts.domain!r}. Domains: {', '.join(DOMAINS)}.")
    if facts.language and not _LANGUAGE.fullmatch(facts.language):
        raise _bad(place, f"{facts.language!r} is not a BCP 47 language tag. Write it as `en` or `pt-BR`.")
    if facts.parent and not _SHA256.fullmatch(facts.parent):
        raise _bad(place, "`parent` is not a set's id. Use its 64 hexadecimal digits.")
    for name, times in Counter(facts.classes).items():
        if not name.strip() or times > 1:
            raise _bad(place, f"`classes` holds {name!r}{' twice' * (times > 1)}. Give each class a name of its own.")
    if facts.template:
        _check_examples(facts, check_template(facts.template, place), place)


def check_task(task: str, place: str) -> None:
    """Raises EdgeprofError `unknown_task` that lists the tasks."""
    if task not in TASKS:
        raise EdgeprofError("unknown_task", f"{place}: unknown task {task!r}. Tasks: {', '.join(sorted(TASKS))}.")


def _check_examples(facts: SetFacts, slots: tuple[str, ...], place: str) -> None:
    """Examples of a few-shot prompt fill the template as items do."""
    examples = facts.preparation.get("examples", [])
    if not isinstance(examples, list):
        raise _bad(place, "`preparation.examples` must be a list of objects.")
    for number, example in enumerate(cast("list[Any]", examples)):
        if not isinstance(example, dict):
            raise _bad(place, f"`preparation.examples[{number}]` is not an object.")
        if slot := missing_slot(slots, cast("dict[str, Any]", example)):
            raise _bad(place, f"`preparation.examples[{number}]` has no field {slot!r} for the template's slot.")


def _typed(document: dict[str, Any], place: str) -> SetFacts:
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name not in SetFacts.__dataclass_fields__:
            known = ", ".join(SetFacts.__dataclass_fields__)
            raise _bad(place, f"unknown field {name!r}. Fields: {known}.")
        if name == "classes":
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):  # pyright: ignore[reportUnknownVariableType]
                raise _bad(place, "`classes` must be a list of texts.")
            value = tuple(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        elif not isinstance(value, dict if name == "preparation" else str):
            raise _bad(place, f"`{name}` must be {'an object' if name == 'preparation' else 'a text'}.")
        values[name] = value
    for name in ("name", "task", "domain"):
        if name not in values:
            raise _bad(place, f"`{name}` is missing.")
    return SetFacts(**values)


def _bad(place: str, sentence: str) -> EdgeprofError:
    return EdgeprofError("bad_set", f"{place}: {sentence}")
