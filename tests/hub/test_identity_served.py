"""Devices with identities at a real hub with a real mosquitto: who gets in, as whom, to what, and who is shut out."""

import datetime as dt
import http.client
import itertools
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.signing import seals
from edgeprof.wire import codec, topics
from edgeprof.wire import messages as m
from edgeprof_agent.daemon.http import HubHttp
from edgeprof_agent.identity import files
from edgeprof_agent.identity.renewal import Renewal
from edgeprof_hub.broker import choice
from edgeprof_hub.config import HubSettings
from edgeprof_hub.identity import certificates, rotation, tokens
from edgeprof_hub.identity.authority import read_cas
from edgeprof_hub.identity.identities import MAX_A_DAY, MAX_TTL_S
from tests.hub import fleet
from tests.hub.live import eventually
from tests.hub.test_access import OPEN, ROUTES
from tests.hub.tls_hub import HOST, Device, Mqtt, TlsHub, serving_tls

pytestmark = pytest.mark.mosquitto

TOKEN = "a-token-for-tests-only"
A, B, C = (fleet.device_id(number) for number in (1, 2, 3))
SITE = topics.DEFAULT_SITE
NUMBERS = itertools.count(100)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsHub]:
    with serving_tls(tmp_path_factory.mktemp("hub"), TOKEN) as hub:
        yield hub


@pytest.fixture
def joined(served: TlsHub, tmp_path: Path) -> tuple[Device, Device]:
    """Two devices with certificates."""
    found = tuple(Device(tmp_path, fleet.device_id(next(NUMBERS))) for _ in range(2))
    for device in found:
        status, answer = device.join(served, served.secret())
        assert status == 200, answer
    return found[0], found[1]


def certificate_port(served: TlsHub) -> int:
    assert served.hub.endpoint.device_ports is not None
    return served.hub.endpoint.device_ports.certificate


def token_port(served: TlsHub) -> int:
    assert served.hub.endpoint.device_ports is not None
    return served.hub.endpoint.device_ports.token


def birth(device_id: str, name: str) -> bytes:
    state = fleet.state(1, name)
    return codec.encode(replace(state, device_id=device_id, session_id=f"s-{time.monotonic_ns()}"))


def hello(device_id: str) -> dict[str, Any]:
    return {"device_id": device_id, "session_id": f"s-{time.monotonic_ns()}", "name": "n", "hostname": "h",
            "agent_version": "1"}  # fmt: skip


def test_a_device_alone_gets_the_key_of_its_receipts_and_over_tls_alone(
    served: TlsHub, joined: tuple[Device, Device]
) -> None:
    one, other = joined
    found = {device.device_id: _bootstrap(served, context=device.context(served)) for device in joined}
    keys = {device_id: bytes.fromhex(document["seal_key_hex"]) for device_id, document in found.items()}
    assert len(set(keys.values())) == 2
    assert _bootstrap(served, token=TOKEN)["seal_key_hex"] == ""
    sent = m.Cancel(job_id="01a22f8c-bf20-79bf-ab0b-760ba12ad6b8", attempt=1)
    with Mqtt(certificate_port(served), one.device_id, one.context(served)) as receiver:
        eventually(lambda: receiver.is_in)
        receiver.client.subscribe(topics.build(SITE, one.device_id, "cancel"), 1)
        eventually(lambda: served.hub.link.send(one.device_id, "cancel", sent) and receiver.received)
        arrived = codec.decode("cancel", receiver.received[0][1])
    assert isinstance(arrived, m.Cancel)
    assert seals.is_sealed(arrived, keys[one.device_id])
    assert not seals.is_sealed(arrived, keys[other.device_id])


def test_a_device_with_a_token_gets_its_key_over_tls_and_not_without(served: TlsHub) -> None:
    document = {"secret": served.secret(), "device_id": fleet.device_id(next(NUMBERS)), "csr_pem": None}
    status, answer = served.ask("POST", "/api/v1/enrol", document)
    assert status == 200, answer
    token = answer["token"]
    assert len(_bootstrap(served, token=token)["seal_key_hex"]) == 64
    line = http.client.HTTPConnection(HOST, served.plain_port, timeout=20)
    line.request("GET", "/api/v1/bootstrap", headers={"Authorization": f"Bearer {token}"})
    unencrypted = line.getresponse().read()
    line.close()
    assert b'"hub_id"' in unencrypted
    assert b'"seal_key_hex":""' in unencrypted


