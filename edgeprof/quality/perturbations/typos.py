"""Typing errors: a letter swapped with the next, left out, doubled, or replaced by its neighbour on the keyboard."""

import random

from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import TextPerturbation

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEXT = {letter: row[max(0, at - 1) : at] + row[at + 1 : at + 2] for row in _ROWS for at, letter in enumerate(row)}


def _mistyped(text: str, values: Values, stream: random.Random) -> str:
    letters = [place for place, char in enumerate(text) if char.isalpha()]
    if not letters:
        return text
    count = min(len(letters), max(1, round(float(values["share"]) * len(letters))))
    chars = list(text)
    for place in sorted(stream.sample(letters, count), reverse=True):
        chars[place : place + 2] = _error(chars[place], "".join(chars[place + 1 : place + 2]), stream)
    return "".join(chars)


def _error(char: str, following: str, stream: random.Random) -> str:
    """Two characters with an error in the first. Digits are never touched: an error there is another fact."""
    near = _NEXT.get(char.lower(), "")
    options = [following, char + char + following]
    if following.isalpha() and following != char:
        options.append(following + char)
    if near:
        wrong = near[int(stream.random() * len(near))]
        options.append((wrong.upper() if char.isupper() else wrong) + following)
    return options[int(stream.random() * len(options))]


TYPOS = TextPerturbation(
    name="typos",
    title="Typing errors",
    parameters=(Parameter(name="share", default=0.05, meaning="share of the letters with an error, at least one"),),
    change=_mistyped,
)
