"""The command-line options of a run request, made from its fields, and the values that they come to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, get_origin

import click

from edgeprof.commands.options import FiniteRange, sweep_options
from edgeprof.errors import UsageError
from edgeprof.wire import named_values
from edgeprof.wire.run_config import MAX_TOKENS
from edgeprof.wire.run_field import Described, Option, RunField, Surface, fields_of
from edgeprof.wire.sweep_at import SweepAt

MAX_POINTS = 64

_METAVARS: Mapping[Any, str] = {int: "N", float: "NUMBER"}
"""Shorter than click's INTEGER RANGE; the range stands in the help."""

F = TypeVar("F", bound=Callable[..., object])
Decorator = Callable[[Any], Any]


class Sweeps(NamedTuple):
    """What the options of a sweep gave. Points over shapes may take a model file to resolve, those over tokens none."""

    sweeps: tuple[str, ...]
    sweep_dims: tuple[str, ...]
    sweep_prompt_tokens: tuple[int, ...]
    sweep_depth: tuple[int, ...]

    @property
    def token_points(self) -> tuple[SweepAt, ...]:
        """Points of a language model, each axis on its own; what a point does not name is as in the run."""
        return (
            *(SweepAt(prompt_tokens=tokens) for tokens in self.sweep_prompt_tokens),
            *(SweepAt(depth_tokens=tokens) for tokens in self.sweep_depth),
        )


def run_options(
    surface: Surface, kinds: Sequence[type], choices: Mapping[str, Sequence[str]] | None = None
) -> Callable[[F], F]:
    """Adds every option of these dataclasses to a command. `choices`: the values of a field that takes no others."""
    made = [
        option
        for kind in kinds
        for each in fields_of(kind)
        if surface not in each.known.not_offered
        for option in _options(each, surface, (choices or {}).get(each.name))
    ]

    def add(command: F) -> F:
        for option in reversed(made):
            command = option(command)
        return command

    return add


def values_of(kind: type, options: Mapping[str, object]) -> dict[str, object]:
    """The fields of a dataclass that options gave; those of a sweep are left to `Sweeps`."""
    return {
        each.name: _named(each, value) if get_origin(each.type) is dict and isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType]
        for each in fields_of(kind)
        if (value := options.get(each.name)) is not None
    }


def _named(each: Described, texts: tuple[str, ...]) -> dict[str, object]:
    """A mapping from its repeated option. Raises UsageError."""
    try:
        found = named_values.parse(texts, named_values.kind_of(each.type))
    except ValueError as error:
        raise UsageError(each.known.code, str(error)) from None
    refused = each.known.refused_entry(found)
    if refused is not None:
        raise UsageError(
            each.known.code,
            f"{refused}={str(found[refused])[:40]} is out of range: {each.known.range_text('a number')}.",
        )
    return found


def sweeps_of(options: Mapping[str, object]) -> Sweeps:
    """The options of a sweep, read."""
    given: dict[str, Any] = {name: options[name] for name in Sweeps._fields}
    return Sweeps(**given)


def _options(each: Described, surface: Surface, choices: Sequence[str] | None) -> Iterator[Decorator]:
    option = each.known.option
    if option is None:
        return
    if option.by_hand:
        yield from _SWEEP
        return
    flags = [option.flags, *([option.more_flags[surface]] if surface in option.more_flags else [])]
    yield click.option(*flags, each.name, **_settings(each, option, surface, choices))


def _settings(each: Described, option: Option, surface: Surface, choices: Sequence[str] | None) -> dict[str, Any]:
    """What click wants to know of an option."""
    help_text = option.help or each.known.help
    metavar = option.metavar or _METAVARS.get(each.type)
    common: dict[str, Any] = {"help": help_text.format(default=each.default), "metavar": metavar}
    if each.type is bool:
        if surface in option.undecided:
            return {**common, "default": None, "help": f"{common['help']} {option.undecided[surface]}"}
        return {**common, **_switch(each, option)}
    if each.type is str and each.known.high is not None:
        common["callback"] = _text(each.known)
    common["type"] = click.Choice(choices) if choices else _type(each)
    if get_origin(each.type) is dict:
        return {**common, "type": str, "multiple": True}
    if surface == "profile" and option.repeat_help:
        default = () if each.default is None else (each.default,)
        return {**common, "help": option.repeat_help, "multiple": True, "default": default}
    if option.derived_default or (each.known.off is not None and each.default == each.known.off):
        return common  # not given is a value of its own
    default = "" if each.type is str and each.default is None else each.default
    return {**common, "default": default, "show_default": default not in (None, "")}


def _switch(each: Described, option: Option) -> dict[str, Any]:
    if "/" in option.flags:
        return {"default": each.default, "show_default": True}
    if each.default:
        return {"is_flag": True, "callback": _negated}
    return {"is_flag": True}


def _negated(_context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    return not value


def _type(each: Described) -> Any:
    known = each.known
    if each.type is str:
        return str
    if each.type is int:
        return click.IntRange(_whole(known.low), _whole(known.high), min_open=known.low_open)
    return FiniteRange(_plain(known.low), _plain(known.high), min_open=known.low_open)


def _text(known: RunField) -> Callable[[click.Context, click.Parameter, str], str]:
    """Refuses a text that its field does not allow."""

    def read(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
        if not known.allows(text):
            raise click.BadParameter(f"{text[:100]!r} is not one printable line of at most {known.high:g} characters.")
        return text

    return read


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _plain(number: float | None) -> float | None:
    """86400, not 86400.0, as the help shows it."""
    return int(number) if number is not None and number == int(number) else number


def _numbers(least: int) -> Callable[[click.Context, click.Parameter, str | None], tuple[int, ...]]:
    """Reads `128,512,2048`: whole numbers that increase, with commas between; none where nothing was given."""

    def read(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[int, ...]:
        if text is None:
            return ()
        try:
            found = tuple(int(part) for part in text.split(","))
        except ValueError:
            raise click.BadParameter(f"{text!r} is not a list of whole numbers. Use 128,512,2048.") from None
        if min(found) < least or max(found) > MAX_TOKENS:
            raise click.BadParameter(f"{text!r} leaves the range {least} to {MAX_TOKENS}.")
        if list(found) != sorted(set(found)):
            raise click.BadParameter(f"{text!r} does not increase from number to number.")
        if len(found) > MAX_POINTS:
            raise click.BadParameter(f"{len(found)} points are more than {MAX_POINTS}.")
        return found

    return read


_SWEEP: tuple[Decorator, ...] = (
    sweep_options,
    click.option(
        "--sweep-prompt-tokens", callback=_numbers(1), metavar="128,512", help="Also measure these prompt lengths."
    ),
    click.option("--sweep-depth", callback=_numbers(0), metavar="0,512,2048", help="Also measure at these depths."),
)
"""Four options make up the one field `sweep`."""
