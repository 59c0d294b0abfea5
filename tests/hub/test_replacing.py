"""Changed copies of the records that a page has hundreds of."""

from dataclasses import dataclass, fields, replace

from edgeprof.wire import rest
from edgeprof_hub.replacing import replaced


@dataclass(frozen=True)
class Figure:
    value: float
    unit: str = "ms"


def test_a_copy_equals_the_one_of_the_standard_library_and_leaves_the_original() -> None:
    first = Figure(1.0)
    assert replaced(first, value=2.0) == replace(first, value=2.0)
    assert first == Figure(1.0)
    assert hash(replaced(first, unit="s")) == hash(Figure(1.0, "s"))


def test_cells_may_be_copied_so() -> None:
    """What `replaced` needs, and the fields that its callers change."""
    assert not hasattr(rest.Cell, "__slots__")
    assert not hasattr(rest.Cell, "__post_init__")
    assert {"marks", "quality"} <= {field.name for field in fields(rest.Cell)}
