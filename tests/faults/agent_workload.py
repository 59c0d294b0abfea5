"""What an agent does with its disk, without its network: says each promise only after it was made durable."""

import sys
from dataclasses import replace
from pathlib import Path

from edgeprof.wire import identity
from edgeprof.wire.identity import sha256_hex
from edgeprof.wire.messages import ArtifactRef, Job, Receipt
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.folder import StateFolder
from edgeprof_agent.daemon.jobs import Jobs, Started
from edgeprof_agent.daemon.outbox import Outbox
from tests.agent import pieces

JOBS = 12


def say(*words: object) -> None:
    """One promise."""
    print(*words, flush=True)


def main(data: Path, *options: str) -> None:
    """`careless`: without SQLite's flushes."""
    folder = StateFolder(data)
    say("device", folder.device_id())
    database = Database(data / "agent.db")
    if "careless" in options:
        database.rows("PRAGMA synchronous=OFF")
    jobs = Jobs(database)
    outbox = Outbox(database, data / "artifacts", 1_000)
    for number in range(JOBS):
        one_job(number, database, jobs, outbox)


def one_job(number: int, database: Database, jobs: Jobs, outbox: Outbox) -> None:
    job = pieces.job(job_id=f"j-{number}")
    jobs.add(job)
    say("accepted", job.job_id)
    result_id = identity.new_id()
    jobs.start(Started(job, result_id, pieces.now()))
    say("started", job.job_id, result_id)
    keep(number, job, result_id, database, jobs, outbox)
    say("kept", job.job_id, result_id)
    if number % 3 == 0:
        entry = outbox.entry(result_id)
        assert entry is not None
        outbox.settle(Receipt(result_id=result_id, sha256=sha256_hex(entry.payload), status="stored"))
        say("settled", job.job_id, result_id)


def keep(number: int, job: Job, result_id: str, database: Database, jobs: Jobs, outbox: Outbox) -> None:
    """As the runner does: the result with its artifact and the job's end, together or not at all."""
    samples = f"samples of {number} ".encode() * 200
    reference = ArtifactRef(name="samples", sha256=sha256_hex(samples), size=len(samples), media_type="text/plain")
    result = replace(pieces.result(job, result_id), artifacts=(reference,))
    with database.transaction():
        outbox.put(result, {reference.sha256: samples})
        jobs.finish(job)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
