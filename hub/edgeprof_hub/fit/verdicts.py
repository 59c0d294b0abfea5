"""Verdicts for models on devices of this hub, and on boards that nobody owns."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from edgeprof.errors import EdgeprofError
from edgeprof.fit.judging import WORST_FIRST, judge
from edgeprof.fit.of_facts import room_of_facts, target_of_facts
from edgeprof.fit.reasons import reasons_of
from edgeprof.fit.room import Room
from edgeprof.fit.target import Target
from edgeprof.fit.verdict import Fit, Reason
from edgeprof.wire import rest
from edgeprof.wire.fit_record import FitPart, FitReason, FitRecord
from edgeprof_devices import load_profiles
from edgeprof_devices.fitting import room_of, target_of
from edgeprof_devices.schema import Profile
from edgeprof_hub.context import HubContext
from edgeprof_hub.fit.estimates import Needs, default_config, needs_of

MAX_LIKE_RUNS = 50
UNTOLD = "This device has not reported its hardware yet. Start its agent."


class Place(NamedTuple):
    """Where a model may go."""

    device_id: str | None
    profile_id: str | None
    label: str
    target: Target
    room: Room


def device_places(devices: Iterable[rest.DeviceRecord]) -> Iterator[Place]:
    """A device by its own facts, else by its profile; one that another machine plays, by what it plays."""
    profiles = _profiles()
    for device in devices:
        if device.is_endpoint:
            continue
        profile = profiles.get(device.profile_id or "")
        if device.facts is not None:
            target, room = target_of_facts(device.facts, device.label), room_of_facts(device.facts)
        elif profile is not None:
            target, room = target_of(profile), room_of(profile)
        else:
            target, room = Target(name=device.label), Room(None, UNTOLD)
        yield Place(device.device_id, device.profile_id, device.label, target, room)


def profile_places(ids: Sequence[str]) -> Iterator[Place]:
    """Boards by their profiles, in the order of `ids`; unknown ones are left out."""
    profiles = _profiles()
    for each in ids:
        if (profile := profiles.get(each)) is not None:
            yield Place(None, profile.id, profile.title, target_of(profile), room_of(profile))


def needs_on(hub: HubContext, model: rest.ModelRecord, runtime: str = "", context_tokens: int = 0) -> Needs:
    """Of a model by its newest runs and its files."""
    config = default_config(model, runtime)
    if context_tokens:
        prompt = min(context_tokens, config.prompt_tokens)
        decode = min(context_tokens, config.decode_tokens)
        config = replace(config, prompt_tokens=prompt, decode_tokens=decode, depth_tokens=context_tokens - prompt)
    like = hub.reader.results(model_id=model.model_id, limit=MAX_LIKE_RUNS)
    return needs_of(hub.blobs, model, config, [each for each in like if each.result.model_id == model.model_id])


def verdict(needs: Needs, model: rest.ModelRecord, place: Place) -> Fit:
    """Memory and every other reason together."""
    reasons = reasons_of(needs.facts, needs.config.runtime, place.target, needs.context_tokens) if needs.facts else ()
    return judge(needs.estimate, place.room, (*reasons, *_licence(model, reasons)), needs.unknown)


def worst(fits: Iterable[Fit]) -> Fit | None:
    """Of several models on one device, the verdict that decides; of equal ones that of the largest."""
    return min(fits, key=lambda fit: (WORST_FIRST.index(fit.outcome), -(fit.peak_mib or 0.0)), default=None)


def record_of(needs: Needs, model: rest.ModelRecord, place: Place) -> FitRecord:
    """The verdict as the API gives it."""
    fit = verdict(needs, model, place)
    return FitRecord(
        model_id=model.model_id,
        model_name=model.shown_name,
        device_id=place.device_id,
        profile_id=place.profile_id,
        label=place.label,
        runtime=needs.config.runtime,
        outcome=fit.outcome,
        sentence=fit.sentence,
        method=needs.estimate.method if needs.estimate else None,
        peak_mib=fit.peak_mib,
        held_mib=fit.held_mib,
        limit_mib=fit.limit_mib,
        room=place.room.source,
        parts=tuple(
            FitPart(name=part.name, mib=part.mib, held_mib=part.held_mib, method=part.method, how=part.how)
            for part in fit.parts
        ),
        reasons=tuple(
            FitReason(subject=each.subject, outcome=each.outcome, sentence=each.sentence) for each in fit.reasons
        ),
    )


def _licence(model: rest.ModelRecord, known: Sequence[Reason]) -> list[Reason]:
    """The one that its recipe states, where the file states none."""
    if model.licence in ("", "unknown") or any(reason.subject == "licence" for reason in known):
        return []
    return [Reason(subject="licence", outcome="fits", sentence=f"Its recipe states {model.licence}.")]


def _profiles() -> dict[str, Profile]:
    try:
        return load_profiles()
    except EdgeprofError:
        return {}
