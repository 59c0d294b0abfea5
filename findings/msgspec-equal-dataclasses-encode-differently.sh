#!/usr/bin/env bash
# Guess:   two equal dataclass objects have the same JSON, whether built by their constructor or decoded.
# Reality: msgspec leaves a plain default on the class when it decodes a dataclass without that field. The object reads
#          and compares as one with the default, but encoding it again leaves the field out. With slots=True it is there.
# Version: msgspec 0.22.0. Source: seen by running.
# Hurts:   whoever decodes, keeps and sends on to an older reader that requires the field, or hashes what was encoded.
set -euo pipefail
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check msgspec==0.22.0 2>/dev/null
cat >"$t/one.py" <<'P'
from dataclasses import dataclass

import msgspec


@dataclass
class Plain:
    count: int = 1


@dataclass(slots=True)
class Slotted:
    count: int = 1


for kind in (Plain, Slotted):
    built, decoded = kind(), msgspec.json.decode(b"{}", type=kind)
    assert built == decoded
    print(kind.__name__, msgspec.json.encode(built).decode(), msgspec.json.encode(decoded).decode())
P
seen=$("$t/v/bin/python" "$t/one.py")
echo "msgspec 0.22.0: class, JSON of Class(), JSON of the equal object that was decoded from {}"
echo "$seen"
[ "$seen" = 'Plain {"count":1} {}
Slotted {"count":1} {"count":1}' ] || { echo CHANGED; exit 1; }
echo "as described: equal objects, different JSON"
