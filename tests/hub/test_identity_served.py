"""Devices with identities at a real hub with a real mosquitto: who gets in, as whom, to what, and who is shut out."""

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgeprof.errors import UsageError
from edgeprof.wire import codec, topics
from edgeprof.wire import messages as m
from edgeprof_hub.broker import choice
from edgeprof_hub.config import HubSettings
from edgeprof_hub.identity import tokens
from edgeprof_hub.identity.identities import MAX_TTL_S
from edgeprof_hub.signing.job_key import JobKey
from tests.hub import fleet
from tests.hub.live import eventually
from tests.hub.tls_hub import HOST, Device, Mqtt, TlsHub, serving_tls

pytestmark = pytest.mark.mosquitto

TOKEN = "a-token-for-tests-only"
A, B, C = (fleet.device_id(number) for number in (1, 2, 3))
SITE = topics.DEFAULT_SITE


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsHub]:
    with serving_tls(tmp_path_factory.mktemp("hub"), TOKEN) as hub:
        yield hub


@pytest.fixture
def joined(served: TlsHub, tmp_path: Path) -> tuple[Device, Device]:
    """Two devices with certificates; earlier ones of these ids are void."""
    found = Device(tmp_path, A), Device(tmp_path, B)
    for device in found:
        status, answer = device.join(served, served.secret(device.device_id))
        assert status == 200, answer
    return found


def certificate_port(served: TlsHub) -> int:
    assert served.hub.endpoint.device_ports is not None
    return served.hub.endpoint.device_ports.certificate


def token_port(served: TlsHub) -> int:
    assert served.hub.endpoint.device_ports is not None
    return served.hub.endpoint.device_ports.token


def birth(number: int) -> bytes:
    return codec.encode(replace(fleet.state(number, f"agent-{number}"), session_id=f"s-{time.monotonic_ns()}"))


def hello(device_id: str) -> dict[str, Any]:
    return {"device_id": device_id, "session_id": f"s-{time.monotonic_ns()}", "name": "n", "hostname": "h",
            "agent_version": "1"}  # fmt: skip


def test_what_an_operator_makes_a_device_joins_with(served: TlsHub, tmp_path: Path) -> None:
    status, made = served.ask("POST", "/api/v1/join-secrets", {"device_id": C}, token=TOKEN)
    assert status == 200
    assert made["token"].startswith(f"ep1.{served.identities.authority.ca_key_sha256}.")
    assert 890 < made["expires_at_s"] - time.time() <= 900
    device = Device(tmp_path, C)
    status, answer = device.join(served, made["token"].split(".")[2])
    assert status == 200
    assert answer["ca_pem"] == served.ca_file.read_text()
    signs_jobs = JobKey.open(served.identities.authority.folder).public_hex
    assert (answer["token"], answer["job_key_hex"]) == (None, signs_jobs)
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
    a, _ = joined
    context = a.context(served)
    assert served.ask("POST", "/api/v1/claims", hello(A), context=context)[0] == 200
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/api/v1/claims", hello(B)),
        ("/api/v1/holdings", {"device_id": B, "results": {}}),
        ("/api/v1/join-secrets", {}),
        (f"/api/v1/devices/{B}/revoke", {}),
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
    port = certificate_port(served)
    with Mqtt(port, A, a.context(served)) as victim, Mqtt(port, A, b.context(served)) as thief:
        eventually(lambda: victim.is_in and thief.is_in)
        for topic in topics.agent_filters(SITE, A):
            victim.client.subscribe(topic, 1)
            thief.client.subscribe(topic, 1)
        thief.publish(f"edgeprof/1/{SITE}/{A}/state", codec.encode(replace(fleet.state(1, "stolen"))))
        thief.publish(f"edgeprof/1/{SITE}/{A}/receipt", b"{}")
        thief.publish(f"edgeprof/1/{SITE}/{B}/state", birth(2))
        victim.publish(f"edgeprof/1/{SITE}/{A}/state", birth(1))
        eventually(lambda: {A, B} <= {device.device_id for device in served.hub.reader.devices()})
        names = {device.device_id: device.name for device in served.hub.reader.devices()}
        assert (names[A], names[B]) == ("agent-1", "agent-2")
        served.hub.link.send(A, "refusal", m.Refusal(code="test", message="for A"))
        eventually(lambda: victim.received)
        assert thief.received == []
        assert (victim.connects, thief.connects) == (1, 1)  # the same client id: neither threw the other out


def test_a_revoked_device_is_cut_off_and_stays_out_and_another_notices_nothing(
    served: TlsHub, joined: tuple[Device, Device]
) -> None:
    a, b = joined
    port = certificate_port(served)
    with Mqtt(port, A, a.context(served)) as revoked, Mqtt(port, B, b.context(served)) as other:
        eventually(lambda: revoked.is_in and other.is_in)
        status, answer = served.ask("POST", f"/api/v1/devices/{A}/revoke", {}, token=TOKEN)
        assert (status, answer["revoked"], answer["is_cut"]) == (200, 1, True)
        eventually(lambda: not revoked.is_in)
        connects = revoked.connects
        time.sleep(1.5)  # it tries each second
        assert (revoked.is_in, revoked.connects) == (False, connects)
        assert (other.is_in, other.connects) == (True, 1)
    status, answer = served.ask("GET", "/api/v1/bootstrap", context=a.context(served))
    assert (status, answer["error"]["code"]) == (403, "device_revoked")
    assert served.ask("GET", "/api/v1/bootstrap", context=b.context(served))[0] == 200
    status, answer = a.join(served, served.secret())
    assert (status, answer["error"]["code"]) == (409, "device_enrolled")
    assert a.join(served, served.secret(A))[0] == 200
    with Mqtt(port, A, a.context(served)) as back:
        eventually(lambda: back.is_in)


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
