"""The agent's settings: defaults, then a TOML file, then the environment, then the command line."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from edgeprof.errors import UsageError
from edgeprof.net.backoff import Backoff
from edgeprof.paths import state_dir
from edgeprof.wire.topics import NAME_PATTERN
from edgeprof_agent.meters.setting import MeterSetting, distinct, parse_meter
from edgeprof_agent.sandbox_mode import Mode

if TYPE_CHECKING:
    from edgeprof_agent.endpoint import Endpoint

SHARED_VARIABLES = {"hub": "EDGEPROF_HUB", "token": "EDGEPROF_TOKEN", "token_file": "EDGEPROF_TOKEN_FILE"}
"""Variables that the client's commands read too; every other setting is `EDGEPROF_AGENT_<NAME>`."""


@dataclass(frozen=True, kw_only=True)
class DownloadLimits:
    """When a download is given up. A try that brought at least one new byte does not count as a failed one."""

    stall_s: float = 30.0
    deadline_s: float = 3600.0
    tries: int = 8
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """Everything that a person may set."""

    hub: str
    data: Path
    name: str
    token: str | None = None
    emulate: str | None = None
    """The id of the device profile that this host plays."""
    replay: Path | None = None
    """The folder of a recorded machine that is read instead of this one."""
    memory_limit_mib: float | None = None
    cores: tuple[int, ...] | None = None
    sandbox: Mode = "auto"
    devices: tuple[str, ...] | None = None
    """Device nodes that a sandboxed model may open; None: this machine's accelerators."""
    meters: tuple[MeterSetting, ...] = ()
    """External power meters of this device: `[[meter]]` tables, or `--meter`."""
    endpoint: "Endpoint | None" = None
    """Set: this device is the endpoint, and this host only asks it."""
    phone_runners: tuple[str, ...] = ()
    """`RUNNER=PATH` of each program for Android phones. Set: the phones at this host's adb are the devices."""
    store_budget_mib: int = 8192
    """Models on disk, above which the least recently used ones go."""
    download_limit_mbps: float | None = None
    """Of model files, in Mbit/s; a job may ask for less. None: no limit."""
    outbox_budget: int = 10_000
    """Results without a receipt; from 80 % of it new jobs are refused."""
    keepalive_s: int = 120
    """Three packets each time: at 20 s an idle agent would carry 21 MB a month, at 90 s it is 4.6 MB."""
    retry: Backoff = field(default_factory=Backoff)
    resend_after_s: float = 30.0
    download: DownloadLimits = field(default_factory=DownloadLimits)


Mib = Annotated[float, msgspec.Meta(ge=16, le=2**30)]
Count = Annotated[int, msgspec.Meta(ge=1, le=2**31)]


