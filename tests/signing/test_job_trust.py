"""What a device with a pinned key runs, and each way in which a job is refused. The list of attacks is TUF's.

https://theupdateframework.io/docs/security/: arbitrary software, rollback, fast-forward, indefinite freeze, endless
data, extraneous dependencies, mix-and-match, wrong software, malicious mirrors, key compromise.
"""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from edgeprof.errors import EdgeprofError
from edgeprof.signing import statement
from edgeprof.wire import codec, identity
from edgeprof.wire.messages import Job, SignedStatement
from edgeprof_agent.daemon.trust import JobTrust
from edgeprof_hub.signing.job_key import JobKey
from edgeprof_hub.signing.job_signer import JobSigner
from tests.agent import pieces

DEVICE = "d-0123456789abcdef"
HUB = "h-0123456789abcdef"
DAY_S = 86400.0


@pytest.fixture
def key(tmp_path: Path) -> JobKey:
    return JobKey.open(tmp_path / "hub")


@pytest.fixture
def trust(tmp_path: Path, key: JobKey) -> JobTrust:
    pin(tmp_path, key.public_hex)
    return JobTrust(tmp_path / "agent", DEVICE)


def pin(tmp_path: Path, text: str) -> None:
    (tmp_path / "agent").mkdir(exist_ok=True)
    (tmp_path / "agent" / "job_key").write_text(text)


def signed(key: JobKey, job: Job | None = None, version: int = 10, floor: int = 1, device: str = DEVICE) -> Job:
    return JobSigner(key, HUB).sign(job or pieces.job(), device, (version, floor))


def resigned(key: JobKey, job: Job, **changes: object) -> Job:
    """With a statement of other contents, signed by the right key."""
    assert job.signed is not None
    text = json.dumps({**json.loads(job.signed.statement), **changes})
    signature = key.sign(statement.signed_bytes(text)).hex()
    return replace(job, signed=SignedStatement(statement=text, signature_hex=signature))


def refusal(trust: JobTrust, job: Job, payload: bytes | None = None) -> str:
    with pytest.raises(EdgeprofError) as caught:
        trust.check(job, codec.encode(job) if payload is None else payload)
    return caught.value.code


def test_a_job_of_the_own_hub_is_run(trust: JobTrust, key: JobKey) -> None:
    job = signed(key)
    trust.check(job, codec.encode(job))
    trust.check(job, codec.encode(job))


def test_without_a_pinned_key_every_job_is_run(tmp_path: Path) -> None:
    job = pieces.job()
    JobTrust(tmp_path / "agent", DEVICE).check(job, codec.encode(job))


def test_an_agent_from_before_signatures_reads_a_signed_job(key: JobKey) -> None:
    """It drops what it does not know; so does this one with a field of a later release."""
    document = json.loads(codec.encode(signed(key)))
    document["signed"]["later"] = document["later"] = 1
    assert isinstance(codec.decode("job", json.dumps(document).encode()), Job)


def test_arbitrary_software_an_unsigned_job_is_refused(trust: JobTrust) -> None:
    assert refusal(trust, pieces.job()) == "job_unsigned"


def test_a_malicious_mirror_another_hubs_signature_is_refused(trust: JobTrust, tmp_path: Path) -> None:
    assert refusal(trust, signed(JobKey.open(tmp_path / "other"))) == "job_signature_wrong"


def test_a_signature_of_something_else_is_none_of_a_job(trust: JobTrust, key: JobKey) -> None:
    job = signed(key)
    assert job.signed is not None
    bare = key.sign(job.signed.statement.encode()).hex()  # without the context
    assert refusal(trust, replace(job, signed=replace(job.signed, signature_hex=bare))) == "job_signature_wrong"
    assert refusal(trust, replace(job, signed=replace(job.signed, signature_hex="zz"))) == "job_signature_wrong"


def test_wrong_target_another_devices_job_is_refused(trust: JobTrust, key: JobKey) -> None:
    assert refusal(trust, signed(key, device="d-fedcba9876543210")) == "job_wrong_device"


def test_another_hub_with_the_same_key_is_refused(trust: JobTrust, key: JobKey) -> None:
    job = signed(key)
    trust.check(job, codec.encode(job))
    assert refusal(trust, JobSigner(key, "h-other").sign(pieces.job(), DEVICE, (11, 1))) == "job_wrong_hub"


def swapped(job: Job) -> list[Job]:
    other = pieces.model("other")
    return [
        replace(job, job_id="j-other"),
        replace(job, attempt=2),
        replace(job, model=other),
        replace(job, model=replace(job.model, manifest=other.manifest)),
        replace(job, model=replace(job.model, name="other")),
        replace(job, config=replace(job.config, threads=3)),
        replace(job, config_key="0" * 16),
        replace(job, protocol=replace(job.protocol, min_runs=99)),
    ]


def test_mix_and_match_a_part_of_another_job_is_refused(trust: JobTrust, key: JobKey) -> None:
    assert [refusal(trust, job) for job in swapped(signed(key))] == ["job_mixed"] * 8


def test_a_repeated_key_in_the_document_is_refused(trust: JobTrust, key: JobKey) -> None:
    job = signed(key)
    payload = codec.encode(job)
    twice = payload[:-1] + b',"config_key":"' + job.config_key.encode() + b'"}'
    assert refusal(trust, job, twice) == "job_mixed"


def test_a_field_that_this_agent_does_not_know_is_signed_too(trust: JobTrust, key: JobKey) -> None:
    job = signed(key)
    payload = codec.encode(job)[:-1] + b',"later":1}'
    assert refusal(trust, job, payload) == "job_mixed"


