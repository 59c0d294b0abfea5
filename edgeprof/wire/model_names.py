"""Names of models that share one, made distinct by the start of their ids. Pure."""

from collections import Counter
from collections.abc import Mapping

SHORT_ID_CHARS = 8
"""As many as a command takes for an id."""


def distinct_names(names: Mapping[str, str]) -> dict[str, str]:
    """Model id -> name, with the start of the id behind each name that several models have."""
    count = Counter(names.values())
    return {
        model_id: name if count[name] == 1 else f"{name} ({model_id[:SHORT_ID_CHARS]})"
        for model_id, name in names.items()
    }
