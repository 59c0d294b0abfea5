"""Under which heading `edgeprof --help` lists each command. A new one is a line in COMMANDS (cli.py) and one here."""

GROUPS: dict[str, tuple[str, ...]] = {
    # heading: the commands below it, the most used first
    "Measure here": (
        "profile",
        "operators",
        "evaluate",
        "characterize",
        "load",
        "calibrate",
        "reproduce",
        "divergence",
        "endpoint",
    ),
    "Hub and fleet": (
        "hub",
        "agent",
        "devices",
        "flash",
        "rollout",
        "jobs",
        "again",
        "retry",
        "cancel",
        "group",
        "rename",
        "delete",
    ),
    "Compare and decide": (
        "compare",
        "results",
        "fit",
        "predict",
        "ready",
        "integration",
        "price",
        "prices",
    ),
    "Quality": (
        "quality",
        "gate",
        "capability",
        "set",
    ),
    "Models": (
        "optimize",
        "models",
        "model",
        "family",
        "tag",
    ),
    "Take data away": (
        "export",
        "publish",
    ),
    "Set-up and help": (
        "demo",
        "doctor",
        "errors",
        "paths",
    ),
}
"""Each command is in exactly one group; a test compares this table with COMMANDS."""
OTHER = "Other"
MAX_HELP_CHARS = 62
"""Of a command's line of help: it then fits on one line of 80 columns."""


def grouped(names: list[str]) -> dict[str, list[str]]:
    """Heading to the commands below it; a command in no group comes last, under `Other`.

    >>> grouped(["profile", "new"])
    {'Measure here': ['profile'], 'Other': ['new']}
    """
    known = {name for group in GROUPS.values() for name in group}
    found = {heading: [name for name in group if name in names] for heading, group in GROUPS.items()}
    found[OTHER] = [name for name in names if name not in known]
    return {heading: group for heading, group in found.items() if group}
