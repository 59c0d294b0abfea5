"""`NAME=VALUE` as a person types it, for the fields of a run request that map names to sizes or values. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

EXAMPLES: dict[str, str] = {"tuple": "NAME=1,3,224,224", "int": "SYMBOL=128", "str": "NAME=16000"}
_WORDS = {"tuple": "an input shape", "int": "the size of a symbol", "str": "the value of an input"}


def kind_of(annotation: Any) -> str:
    """`tuple`, `int` or `str`: what the values of a mapping are.

    >>> kind_of(dict[str, tuple[int, ...]])
    'tuple'
    """
    value = get_args(annotation)[1]
    return getattr(value, "__name__", str(value))


def parse(texts: Iterable[str], kind: str) -> dict[str, Any]:
    """The mapping that these texts spell. 0 is a size. Raises ValueError with a sentence.

    >>> parse(["past=1,4,0,16"], "tuple")
    {'past': (1, 4, 0, 16)}
    >>> parse(["sr=16000"], "str")
    {'sr': '16000'}
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=") if kind == "str" else text.rpartition("=")
        try:
            if not separator or not name:
                raise ValueError
            found[name] = _value(value, kind)
        except ValueError:
            raise ValueError(f"{text[:100]!r} is not {_WORDS[kind]}. Use {EXAMPLES[kind]}.") from None
    return found


def spelled(values: Mapping[str, object]) -> str:
    """The texts again, as the page's form has them: `batch=1; held=128`."""
    return "; ".join(f"{name}={_joined(value)}" for name, value in values.items())


def _value(text: str, kind: str) -> object:
    if kind == "str":
        return text
    sizes = tuple(int(size) for size in text.split(","))
    if min(sizes) < 0 or (kind == "int" and len(sizes) != 1):
        raise ValueError(text)
    return sizes[0] if kind == "int" else sizes


def _joined(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