def _bootstrap(served: TlsHub, context: ssl.SSLContext | None = None, token: str | None = None) -> dict[str, Any]:
    status, answer = served.ask("GET", "/api/v1/bootstrap", context=context, token=token)
    assert status == 200, answer
    return answer


def test_what_an_operator_makes_a_device_joins_with(served: TlsHub, tmp_path: Path) -> None:
    status, made = served.ask("POST", "/api/v1/join-secrets", {"device_id": C}, token=TOKEN)
    assert status == 200
    assert made["token"].startswith(f"ep1.{served.identities.authority.ca_key_sha256}.")
    assert 890 < made["expires_at_s"] - time.time() <= 900
    device = Device(tmp_path, C)
    status, answer = device.join(served, made["token"].split(".")[2])
    assert status == 200
    assert answer["ca_pem"] == served.ca_file.read_text()
    assert served.hub.job_key is not None
    assert (answer["token"], answer["job_key_hex"]) == (None, served.hub.job_key.public_hex)
    assert answer["hub_url"] == f"https://{HOST}:{served.port}"
    assert answer["mqtt"] == {"host": HOST, "port": certificate_port(served), "tls": True}
    status, bootstrap = served.ask("GET", "/api/v1/bootstrap", context=device.context(served))
    assert (status, bootstrap["mqtt_port"]) == (200, certificate_port(served))
    assert (bootstrap["mqtt_tls"], bootstrap["mqtt_username"]) == (True, None)


def test_the_ca_is_there_for_everybody(served: TlsHub) -> None:
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    status, content = served.ask("GET", "/ca.pem", context=unchecked)
    assert (status, content.decode()) == (200, served.ca_file.read_text())
    with pytest.raises(ssl.SSLCertVerificationError):
        served.ask("GET", "/ca.pem", context=ssl.create_default_context())


@pytest.mark.parametrize("device_id", ["edgeprof-hub", "hub", "edgeprof", "d-+", "d-#", "+", "", "d-a/b", "D-0011"])
def test_no_device_joins_under_a_name_of_the_hubs_or_a_wildcard(served: TlsHub, tmp_path: Path, device_id: str) -> None:
    secret = served.secret()
    device = Device(tmp_path, A)
    device.device_id = device_id
    status, answer = device.join(served, secret)
    assert (status, answer["error"]["code"]) == (422, "bad_device_id")


@pytest.mark.parametrize(("secret", "code"), [("used", "join_secret_used"), ("expired", "join_secret_expired"),
                                              ("x" * 32, "join_secret_wrong"), ("", "join_secret_wrong")])  # fmt: skip
def test_a_secret_that_is_not_good_lets_nobody_in(served: TlsHub, tmp_path: Path, secret: str, code: str) -> None:
    if secret == "used":
        secret = served.secret()
        assert Device(tmp_path, f"d-{time.monotonic_ns():x}").join(served, secret)[0] == 200
    elif secret == "expired":
        secret = served.secret(ttl_s=1.0)
        time.sleep(1.1)
    status, answer = Device(tmp_path, "d-ffffffff").join(served, secret)
    assert (status, answer["error"]["code"]) == (403, code)
    assert served.identities.authority.ledger.credentials("d-ffffffff") == []


def test_a_join_over_plain_http_is_refused(served: TlsHub) -> None:
    from starlette.testclient import TestClient

    from edgeprof_hub.app import create_app

    app = create_app(served.hub.settings, served.hub)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        answer = client.post("/api/v1/enrol", json={"secret": served.secret(), "device_id": A})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "tls_needed")


def test_a_join_secret_lives_a_day_at_most(served: TlsHub) -> None:
    with pytest.raises(UsageError) as caught:
        served.identities.new_join_token(MAX_TTL_S + 1)
    assert caught.value.code == "bad_ttl"
    assert served.ask("POST", "/api/v1/join-secrets", {"ttl_s": 1e9}, token=TOKEN)[0] == 422


def test_a_device_speaks_over_https_for_itself_and_asks_for_nothing_else(
    served: TlsHub, joined: tuple[Device, Device]
) -> None:
    a, b = joined
    context = a.context(served)
    assert served.ask("POST", "/api/v1/claims", hello(a.device_id), context=context)[0] == 200
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/api/v1/claims", hello(b.device_id)),
        ("/api/v1/holdings", {"device_id": b.device_id, "results": {}}),
        ("/api/v1/join-secrets", {}),
        (f"/api/v1/devices/{b.device_id}/revoke", {}),
        ("/api/v1/campaigns", {}),
    ]
    for path, body in asked:
        status, answer = served.ask("POST", path, body, context=context)
        assert (status, answer["error"]["code"]) == (403, "device_not_allowed"), path
    for path in ("/api/v1/devices", "/", "/api/v1/export"):
        assert served.ask("GET", path, context=context)[0] == 403


