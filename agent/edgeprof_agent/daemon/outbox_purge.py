"""What the outbox forgets: results that the hub has had for a day, the oldest of them earlier, files nobody names."""

from edgeprof_agent.daemon.artifact_files import ArtifactFiles
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.outbox_entry import artifacts_of

KEEP_RECEIPTED_S = 24 * 3600.0
"""So long a hub that was restored from a backup gets back what it lost, see recall.py."""


def purge(database: Database, artifacts: ArtifactFiles, budget: int, now_s: float) -> int:
    """Forget what was confirmed a day ago, and the oldest of it earlier where there is more than the budget.

    Returns how many results it forgot. One without a receipt is never among them.
    """
    with database.transaction() as change:
        excess = max(0, int(change.execute("SELECT count(*) FROM results").fetchone()[0]) - budget)
        gone = change.execute(
            "DELETE FROM results WHERE state = 'receipted' AND changed_s < ?", (now_s - KEEP_RECEIPTED_S,)
        ).rowcount
        gone += change.execute(
            "DELETE FROM results WHERE seq IN (SELECT seq FROM results WHERE state = 'receipted' ORDER BY seq LIMIT ?)",
            (max(0, excess - gone),),
        ).rowcount
        if gone:
            remove_unnamed(database, artifacts)
    return gone


def remove_unnamed(database: Database, artifacts: ArtifactFiles) -> None:
    """Artifacts of no result that is still here."""
    named: set[str] = set()
    for row in database.rows("SELECT artifacts FROM results"):
        these = artifacts_of(row)
        if these is None:
            return  # a damaged row: nobody knows which files it names
        named.update(these)
    artifacts.keep_only(named)
