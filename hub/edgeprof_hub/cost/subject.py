"""What is known of a run, as far as its cost depends on it: taken from device, profile, model and result."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof.wire import rest
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import MetricRow, Result
from edgeprof_devices import load_profiles
from edgeprof_hub.cost.kind import WorkKind, fed_tokens, kind_of


@dataclass(frozen=True, kw_only=True)
class Subject:
    """`price_usd`: of the device, as a person entered it. `idle_w`: by the device's profile, modelled, in no bill.

    `fed`: what one inference was fed, by name, as the run says it.
    """

    task: str
    format: str
    metrics: Mapping[str, MetricRow]
    price_usd: float | None
    price_source: str | None = None
    idle_w: float | None = None
    is_emulated: bool = False
    fed: Mapping[str, str]
    accuracy: float | None = None
    accuracy_on: str | None = None
    accuracy_ends: tuple[float, float] | None = None
    """The 95 % interval of a share that was measured on the device; None: somebody entered it, or nobody."""

    @property
    def kind(self) -> WorkKind:
        """What one piece of its work is."""
        return kind_of(self.task, self.format)

    @property
    def is_language(self) -> bool:
        """Whether the run measured two rates, not the time of an inference."""
        return is_language(self.format)

    @property
    def fed_tokens(self) -> int | None:
        """How many tokens one inference was fed; None where the run does not say."""
        return None if self.is_language else fed_tokens(self.fed)


def subject_of(device: rest.DeviceRecord, model: rest.ModelRecord, result: Result) -> Subject:
    """That of a stored run."""
    return Subject(
        task=model.task,
        format=model.format,
        metrics={row.metric: row for row in result.metrics},
        price_usd=device.price_usd,
        price_source=device.price_source,
        idle_w=_idle_w(device.profile_id),
        is_emulated=device.emulated or result.emulated or result.replayed is not None,
        fed=(result.effective.inputs if result.effective else None) or {},
        accuracy=model.accuracy,
        accuracy_on=model.accuracy_on,
    )


def _idle_w(profile_id: str | None) -> float | None:
    profile = load_profiles().get(profile_id or "")
    return profile.idle_w.high if profile and profile.idle_w else None