def test_without_a_certificate_of_its_own_nobody_reaches_the_devices_broker(
    served: TlsHub, joined: tuple[Device, Device]
) -> None:
    del joined
    doors, plain = (certificate_port(served), token_port(served)), served.context()
    with (
        Mqtt(doors[0], A, plain, ("edgeprof", TOKEN)) as shared,
        Mqtt(doors[1], A, plain, ("edgeprof", TOKEN)) as at_the_other,
        Mqtt(doors[1], A, plain) as nameless,
        Mqtt(doors[1], A, plain, (A, tokens.new_token())) as guessing,
    ):
        eventually(lambda: at_the_other.refusals and nameless.refusals and guessing.refusals)
        assert not any((shared.connects, at_the_other.connects, nameless.connects, guessing.connects))


def test_the_broker_takes_a_device_for_who_its_certificate_says(served: TlsHub, joined: tuple[Device, Device]) -> None:
    a, b = joined
    ids, port = (a.device_id, b.device_id), certificate_port(served)
    with Mqtt(port, ids[0], a.context(served)) as victim, Mqtt(port, ids[0], b.context(served)) as thief:
        eventually(lambda: victim.is_in and thief.is_in)
        for topic in topics.agent_filters(SITE, ids[0]):
            victim.client.subscribe(topic, 1)
            thief.client.subscribe(topic, 1)
        thief.publish(f"edgeprof/1/{SITE}/{ids[0]}/state", birth(ids[0], "stolen"))
        thief.publish(f"edgeprof/1/{SITE}/{ids[0]}/receipt", b"{}")
        thief.publish(f"edgeprof/1/{SITE}/{ids[1]}/state", birth(ids[1], "thief"))
        victim.publish(f"edgeprof/1/{SITE}/{ids[0]}/state", birth(ids[0], "victim"))
        eventually(lambda: set(ids) <= {device.device_id for device in served.hub.reader.devices()})
        names = {device.device_id: device.name for device in served.hub.reader.devices()}
        assert (names[ids[0]], names[ids[1]]) == ("victim", "thief")
        served.hub.link.send(ids[0], "refusal", m.Refusal(code="test", message="for the victim"))
        eventually(lambda: victim.received)
        assert thief.received == []
        assert (victim.connects, thief.connects) == (1, 1)  # the same client id: neither threw the other out


def test_a_revoked_device_is_cut_off_and_stays_out_and_another_notices_nothing(
    served: TlsHub, joined: tuple[Device, Device]
) -> None:
    a, b = joined
    port = certificate_port(served)
    with Mqtt(port, a.device_id, a.context(served)) as revoked, Mqtt(port, b.device_id, b.context(served)) as other:
        eventually(lambda: revoked.is_in and other.is_in)
        revoked.publish(f"edgeprof/1/{SITE}/{a.device_id}/state", birth(a.device_id, "revoked"))
        eventually(lambda: is_online(served, a.device_id))
        status, answer = served.ask("POST", f"/api/v1/devices/{a.device_id}/revoke", {}, token=TOKEN)
        assert (status, answer["revoked"], answer["is_cut"]) == (200, 1, True)
        eventually(lambda: not revoked.is_in)
        assert not is_online(served, a.device_id)
        connects = revoked.connects
        time.sleep(1.5)  # it tries each second
        assert (revoked.is_in, revoked.connects) == (False, connects)
        assert (other.is_in, other.connects) == (True, 1)
    status, answer = served.ask("GET", "/api/v1/bootstrap", context=a.context(served))
    assert (status, answer["error"]["code"]) == (403, "device_revoked")
    assert served.ask("GET", "/api/v1/bootstrap", context=b.context(served))[0] == 200
    status, answer = a.join(served, served.secret())
    assert (status, answer["error"]["code"]) == (409, "device_enrolled")
    assert a.join(served, served.secret(a.device_id))[0] == 200
    with Mqtt(port, a.device_id, a.context(served)) as back:
        eventually(lambda: back.is_in)


def is_online(served: TlsHub, device_id: str) -> bool:
    record = served.hub.reader.device(device_id)
    return record is not None and record.online


