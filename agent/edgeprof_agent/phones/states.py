"""The states in which adb lists a phone, each with what to do. Pure.

Source: AOSP packages/modules/adb, `ConnectionState` and its names in adb.cpp; docs/user/adb.1.md.
"""

from typing import NamedTuple

READY = "device"


class State(NamedTuple):
    """What the state means for the agent, and the remedy; both empty for a phone that is ready."""

    meaning: str
    remedy: str


STATES: dict[str, State] = {
    READY: State("", ""),
    "unauthorized": State(
        "the phone has not allowed this computer",
        "Unlock the phone and accept `Allow USB debugging?`. No question there: revoke USB debugging authorizations "
        "in its developer options, then plug it in again.",
    ),
    "authorizing": State("the phone is being asked", "Unlock the phone and accept `Allow USB debugging?`."),
    "offline": State(
        "adb sees the phone, but it does not answer",
        "Plug it in again with another cable or port, or run `adb reconnect offline`.",
    ),
    "connecting": State("the connection is being made", "Wait a few seconds."),
    "no permissions": State(
        "this user may not open the phone's USB device",
        "Install udev rules for it (Debian: apt-get install android-sdk-platform-tools-common), add the user to the "
        "group plugdev, run `adb kill-server`, and plug the phone in again.",
    ),
    "recovery": State("the phone is in recovery", "Run `adb reboot`."),
    "sideload": State("the phone is in recovery and waits for an update", "Run `adb reboot`."),
    "rescue": State("the phone is in rescue mode", "Run `adb reboot`."),
    "bootloader": State("the phone is in its bootloader", "Run `fastboot reboot`."),
    "host": State("this is another adb server, not a phone", "Disconnect it with `adb disconnect`."),
}


def state_named(word: str) -> str:
    """adb's state by its first word: `no permissions (...); see [...]` reaches us as `no`.

    >>> state_named("no"), state_named("offline")
    ('no permissions', 'offline')
    """
    return "no permissions" if word == "no" else word


def problem(state: str) -> State:
    """Why a phone in this state cannot be used, and the remedy. A state that is new to us is named as it is."""
    return STATES.get(state, State(f"adb reports the state {state!r}", "See `adb devices -l`, and plug it in again."))
