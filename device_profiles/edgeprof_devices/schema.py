"""What a device profile says, strictly: each figure names its source or admits that it has none."""

from typing import Annotated, Literal

import msgspec

from edgeprof.errors import UsageError
from edgeprof.wire.energy import PowerScope as Scope

DeviceClass = Literal["sbc", "jetson", "minipc", "phone", "generic"]
Isa = Literal["neon", "aes", "dotprod", "fp16", "i8mm", "sve", "avx2", "f16c", "avx_vnni"]

AsOf = Annotated[str, msgspec.Meta(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
ProfileId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Amount = float | tuple[float, float]
"""One value, or the lowest and the highest seen."""


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Sourced(_Strict, frozen=True, kw_only=True):
    """Where a statement is from: a `source`, or `unsourced: true` for general knowledge that nobody has checked."""

    source: str | None = None
    as_of: AsOf | None = None
    unsourced: bool = False
    note: str | None = None

    def __post_init__(self) -> None:
        if (self.source is None) != self.unsourced:
            raise ValueError("give either a `source` or `unsourced: true`")


class Figure(Sourced, frozen=True, kw_only=True):
    """A number in the unit that its field's name ends in."""

    value: Amount

    @property
    def low(self) -> float:
        return self.value[0] if isinstance(self.value, tuple) else self.value

    @property
    def high(self) -> float:
        return self.value[1] if isinstance(self.value, tuple) else self.value

    def text(self) -> str:
        """As a person writes it: `1.2` or `4.8–6`."""
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g}–{self.high:g}"


class PowerFigure(Figure, frozen=True, kw_only=True):
    """Watts, with what they cover."""

    scope: Scope


class BoardPrice(Sourced, frozen=True, kw_only=True):
    """US dollars for one unit: at launch, or as a named reviewer paid."""

    value: float
    basis: Literal["launch", "as_tested"]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.source is not None and self.as_of is None:
            raise ValueError("a price with a source needs `as_of`")


class PowerModes(Sourced, frozen=True, kw_only=True):
    """The budgets in watts that the board's own power modes set. They are limits, not measurements."""

    watts: tuple[float, ...]


class Named(Sourced, frozen=True, kw_only=True):
    """A name that somebody states."""

    name: str


class Isas(Sourced, frozen=True, kw_only=True):
    """Instruction sets that matter to quantized kernels."""

    has: tuple[Isa, ...]


class Cluster(_Strict, frozen=True, kw_only=True):
    """Cores of one kind."""

    count: int
    core: Named
    max_ghz: Figure


class Accelerator(Named, frozen=True, kw_only=True):
    """What can compute beside the CPU, and the runtime that reaches it."""

    runtime: str


class ProfilePowerSource(Sourced, frozen=True, kw_only=True):
    """One of the agent's sensors that reads power on this device, and what it covers there."""

    sensor: str
    scope: Scope


class MatchRule(_Strict, frozen=True, kw_only=True):
    """One way to know the device: every condition given must hold. Patterns match a whole string, never a part.

    `dt_compatible` holds when any of the device tree's compatible strings matches any of the patterns.
    """

    dt_compatible: tuple[str, ...] = ()
    dt_model: str | None = None
    dmi_product: str | None = None
    cpu_model: str | None = None
    machine: tuple[str, ...] = ()
    android_model: str | None = None
    """A phone's `ro.product.model`."""
    android_soc: str | None = None
    """A phone's `ro.soc.model`: one model name is sold with several."""
    source: str | None = None

    def __post_init__(self) -> None:
        named = self.dt_model or self.dmi_product or self.android_model
        if not (self.dt_compatible or named or self.cpu_model or self.machine):
            raise ValueError("a rule needs at least one condition")

    @property
    def strength(self) -> int:
        """How much a match of this rule tells: a module's part number most, an architecture least."""
        named = any(each is not None for each in (self.dt_model, self.dmi_product, self.android_model))
        parts = (bool(self.dt_compatible), named, self.cpu_model is not None)
        return 4 * parts[0] + 2 * parts[1] + parts[2]


class BoardVariant(_Strict, frozen=True, kw_only=True):
    """One memory size of a board that is sold in several. The machine's MemTotal tells which it is."""

    memory_gib: Figure
    price_usd: BoardPrice | None = None


class Profile(_Strict, frozen=True, kw_only=True):
    """A device, or a board in several sizes: the loader makes each of its `variants` a profile of its own."""

    id: ProfileId
    title: str
    device_class: DeviceClass = msgspec.field(name="class")
    as_of: AsOf
    """When the sources were read. A figure with a date of its own is of that date."""
    not_detected: str | None = None
    """Why no rule can know it, where none can."""
    detect: tuple[MatchRule, ...] = ()
    soc: Named | None = None
    clusters: tuple[Cluster, ...] = ()
    isa: Isas | None = None
    memory_gib: Figure | None = None
    bandwidth_theory_gb_s: Figure | None = None
    memcpy_gb_s: Figure | None = None
    power_sources: tuple[ProfilePowerSource, ...] = ()
    idle_w: PowerFigure | None = None
    max_w: PowerFigure | None = None
    power_modes: PowerModes | None = None
    price_usd: BoardPrice | None = None
    accelerators: tuple[Accelerator, ...] = ()
    variants: tuple[BoardVariant, ...] = ()
    memory_decides: bool = False
    """Whether MemTotal must fit for a match: so for each of a board's variants."""

    def __post_init__(self) -> None:
        if self.variants and (self.memory_gib or self.price_usd):
            raise ValueError("with `variants`, put memory_gib and price_usd in each variant")
        if self.device_class != "phone" and bool(self.detect) == (self.not_detected is not None):
            raise ValueError("give `detect`, or the reason in `not_detected`; a phone needs neither")

    def is_named(self, name: str) -> bool:
        """By its whole id, or by a board's name that covers its memory sizes: rpi-5 is rpi-5-8; rpi is not rpi-400."""
        if self.memory_gib is None or self.device_class == "phone":
            return name == self.id
        return name in (self.id, self.id.removesuffix(f"-{self.memory_gib.text()}"))

    @property
    def memory_mib(self) -> float:
        """Its memory as sold, for a host that plays this device."""
        if self.memory_gib is None or self.memory_gib.low != self.memory_gib.high:
            raise UsageError(
                "profile_memory_unknown",
                f"Profile {self.id} has no single memory size. Set --memory-limit-mib.",
            )
        return self.memory_gib.low * 1024