def test_certificates_of_another_time_of_another_ca_and_of_another_kind_are_refused(
    served: TlsHub, tmp_path: Path
) -> None:
    authority = served.identities.authority
    key, now = certificates.new_key(), dt.datetime.now(dt.UTC)
    own, _ = read_cas(authority.folder)
    device_id = fleet.device_id(next(NUMBERS))
    of_last_year = certificates.device_certificate(own, key.public_key(), device_id, now - dt.timedelta(days=366))
    of_another = certificates.device_certificate(certificates.new_ca(now), key.public_key(), device_id, now)
    of_a_server = certificates.server_certificate(own, key.public_key(), [device_id], now)
    unlisted = certificates.device_certificate(own, key.public_key(), device_id, now)
    device = Device(tmp_path, device_id, key)
    for made in (of_last_year, of_another, of_a_server):
        device.keep(certificates.pem_of(made))
        with pytest.raises((ssl.SSLError, ConnectionError)):  # TLS 1.3 tells a client at its first answer
            served.ask("GET", "/api/v1/bootstrap", context=device.context(served))
        with Mqtt(certificate_port(served), device_id, device.context(served)) as refused:
            time.sleep(0.3)
            assert refused.connects == 0
    device.keep(certificates.pem_of(unlisted))
    status, answer = served.ask("GET", "/api/v1/bootstrap", context=device.context(served))
    assert (status, answer["error"]["code"]) == (403, "device_unknown")


def test_a_devices_token_opens_its_own_routes_and_no_other(served: TlsHub) -> None:
    document = {"secret": served.secret(), "device_id": fleet.device_id(next(NUMBERS)), "csr_pem": None}
    token = served.ask("POST", "/api/v1/enrol", document)[1]["token"]
    line = http.client.HTTPSConnection(HOST, served.port, timeout=20, context=served.context())
    opened: set[tuple[str, str]] = set()
    for method, path in ROUTES:
        if (method, path) in OPEN:
            continue
        line.request(method, path, headers={"Authorization": f"Bearer {token}"})
        answer = line.getresponse()
        answer.read()
        if answer.status != 403:
            opened.add((method, path))
    line.close()
    sha256 = "0" * 64
    assert opened == {
        ("GET", "/api/v1/bootstrap"),
        ("POST", "/api/v1/claims"),
        ("POST", "/api/v1/holdings"),
        ("GET", f"/api/v1/blobs/{sha256}"),
        ("HEAD", f"/api/v1/blobs/{sha256}"),
        ("HEAD", f"/api/v1/artifacts/{sha256}"),
        ("PUT", f"/api/v1/artifacts/{sha256}"),
    }


def test_a_board_without_a_key_gets_a_token_that_works_for_it_alone(served: TlsHub, tmp_path: Path) -> None:
    device_id = f"d-{time.monotonic_ns():x}"
    document = {"secret": served.secret(), "device_id": device_id, "csr_pem": None}
    status, answer = served.ask("POST", "/api/v1/enrol", document)
    assert (status, answer["certificate_pem"]) == (200, None)
    token = answer["token"]
    status, bootstrap = served.ask("GET", "/api/v1/bootstrap", token=token)
    assert (bootstrap["mqtt_port"], bootstrap["mqtt_username"]) == (token_port(served), device_id)
    assert answer["mqtt"]["port"] == token_port(served)
    assert served.ask("GET", "/api/v1/devices", token=token)[0] == 403
    with Mqtt(token_port(served), A, served.context(), (device_id, token)) as board:
        eventually(lambda: board.is_in)
        board.publish(f"edgeprof/1/{SITE}/{A}/state", codec.encode(replace(fleet.state(1, "stolen"))))
        own = replace(fleet.state(1, "a board"), device_id=device_id)
        board.publish(f"edgeprof/1/{SITE}/{device_id}/state", codec.encode(own))
        eventually(lambda: served.hub.reader.device(device_id))
        assert "stolen" not in {device.name for device in served.hub.reader.devices()}
        assert served.ask("POST", f"/api/v1/devices/{device_id}/revoke", {}, token=TOKEN)[1]["is_cut"]
        eventually(lambda: board.refusals and not board.is_in)
    assert served.ask("GET", "/api/v1/bootstrap", token=token)[1]["error"]["code"] == "device_revoked"
    with Mqtt(served.hub.endpoint.port, A, None, (device_id, token)) as at_the_plain_door:
        eventually(lambda: at_the_plain_door.refusals)


