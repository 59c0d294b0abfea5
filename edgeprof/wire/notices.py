"""What the hub tells people without being asked: by MQTT and by webhook as the same JSON, and by e-mail."""

from dataclasses import dataclass
from typing import Literal

NoticeKind = Literal[
    "regression",
    "campaign_ended",
    "device_offline",
    "disk_nearly_full",
    "throttled",
    "results_quarantined",
    "agent_too_old",
    "rollout_waits",
    "rollout_stopped",
    "rollout_ended",
    "model_quarantined",
]


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice. `path`: the page of this hub that has the evidence. Fields that do not apply are None."""

    kind: NoticeKind
    hub_id: str
    at_s: float
    sentence: str
    path: str
    device_id: str | None = None
    model_id: str | None = None
    config_key: str | None = None
    result_id: str | None = None
    campaign_id: str | None = None
    rollout_id: str | None = None
    ratio: float | None = None
    """Of a regression: the new time over the old one."""
    recovered: bool = False
    """Of a device's trouble: it is over. It began with a notice of the same kind and device."""