class Layer(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One source of settings, as it is written; what is absent is left to the layer below."""

    hub: str | None = None
    data: Path | None = None
    name: str | None = None
    token: str | None = None
    token_file: Path | None = None
    emulate: Annotated[str, msgspec.Meta(pattern=f"^{NAME_PATTERN}$")] | None = None
    replay: Path | None = None
    endpoint: str | None = None
    endpoint_key_env: str | None = None
    phone_runner: list[Annotated[str, msgspec.Meta(pattern="^[a-z_-]+=.+$")]] | None = None
    memory_limit_mib: Mib | None = None
    cores: int | str | None = None
    sandbox: Mode | None = None
    devices: list[Annotated[str, msgspec.Meta(pattern="^/dev/[^/].*$")]] | None = None
    meter: list[MeterSetting | str] | None = None
    store_budget_mib: Count | None = None
    download_limit_mbps: Annotated[float, msgspec.Meta(ge=0.01, le=100_000)] | None = None
    outbox_budget: Count | None = None
    keepalive_s: Annotated[int, msgspec.Meta(ge=5, le=3600)] | None = None


def load(options: Mapping[str, object], environ: Mapping[str, str], file: Path | None = None) -> AgentSettings:
    """The settings in force. Raises UsageError naming the field and its source."""
    layers = [
        _layer(_read_toml(file) if file else {}, f"the file {file}"),
        _layer(_from_environment(environ), "the environment"),
        _layer({name: value for name, value in options.items() if value not in (None, ())}, "the command line"),
    ]
    merged = _layer(_merge(layers), "the settings")
    played, endpoint = _played(merged), _endpoint(merged, environ)
    _check_phones(merged)
    other = f"replay-{played}" if played else f"endpoint-{_folder_name(endpoint)}" if endpoint else None
    other = "phones" if merged.phone_runner else other
    data = merged.data or (state_dir("agent") / other if other else state_dir("agent"))
    hub = merged.hub or _joined(data)
    if not hub:
        raise UsageError("hub_missing", "No hub is configured. Name it with --hub http://HOST:8765 or EDGEPROF_HUB.")
    return AgentSettings(
        hub=hub,
        data=data,
        name=merged.name or played or (endpoint.host if endpoint else socket.gethostname()),
        replay=merged.replay,
        endpoint=endpoint,
        phone_runners=tuple(merged.phone_runner or ()),
        token=merged.token or _read_token(merged.token_file),
        emulate=merged.emulate,
        memory_limit_mib=merged.memory_limit_mib,
        cores=None if merged.cores is None else parse_cores(str(merged.cores), os.sched_getaffinity(0)),
        sandbox=merged.sandbox or AgentSettings.sandbox,
        devices=None if merged.devices is None else tuple(merged.devices),
        meters=distinct(each if isinstance(each, MeterSetting) else parse_meter(each) for each in merged.meter or ()),
        store_budget_mib=merged.store_budget_mib or AgentSettings.store_budget_mib,
        download_limit_mbps=merged.download_limit_mbps,
        outbox_budget=merged.outbox_budget or AgentSettings.outbox_budget,
        keepalive_s=merged.keepalive_s or AgentSettings.keepalive_s,
    )


def _joined(data: Path) -> str | None:
    """The hub of the state folder's device."""
    from edgeprof_agent.identity.files import joined_hub  # an agent that has joined none carries none of it

    return joined_hub(data)


def hub_in(file: Path | None) -> str | None:
    """The hub that a file of settings names."""
    return _layer(_read_toml(file), f"the file {file}").hub if file else None


def _played(merged: Layer) -> str | None:
    """The recorded machine's name: it is a device of its own beside this host's."""
    if merged.replay is None:
        return None
    if merged.emulate or merged.meter:
        raise UsageError("bad_setting", "replay plays another machine. It cannot be combined with emulate or a meter.")
    from edgeprof_agent.recorded import tree

    return tree.check(merged.replay)


def _endpoint(merged: Layer, environ: Mapping[str, str]) -> "Endpoint | None":
    """A device of its own, too: what this host is does not matter."""
    if merged.endpoint is None and merged.endpoint_key_env is None:
        return None
    if merged.emulate or merged.replay or merged.meter:
        raise UsageError("bad_setting", "endpoint cannot be combined with emulate, replay or a meter.")
    from edgeprof_agent.endpoint import endpoint_of

    return endpoint_of(merged.endpoint, merged.endpoint_key_env, environ)


def _check_phones(merged: Layer) -> None:
    """The phones are devices of their own: nothing of this host is measured, nor limited."""
    others = (merged.emulate, merged.replay, merged.endpoint, merged.meter, merged.memory_limit_mib, merged.cores)
    if merged.phone_runner and any(each is not None for each in others):
        raise UsageError(
            "bad_setting",
            "phone_runner drives phones. It cannot be combined with emulate, replay, endpoint, a meter, "
            "memory_limit_mib or cores.",
        )


def _folder_name(endpoint: "Endpoint") -> str:
    """Of the address: two endpoints are two devices."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", endpoint.url.partition("://")[2]).strip("-.")


def _merge(layers: list[Layer]) -> dict[str, object]:
    """The later layer wins; a token in one and a token's file in another are the same setting."""
    merged: dict[str, object] = {}
    for layer in layers:
        given = _given(layer)
        if {"token", "token_file"} & set(given):
            merged = {name: value for name, value in merged.items() if name not in ("token", "token_file")}
        merged.update(given)
    return merged


def parse_cores(text: str, allowed: set[int]) -> tuple[int, ...]:
    """`2` is a number of cores; `0,2` and `4-7` (also mixed) are a list of them."""
    try:
        if "," not in text and "-" not in text:
            chosen = sorted(allowed)[: int(text)] if int(text) > 0 else []
            missing = int(text) > len(allowed)
        else:
            chosen = sorted({core for part in text.split(",") if part.strip() for core in _core_range(part)})
            missing = not set(chosen) <= allowed
    except ValueError:
        chosen, missing = [], False
    if missing:
        raise UsageError("cores_missing", f"cores = {text}: the agent may use only {sorted(allowed)} on this machine.")
    if not chosen:
        raise UsageError("bad_cores", f"cores = {text!r}: use a number of cores (2) or a list (0,2 or 4-7).")
    return tuple(chosen)


def _core_range(part: str) -> range:
    first, dash, last = part.partition("-")
    return range(int(first), int(last if dash else first) + 1)


def _given(layer: Layer) -> dict[str, object]:
    return {name: value for name in Layer.__struct_fields__ if (value := getattr(layer, name)) is not None}


def _layer(values: Mapping[str, object], source: str) -> Layer:
    try:
        return msgspec.convert(values, Layer, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise UsageError("bad_setting", f"Cannot use a setting in {source}: {error}") from error


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, (str, Path)):
        return Path(value).expanduser()
    raise NotImplementedError(kind)


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    names = {name: SHARED_VARIABLES.get(name, f"EDGEPROF_AGENT_{name.upper()}") for name in Layer.__struct_fields__}
    given: dict[str, object] = {name: environ[variable] for name, variable in names.items() if environ.get(variable)}
    return given | {name: str(given[name]).split() for name in ("meter", "devices", "phone_runner") if name in given}


def _read_toml(file: Path) -> dict[str, object]:
    try:
        return msgspec.toml.decode(file.read_bytes(), type=dict[str, object])
    except OSError as error:
        raise UsageError("config_unreadable", f"Cannot read the file {file}: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise UsageError("config_unreadable", f"The file {file} is not TOML: {error}") from error


def _read_token(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text().strip() or None
    except OSError as error:
        raise UsageError("token_unreadable", f"Cannot read the token file {file}: {error.strerror}.") from error