def test_rollback_a_job_that_the_hub_has_withdrawn_is_refused_after_a_restart_too(
    trust: JobTrust, key: JobKey, tmp_path: Path
) -> None:
    withdrawn, newer = signed(key, version=10), signed(key, version=12, floor=12)
    trust.check(newer, codec.encode(newer))
    assert refusal(trust, withdrawn) == "job_rolled_back"
    assert refusal(JobTrust(tmp_path / "agent", DEVICE), withdrawn) == "job_rolled_back"


def test_jobs_that_are_open_together_may_come_in_any_order(trust: JobTrust, key: JobKey) -> None:
    first, second = signed(key, version=10, floor=10), signed(key, version=11, floor=10)
    for job in (second, first):
        trust.check(job, codec.encode(job))


def test_freeze_a_job_past_its_expiry_is_refused(trust: JobTrust, key: JobKey) -> None:
    job = resigned(key, signed(key), expires_s=time.time() - DAY_S)
    assert refusal(trust, job) == "job_expired"


def test_freeze_a_clock_that_stands_still_does_not_revive_an_old_job(
    trust: JobTrust, key: JobKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = signed(key, version=12), resigned(key, signed(key, version=11), expires_s=time.time() - DAY_S)
    trust.check(new, codec.encode(new))
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert refusal(trust, old) == "job_expired"


def test_a_hub_whose_clock_was_ahead_does_not_lock_its_devices(
    trust: JobTrust, key: JobKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 3650 * DAY_S)
    ahead = signed(key, version=11)
    monkeypatch.setattr(time, "time", lambda: now_s)
    trust.check(ahead, codec.encode(ahead))
    corrected = signed(key, version=12)
    trust.check(corrected, codec.encode(corrected))


def test_fast_forward_a_huge_version_of_a_stranger_changes_nothing(
    trust: JobTrust, key: JobKey, tmp_path: Path
) -> None:
    assert refusal(trust, signed(JobKey.open(tmp_path / "other"), version=2**60, floor=2**60)) == "job_signature_wrong"
    job = signed(key)
    trust.check(job, codec.encode(job))


def test_endless_data_a_long_statement_is_refused_before_it_is_parsed(trust: JobTrust, key: JobKey) -> None:
    job = resigned(key, signed(key), padding="x" * 5000)
    assert refusal(trust, job) == "job_oversized"


@pytest.mark.parametrize("text", ["", "{}", "[" * 2000, '{"hub_id": 1}', "\ud800"])
def test_a_signed_statement_that_says_nothing_is_refused(trust: JobTrust, key: JobKey, text: str) -> None:
    raw = text.encode(errors="replace").decode()
    job = replace(
        signed(key),
        signed=SignedStatement(statement=raw, signature_hex=key.sign(statement.signed_bytes(raw)).hex()),
    )
    assert refusal(trust, job) == "job_statement_unreadable"


@pytest.mark.parametrize("text", ["", "  \n", "zz" * 32, "00" * 31, "ü"])
def test_a_damaged_pin_is_not_taken_for_none(trust: JobTrust, tmp_path: Path, text: str) -> None:
    pin(tmp_path, text)
    assert refusal(trust, pieces.job()) == "job_key_unreadable"


def test_a_hub_that_changes_its_key_is_followed_where_the_next_key_is_pinned_too(tmp_path: Path, key: JobKey) -> None:
    following = JobKey.open(tmp_path / "next")
    pin(tmp_path, f"{key.public_hex}\n{following.public_hex}\n")
    trust = JobTrust(tmp_path / "agent", DEVICE)
    for number, each in enumerate((key, following)):
        job = signed(each, version=10 + number)
        trust.check(job, codec.encode(job))


def test_a_rotten_memory_keeps_the_signature_in_force(trust: JobTrust, key: JobKey, tmp_path: Path) -> None:
    (tmp_path / "agent" / "job_seen.json").write_bytes(b"\0\0\0")
    job = signed(key)
    trust.check(job, codec.encode(job))
    assert refusal(trust, pieces.job()) == "job_unsigned"


def test_a_long_manifest_leaves_room_for_its_signature(key: JobKey) -> None:
    files = {f"part-{number:04d}.bin": b"x" for number in range(350)}
    job = signed(key, pieces.job(pieces.model("many", {"model.onnx": b"y", **files})))
    assert job.signed is not None
    assert 40_000 < len(codec.encode(job)) <= codec.MAX_MESSAGE_BYTES


def test_the_key_is_kept_private_and_never_replaced(tmp_path: Path) -> None:
    first = JobKey.open(tmp_path / "hub")
    file = tmp_path / "hub" / "job-key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert JobKey.open(tmp_path / "hub").public_hex == first.public_hex
    file.write_text("damaged")
    with pytest.raises(EdgeprofError) as caught:
        JobKey.open(tmp_path / "hub")
    assert caught.value.code == "job_key_damaged"


def test_the_statement_names_what_it_vouches_for(key: JobKey) -> None:
    job = pieces.job()
    of = signed(key, job)
    assert of.signed is not None
    said = json.loads(of.signed.statement)
    assert set(said) == set(asdict(statement.checked(of, codec.encode(of), _expectation(key))))
    assert (said["job_id"], said["model_id"], said["device_id"]) == (job.job_id, job.model.model_id, DEVICE)
    assert said["content_sha256"] == identity.sha256_hex(
        identity.canonical_json({k: v for k, v in json.loads(codec.encode(job)).items() if k != "signed"})
    )


def _expectation(key: JobKey) -> statement.Expectation:
    return statement.Expectation(
        keys=[bytes.fromhex(key.public_hex)], device_id=DEVICE, hub_id="", floor=0, now_s=time.time()
    )
