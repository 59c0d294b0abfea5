"""What is known of one field of a run request: its words, its range, and where a person can set it.

`edgeprof profile` and `flash`, the page's form, the REST body's description and the checks are all made from this.
"""

import math
from collections.abc import Mapping, MutableMapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, Protocol, cast, get_args, get_origin, get_type_hints

Surface = Literal["profile", "flash", "form"]
SURFACES: tuple[Surface, ...] = get_args(Surface)
"""Where a person sets a field. `profile` stands for `calibrate`, too. The REST body has every field."""
SHORT_FORM = "The form holds what most campaigns change; the rest is set with `edgeprof flash` or the REST API."


class JsonSchema(Protocol):
    """Pydantic's handler: gives the schema of the type alone. Pydantic itself is never imported here."""

    def __call__(self, core_schema: Any, /) -> MutableMapping[str, Any]: ...


def short_flag(flag: str) -> Mapping[Surface, str]:
    """`-t` on both commands. On `flash` and `profile` a letter means the same."""
    return {"profile": flag, "flash": flag}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Option:
    """A command-line option. `flags` as click takes them: `--energy/--no-energy`; `--no-x` alone switches x off."""

    flags: str
    more_flags: Mapping[Surface, str] = field(default_factory=lambda: {})
    """A second name, by command."""
    metavar: str | None = None
    help: str = ""
    """Where the option says it otherwise than the field, as one that switches it off."""
    repeat_help: str = ""
    """The help where `profile` lets the option be repeated: each value is a set-up of its own. Empty: never."""
    derived_default: bool = False
    """The default depends on other options. The help states it with `{default:g}`."""
    undecided: Mapping[Surface, str] = field(default_factory=lambda: {})
    """Of a switch that a command decides from its other options where it is not given: what the help says of that."""
    by_hand: bool = False
    """Several options make up this field; edgeprof/commands/run_options.py has them."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FormInput:
    """An input of the page's form: its label and the sentence after it."""

    label: str
    note: str
    size: int = 4


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RunField:
    """`title` begins the sentence that refuses a value, `code` is that error's. `help` is a sentence for a person."""

    title: str
    help: str
    code: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    """Of a text its longest length, of a list its greatest. Of a mapping, that of each value."""
    low_open: bool = False
    """`low` itself is outside."""
    off: float | None = None
    """A value outside the range that switches the part off."""
    models: Literal["all", "tensor", "text"] = "all"
    """Which kind of model has a use for it."""
    option: Option | None = None
    form: FormInput | None = None
    column: str = ""
    """How a column of the matrix names a value other than the usual one: `depth {:,} tokens`."""
    not_offered: Mapping[Surface, str] = field(default_factory=lambda: {})
    """Why a surface does not offer it. Every field is on each surface or gives its reason here."""

    def allows(self, value: object) -> bool:
        """Whether a value lies in the range. None is always allowed.

        `high` is the greatest length of a list, and of a text, which is then one printable line.
        """
        if value is None or isinstance(value, bool):
            return True
        if isinstance(value, str):
            return self.high is None or (len(value) <= self.high and value.isprintable())
        if isinstance(value, tuple):
            return self.high is None or len(value) <= self.high  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(value, dict):
            return self.refused_entry(value) is None  # pyright: ignore[reportUnknownArgumentType]
        if not isinstance(value, (int, float)):
            return True
        if isinstance(value, float) and not math.isfinite(value):
            return False
        if self.off is not None and value == self.off:
            return True
        too_low = self.low is not None and (value <= self.low if self.low_open else value < self.low)
        return not too_low and (self.high is None or value <= self.high)

    def refused_entry(self, values: Mapping[str, object]) -> str | None:
        """The first name of a mapping whose value lies outside the range; the range is that of single values."""
        if self.low is None and self.high is None:
            return None
        return next((name for name, value in values.items() if not self.allows(value)), None)

    def range_text(self, kind: str) -> str:
        """`0 or a number from 10 to 86,400`, where `kind` is `a number`."""
        off = "" if self.off is None else f"{self.off:g} or "
        start = "" if self.low is None else f" {'above' if self.low_open else 'from'} {self.low:g}"
        end = "" if self.high is None else f" {'up to' if self.low_open else 'to'} {_grouped(self.high)}"
        return f"{off}{kind}{start}{end}"

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: JsonSchema) -> MutableMapping[str, Any]:
        """The field in the OpenAPI description. Refusing is left to the checks, which have stable codes."""
        schema = handler(core_schema)
        if "$ref" in schema:
            return schema
        schema["description"] = self.help.partition(" Default:")[0]
        of_values: object = schema.get("additionalProperties")
        limited = cast(dict[str, Any], of_values) if isinstance(of_values, dict) else schema
        limited.update(self._limits(limited.get("type", "")))
        return schema

    def _limits(self, kind: str) -> dict[str, Any]:
        if kind in ("string", "array"):
            return {} if self.high is None else {"maxLength" if kind == "string" else "maxItems": int(self.high)}
        if self.low is None or self.high is None:
            return {}
        within = {"exclusiveMinimum" if self.low_open else "minimum": self.low, "maximum": self.high}
        return within if self.off is None else {"anyOf": [{"const": self.off}, within]}


def _grouped(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:g}"


class Described(NamedTuple):
    """A field of a dataclass with what is known of it. `default` is None where it must be given."""

    name: str
    type: Any
    default: Any
    known: RunField


@lru_cache
def fields_of(kind: type) -> tuple[Described, ...]:
    """The fields of a dataclass that carry a RunField, in order."""
    hints = get_type_hints(kind, include_extras=True)
    found: list[Described] = []
    for each in fields(kind):
        hint = hints[each.name]
        if get_origin(hint) is Annotated:
            plain, *notes = get_args(hint)
            found += [Described(each.name, plain, _default(each), note) for note in notes if isinstance(note, RunField)]
    return tuple(found)


def _default(each: Field[Any]) -> Any:
    if each.default is not MISSING:
        return each.default
    return each.default_factory() if each.default_factory is not MISSING else None
