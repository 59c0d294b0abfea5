"""The inputs of the page's form, made from the fields of a run request, and what was typed into them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast, get_origin

import msgspec

from edgeprof.errors import UsageError
from edgeprof.wire import named_values, rest
from edgeprof.wire.run_field import Described, FormInput, fields_of
from edgeprof.wire.run_request import RunProtocol

_MAX_DIGITS = 16


@dataclass(frozen=True)
class InputView:
    """One input. `checked` None: it is typed into, and `value` is what it holds."""

    name: str
    label: str
    note: str
    size: int
    value: str
    numeric: bool
    checked: bool | None = None


def inputs(typed: Mapping[str, str] | None = None) -> tuple[InputView, ...]:
    """Every input, as it was typed, or at its default where nothing was sent yet."""
    return tuple(
        _input(each, form, typed) for kind in (rest.CampaignRequest, RunProtocol) for each, form in _offered(kind)
    )


def campaign_of(
    typed: Mapping[str, str],
    models: tuple[str, ...],
    devices: tuple[str, ...],
    groups: tuple[str, ...],
    sets: tuple[str, ...] = (),
) -> rest.CampaignRequest:
    """What the form asks for; what it does not offer stays at its default. Raises UsageError: bad_number."""
    values: dict[str, object] = {"model_ids": models, "device_ids": devices, "groups": groups, "evaluation_sets": sets}
    protocol = msgspec.convert(_values(RunProtocol, typed), RunProtocol)
    return msgspec.convert(
        {**values, **_values(rest.CampaignRequest, typed), "protocol": protocol}, rest.CampaignRequest
    )


def _offered(kind: type) -> Iterator[tuple[Described, FormInput]]:
    return ((each, each.known.form) for each in fields_of(kind) if each.known.form is not None)


def _input(each: Described, form: FormInput, typed: Mapping[str, str] | None) -> InputView:
    checked = None
    if each.type is bool:
        checked = bool(each.default if typed is None else typed.get(each.name))
    shown = f"{each.default:g}" if isinstance(each.default, (int, float)) else str(each.default or "")
    if get_origin(each.type) is dict:
        shown = named_values.spelled(cast(dict[str, object], each.default))
    value = "yes" if each.type is bool else (typed or {}).get(each.name, shown)
    return InputView(each.name, form.label, form.note, form.size, value, each.type in (int, float), checked)


def _values(kind: type, typed: Mapping[str, str]) -> dict[str, object]:
    """A box that is not ticked is not sent."""
    return {
        each.name: _value(each, form, typed.get(each.name, ""))
        for each, form in _offered(kind)
        if each.type is bool or each.name in typed
    }


def _value(each: Described, form: FormInput, text: str) -> object:
    if each.type is bool:
        return bool(text)
    if each.type is str:
        return text.strip()
    if get_origin(each.type) is dict:
        return _mapping(each, form, text)
    if each.type is int and not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise UsageError("bad_number", f"{form.label}: {text!r} is not a whole number.")
    try:
        return each.type(text)
    except ValueError:
        raise UsageError("bad_number", f"{form.label}: {text!r} is not a number.") from None


def _mapping(each: Described, form: FormInput, text: str) -> dict[str, object]:
    """`batch=1; held=128`"""
    texts = [part.strip() for part in text.split(";") if part.strip()]
    try:
        return named_values.parse(texts, named_values.kind_of(each.type))
    except ValueError as error:
        raise UsageError(each.known.code, f"{form.label}: {error}") from None
