"""Notices of devices in trouble: once when it begins, once when it is over, also over a restart; by real SMTP."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from fastapi import FastAPI

from edgeprof.errors import UsageError
from edgeprof.version import __version__
from edgeprof.wire.notices import Notice
from edgeprof.wire.vitals import Vitals
from edgeprof_hub import mail
from edgeprof_hub.context import HubContext
from edgeprof_hub.fleet.watch import HOUR_S, FleetWatch, Look, conditions, notices_of
from edgeprof_hub.notices import Notices
from edgeprof_hub.store import fleet as store_fleet
from edgeprof_hub.store.fleet import Watched
from tests.hub import fleet, stores
from tests.hub.conftest import Open
from tests.hub.live import eventually
from tests.ports import free_port

NOW_S = 1_790_000_000.0
FINE = Vitals(disk_free_mib=20_000.0, quarantined_results=0)
DEVICE = Watched("d-1", "kitchen-pi", True, NOW_S, __version__, FINE)
NOTICE = Notice(kind="throttled", hub_id="h", at_s=NOW_S, sentence="kitchen-pi\r\nBcc: x@y.z", path="/devices/d-1")


class Inbox:
    """What the mail server took."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.answers = ["250 OK"]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.startswith("250"):
            made = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(made, EmailMessage)
            self.messages.append(made)
        return answer


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def server(inbox: Inbox) -> Iterator[Controller]:
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


def settings(server: Controller, **changes: Any) -> mail.MailSettings:
    made = mail.MailSettings(
        host="127.0.0.1", port=server.port, security="none", sender="edgeprof@example.org", to=("me@example.org",)
    )
    return replace(made, **changes)


def test_a_real_server_gets_one_message_that_a_device_cannot_add_headers_to(server: Controller, inbox: Inbox) -> None:
    assert mail.deliver(settings(server, page_url="https://hub.example.org"), NOTICE) == ""
    (made,) = inbox.messages
    assert made["Subject"] == "edgeprof: kitchen-pi Bcc: x@y.z"
    assert made["Bcc"] is None
    assert made["To"] == "me@example.org"
    assert "https://hub.example.org/devices/d-1" in made.get_content()


def test_a_server_that_refuses_is_named_and_tried_again(server: Controller, inbox: Inbox) -> None:
    inbox.answers = ["451 Try later"]
    assert mail.deliver(settings(server), NOTICE) == "SMTP 451: Try later"
    assert "refused" in mail.deliver(settings(server, port=1), NOTICE)


def test_a_server_without_tls_gets_no_password(server: Controller, inbox: Inbox) -> None:
    problem = mail.deliver(settings(server, security="starttls", user="me", password="secret"), NOTICE)
    assert "STARTTLS" in problem
    assert not inbox.messages


def test_email_goes_beside_mqtt(server: Controller, inbox: Inbox) -> None:
    published: list[bytes] = []
    notices = Notices((), published.append, settings(server))
    notices.send(NOTICE)
    eventually(lambda: len(inbox.messages) == 1)
    eventually(lambda: [(item.to, item.problem) for item in notices.deliveries()] == [(settings(server).shown, "")])
    notices.stop()
    assert len(published) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('host = "m"\nfrom = "a@b"', "to"),
        ('host = "m"\nfrom = "a"\nto = ["c@d"]', "has an @"),
        ('host = "m"\nfrom = "a@b"\nto = ["c@d"]\nsecurity = "ssl"', "starttls, tls, none"),
        ('host = "m"\nfrom = "a@b"\nto = ["c@d"]\nsecurity = "none"\nuser = "u"', "unencrypted"),
        ('host = "m"\nform = "a@b"\nto = ["c@d"]', "form"),
        ("host = ", "Invalid"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "email.toml").write_text(text)
    with pytest.raises(UsageError, match=says) as found:
        mail.load(tmp_path / "email.toml", {"EDGEPROF_EMAIL_PASSWORD": "secret"})
    assert found.value.code == "bad_email"


def test_settings_have_their_port_and_hide_the_password(tmp_path: Path) -> None:
    (tmp_path / "email.toml").write_text('host = "m.example"\nfrom = "a@b"\nto = ["c@d"]\nuser = "u"')
    made = mail.load(tmp_path / "email.toml", {"EDGEPROF_EMAIL_PASSWORD": "secret"})
    assert (made.port, made.security, made.password) == (587, "starttls", "secret")
    assert "secret" not in repr(made)
    assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED


def kinds(device: Watched) -> set[str]:
    return set(conditions(device, NOW_S, 12 * HOUR_S))


