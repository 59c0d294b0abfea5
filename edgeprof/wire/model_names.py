"""Names of models that share one, made distinct by the start of their ids. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

SHORT_ID_CHARS = 8
"""As many as a command takes for an id."""


def distinct_names(names: Mapping[str, str]) -> dict[str, str]:
    """Model id -> name, with the start of the id behind each name that several models have.

    >>> distinct_names({"0123456789": "net", "9876543210": "net", "5555555555": "cnn"})
    {'0123456789': 'net (01234567)', '9876543210': 'net (98765432)', '5555555555': 'cnn'}
    """
    ids = defaultdict[str, list[str]](list)
    for model_id, name in names.items():
        ids[name].append(model_id)
    chars = {name: _id_chars(name, having, ids) for name, having in ids.items() if len(having) > 1}
    return {
        model_id: f"{name} ({model_id[: chars[name]]})" if name in chars else name for model_id, name in names.items()
    }


def _id_chars(name: str, ids: Sequence[str], taken: Collection[str]) -> int:
    """More than usual where ids begin alike, or another model is named like one with its id behind it."""
    chars = SHORT_ID_CHARS
    while chars < max(map(len, ids)) and (
        len({model_id[:chars] for model_id in ids}) < len(ids)
        or any(f"{name} ({model_id[:chars]})" in taken for model_id in ids)
    ):
        chars *= 2
    return chars
