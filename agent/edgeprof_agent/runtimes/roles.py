"""What an input is for, from the operators that read it and from its name. Pure, standard library only."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from edgeprof_agent.worker_protocol.document import InputUse

_FIRST = (
    *("length", "times", "condition", "divisor", "shape", "scales", "sizes", "splits", "axes", "ends", "begins"),
    *("k", "depth", "step", "size", "count", "one", "index", "mask", "nothing"),
)
"""Where several operators read an input, the use that is harmed most by a wrong value decides."""
_LENGTHS = frozenset(("length", "lengths", "len", "lens", "seqlen", "seqlens"))
_RATES = frozenset(("sr", "fs", "samplerate"))
_COUNTS = frozenset(("k", "topk", "num", "max", "min", "steps", "iterations", "iters", "count", "times", "trip"))
_NEUTRAL = frozenset(("scale", "scales", "speed", "rate", "ratio", "factor", "temperature"))
_MASKS = frozenset(("attention", "attn", "mask", "masks", "padding", "pad"))
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


class Purpose(NamedTuple):
    """`role` is a use of edgeprof/modelfiles/input_use.py, or `mask`, `position`, `rate`, `data`, `unknown`.

    `limit`, `of`, `axis`, `scale`, `shift`, `plus`: as in the use. `is_read`: an operator shows it, not only the name.
    """

    role: str
    limit: int | None = None
    of: str = ""
    axis: int = 0
    neutral: bool = False
    """A number like a speed, whose natural value is 1."""
    scale: float = 1.0
    shift: float = 0.0
    plus: str = ""
    is_read: bool = False


STEERING = frozenset(("length", "times", "count", "size", "depth", "k", "one", "unknown", "scales"))
"""What may decide how much work there is. A wrong `shape` or `divisor` is refused or crashes: never varied."""


def purpose_of(name: str, kind: str, uses: Sequence[InputUse]) -> Purpose:
    """`kind` is numpy's letter: i, u, b, f.

    >>> purpose_of("input_lengths", "i", []).role
    'length'
    >>> purpose_of("pixels", "f", []).role
    'data'
    """
    used = _by_use(uses)
    named = _by_name(name, kind)
    if used is None:
        return Purpose(named or ("data" if kind not in "iub" else "unknown"), neutral=kind == "f" and named == "one")
    if used.role in ("index", "nothing") and named in ("position", "mask", "length", "nothing"):
        return used._replace(role=named)
    return used


def _by_use(uses: Sequence[InputUse]) -> Purpose | None:
    for role in _FIRST:
        found = [use for use in uses if use["role"] == role]
        if found:
            limits = [use["limit"] for use in found if use["limit"] is not None]
            first = next((use for use in found if use["of"]), found[0])
            scale, shift, plus = first.get("scale", 1.0), first.get("shift", 0.0), first.get("plus", "")
            limit = min(limits, default=None)
            return Purpose(role, limit, first["of"], first["axis"], False, scale, shift, plus, True)
    return None


def _by_name(name: str, kind: str) -> str | None:
    words = [word.lower() for word in _WORD.findall(name)]
    has, text = set(words), "_".join(words)
    if "mask" in text and (kind in "iub" or has & _MASKS):
        return "mask"
    is_length = has & _LENGTHS or any(word.endswith(("lens", "length", "lengths", "seqlen")) for word in words)
    if kind == "f":
        return "one" if has & _NEUTRAL else "length" if is_length else None
    if kind not in "iu":
        return None
    if "token_type" in text or "segment" in text:
        return "nothing"
    if "position" in text or "pos_ids" in text:
        return "position"
    if has & _RATES or {"sample", "rate"} <= has or {"sampling", "rate"} <= has:
        return "rate"
    if is_length:
        return "length"
    return "count" if has & _COUNTS else None


def stem_of_length(name: str) -> str:
    """What a length is the length of: `audio` of `audio_lengths`; empty where the name says no more."""
    words = [word.lower() for word in _WORD.findall(name)]
    return "_".join(word for word in words if word not in _LENGTHS)