def test_each_trouble_has_its_kind() -> None:
    assert kinds(DEVICE) == set()
    assert kinds(replace(DEVICE, vitals=None)) == set()
    assert kinds(replace(DEVICE, agent_version="0.0.1")) == {"agent_too_old"}
    bad = replace(FINE, disk_free_mib=500.0, throttle_flags=("under_voltage",), quarantined_results=2)
    assert kinds(replace(DEVICE, vitals=bad)) == {"disk_nearly_full", "throttled", "results_quarantined"}
    silent = replace(DEVICE, online=False, vitals=bad)
    assert kinds(replace(silent, last_seen_s=NOW_S - 11 * HOUR_S)) == set()
    assert kinds(replace(silent, last_seen_s=NOW_S - 13 * HOUR_S)) == {"device_offline"}


def test_an_episode_is_told_once_and_its_end_once() -> None:
    look, known = Look(), dict[tuple[str, str], float]()
    offline = replace(DEVICE, online=False, last_seen_s=NOW_S - 20 * HOUR_S)
    (began,) = look.look([offline], known, NOW_S, 12 * HOUR_S)
    assert began.sentence == "kitchen-pi has been offline for 20 h."
    known = {("device_offline", "d-1"): NOW_S}
    assert look.look([offline], known, NOW_S + 60, 12 * HOUR_S) == []
    (ended,) = look.look([DEVICE], known, NOW_S + 120, 12 * HOUR_S)
    assert (ended.is_over, ended.sentence) == (True, "kitchen-pi is online again.")


def test_throttling_that_comes_and_goes_is_one_episode() -> None:
    look, known = Look(), {("throttled", "d-1"): NOW_S}
    hot = replace(DEVICE, vitals=replace(FINE, throttle_flags=("throttled",)))
    silent = replace(DEVICE, online=False)
    for minute, device in enumerate((hot, DEVICE, hot, DEVICE, silent)):
        assert look.look([device], known, NOW_S + 60 * minute, 12 * HOUR_S) == []
    (ended,) = look.look([DEVICE], known, NOW_S + 2 * HOUR_S, 12 * HOUR_S)
    assert ended.is_over


def test_many_at_once_share_one_notice() -> None:
    devices = [replace(DEVICE, device_id=f"d-{n}", name=f"pi-{n}", agent_version="0.0.1") for n in range(40)]
    episodes = Look().look(devices, {}, NOW_S, HOUR_S)
    (notice,) = notices_of(episodes, "h", NOW_S)
    assert notice.sentence == "40 devices with an old agent: pi-0, pi-1, pi-2, pi-3, pi-4 and 35 more."
    assert len(notices_of(episodes[:3], "h", NOW_S)) == 3


def test_episodes_outlive_the_hub_and_end_with_the_device(tmp_path: Path) -> None:
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.typical())
        one = store.reader.devices()[0].device_id
        store.writer.change(lambda db: store_fleet.begin_episode(db, "throttled", one, NOW_S))
        store.writer.change(lambda db: store_fleet.begin_episode(db, "throttled", one, NOW_S + 5))
    with stores.opened(tmp_path) as store:
        assert store.reader.fleet.episodes() == {("throttled", one): NOW_S}
        store.writer.change(lambda db: store_fleet.retire(db, one, NOW_S))
        assert store.reader.fleet.episodes() == {}
        assert one not in [device.device_id for device in store.reader.fleet.watched()]


def test_the_hub_looks_notes_and_sends_once(open_hub: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = open_hub(fleet.typical())
    hub: HubContext = cast(FastAPI, pages.app).state.hub
    sent: list[Notice] = []
    monkeypatch.setattr(hub.notices, "send", sent.append)
    devices = hub.reader.devices()
    now_s = max(device.last_seen_s for device in devices) + 20 * HOUR_S
    for _ in range(2):
        FleetWatch(hub, 12.0, lambda: now_s).look_once()
    assert [notice.kind for notice in sent] == ["device_offline"] * len(sent)
    assert sum(notice.device_id is not None for notice in sent) in (0, len(devices))
    assert len(hub.reader.fleet.episodes()) == len(devices)
    for device in devices:
        state = replace(fleet.state(1, device.name), device_id=device.device_id)
        hub.writer.call(lambda store, state=state: store.save_state(state, now_s))
    sent.clear()
    FleetWatch(hub, 12.0, lambda: now_s).look_once()
    over = [notice for notice in sent if notice.recovered]
    assert {notice.kind for notice in over} == {"device_offline"}
    assert not [key for key in hub.reader.fleet.episodes() if key[0] == "device_offline"]
