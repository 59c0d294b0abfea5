"""Codes of joining a device: installing and upgrading its agent, and the wheels that the hub offers for that."""

from edgeprof.errors.codes.entry import EITHER, FAILED, WRONG_USE, ErrorCode

DEVICE = (
    ErrorCode(
        "identity_is_link",
        "The identity folder of the agent is a symbolic link, and root does not follow it.",
        "Remove the link that the message names; install again.",
    ),
    ErrorCode("install_failed", "The installer (uv or pip) failed.", "Read the end of its output in the message."),
    ErrorCode(
        "join_failed",
        "The hub did not let the device in.",
        "Read its reason in the message; make another line on the page Add a device.",
    ),
    ErrorCode(
        "no_installer", "The device has neither uv nor pip.", "Run `edgeprof hub wheels` on the hub for this device."
    ),
    ErrorCode(
        "no_wheel",
        "A requested runtime cannot be installed on this device.",
        "Leave it out of `--extras`, or run the command in the message on the hub.",
    ),
    ErrorCode(
        "no_contact",
        "The agent was started, and it has not reached the hub.",
        "Read the end of its log in the message; check that the broker's port can be reached from the device.",
    ),
    ErrorCode(
        "not_installed",
        "No agent of the hub's installer lies here.",
        "Run the line of the hub's page Add a device.",
        WRONG_USE,
    ),
    ErrorCode(
        "python_in_home",
        "The installer runs by a Python in a home folder, which the agent's service cannot see.",
        "Run it by the system's Python, as the message shows.",
    ),
    ErrorCode(
        "service_failed",
        "The service could not be changed: `systemctl` refused.",
        "Read its reason in the message; use sudo.",
    ),
    ErrorCode(
        "token_on_command_line",
        "A secret stood on the command line, where other users can read it.",
        "Give it by a file or the standard input: `--join -`.",
        WRONG_USE,
    ),
    ErrorCode(
        "upgrade_failed",
        "The new version did not work, and the version before runs again.",
        "Read the reason in the message. The old version still runs.",
    ),
    ErrorCode(
        "upgrade_changed",
        "The hub's package index changed between its order to upgrade and the upgrade.",
        "Order the upgrade again on the fleet page.",
    ),
    ErrorCode(
        "upgrade_interrupted",
        "A power cut or a kill ended the upgrade. The version before runs.",
        "Order the upgrade again on the fleet page.",
    ),
    ErrorCode(
        "upgrade_unavailable",
        "The hub cannot upgrade this agent: it was not installed by the hub's line, or may not change its own files.",
        "Type the command of the message on the device.",
    ),
    ErrorCode(
        "upgrade_unproven",
        "The device has not joined its hub over TLS, so anybody in the network could have sent the order to upgrade.",
        "Run `sudo edgeprof agent upgrade` on the device, or join it again with the line of the page *Add a device*.",
    ),
    ErrorCode("upgrade_running", "Another upgrade of this agent runs.", "Wait until it ends."),
)

HUB = (
    ErrorCode(
        "hub_busy",
        "Many devices ask the hub at once what they have to install.",
        "Run the installer again in a minute.",
        FAILED,
        (503,),
    ),
    ErrorCode("bad_extra", "The text is not a runtime of a device.", "Use one that the message lists.", WRONG_USE),
    ErrorCode(
        "bad_target",
        "The text is not a kind of device.",
        "Use ARCHITECTURE-PYTHON, such as aarch64-cp311.",
        WRONG_USE,
    ),
    ErrorCode("bad_wheel", "The file is not a wheel, or not edgeprof's.", "Give another file.", EITHER),
    ErrorCode("not_packable", "The hub cannot pack its own installation.", "Give edgeprof's wheel: `--wheel FILE`."),
    ErrorCode(
        "wheels_missing",
        "The package index has no wheel of a dependency for this kind of device.",
        "Put a wheel of your own into the hub's folder `wheels`, or choose other runtimes.",
    ),
)
