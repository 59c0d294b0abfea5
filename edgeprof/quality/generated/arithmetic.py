"""Sums in words and digits at four levels: one digit, two digits, three numbers, brackets."""

import random
from collections.abc import Callable

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.generated.base import Generator, Made, StreamOf
from edgeprof.quality.generated.forms import ANSWER, CHOICES, facts_of, item_of
from edgeprof.quality.parameters import Parameter, Values

TEMPLATE = "Question: What is {sum}?\nAnswer:"
EXAMPLES = (1_001, 1_002)
"""Numbers of items that only few-shot prompts show."""
LEVELS_SHOWN = (1, 2, 3, 4)
EACH_OF_LEVEL = Parameter(name="each", default=25, low=1, high=500, meaning="items for each level")


def _one_digit(stream: random.Random) -> tuple[str, int]:
    a, b = _number(stream, 1, 9), _number(stream, 1, 9)
    return f"{a} + {b}", a + b


def _two_digits(stream: random.Random) -> tuple[str, int]:
    a, b = _number(stream, 11, 99), _number(stream, 11, 99)
    return (f"{a} + {b}", a + b) if stream.random() < 0.5 else (f"{max(a, b)} - {min(a, b)}", abs(a - b))


def _three_numbers(stream: random.Random) -> tuple[str, int]:
    a, b, c = _number(stream, 11, 99), _number(stream, 2, 9), _number(stream, 2, 9)
    return f"{a} + {b} * {c}", a + b * c


def _brackets(stream: random.Random) -> tuple[str, int]:
    a, b, c, d = _number(stream, 11, 49), _number(stream, 11, 49), _number(stream, 2, 9), _number(stream, 11, 39)
    return f"({a} + {b}) * {c} - {d}", (a + b) * c - d


LEVELS: tuple[Callable[[random.Random], tuple[str, int]], ...] = (_one_digit, _two_digits, _three_numbers, _brackets)


def _make(values: Values, stream_of: StreamOf) -> Made:
    items = [
        _item(level, number, values, stream_of)
        for level in range(1, len(LEVELS) + 1)
        for number in range(1, int(values["each"]) + 1)
    ]
    examples = [_item(level, number, values, stream_of) for number in EXAMPLES for level in LEVELS_SHOWN]
    return Made(facts_of("arithmetic", values, TEMPLATE, examples), items)


def _item(level: int, number: int, values: Values, stream_of: StreamOf) -> Item:
    item_id = f"{level}l-{number}"
    stream = stream_of(item_id)
    text, right = LEVELS[level - 1](stream)
    near = [right + step for step in (-10, -2, -1, 1, 2, 10) if right + step >= 0]
    wrong = stream.sample(near, CHOICES - 1)
    return item_of(item_id, {"sum": text, "level": level}, str(right), list(map(str, wrong)), values, stream)


def _number(stream: random.Random, low: int, high: int) -> int:
    return low + int(stream.random() * (high - low + 1))


ARITHMETIC = Generator(name="arithmetic", title="Sums at four levels", parameters=(EACH_OF_LEVEL, ANSWER), make=_make)
