"""Parameters of a perturbation or a generator: their defaults and ranges, and their text as `sigma=0.1,to=upper`."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Value = float | int | str
Values = Mapping[str, Value]
"""Parameters by name, all of them."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter with its default and its range, or the words that it may be."""

    name: str
    default: Value
    meaning: str
    low: float = 0.0
    high: float = 1.0
    words: tuple[str, ...] = ()

    def parse(self, text: str) -> Value:
        """The value that a text names. Raises ValueError with the range or the words."""
        if self.words:
            if text not in self.words:
                raise ValueError(f"use one of {', '.join(self.words)}")
            return text
        try:
            value = int(text) if isinstance(self.default, int) else float(text)
        except ValueError:
            value = float("nan")
        if not self.low <= value <= self.high:
            kind = "a whole number" if isinstance(self.default, int) else "a number"
            raise ValueError(f"use {kind} from {self.low:g} to {self.high:g}")
        return value

    @property
    def words_or_range(self) -> str:
        """`upper, lower, swap` or `0 to 1`."""
        return ", ".join(self.words) or f"{self.low:g} to {self.high:g}"


def parse_values(name: str, parameters: Sequence[Parameter], text: str) -> dict[str, Value]:
    """All parameters: those of the text, the others at their default. Raises ValueError with a sentence.

    >>> parse_values("noise", [Parameter(name="sigma", default=0.1, meaning="")], "sigma=0.2")
    {'sigma': 0.2}
    """
    known = {parameter.name: parameter for parameter in parameters}
    values: dict[str, Value] = {parameter.name: parameter.default for parameter in parameters}
    for part in filter(None, text.split(",")):
        named, _, value = part.partition("=")
        if named not in known:
            raise ValueError(f"{name} has no parameter {named!r}. Parameters: {', '.join(known) or 'none'}.")
        try:
            values[named] = known[named].parse(value)
        except ValueError as error:
            raise ValueError(f"{part!r} is not a value of {name}: {error}.") from None
    return values


def canonical(name: str, parameters: Sequence[Parameter], values: Values, seed: int) -> str:
    """Every parameter, in the order of its declaration, and the seed: `noise(sigma=0.1, seed=1)`."""
    shown = [f"{parameter.name}={_text(values[parameter.name])}" for parameter in parameters]
    return f"{name}({', '.join([*shown, f'seed={seed}'])})"


def seed_of(text: str, item_id: str) -> int:
    """32 bits from a canonical text and an item's id: neither order nor number of items decides what becomes of one."""
    return int.from_bytes(hashlib.sha256(f"{text}\n{item_id}".encode()).digest()[:4], "big")


def _text(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
