"""Which power sources can be read, and the rights that others lack."""

from collections.abc import Iterator
from pathlib import Path

from edgeprof.wire.energy import PowerScope, scope_words
from edgeprof_agent.doctor.finding import Finding
from edgeprof_agent.sensors import registry
from edgeprof_agent.sensors.rights import missing_rights

WHOLE_DEVICE: tuple[PowerScope, ...] = ("dc_input", "wall_ac", "battery_gauge")
_METER = "edgeprof agent meters --meter shelly:PREFIX@BROKER  # or tasmota:TOPIC@BROKER; see docs/external-meters.md"


def look(root: Path) -> Iterator[Finding]:
    """One finding a readable source; else one that says why there is none; and one for each missing right."""
    facts = registry.probe(root)
    found = [fact for fact in facts if fact.available]
    for fact in found:
        yield Finding("power", fact.name, "ok", f"covers {scope_words(fact.scope)}")
    if not found:
        reasons = "; ".join(f"{fact.name}: {fact.reason}" for fact in facts)
        yield Finding("power", "no source", "optional", reasons, _METER, "energy and watts")
    elif not any(fact.scope in WHOLE_DEVICE for fact in found):
        detail = "no source covers the whole device; an external meter does"
        yield Finding("power", "whole device", "optional", detail, _METER, "energy of the whole device")
    for what, mend in missing_rights(root):
        yield Finding("power", what, "optional", "no permission to read it", mend, "energy from it")
