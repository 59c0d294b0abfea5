"""What a device keeps of its join: when it is renewed, what an ended one and a damaged one say, how a key is made."""

import contextlib
import datetime as dt
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from edgeprof.errors import EdgeprofError
from edgeprof.net.http import reason_of
from edgeprof.wire.joining import Enrolled, MqttDoor, Renewed
from edgeprof_agent import config
from edgeprof_agent.daemon import durable
from edgeprof_agent.daemon.http import HubHttp, HubUnreachable
from edgeprof_agent.doctor import hub as doctor
from edgeprof_agent.identity import files, joining, key_request
from edgeprof_agent.identity.files import DeviceIdentity
from edgeprof_agent.identity.renewal import Renewal
from edgeprof_hub.identity import certificates

DEVICE = "d-0011223344556677"
NOW = dt.datetime.now(dt.timezone.utc)
CA = certificates.new_ca(NOW - dt.timedelta(days=2000))
CA_PEM = certificates.pem_of(CA.certificate)
KEY = certificates.new_key()


def signed(days_ago: float) -> str:
    """A certificate of so many days ago; it is good for a year."""
    made = certificates.device_certificate(CA, KEY.public_key(), DEVICE, NOW - dt.timedelta(days=days_ago))
    return certificates.pem_of(made)


def identity(folder: Path, days_ago: float) -> DeviceIdentity:
    made = folder / files.FOLDER
    made.mkdir(exist_ok=True)
    (made / files.CA).write_text(certificates.pem_of(CA.certificate))
    (made / files.KEY).write_text(certificates.private_pem(KEY))
    (made / files.CERTIFICATE).write_text(signed(days_ago))
    (made / files.HUB).write_text('{"hub_url": "https://hub.example:8766"}')
    found = DeviceIdentity.of(folder)
    assert found is not None
    return found


def test_a_device_that_has_not_joined_has_no_identity(tmp_path: Path) -> None:
    assert DeviceIdentity.of(tmp_path) is None
    assert files.joined_hub(tmp_path) is None


def test_the_certificate_is_renewed_once_two_thirds_of_its_life_are_over(tmp_path: Path) -> None:
    now_s = NOW.timestamp()
    assert not identity(tmp_path, 200).is_renewal_due(now_s)
    assert identity(tmp_path, 300).is_renewal_due(now_s)
    found = identity(tmp_path, 400)
    assert not found.is_renewal_due(now_s)  # it is too late


def test_a_renewal_is_used_from_the_next_connection_on(tmp_path: Path) -> None:
    found = identity(tmp_path, 300)
    before = found.context()
    assert found.context() is before
    renewed = Renewed(certificate_pem=signed(0), ca_pem=CA_PEM)
    Renewal(found, lambda: renewed, lambda: CA_PEM).look()
    assert found.context() is not before
    assert not found.is_renewal_due(NOW.timestamp())


