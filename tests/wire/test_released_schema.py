"""Today's messages are those of the released wire version: an older hub reads them, and an older agent's are read.

The schema of the released version is kept in `released/`. docs/versioning.md says when a new one is recorded.
"""

import copy
import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from edgeprof.wire import WIRE_VERSION, codec
from edgeprof.wire import messages as m
from tests.wire.compatibility import refusals
from tests.wire.schema import NAMES, Schemas, file_of, released_schemas, schemas_of_today
from tests.wire.test_released import FILES, message_class

RESULT = next(file for file in FILES if file.stem == "result")
NEW_WORDS = {
    "Failure.code": "the agent replaces it: edgeprof/wire/words.py",
    "Failure.stage": "the agent replaces it",
    "RuntimeFact.formats": "the agent leaves it out",
    "Timing.window_end": "the agent replaces it",
    "TrustMark.cause": "the agent makes it a note",
    "ModelRef.format": "the hub sends it in jobs only, and an older agent refuses such a job with a sentence",
}
"""`Type.field` -> why its new words may be sent although the last release refuses them."""

REMEDY = "Raise WIRE_VERSION, or keep sending it as it was (docs/versioning.md)."
READ_REMEDY = "Give the field a default and go on reading it as it was, or raise WIRE_VERSION (docs/versioning.md)."


def problems(released: Schemas, today: Schemas) -> list[str]:
    """One sentence for each thing that one of the two builds refuses from the other."""
    newer_sends = [
        f"Released readers refuse {refusal}. {REMEDY}"
        for refusal in refusals(today, released, NAMES)
        if not (refusal.kind == "word" and refusal.where in NEW_WORDS)
    ]
    return newer_sends + [f"Today's code refuses {r}. {READ_REMEDY}" for r in refusals(released, today, NAMES)]


def built(value: Any) -> Any:
    """The same as its constructors build it. What msgspec decoded lacks defaults when it is encoded again."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{field.name: built(getattr(value, field.name)) for field in fields(value)})
    return tuple(built(item) for item in cast(tuple[Any, ...], value)) if isinstance(value, tuple) else value


def written_today(kind: str, file: Path) -> dict[str, Any]:
    """A recorded message, as today's code builds and encodes it."""
    return json.loads(codec.encode(built(codec.decode(kind, file.read_bytes()))))


def validation_errors(name: str, document: dict[str, Any]) -> list[str]:
    """What a public validator says about a message against the kept schema."""
    schema = {"$ref": f"#/$defs/{name}", "$defs": released_schemas()}
    validator: Any = Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(document)]


def test_the_schema_of_this_wire_version_is_kept() -> None:
    assert file_of(WIRE_VERSION).exists(), "Run: python -m tests.wire.schema"
    assert set(NAMES) <= set(released_schemas())


def test_released_and_todays_builds_understand_each_other() -> None:
    found = problems(released_schemas(), schemas_of_today())
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_today_writes_of_a_recorded_message_fits_the_kept_schema(file: Path) -> None:
    kind = message_class(file)
    assert validation_errors(codec.MESSAGE_TYPES[kind].__name__, written_today(kind, file)) == []


def test_a_message_without_a_required_field_does_not_fit() -> None:
    ack = json.loads(codec.encode(m.Ack(job_id="j", attempt=1, status="accepted")))
    assert validation_errors("Ack", ack) == []
    del ack["status"]
    assert validation_errors("Ack", ack) == ["'status' is a required property"]


def test_a_field_that_disappears_is_told_with_its_remedy() -> None:
    today = copy.deepcopy(schemas_of_today())
    del today["Result"]["properties"]["metrics"]
    assert problems(released_schemas(), today) == [
        f"Released readers refuse Result.metrics: the reader requires it, the sender lacks it. {REMEDY}"
    ]


def test_a_required_field_that_appears_is_told_with_its_remedy() -> None:
    today = copy.deepcopy(schemas_of_today())
    today["Job"]["properties"]["queue"] = {"type": "string"}
    today["Job"]["required"].append("queue")
    assert problems(released_schemas(), today) == [
        f"Today's code refuses Job.queue: the reader requires it, the sender lacks it. {READ_REMEDY}"
    ]


def test_a_new_field_with_a_default_is_no_problem() -> None:
    today = copy.deepcopy(schemas_of_today())
    today["Job"]["properties"]["queue"] = {"type": "string", "default": ""}
    assert problems(released_schemas(), today) == []


def test_a_field_that_may_now_be_null_is_a_problem_for_older_readers() -> None:
    today = copy.deepcopy(schemas_of_today())
    today["Result"]["properties"]["agent_version"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert problems(released_schemas(), today) == [
        f"Released readers refuse Result.agent_version: the sender may send null, which the reader does not take. "
        f"{REMEDY}"
    ]


def test_a_new_type_of_an_old_field_is_a_problem_either_way() -> None:
    today = copy.deepcopy(schemas_of_today())
    today["Progress"]["properties"]["attempt"] = {"type": "string"}
    assert len(problems(released_schemas(), today)) == 2


def test_a_new_word_of_a_closed_list_is_a_problem_for_older_readers_only() -> None:
    today = copy.deepcopy(schemas_of_today())
    today["Ack"]["properties"]["status"]["enum"].append("later")
    (found,) = problems(released_schemas(), today)
    assert "Ack.status: the reader does not know the word 'later'" in found


def test_a_new_word_that_the_agent_replaces_for_older_hubs_is_no_problem() -> None:
    today = copy.deepcopy(schemas_of_today())
    today["Failure"]["properties"]["code"]["enum"].append("no_driver")
    assert problems(released_schemas(), today) == []


def test_what_changes_deep_inside_is_found() -> None:
    today = copy.deepcopy(schemas_of_today())
    del today["FileRef"]["properties"]["sha256"]
    (found,) = problems(released_schemas(), today)
    assert "FileRef.sha256" in found


def test_the_first_hubs_find_the_field_that_they_require() -> None:
    """Hubs of the first days of wire version 1 refuse a result without `power`."""
    written = written_today("result", RESULT)
    assert "power" in written
    assert written["power"] is None


def test_what_the_first_agents_sent_as_power_is_still_read() -> None:
    power = {"source": "rapl", "scope": "cpu_package", "integration": "counter", "energy_j": 1.5, "window_s": 2}
    sent = json.dumps({**json.loads(RESULT.read_bytes()), "power": power}).encode()
    read = codec.decode("result", sent)
    assert isinstance(read, m.Result)
    assert read.power == power
