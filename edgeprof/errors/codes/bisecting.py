"""Codes of a search for the first version that is worse."""

from edgeprof.errors.codes.entry import MISSING_PART, WRONG_USE, ErrorCode

BISECTING = (
    ErrorCode(
        "bad_versions",
        "A value is not a version, or the good version is not older than the bad one.",
        "Use versions such as 1.18.0, the older one for `--good`.",
        WRONG_USE,
    ),
    ErrorCode(
        "bisect_end_unusable",
        "A build that the search starts from does not install or run.",
        "Name another version with `--good` or `--bad`; the message holds the reason.",
    ),
    ErrorCode(
        "bisect_no_environment",
        "No Python environment can be made in the cache.",
        "Install `python3-venv`, and check the free space of the cache.",
    ),
    ErrorCode(
        "bisect_no_verdict",
        "Two builds cannot be compared, as on an emulated device.",
        "Search on the device itself.",
    ),
    ErrorCode(
        "index_unreachable",
        "The package index does not answer, or does not have the package.",
        "Check the network and the package's name, or name an index with `--index URL`.",
    ),
    ErrorCode(
        "index_unreadable", "The package index sent something else than a list of files.", "Name an index of PEP 503."
    ),
    ErrorCode(
        "no_such_package",
        "No runtime that edgeprof runs is in that package.",
        "Use one of the packages in the message.",
        WRONG_USE,
    ),
    ErrorCode(
        "no_such_version",
        "The package has no wheel of that version for this Python and machine.",
        "Use one of the versions in the message.",
        WRONG_USE,
    ),
    ErrorCode(
        "packaging_missing",
        "Ordering versions needs the package packaging.",
        "Run `pip install 'edgeprof[bisect]'`.",
        MISSING_PART,
    ),
)