def test_a_renewal_that_fails_leaves_everything_as_it_was(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = identity(tmp_path, 300)

    def away() -> Renewed:
        raise HubUnreachable("https://hub.example:8766", "no route to host")

    with caplog.at_level(logging.WARNING):
        Renewal(found, away, lambda: CA_PEM).look()
    assert "certificate.not_renewed" in caplog.text
    assert found.is_renewal_due(NOW.timestamp())


def test_a_ca_that_is_to_follow_is_learned_and_nothing_else_is(tmp_path: Path) -> None:
    found = identity(tmp_path, 0)
    both = CA_PEM + certificates.pem_of(certificates.new_ca(NOW).certificate)
    for answer in ("", "no certificate", both, both):
        Renewal(found, lambda: pytest.fail("nothing is due"), lambda answer=answer: answer).look()
        assert found.context().cert_store_stats()["x509_ca"] == (2 if answer == both else 1)


def test_an_expired_certificate_is_named_with_both_dates_and_the_way_out(tmp_path: Path) -> None:
    found = identity(tmp_path, 400)
    with pytest.raises(EdgeprofError) as caught:
        found.context()
    assert caught.value.code == "certificate_expired"
    ended = NOW - dt.timedelta(days=35)
    assert f"expired on {ended:%Y-%m-%d}; its clock says {NOW:%Y-%m-%d}" in caught.value.message
    assert "edgeprof agent join --hub https://hub.example:8766" in caught.value.message
    (tmp_path / files.FOLDER / files.CERTIFICATE).write_text(signed(0))
    assert found.context()  # the agent that runs needs no restart


@pytest.mark.parametrize("file", [files.CA, files.KEY, files.CERTIFICATE])
def test_damaged_files_are_told_with_the_folder(tmp_path: Path, file: str) -> None:
    found = identity(tmp_path, 0)
    (tmp_path / files.FOLDER / file).write_text("damaged")
    with pytest.raises(EdgeprofError) as caught:
        found.context()
    assert caught.value.code == "identity_unusable"
    assert str(tmp_path / files.FOLDER) in caught.value.message


def test_the_hub_of_a_join_need_not_be_named_again(tmp_path: Path) -> None:
    identity(tmp_path, 0)
    assert config.load({"data": tmp_path}, {}).hub == "https://hub.example:8766"
    assert config.load({"data": tmp_path, "hub": "http://other"}, {}).hub == "http://other"
    with pytest.raises(EdgeprofError, match="No hub is configured"):
        config.load({"data": tmp_path / "other"}, {})


@pytest.mark.parametrize("tool", ["cryptography", "openssl"])
def test_the_key_is_made_in_a_process_of_its_own_and_used_again(tmp_path: Path, tool: str) -> None:
    key_file = tmp_path / "device.key"
    requests = [csr(key_file, tool) for _ in range(2)]
    assert key_file.stat().st_mode & 0o777 == 0o600
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    for made in requests:
        assert made.is_signature_valid
        assert made.public_key() == key.public_key()
        assert made.subject.rfc4514_string() == f"CN={DEVICE}"


def csr(key_file: Path, tool: str) -> x509.CertificateSigningRequest:
    hidden = "" if tool == "cryptography" else "sys.modules['cryptography'] = None; "
    call = f"import sys; {hidden}sys.argv[1:] = {[str(key_file), DEVICE]!r}; "
    call += f"from {key_request.__name__} import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True)
    return x509.load_pem_x509_csr(done.stdout.encode())


def test_without_any_tool_the_join_names_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nexit {key_request.NO_TOOL}\n")
    os.chmod(program, 0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(EdgeprofError, match="openssl or the package cryptography") as caught:
        joining._request(tmp_path / "key", DEVICE)  # pyright: ignore[reportPrivateUsage]
    assert (caught.value.code, caught.value.exit_code) == ("no_key_tool", 3)


def test_a_board_that_gets_a_token_keeps_no_key(tmp_path: Path) -> None:
    found = identity(tmp_path, 0)
    mqtt = MqttDoor(host="hub", port=8884, tls=True)
    ca_pem = certificates.pem_of(CA.certificate)
    enrolled = Enrolled(
        ca_pem=ca_pem,
        certificate_pem=None,
        token="epd1.x",
        job_key_hex="00" * 32,
        hub_url="https://hub:8766",
        mqtt=mqtt,
    )
    joining._keep(found.folder, "https://hub:8766", enrolled)  # pyright: ignore[reportPrivateUsage]
    assert {file.name for file in found.folder.iterdir()} == {"ca.pem", "hub.json", "job_key", "token"}
    assert (found.folder / "job_key").read_text() == "00" * 32 + "\n"
    assert (found.token, found.certificate()) == ("epd1.x", None)
    assert found.context().cert_store_stats()["x509_ca"] == 1


def test_a_cut_between_key_and_certificate_leaves_the_key_that_the_hub_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = identity(tmp_path, 0)
    new_key = found.folder / joining.NEW_KEY
    new_key.write_text("the new key")
    mqtt = MqttDoor(host="hub", port=8883, tls=True)
    enrolled = Enrolled(
        ca_pem=certificates.pem_of(CA.certificate),
        certificate_pem="the new certificate",
        token=None,
        job_key_hex="",
        hub_url="https://hub:8766",
        mqtt=mqtt,
    )

    def cut(file: Path, data: bytes) -> None:
        if file.name == files.CERTIFICATE:
            raise OSError("power")
        durable.replace_durably(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(joining, "replace_durably", cut)
        with pytest.raises(OSError, match="power"):
            joining._keep(found.folder, "https://hub:8766", enrolled)  # pyright: ignore[reportPrivateUsage]
    assert new_key.read_text() == "the new key"
    joining._keep(found.folder, "https://hub:8766", enrolled)  # pyright: ignore[reportPrivateUsage]
    assert not new_key.exists()
    assert (found.folder / files.KEY).read_text() == "the new key"
    assert (found.folder / files.KEY).stat().st_mode & 0o777 == 0o600
    assert (found.folder / files.CERTIFICATE).read_text() == "the new certificate"


def test_a_refused_certificate_is_told_with_the_clock_here() -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_message = "certificate is not yet valid"
    today = dt.datetime.now(dt.timezone.utc)
    assert reason_of(error) == (
        f"its certificate is refused: certificate is not yet valid; the clock here says {today:%Y-%m-%d}"
    )


def test_the_doctor_says_how_long_the_certificate_is_good(tmp_path: Path) -> None:
    assert list(doctor.certificate(tmp_path, NOW.timestamp())) == []
    identity(tmp_path, 65)
    (good,) = doctor.certificate(tmp_path, NOW.timestamp())
    assert (good.verdict, good.detail[17:]) == ("ok", "(300 days), for https://hub.example:8766")
    identity(tmp_path, 400)
    (ended,) = doctor.certificate(tmp_path, NOW.timestamp())
    assert (ended.verdict, ended.mend) == ("missing", "edgeprof agent join --hub https://hub.example:8766")
    (tmp_path / files.FOLDER / files.CERTIFICATE).write_text("damaged")
    (damaged,) = doctor.certificate(tmp_path, NOW.timestamp())
    assert "Cannot use the certificate" in damaged.detail


def test_another_hubs_key_ends_what_the_old_hubs_jobs_said(tmp_path: Path) -> None:
    joining._pin(tmp_path, "aa" * 32)  # pyright: ignore[reportPrivateUsage]
    (tmp_path / "job_seen.json").write_text("{}")
    joining._pin(tmp_path, "aa" * 32)  # pyright: ignore[reportPrivateUsage]
    assert (tmp_path / "job_seen.json").exists()
    joining._pin(tmp_path, "bb" * 32)  # pyright: ignore[reportPrivateUsage]
    assert not (tmp_path / "job_seen.json").exists()
    assert (tmp_path / "job_key").read_text() == "bb" * 32 + "\n"


@pytest.mark.parametrize(
    ("signed_by", "names", "days", "reason"),
    [
        (CA, ["127.0.0.1"], -400, "certificate has expired"),
        (CA, ["127.0.0.1"], 60, "certificate is not yet valid"),
        (CA, ["192.0.2.1"], 0, "IP address mismatch"),
        (certificates.new_ca(NOW), ["127.0.0.1"], 0, "unable to get local issuer certificate"),
        (CA, None, 0, "unsuitable certificate purpose"),
    ],
    ids=["expired", "clock", "another host", "another CA", "a device as a hub"],
)
def test_a_hub_whose_certificate_is_not_good_is_told_nothing(
    tmp_path: Path, signed_by: certificates.Ca, names: list[str] | None, days: int, reason: str
) -> None:
    key, at = certificates.new_key(), NOW + dt.timedelta(days=days)
    made = (
        certificates.server_certificate(signed_by, key.public_key(), names, at)
        if names
        else certificates.device_certificate(signed_by, key.public_key(), DEVICE, at)
    )
    (tmp_path / "server.pem").write_text(certificates.pem_of(made) + certificates.private_pem(key))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "server.pem")
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        line, _ = listener.accept()
        with line, contextlib.suppress(OSError), server.wrap_socket(line, server_side=True) as secure:
            heard.append(secure.recv(1024))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        hub = HubHttp(f"https://127.0.0.1:{listener.getsockname()[1]}", context=identity(tmp_path, 0).context)
        with pytest.raises(HubUnreachable, match=f"its certificate is refused: .*{reason}.*the clock here says"):
            hub.bootstrap()
        thread.join(10)
    assert heard == []
