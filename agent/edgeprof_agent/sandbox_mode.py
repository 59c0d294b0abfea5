"""How much of a sandbox a run insists on."""

from typing import Literal

Mode = Literal["auto", "strict", "off"]
"""`auto`: the best that works here; `strict`: no run without a full sandbox; `off`: limits alone."""
