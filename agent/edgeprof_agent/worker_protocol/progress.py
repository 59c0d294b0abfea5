"""How a run tells where it stands."""

from collections.abc import Callable

OnProgress = Callable[[str, float | None, str], None]
"""Called with the stage, the share of it that is done (0 to 1; None where nobody knows) and a remark."""
