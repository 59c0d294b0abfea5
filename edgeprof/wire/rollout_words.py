"""How a person writes a canary and the shares of groups, the same on the page and in a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Canary:
    """One of the three ways; none of them: one device of each kind."""

    count: int = 0
    percent: float = 0.0
    names: tuple[str, ...] = ()


def canary_of(texts: Sequence[str]) -> Canary:
    """`3`, `10%`, names of devices, or nothing. Raises ValueError with a sentence.

    >>> canary_of(["10 %"])
    Canary(count=0, percent=10.0, names=())
    """
    words = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(words) != 1:
        return Canary(names=words)
    (word,) = words
    if word.isascii() and word.isdigit() and 0 < len(word) < 7:
        return Canary(count=int(word))
    if word.endswith("%"):
        return Canary(percent=_share(word))
    return Canary(names=words)


def stages_of(text: str) -> tuple[float, ...]:
    """`10,50,100` or `10 % 50 %`. Raises ValueError with a sentence."""
    return tuple(_share(word) for word in text.replace("%", " ").replace(",", " ").split())


def _share(word: str) -> float:
    text = word.rstrip("%").strip()
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 < share <= 100:
        raise ValueError(f"{word[:20]!r} is not a share. Use a number above 0 and up to 100.")
    return share
