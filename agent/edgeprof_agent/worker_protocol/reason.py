"""An exception of a runtime, a driver or ours, as the reason of what it cost."""

MAX_REASON_CHARS = 300


def reason_of(error: BaseException) -> str:
    """One that has no message is named by its type alone.

    >>> reason_of(ValueError("no such shape")), reason_of(MemoryError())
    ('ValueError: no such shape', 'MemoryError')
    """
    return f"{type(error).__name__}: {error}".rstrip(": ")


def short_reason(error: BaseException) -> str:
    """At most 300 characters of it, where it stands in a sentence among others."""
    return reason_of(error)[:MAX_REASON_CHARS]
