"""Names of set-ups: the model, and only what is needed to tell it from the others; cut in the middle to fit. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from edgeprof.tables.columns import width_of

_CUT = "…"
_HEAD = 3
_MIN_MODEL = 8


class Named(NamedTuple):
    """What a name may be made of. `model_key` tells two files of one name apart."""

    model: str
    model_key: str
    runtime: str
    threads: int
    provider: str


def names_of(setups: Sequence[Named]) -> list[str]:
    """A name for each: the model; with several set-ups of one model also what differs among these.

    >>> names_of([Named("a.onnx", "1", "ort", 1, "cpu"), Named("a.onnx", "1", "ort", 2, "cpu")])
    ['a.onnx, 1 thread', 'a.onnx, 2 threads']
    """
    return [_name(one, [each for each in setups if each.model == one.model]) for one in setups]


def _name(one: Named, same: Sequence[Named]) -> str:
    """`same`: every set-up whose model has this name."""
    is_alone = len({each.model_key for each in same}) == 1
    parts = [one.model if is_alone else f"{one.model} ({one.model_key[:6]})"]
    same = [each for each in same if each.model_key == one.model_key]
    if len({each.runtime for each in same}) > 1:
        parts.append(one.runtime)
    if len({each.threads for each in same}) > 1:
        parts.append(threads_text(one.threads))
    if len({each.provider for each in same}) > 1:
        parts.append(one.provider)
    return ", ".join(parts)


def threads_text(threads: int) -> str:
    """`1 thread`, `every core`."""
    return f"{threads} thread{'s' * (threads > 1)}" if threads else "every core"


def cut_all(names: Sequence[str], size: int) -> list[str]:
    """Each at most `size` cells wide (at least 8), and as distinct as before.

    >>> cut_all(["mobilenet-v2-int8.onnx", "mobilenet-v3-int8.onnx"], 12)
    ['mob…v2….onnx', 'mob…v3….onnx']
    """
    plain = {name: _cut(name, size) for name in names}
    alike = {text: [name for name in plain if plain[name] == text] for text in plain.values()}
    made = {name: text if len(alike[text]) == 1 else _apart(name, alike[text], size) for name, text in plain.items()}
    taken: dict[str, str] = {}
    for name, text in made.items():
        number = 1
        while taken.setdefault(text, name) != name:
            number += 1
            text = f"{_cut(name, size - len(f' #{number}'))} #{number}"
        made[name] = text
    return [made[name] for name in names]


def _cut(name: str, size: int) -> str:
    """What tells set-ups of one model apart stays whole where there is room: the model gives way."""
    model, comma, rest = name.partition(", ")
    room = size - width_of(comma + rest)
    return f"{cut_middle(model, room)}{comma}{rest}" if room >= _MIN_MODEL else cut_middle(name, size)


def _apart(name: str, alike: Sequence[str], size: int) -> str:
    """What names have in common at their start gives way to where they differ."""
    start = next((at for at, chars in enumerate(zip(*alike)) if len(set(chars)) > 1), 0)  # noqa: B905 - of any length
    return _cut(f"{name[:_HEAD]}{_CUT}{name[start - 1 :]}", size) if start > _HEAD + 2 else _cut(name, size)


def cut_middle(text: str, size: int) -> str:
    """The start and the end of a text that is too long.

    >>> cut_middle("SmolLM2-135M-Instruct.Q4_0.gguf", 20)
    'SmolLM2-13…Q4_0.gguf'
    """
    if width_of(text) <= size:
        return text
    tail = _taken(reversed(text), (size - 1) // 2)[::-1]
    return f"{_taken(text, size - 1 - width_of(tail))}{_CUT}{tail}"


def _taken(chars: Iterable[str], size: int) -> str:
    taken, used = "", 0
    for char in chars:
        used += width_of(char)
        if used > size:
            break
        taken += char
    return taken
