"""Rollouts in a terminal: one line each, and one with its groups and devices."""

import time
from collections.abc import Iterator, Sequence

from edgeprof.tables import columns, durations
from edgeprof.tables.figures import clean
from edgeprof.wire.rollouts import Quarantine, Rollout, RolloutDevice, RolloutGroup

HEADERS = ("started", "what", "state", "devices", "rollout")
GROUP_HEADERS = ("group", "devices", "state", "outcomes")
DEVICE_HEADERS = ("group", "device", "outcome", "before", "why")
QUARANTINE_HEADERS = ("number", "model", "kind of device", "crashes", "state")
GROUP_WORDS = {
    "waiting": "waits",
    "running": "runs",
    "short": "ended below its threshold",
    "approval": "passed, waits for approval",
    "passed": "passed",
    "failed": "failed",
}
OUTCOMES = ("succeeded", "failed", "undecided", "cancelled", "open")


def rollouts_text(found: Sequence[Rollout], now_s: float) -> str:
    """One line a rollout, the newest first, with its id to copy."""
    if not found:
        return "No rollout yet. Start one with `edgeprof rollout start MODEL --all`."
    lines = [
        (
            durations.age_text(now_s - one.created_s),
            clean(f"{one.kind} of {one.model_name}"),
            one.state,
            devices_text(one.groups),
            one.rollout_id,
        )
        for one in found
    ]
    return "\n".join(columns.table([HEADERS, *lines], left=len(HEADERS)))


def rollout_text(one: Rollout) -> str:
    """A sentence on where it stands, its groups, its devices."""
    lines = [clean(f"{one.kind.capitalize()} of {one.model_name}: {one.state}. {one.stands}").strip()]
    lines += [f"Note: {clean(note)}" for note in one.notes]
    groups = [
        (
            f"{each.number + 1} {each.title}",
            str(each.size),
            group_word(one, each),
            f"{counts_text(one, each)}; needs {each.needs}",
        )
        for each in one.groups
    ]
    lines += ["", *columns.table([GROUP_HEADERS, *groups], left=len(GROUP_HEADERS))]
    if one.devices:
        rows = [
            (
                str(each.group + 1),
                clean(each.label),
                outcome_word(one, each),
                clean(each.previous_name),
                clean(each.sentence),
            )
            for each in one.devices
        ]
        lines += ["", *columns.table([DEVICE_HEADERS, *rows], left=len(DEVICE_HEADERS))]
        lines += _gates(one.devices)
    if one.may_roll_back:
        lines += ["", f"Roll back {one.may_roll_back}: edgeprof rollout rollback {one.rollout_id}"]
    return "\n".join(lines)


def quarantines_text(found: Sequence[Quarantine]) -> str:
    """Those that hold first."""
    if not found:
        return "No model is quarantined."
    lines = [
        (
            str(each.quarantine_id),
            clean(each.model_name),
            clean(each.kind_title),
            f"{len(each.crashes)} in a row",
            "holds" if each.lifted_s is None else f"lifted {durations.age_text(time.time() - each.lifted_s)}",
        )
        for each in found
    ]
    return "\n".join(columns.table([QUARANTINE_HEADERS, *lines], left=len(QUARANTINE_HEADERS)))


def devices_text(groups: Sequence[RolloutGroup]) -> str:
    """`3 of 40 succeeded, 1 failed`."""
    total = {word: sum(group.counts.get(word, 0) for group in groups) for word in OUTCOMES}
    other = "".join(f", {total[word]} {word}" for word in OUTCOMES[1:4] if total[word])
    return f"{total['succeeded']} of {sum(group.size for group in groups)} succeeded{other}"


def counts_text(one: Rollout, group: RolloutGroup) -> str:
    """`1 succeeded, 2 open`; of a rollout that has ended, `2 not reached`."""
    words = {"open": _open_word(one)}
    return ", ".join(f"{group.counts[word]} {words.get(word, word)}" for word in OUTCOMES if group.counts.get(word))


def group_word(one: Rollout, group: RolloutGroup) -> str:
    """The state of a group for a person."""
    return "not started" if one.ended_s is not None and group.state == "waiting" else GROUP_WORDS[group.state]


def outcome_word(one: Rollout, device: RolloutDevice) -> str:
    """The outcome of a device for a person."""
    return device.outcome or _open_word(one)


def _open_word(one: Rollout) -> str:
    return "open" if one.ended_s is None else "not reached"


def _gates(devices: Sequence[RolloutDevice]) -> Iterator[str]:
    for device in devices:
        for sentence in device.gate_sentences:
            yield f"Gate on {clean(device.label)}: {clean(sentence)}"
