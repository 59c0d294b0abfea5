"""The hub's authority and its ledger by themselves: what is signed, what is stored, what lets whom in."""

import datetime as dt
import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.net.x509 import certificates as read
from edgeprof.wire import join_token
from edgeprof_hub.identity import certificates, machine_names, rotation, tokens
from edgeprof_hub.identity.authority import Authority, add_ca
from edgeprof_hub.identity.ledger import JoinRefused, Ledger
from edgeprof_hub.identity.validity import validity_of
from tests.hub.tls_hub import request_of

DEVICE, OTHER = "d-0011223344556677", "d-8899aabbccddeeff"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.open(tmp_path / "identity")


def test_the_authority_is_made_once_and_found_again(authority: Authority) -> None:
    again = Authority.open(authority.folder)
    assert (again.ca_pem, again.ca_key_sha256) == (authority.ca_pem, authority.ca_key_sha256)
    assert authority.folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in authority.folder.iterdir()} == {0o600}


def test_the_hash_in_the_token_is_the_one_that_openssl_computes(authority: Authority) -> None:
    pem = authority.folder / "ca.pem"
    key = subprocess.run(["openssl", "x509", "-in", pem, "-pubkey", "-noout"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key, capture_output=True, check=True)
    assert hashlib.sha256(der.stdout).hexdigest() == authority.ca_key_sha256
    (found,) = read(authority.ca_pem)
    assert found.key_sha256 == authority.ca_key_sha256


def test_openssl_takes_every_certificate_by_its_strict_rules(authority: Authority, tmp_path: Path) -> None:
    """As clients do from Python 3.13 on."""
    authority.keep_server(["hub", "127.0.0.1"])
    authority.write_crl()
    device = tmp_path / "device.pem"
    device.write_text(authority.issue_device(request_of(ec.generate_private_key(ec.SECP256R1())), DEVICE))
    strict = ["openssl", "verify", "-x509_strict", "-CAfile", authority.folder / "ca.pem"]
    crl = ["-crl_check", "-CRLfile", authority.folder / "crl.pem"]
    for purpose, file in (("sslserver", authority.folder / "server.pem"), ("sslclient", device)):
        done = subprocess.run([*strict, *crl, "-purpose", purpose, file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    swapped = subprocess.run([*strict, "-purpose", "sslserver", device], capture_output=True, text=True, check=False)
    assert "unsuitable certificate purpose" in swapped.stderr
    authority.revoke(DEVICE)
    revoked = subprocess.run([*strict, *crl, device], capture_output=True, text=True, check=False)
    assert "certificate revoked" in revoked.stderr


@pytest.mark.parametrize("lost", ["signing", "ledger.sqlite", "ca-*.key"])
def test_an_authority_that_lost_a_file_is_never_replaced_by_a_new_one(authority: Authority, lost: str) -> None:
    authority.issue_device(request_of(ec.generate_private_key(ec.SECP256R1())), DEVICE)
    authority.ledger.close()
    for file in authority.folder.glob(lost):
        file.unlink()
    with pytest.raises(EdgeprofError, match="Restore the folder from a copy") as caught:
        Authority.open(authority.folder)
    assert caught.value.code == "identity_damaged"


@pytest.mark.parametrize("file", ["signing", "ledger.sqlite", "ca-*.key"])
def test_a_damaged_authority_is_told_with_its_folder(authority: Authority, file: str) -> None:
    authority.issue_device(request_of(ec.generate_private_key(ec.SECP256R1())), DEVICE)
    authority.ledger.close()
    for found in authority.folder.glob(file):
        found.write_bytes(b"damaged" * 1000)
    with pytest.raises(EdgeprofError, match=str(authority.folder)) as caught:
        Authority.open(authority.folder)
    assert caught.value.code == "identity_damaged"


def test_a_first_start_that_was_cut_off_begins_anew(tmp_path: Path) -> None:
    cut_off = add_ca(tmp_path)
    Ledger(tmp_path / "ledger.sqlite").close()
    made = Authority.open(tmp_path)
    assert made.ca_key_sha256 != certificates.key_sha256(cut_off.key.public_key())
    assert made.ca_pem.count("BEGIN") == 1


def test_the_steps_of_a_new_ca_are_taken_in_their_order(authority: Authority, tmp_path: Path) -> None:
    for step in (rotation.switch, rotation.drop):
        with pytest.raises(UsageError, match="edgeprof hub new-ca"):
            step(authority.folder)
    rotation.prepare(authority.folder)
    with pytest.raises(UsageError, match="prepared already"):
        rotation.prepare(authority.folder)
    assert Authority.open(authority.folder).ca_key_sha256 == authority.ca_key_sha256
    rotation.switch(authority.folder)
    assert Authority.open(authority.folder).ca_key_sha256 != authority.ca_key_sha256
    rotation.drop(authority.folder)
    assert Authority.open(authority.folder).ca_pem.count("BEGIN") == 1
    with pytest.raises(UsageError, match="holds no CA"):
        rotation.prepare(tmp_path / "nothing")


def test_a_devices_certificate_names_it_and_is_good_for_a_client_alone(authority: Authority) -> None:
    pem = authority.issue_device(request_of(ec.generate_private_key(ec.SECP256R1())), DEVICE)
    made = x509.load_pem_x509_certificate(pem.encode())
    assert made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == DEVICE
    uses = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    (facts,) = read(pem)
    assert facts.not_after_s == made.not_valid_after_utc.timestamp()
    assert facts.not_before_s == made.not_valid_before_utc.timestamp()
    assert dt.timedelta(days=364) < made.not_valid_after_utc - dt.datetime.now(dt.UTC) < dt.timedelta(days=366)


def test_requests_that_cannot_be_signed_are_refused(authority: Authority) -> None:
    small = rsa.generate_private_key(65537, 1024)
    weak = request_of(small)  # type: ignore[arg-type]
    whole = request_of(ec.generate_private_key(ec.SECP256R1()))
    lines = whole.splitlines()
    lines[-2] = lines[-2][:-6] + "AAAA" + lines[-2][-2:]
    for text in ("", "no request", weak, "\n".join(lines)):
        with pytest.raises(UsageError) as caught:
            authority.issue_device(text, DEVICE)
        assert caught.value.code == "bad_certificate_request"
    assert authority.ledger.credentials(DEVICE) == []


def test_the_servers_certificate_follows_the_machines_names(authority: Authority) -> None:
    assert authority.keep_server(["hub", "192.0.2.7", "2001:db8::7"])
    assert not authority.keep_server(["hub", "192.0.2.7"])
    found = x509.load_pem_x509_certificate((authority.folder / "server.pem").read_bytes())
    assert certificates.names_in(found) == ["hub", "192.0.2.7", "2001:db8::7"]
    assert authority.keep_server(["hub", "192.0.2.8"])
    (authority.folder / "server.key").write_text("damaged")
    assert authority.keep_server(["hub"])


def test_the_names_of_this_machine_can_all_stand_in_a_certificate() -> None:
    names = machine_names.machine_names("0.0.0.0", ("hub.example", "bad name", "a..b"))
    assert names[0] == "hub.example"
    assert {"localhost", "127.0.0.1", "::1"} <= set(names)
    assert not {"bad name", "a..b", "0.0.0.0"} & set(names)


def test_the_revocation_list_holds_what_was_revoked_for_thirty_days(authority: Authority) -> None:
    for device_id in (DEVICE, OTHER):
        authority.issue_device(request_of(ec.generate_private_key(ec.SECP256R1())), device_id)
    assert authority.revoke(DEVICE) == 1
    assert authority.revoke(DEVICE) == 0
    crl = x509.load_pem_x509_crl(authority.crl_pem.encode())
    assert [f"{entry.serial_number:x}" for entry in crl] == [authority.ledger.credentials(DEVICE)[0].serial]
    left = (crl.next_update_utc or dt.datetime.min) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=29) < left <= dt.timedelta(days=30)
    ca = x509.load_pem_x509_certificate(authority.ca_pem.encode())
    assert crl.is_signature_valid(ca.public_key())  # type: ignore[arg-type]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite")


def test_a_join_secret_lets_one_device_in_once(ledger: Ledger) -> None:
    ledger.add_secret("s1", None, 100.0, 1000.0)
    ledger.redeem("s1", DEVICE, "key", 200.0)
    ledger.redeem("s1", DEVICE, "key", 300.0)  # its answer was lost on the way
    for device_id, key in ((DEVICE, "another key"), (OTHER, "key"), (DEVICE, None)):
        with pytest.raises(JoinRefused, match=f"{DEVICE} has used"):
            ledger.redeem("s1", device_id, key, 300.0)
    with pytest.raises(JoinRefused, match="expired 1 min ago"):
        ledger.redeem("s1", DEVICE, "key", 1060.0)


def test_a_join_secret_of_a_board_without_a_key_works_once(ledger: Ledger) -> None:
    ledger.add_secret("s1", None, 100.0, 1000.0)
    ledger.redeem("s1", DEVICE, None, 200.0)
    with pytest.raises(JoinRefused):
        ledger.redeem("s1", DEVICE, None, 200.0)


def test_a_device_that_has_joined_needs_a_secret_of_its_own(ledger: Ledger) -> None:
    ledger.add_certificate(DEVICE, "1", "key", 100.0, 1e9)
    ledger.add_secret("any", None, 100.0, 1000.0)
    with pytest.raises(JoinRefused) as caught:
        ledger.redeem("any", DEVICE, "another key", 200.0)
    assert caught.value.code == "device_enrolled"
    ledger.add_secret("own", DEVICE, 100.0, 1000.0)
    with pytest.raises(JoinRefused, match=f"is for device {DEVICE}"):
        ledger.redeem("own", OTHER, "another key", 200.0)
    ledger.redeem("own", DEVICE, "another key", 200.0)
    ledger.redeem("any", OTHER, "another key", 200.0)  # what was refused cost it nothing


def test_no_secret_of_a_revoked_device_lets_it_in_again(ledger: Ledger) -> None:
    ledger.add_secret("used", None, 100.0, 1000.0)
    ledger.redeem("used", DEVICE, "key", 200.0)
    ledger.add_secret("made for it", DEVICE, 100.0, 1000.0)
    ledger.add_secret("of another", OTHER, 100.0, 1000.0)
    ledger.keep_out(DEVICE, 300.0)
    for secret in ("used", "made for it"):
        with pytest.raises(JoinRefused):
            ledger.redeem(secret, DEVICE, "key", 400.0)
    ledger.redeem("of another", OTHER, "key", 400.0)
    ledger.add_secret("made later", DEVICE, 400.0, 1000.0)
    ledger.redeem("made later", DEVICE, "key", 500.0)  # an operator's decision


def test_only_a_secret_that_was_never_made_counts_as_a_guess(ledger: Ledger) -> None:
    ledger.add_secret("old", None, 0.0, 10.0)
    guesses: list[bool] = []
    for secret in ("old", "never made"):
        with pytest.raises(JoinRefused) as caught:
            ledger.redeem(secret, DEVICE, "key", 100.0)
        guesses.append(caught.value.is_guess)
    assert guesses == [False, True]


def test_no_secret_and_no_token_is_in_the_file(ledger: Ledger, tmp_path: Path) -> None:
    token = tokens.new_token()
    ledger.add_secret("a-secret-of-some-length", None, 0.0, 10.0)
    ledger.add_token(DEVICE, "t1", token, tokens.broker_hash(token), 0.0)
    found = ledger.token(token)
    assert found is not None
    assert found.device_id == DEVICE
    assert ledger.token(token + "x") is None
    ledger.close()
    content = (tmp_path / "ledger.sqlite").read_bytes()
    assert b"a-secret-of-some-length" not in content
    assert token.encode() not in content
    assert os.stat(tmp_path / "ledger.sqlite").st_mode & 0o777 == 0o600


def test_what_a_device_had_is_void_once_it_joins_with_another_key(ledger: Ledger) -> None:
    for serial, key in (("1a", "old"), ("2b", "new")):
        ledger.add_certificate(DEVICE, serial, key, 0.0, 1e9)
    ledger.add_token(DEVICE, "t1", "token", "hash", 0.0)
    assert ledger.broker_lines() == [f"{DEVICE}:hash"]
    assert ledger.revoke(DEVICE, 5.0, but_key_sha256="new") == 2
    assert ledger.revoked_certificates() == [("1a", 5.0)]
    assert ledger.broker_lines() == []
    found = ledger.certificate("002B")
    assert found is not None
    assert found.revoked_s is None


def test_a_join_token_reads_as_it_was_written_and_shows_no_secret() -> None:
    token = join_token.JoinToken("ab" * 32, join_token.new_secret())
    assert join_token.parse(f" {token}\n") == token
    assert token.secret not in repr(token)
    for text in ("", "ep1.x.y", f"ep2.{'ab' * 32}.{token.secret}", f"{token} more"):
        with pytest.raises(UsageError) as caught:
            join_token.parse(text)
        assert caught.value.code == "bad_join_token"


@pytest.mark.parametrize("text", ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", ""])
def test_what_is_no_certificate_is_told_from_none(text: str) -> None:
    if not text:
        assert read(text) == []
        return
    with pytest.raises(ValueError, match=r"not an X\.509 certificate"):
        read(text)


def test_who_looks_after_a_hub_sees_how_long_everything_is_good(authority: Authority) -> None:
    now = dt.datetime.now(dt.UTC)
    assert validity_of(authority.folder / "none", now) is None
    authority.write_crl()
    authority.keep_server(["hub"])
    found = validity_of(authority.folder, now)
    assert found is not None
    lines = found.lines(now)
    assert lines[1] == f"Revocation list: until {now + dt.timedelta(days=30):%Y-%m-%d} (30 days)"
    assert len(lines) == 2
    later = now + dt.timedelta(days=3)
    stale = validity_of(authority.folder, later)
    assert stale is not None
    assert "older" in stale.lines(later)[2]
    (authority.folder / "server.pem").write_text("damaged")
    with pytest.raises(EdgeprofError, match="Cannot read the certificates"):
        validity_of(authority.folder, now)