def test_a_certificate_is_renewed_by_the_device_that_shows_it(served: TlsHub, joined: tuple[Device, Device]) -> None:
    a, _ = joined
    before = a.pem.read_text()
    status, answer = served.ask("POST", "/api/v1/renew", context=a.context(served))
    assert (status, answer["ca_pem"]) == (200, served.ca_file.read_text())
    assert answer["certificate_pem"] != before
    a.keep(answer["certificate_pem"])
    assert served.ask("GET", "/api/v1/bootstrap", context=a.context(served))[0] == 200
    status, answer = served.ask("POST", "/api/v1/renew", token=TOKEN)
    assert (status, answer["error"]["code"]) == (403, "certificate_needed")


def test_a_device_revoked_after_its_request_was_let_through_gets_no_certificate(served: TlsHub, tmp_path: Path) -> None:
    authority = served.identities.authority
    device = Device(tmp_path, "d-" + "5" * 32)
    status, made = served.ask("POST", "/api/v1/join-secrets", {"device_id": device.device_id}, token=TOKEN)
    assert (status, device.join(served, made["token"].split(".")[2])[0]) == (200, 200)
    (credential,) = authority.ledger.credentials(device.device_id)
    served.identities.revoke(device.device_id)
    with pytest.raises(EdgeprofError) as caught:
        served.identities.renew(device.device_id, credential.serial, None)
    assert caught.value.code == "device_revoked"


def test_a_device_that_renews_without_end_is_stopped(served: TlsHub, tmp_path: Path) -> None:
    device = Device(tmp_path, "d-" + "6" * 32)
    status, made = served.ask("POST", "/api/v1/join-secrets", {"device_id": device.device_id}, token=TOKEN)
    assert (status, device.join(served, made["token"].split(".")[2])[0]) == (200, 200)
    answers = [served.ask("POST", "/api/v1/renew", context=device.context(served)) for _ in range(MAX_A_DAY)]
    assert [status for status, _ in answers] == [200] * (MAX_A_DAY - 1) + [429]
    assert answers[-1][1]["error"]["code"] == "renewed_too_often"


def test_an_agents_own_client_renews_what_is_due_over_tls(served: TlsHub, tmp_path: Path) -> None:
    """The agent's code against the hub's: the certificate's file is another one, and the hub takes it."""
    authority, device_id = served.identities.authority, fleet.device_id(next(NUMBERS))
    signing, _ = read_cas(authority.folder)
    key, was = certificates.new_key(), dt.datetime.now(dt.UTC) - dt.timedelta(days=300)
    old = certificates.device_certificate(signing, key.public_key(), device_id, was)
    serial = f"{old.serial_number:x}"
    key_sha256 = certificates.key_sha256(key.public_key())
    authority.ledger.add_certificate(
        device_id, serial, key_sha256, was.timestamp(), old.not_valid_after_utc.timestamp()
    )
    folder = tmp_path / files.FOLDER
    folder.mkdir()
    for name, text in (
        (files.CA, authority.ca_pem),
        (files.KEY, certificates.private_pem(key)),
        (files.CERTIFICATE, certificates.pem_of(old)),
    ):
        (folder / name).write_text(text)
    identity = files.DeviceIdentity(folder)
    hub = HubHttp(f"https://{HOST}:{served.port}", context=identity.context)
    assert identity.is_renewal_due(time.time())
    Renewal(identity, hub.renew, hub.trusted_cas).look()
    assert not identity.is_renewal_due(time.time())
    assert hub.bootstrap().mqtt_port == certificate_port(served)
    assert len(authority.ledger.credentials(device_id)) == 2


def test_what_has_no_tls_is_for_this_machine_unless_it_is_kept(tmp_path: Path) -> None:
    settings = HubSettings(data=tmp_path, host="0.0.0.0", token=TOKEN, tls=True)
    assert settings.plain_host == "127.0.0.1"
    assert replace(settings, keep_plain=True).plain_host == "0.0.0.0"
    assert replace(settings, tls=False).plain_host == "0.0.0.0"


@pytest.mark.parametrize("broker", ["embedded", "mqtt://broker.example"])
def test_tls_needs_the_broker_that_knows_certificates(tmp_path: Path, broker: str) -> None:
    from edgeprof_hub.identity import opening

    settings = HubSettings(data=tmp_path, token=TOKEN, tls=True, broker=broker)
    authority = opening.opened(settings)
    with pytest.raises(UsageError) as caught:
        choice.with_devices(settings, opening.doors_of(settings, authority))
    assert caught.value.code == "tls_needs_mosquitto"


