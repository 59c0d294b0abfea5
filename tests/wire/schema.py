"""The JSON Schema of every message of the wire: today's, from its types, and the one kept of a released version.

`python -m tests.wire.schema` records today's as that of the current wire version; docs/versioning.md says when.
"""

import json
import sys
from pathlib import Path
from typing import Any, cast

import msgspec

from edgeprof.wire import WIRE_VERSION, codec
from edgeprof.wire import messages as m
from tests.wire.compatibility import refusals

Schemas = dict[str, dict[str, Any]]
"""The schema of each type by its name; `$ref` is `#/$defs/NAME`."""

MESSAGES = (*codec.MESSAGE_TYPES.values(), m.Bootstrap, m.Hello)
NAMES = tuple(kind.__name__ for kind in MESSAGES)


def schemas_of_today() -> Schemas:
    """From the types themselves. Descriptions are left out: a better sentence changes no message."""
    _, components = msgspec.json.schema_components(MESSAGES, ref_template="#/$defs/{name}")
    return {name: _without_words(schema) for name, schema in sorted(components.items())}


def _without_words(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("description", "title")}


def file_of(version: int) -> Path:
    """Where the schema of a released wire version is kept."""
    return Path(__file__).parent / "released" / f"v{version}.schema.json"


def released_schemas(version: int = WIRE_VERSION) -> Schemas:
    """Raises FileNotFoundError where that version has none."""
    return cast(Schemas, json.loads(file_of(version).read_text())["$defs"])


def record() -> int:
    """Write today's schema, unless messages of the recorded one would no longer be understood."""
    today, file = schemas_of_today(), file_of(WIRE_VERSION)
    if file.exists():
        released = released_schemas()
        broken = [*refusals(released, today, NAMES), *refusals(today, released, NAMES)]
        if broken := [refusal for refusal in broken if refusal.kind != "word"]:
            print(f"Not recorded: this is another wire than released version {WIRE_VERSION}.", file=sys.stderr)
            print("\n".join(str(refusal) for refusal in broken), file=sys.stderr)
            return 1
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": today}
    file.write_text(json.dumps(document, indent=1) + "\n")
    print(f"Recorded {file.relative_to(Path.cwd())}.")
    return 0


if __name__ == "__main__":
    sys.exit(record())
