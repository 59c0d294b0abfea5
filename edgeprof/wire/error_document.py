"""How the hub's API answers what it refuses: light, for an agent reads it, too."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ErrorBody:
    """Every error of the API: `{"error": {"code": ..., "message": ...}}`."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ErrorDocument:
    """The one error shape."""

    error: ErrorBody
