"""Makes a recording of a stopped hub's data folder: `python -m edgeprof_hub.recorded.record DATA ABOUT FILE`.

DATA is the folder of a hub that ran `./scripts/demo`; ABOUT is one sentence on when and on what that was.
"""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof_hub.context import DATABASE
from edgeprof_hub.recorded import recording, scrub
from edgeprof_hub.recorded.recording import RecordedDevice, Recording
from edgeprof_hub.store.reader import SqliteReader

MAX_ARTIFACT_BYTES = 1_120_000
"""Of all artifacts before compression: single samples of fast models are most of a hub's bytes."""
LEFT_OUT = "left out of this recording for its size"
MAX_RESULTS = 1000


def record(data: Path, about: str) -> Recording:
    """What the hub of this folder has, without what tells of its machine."""
    reader = SqliteReader(data / DATABASE)
    try:
        stored = [one for _, one in reader.results_after(0, MAX_RESULTS) if isinstance(one, rest.StoredResult)]
        families = sorted({model.family for model in reader.models()})
        job_ids = [one.result.job_id for one in stored if one.result.job_id]
        kept = _artifacts(data / "artifacts", [one.result for one in stored])
        return Recording(
            about=about,
            devices=tuple(scrub.device(_device(record)) for record in reader.devices(retired=True)),
            models=tuple(reader.models()),
            sets=tuple(reader.evaluation_sets()),
            gates=dict(reader.gates.gates(families)),
            campaigns=_campaigns(reader, job_ids),
            results=tuple(replace(one, result=_result(one.result, kept)) for one in stored),
            artifacts=kept,
        )
    finally:
        reader.close()


def _device(record: rest.DeviceRecord) -> RecordedDevice:
    state = m.State(
        device_id=record.device_id,
        session_id="",
        name=record.name,
        online=True,
        agent_version=record.agent_version,
        hostname="",
    )
    return RecordedDevice(
        state=state,
        facts=record.facts,
        profile_id=record.profile_id,
        profile_title=record.profile_title,
        profile_reason=record.profile_reason,
        price_usd=record.price_usd,
        price_source=record.price_source,
    )


def _campaigns(reader: SqliteReader, job_ids: Iterable[str]) -> tuple[tuple[rest.JobRecord, ...], ...]:
    jobs = [job for job_id in job_ids if (job := reader.job(job_id)) is not None]
    ids = dict.fromkeys(job.campaign_id for job in jobs)
    return tuple(campaign.jobs for each in ids if (campaign := reader.campaign(each)) is not None)


def _artifacts(folder: Path, results: Iterable[m.Result]) -> dict[str, str]:
    """Those that fit: the measured machine's before an emulated one's, small ones first."""
    wanted = [(result.emulated, one.size, one.sha256) for result in results for one in result.artifacts]
    kept: dict[str, str] = {}
    room = MAX_ARTIFACT_BYTES
    for _, size, sha256 in sorted(wanted):
        if size <= room and (found := next(folder.rglob(sha256), None)) is not None:
            kept[sha256] = found.read_bytes().decode()
            room -= size
    return kept


def _result(result: m.Result, kept: dict[str, str]) -> m.Result:
    lost = [m.LostArtifact(name=one.name, reason=LEFT_OUT) for one in result.artifacts if one.sha256 not in kept]
    there = tuple(one for one in result.artifacts if one.sha256 in kept)
    return scrub.result(replace(result, artifacts=there, lost_artifacts=(*result.lost_artifacts, *lost)))


def main() -> None:
    """See the head of this file."""
    data, about, file = sys.argv[1:]
    size = recording.write(Path(file), record(Path(data), about))
    print(f"{file}: {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
