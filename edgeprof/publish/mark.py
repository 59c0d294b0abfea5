"""How far a publish into a folder got: a file with the hub's number of the newest result that is there."""

from pathlib import Path

from edgeprof.errors import UsageError

MARK = "edgeprof-last-seq"


def last_seq(folder: Path) -> int:
    """0 where nothing was published there yet. Raises UsageError for a mark that is none."""
    mark = folder / MARK
    if not mark.exists():
        return 0
    text = mark.read_text(errors="replace").strip()
    if not (text.isascii() and text.isdigit()):
        raise UsageError("bad_mark", f"{mark} does not hold the number of the last result. Use another folder.")
    return int(text)


def set_last_seq(folder: Path, seq: int) -> None:
    """Everything up to this result is there. Written whole or not at all."""
    new = folder / f"{MARK}.new"
    new.write_text(f"{seq}\n")
    new.replace(folder / MARK)
