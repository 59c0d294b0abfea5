"""A made-up fleet: its devices, its models, and how fast each of them pretends to be. Nothing of it was measured."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof.wire.formats import FIRST_RUNTIME
from edgeprof_devices.schema import Profile

VERSION = "synthetic"
MADE_UP = "made up by `edgeprof hub seed`"
NO_SENSOR = f"This device was {MADE_UP}."
VARIANTS: tuple[tuple[m.ModelFormat, str, float], ...] = (
    ("onnx", "fp32", 1.0),
    ("onnx", "int8", 0.55),
    ("tflite", "fp32", 0.96),
    ("tflite", "int8", 0.5),
)
"""Format, quantization, time as a share of the first one."""
QUANTIZED: tuple[tuple[str, float], ...] = (("Q4_0", 1.0), ("Q4_K_M", 1.1), ("Q5_K_M", 1.25), ("Q8_0", 1.6))
FORMATS: tuple[m.ModelFormat, ...] = ("onnx", "tflite", "gguf")
LANGUAGE_EVERY = 5
"""Each fifth family writes tokens."""
SLOWNESS = (0.4, 6.0)
"""How many times as long as the middle device one takes: from, to."""


@dataclass(frozen=True)
class SeedDevice:
    """One device, and how many times longer than the middle one it pretends to take."""

    device_id: str
    state: m.State
    facts: m.Facts
    profile: Profile
    slowness: float


@dataclass(frozen=True)
class SeedModel:
    """One model, and what it pretends to take on the middle device: ms an inference, or ms a token."""

    record: rest.ModelRecord
    config: m.RunConfig
    config_key: str
    time_ms: float
    memory_mib: float


def boards(count: int, profiles: Sequence[Profile], seed: int) -> list[SeedDevice]:
    """That many devices, over all profiles in turn. The same seed gives the same fleet."""
    chance = random.Random(f"boards {seed}")
    return [_board(number, profiles[number % len(profiles)], chance) for number in range(count)]


def networks(count: int, created_s: float, seed: int) -> list[SeedModel]:
    """That many models, four variants to a family."""
    chance = random.Random(f"networks {seed}")
    made: list[SeedModel] = []
    for family in range((count + 3) // 4):
        is_language = family % LANGUAGE_EVERY == LANGUAGE_EVERY - 1
        base_ms = 10 ** chance.uniform(-0.5, 2.0) if not is_language else 10 ** chance.uniform(1.2, 2.2)
        for variant in range(4):
            made.append(_network(family, variant, is_language, base_ms, created_s))
    return made[:count]


def _board(number: int, profile: Profile, chance: random.Random) -> SeedDevice:
    device_id = f"d-{chance.getrandbits(64):016x}"
    session = f"synthetic-{number}"
    name = f"synthetic-{number + 1:03d}"
    state = m.State(
        device_id=device_id, session_id=session, name=name, online=True, agent_version=VERSION, hostname=name
    )
    facts = m.Facts(
        device_id=device_id,
        session_id=session,
        machine="aarch64",
        dt_model=None,
        dt_compatible=(),
        dmi_product=None,
        dmi_board=None,
        cpu_model=MADE_UP,
        cpu_flags=(),
        cores=4,
        memory_mib=4096.0,
        memory_limit_mib=None,
        kernel=VERSION,
        os=MADE_UP,
        python=VERSION,
        runtimes=tuple(
            m.RuntimeFact(variant=FIRST_RUNTIME[kind], formats=(kind,), version=VERSION) for kind in FORMATS
        ),
        sensors=(m.SensorFact(name="rapl", scope="cpu_package", available=False, reason=NO_SENSOR),),
        isolation=(),
    )
    return SeedDevice(device_id, state, facts, profile, chance.uniform(*SLOWNESS))


def _network(family: int, variant: int, is_language: bool, base_ms: float, created_s: float) -> SeedModel:
    if is_language:
        (quantization, share), kind = QUANTIZED[variant], "gguf"
    else:
        kind, quantization, share = VARIANTS[variant]
    name = f"synthetic-{'llm' if is_language else 'net'}-{family + 1:02d}"
    size = int(2**20 * (1 + family) * share)
    digest = identity.sha256_hex(f"{MADE_UP} {name} {kind} {quantization}".encode())
    manifest = identity.manifest_of(f"model.{kind}", [m.FileRef(path=f"model.{kind}", size=size, sha256=digest)])
    record = rest.ModelRecord(
        model_id=identity.model_id(manifest),
        name=f"{name} {kind} {quantization}",
        family=name,
        variant=quantization,
        quantization=quantization,
        format=kind,
        manifest=manifest,
        size_bytes=size,
        task="llm" if is_language else "other",
        source=MADE_UP,
        created_s=created_s,
    )
    config = m.RunConfig(runtime=FIRST_RUNTIME[kind])
    return SeedModel(record, config, identity.config_key(config), base_ms * share, 20 + size / 2**20 * 1.4)
