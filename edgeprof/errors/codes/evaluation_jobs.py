"""Codes of evaluation sets on a hub, and of campaigns that use them."""

from edgeprof.errors.codes.entry import WRONG_USE, ErrorCode

ON_A_HUB = (
    ErrorCode(
        "ambiguous_set",
        "Several evaluation sets on the hub have this name.",
        "Use one of the ids in the message.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_archive",
        "The file is not an archive with an evaluation set, or it holds more than plain files.",
        "Pack the folder that has `set.json` as .zip or .tar.gz.",
    ),
    ErrorCode(
        "evaluation_run",
        "The run is an evaluation; this needs a run that measured speed.",
        "Choose a run that measured speed.",
        WRONG_USE,
    ),
    ErrorCode(
        "outcomes_unreadable",
        "The outcomes of an evaluation's items are not on the hub, or are damaged.",
        "Evaluate again.",
    ),
    ErrorCode(
        "set_id_mismatch",
        "The uploaded files are another evaluation set than the id says.",
        "Push the folder again.",
    ),
)
