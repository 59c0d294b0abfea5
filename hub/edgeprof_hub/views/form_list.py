"""Many values in one field of a form: a form of more than 1,000 fields is refused."""

from collections.abc import Iterable


def joined(values: Iterable[str]) -> str:
    """The text of the field. The values hold no comma.

    >>> joined(["a", "b"])
    'a,b'
    """
    return ",".join(values)


def parted(fields: Iterable[str] | None) -> list[str]:
    """The values again, of one field or of several, each with one value or more.

    >>> parted(["a,b", "c"]), parted(None)
    (['a', 'b', 'c'], [])
    """
    return [value for field in fields or () for value in field.split(",") if value]