def test_a_hub_that_starts_again_knows_everybody_and_shuts_out_the_same(tmp_path: Path) -> None:
    a, b = Device(tmp_path, A), Device(tmp_path, B)
    with serving_tls(tmp_path / "hub", TOKEN) as served:
        assert a.join(served, served.secret())[0] == 200
        assert b.join(served, served.secret())[0] == 200
        board = served.ask("POST", "/api/v1/enrol", {"secret": served.secret(), "device_id": C})[1]["token"]
        unused, settings = served.secret(), served.hub.settings
        served.identities.revoke(B)
    with serving_tls(tmp_path / "hub", TOKEN, keep_ports=settings) as served:
        port = certificate_port(served)
        with (
            Mqtt(port, A, a.context(served)) as known,
            Mqtt(token_port(served), C, served.context(), (C, board)) as weak,
        ):
            eventually(lambda: known.is_in and weak.is_in)
        with Mqtt(port, B, b.context(served)) as revoked:
            time.sleep(1.5)
            assert revoked.connects == 0
        assert Device(tmp_path, "d-0123").join(served, unused)[0] == 200


@pytest.mark.full
def test_one_ca_follows_another_and_no_device_that_was_there_loses_its_hub(tmp_path: Path) -> None:
    """Old and new certificates, the old one revoked, and a device that never learned of the new CA."""
    a, b = Device(tmp_path, A), Device(tmp_path, B)
    folder = tmp_path / "hub" / "identity"
    with serving_tls(tmp_path / "hub", TOKEN) as served:
        assert a.join(served, served.secret())[0] == 200
        assert b.join(served, served.secret())[0] == 200
        first, settings = served.ca_file.read_text(), served.hub.settings
    rotation.prepare(folder)
    with serving_tls(tmp_path / "hub", TOKEN, keep_ports=settings) as served:
        only_first = ssl.create_default_context(cadata=first)
        both = served.ask("GET", "/ca.pem", context=only_first)[1].decode()
        assert both.startswith(first)
        assert both.count("BEGIN") == 2
    rotation.switch(folder)
    with serving_tls(tmp_path / "hub", TOKEN, keep_ports=settings) as served:
        with pytest.raises(ssl.SSLCertVerificationError):
            served.ask("GET", "/ca.pem", context=only_first)
        port = certificate_port(served)
        with Mqtt(port, A, a.context(served)) as old, Mqtt(port, B, b.context(served)) as revoked:
            eventually(lambda: old.is_in and revoked.is_in)
            served.identities.revoke(B)
            eventually(lambda: not revoked.is_in)
            assert old.is_in
        status, renewed = served.ask("POST", "/api/v1/renew", context=a.context(served))
        assert (status, renewed["ca_pem"]) == (200, served.ca_file.read_text())
        with Mqtt(port, B, b.context(served)) as still_out:
            time.sleep(1.2)
            assert still_out.connects == 0
    rotation.drop(folder)
    with serving_tls(tmp_path / "hub", TOKEN, keep_ports=settings) as served:
        assert first not in served.ca_file.read_text()
        with Mqtt(certificate_port(served), A, a.context(served)) as old:
            time.sleep(0.5)
            assert old.connects == 0
        a.keep(renewed["certificate_pem"])
        with Mqtt(certificate_port(served), A, a.context(served)) as new:
            eventually(lambda: new.is_in)


def test_the_hub_renews_its_list_and_its_servers_certificate_while_it_runs(tmp_path: Path) -> None:
    with serving_tls(tmp_path / "hub", TOKEN) as served:
        identities = served.identities
        assert fingerprint(served.port) == fingerprint(certificate_port(served))
        before, crl = fingerprint(served.port), identities.authority.crl_pem
        identities._names = lambda: ["127.0.0.1", "new-name.example"]  # pyright: ignore[reportPrivateUsage]
        identities._crl_s -= 90_000  # pyright: ignore[reportPrivateUsage]
        identities.look_after()
        assert identities.authority.crl_pem != crl
        eventually(lambda: fingerprint(served.port) != before)
        eventually(lambda: fingerprint(certificate_port(served)) == fingerprint(served.port))


def fingerprint(port: int) -> str:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((HOST, port), 5) as line, context.wrap_socket(line) as secure:
        return (secure.getpeercert(binary_form=True) or b"").hex()
