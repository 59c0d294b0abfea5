"""Checks a campaign request: every field within the range that the request's fields give. Pure."""

from typing import cast

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.run_field import Described, fields_of
from edgeprof.wire.run_request import RunProtocol


def check(request: rest.CampaignRequest) -> None:
    """Raises UsageError for the first value that no device could follow."""
    for document, kind in ((request, rest.CampaignRequest), (request.protocol, RunProtocol)):
        for each in fields_of(kind):
            value = getattr(document, each.name)
            if not each.known.allows(value):
                raise UsageError(each.known.code, _sentence(each, value))


def _sentence(each: Described, value: object) -> str:
    known = each.known
    if isinstance(value, dict):
        entries = cast(dict[str, object], value)
        name = known.refused_entry(entries) or ""
        return f"{_sentence(each, entries.get(name)).rstrip('.')} (of {name[:100]!r})."
    if isinstance(value, tuple):
        return f"{known.title}: at most {known.high:g}, not {len(value)}."  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, str):
        return f"{known.title} must be one line of printable text, at most {known.high:g} characters."
    if isinstance(value, float):
        return f"{known.title} must be {known.range_text('a number')}, not {value:g}."
    return f"{known.title} must be {known.range_text('a whole number')}, not {value}."
