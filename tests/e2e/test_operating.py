"""docs/operating*.md, typed as they stand: every command runs against a real hub, or stands in `NOT_RUN` with why."""

import ast
import html
import re
import shlex
import shutil
import sqlite3
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from edgeprof.client.http_client import HubClient
from edgeprof.wire.join_token import parse
from edgeprof_hub.broker import mosquitto
from edgeprof_hub.context import DATABASE
from edgeprof_hub.store.schema import MIGRATIONS
from tests import markdown_pages
from tests.e2e.farm import eventually
from tests.e2e.terminal import Terminal
from tests.hub.people_cases import PASSWORD
from tests.markdown_pages import DOCS, PROJECT
from tests.ports import free_port
from tests.test_guides import unknown_part

PAGES = [DOCS / name for name in ("operating.md", "operating-agent.md", "operating-hub.md")]
MODEL = PROJECT / "model_exports/edgeprof_exports/bundled/digits-cnn-int8.onnx"
PRICES = PROJECT / "hub/edgeprof_hub/cost/catalogue/carbon.yaml"
READY, ONLINE = "edgeprof hub is ready", "link.online"

NOT_RUN = {
    "sudo apt-get install mosquitto": "changes the system; the package is the one that the hub's own message names",
    "sudo apt install mosquitto": "the same",
    "python3 -m venv ~/edgeprof && ~/edgeprof/bin/pip install '.[hub]'": "fetches 100 MB; the extra is checked",
    "~/edgeprof/bin/pip install --upgrade '.[hub]'": "the same",
    "sudo /opt/edgeprof/venv/bin/edgeprof agent upgrade": "root; tests/hub/test_joining.py runs it in other folders",
    "edgeprof agent install --hub URL --join -": "root; tests/hub/test_joining.py runs it in other folders",
    "sudo EDGEPROF_HUB=http://192.168.1.10:8765 agent/packaging/install.sh": (
        "root and systemd; tests/agent/test_daemon_packaging.py runs the script"
    ),
    "sudo agent/packaging/install.sh --uninstall": "the same",
    "systemctl edit edgeprof-agent": "systemd; the unit is of that name",
    "journalctl -u edgeprof-upgrade": "systemd; tests/e2e/test_joined_systemd.py runs the unit with --full",
    "sudo systemctl disable --now edgeprof-upgrade.path": "the same",
    "edgeprof hub wheels --for aarch64-cp311 --for x86_64-cp311": (
        "fetches 200 MB; tests/e2e/test_fresh_root.py runs it with --full"
    ),
    "pip install --index-url http://HUB:8765/simple/ edgeprof": "tests/hub/test_wheel_index.py has pip read that index",
    "edgeprof profile": "only the command's name",
    "edgeprof hub backup": "only the command's name",
}
"""Commands that no test types, with the reason. Their arguments are checked below and in tests/test_guides.py."""


def every_command() -> set[str]:
    return {command for page in PAGES for command in markdown_pages.shell_commands(page)}


class Ports:
    """Options that let a hub start beside another one on this machine."""

    def __init__(self) -> None:
        self.page, self.tls, self.mqtt = free_port(), free_port(), free_port()
        self.mqtt_tls = _two_free()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.page}"

    @property
    def plain(self) -> str:
        return f"--port {self.page} --mqtt-port {self.mqtt}"

    @property
    def all(self) -> str:
        return f"{self.plain} --tls-port {self.tls} --mqtt-tls-port {self.mqtt_tls}"


def _two_free() -> int:
    while True:
        port = free_port()
        if port + 1 != free_port():
            return port


@pytest.fixture
def ports() -> Ports:
    return Ports()


@pytest.fixture
def terminal(tmp_path: Path, ports: Ports) -> Iterator[Terminal]:
    data = tmp_path / "state" / "hub"
    address = {"EDGEPROF_HUB": f"http://{ports.address}", "EDGEPROF_AGENT_NAME": "board"}
    made = Terminal(tmp_path, address)
    data.parent.mkdir()
    yield made
    assert set(made.typed) <= every_command(), "typed here, and on no page"


def data_of(terminal: Terminal) -> Path:
    return terminal.folder / "state" / "hub"


def client_of(terminal: Terminal, ports: Ports) -> HubClient:
    file = data_of(terminal) / "token"
    token = file.read_text().strip() if file.exists() else None
    if token:
        terminal.environment["EDGEPROF_TOKEN"] = token
    return HubClient(f"http://{ports.address}", token)


def is_online(client: HubClient) -> bool:
    return [device.online for device in client.devices()] == [True]


@pytest.mark.mosquitto
@pytest.mark.full
@pytest.mark.timeout(240)
def test_install_secure_back_up_and_restore(terminal: Terminal, ports: Ports, tmp_path: Path) -> None:
    """A hub with an account, a token, a device and a result is lost; from its backup everything goes on."""
    data, backup = data_of(terminal), tmp_path / "backup"
    assert str(data) in terminal.run("edgeprof paths")
    terminal.run("export PATH=~/edgeprof/bin:$PATH")
    first, later = "edgeprof hub serve --host 0.0.0.0 --tls --new-token", "edgeprof hub serve --host 0.0.0.0 --tls"
    with terminal.stays(first, ports.all, ready=READY) as printed:
        assert f"New token saved in {data / 'token'}" in printed
    token = (data / "token").read_text()
    with terminal.stays(later, ports.all, ready=READY):
        client = client_of(terminal, ports)
        terminal.run("edgeprof hub user add ada --role admin", typed=f"{PASSWORD}\n")
        terminal.run("edgeprof hub token add ci --scope read --days 30")
        secret = terminal.run("edgeprof hub join-secret").split()[0]
        shutil.copy(data / "identity" / "ca.pem", tmp_path / "ca.pem")
        hashed = terminal.run(
            "openssl x509 -in ca.pem -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256"
        )
        assert parse(secret).ca_key_sha256 in hashed
        here = f"127.0.0.1:{ports.tls}"
        terminal.run(
            "edgeprof agent join --hub https://192.168.1.10:8766", typed=secret, words={"192.168.1.10:8766": here}
        )
    agent = terminal.stays("edgeprof agent run", ready=ONLINE)
    with terminal.stays(later, ports.all, ready=READY), agent:
        eventually("the device is online", lambda: is_online(client))
        listed = terminal.run("SSL_CERT_FILE=ca.pem edgeprof devices --hub https://HUB:8766", words={"HUB:8766": here})
        assert "board" in listed
        terminal.run("edgeprof group NAME DEVICE …", words={"NAME": "shelf", "DEVICE …": "board"})
        options = "--no-run"
        terminal.run("edgeprof flash MODEL --group NAME", options, MODEL=str(MODEL), NAME="shelf")
        terminal.run("edgeprof export", "before.csv")
        before = state_of(terminal)
        printed = terminal.run("edgeprof hub backup BACKUP", BACKUP=str(backup))
        assert f"{backup} is whole." in printed
        assert "Results: 1 checked" in printed
        assert {file.name for file in backup.iterdir()} == {DATABASE, "token", "identity", "blobs"}
        assert {(each.stat().st_mode & 0o077) for each in backup.rglob("*.key")} == {0}
        terminal.run("edgeprof hub backup BACKUP", BACKUP=str(backup), code=2)  # never over another copy
    with agent_again(terminal):  # it goes on while its hub is away
        terminal.run("mv DATA DATA.old", words={"DATA.old": "lost", "DATA": str(data)})
        terminal.run("cp -a BACKUP DATA", DATA=str(data), BACKUP=str(backup))
        assert "is whole." in terminal.run("edgeprof hub check")
        with terminal.stays(later, ports.all, ready=READY):
            assert (data / "token").read_text() == token
            eventually("the device is back by itself", lambda: is_online(client))
            terminal.run("edgeprof export", "after.csv")
            assert (tmp_path / "after.csv").read_text() == (tmp_path / "before.csv").read_text()
            assert state_of(terminal) == before
            assert "1 credential void" in terminal.run("edgeprof hub revoke NAME", "--yes", NAME="board")
            eventually("the device is out", lambda: not is_online(client))


def agent_again(terminal: Terminal) -> Any:
    """The agent of this folder, from its first try on."""
    return terminal.stays("edgeprof agent run", ready="link.offline")


def state_of(terminal: Terminal) -> dict[str, str]:
    """What people see of accounts, tokens and groups."""
    return {
        command: re.sub(r"\s+", " ", terminal.run(command))
        for command in ("edgeprof hub user list", "edgeprof hub token list")
    }


@pytest.mark.mosquitto
@pytest.mark.timeout(120)
def test_upgrade(terminal: Terminal, ports: Ports, tmp_path: Path) -> None:
    """The start converts an older hub's database; the backup from before is still an older hub's."""
    data, backup = data_of(terminal), tmp_path / "backup"
    older_hub(data)
    printed = terminal.run("edgeprof hub backup BACKUP", BACKUP=str(backup))
    assert f"{backup} is whole." in printed
    assert pending(data)
    (data / "token").write_text("a-token-for-tests-only\n")
    with terminal.stays("edgeprof hub serve --host 0.0.0.0 --tls", ports.all, ready=READY):
        assert [device.name for device in client_of(terminal, ports).devices()] == ["old board"]
    assert pending(data) == []
    assert pending(backup) != []


def older_hub(data: Path) -> None:
    """A database that three migrations are missing from, with a device."""
    data.mkdir()
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        database = sqlite_utils.Database(connection)
        names = [migration.name for migration in MIGRATIONS.pending(database)]
        MIGRATIONS.apply(database, stop_before=names[-3])
        connection.commit()
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        connection.execute(
            "INSERT INTO device (device_id, agent_name, session_id, online, last_seen_s, agent_version, hostname)"
            " VALUES ('d-0123456789abcdef', 'old board', '', 0, 0, '0.1.0', 'board')"
        )
        connection.commit()


def pending(data: Path) -> list[str]:
    """Migrations that this release would make."""
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        return [migration.name for migration in MIGRATIONS.pending(sqlite_utils.Database(connection))]


@pytest.mark.mosquitto
@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_hub_without_tls(terminal: Terminal, ports: Ports, tmp_path: Path) -> None:
    data = data_of(terminal)
    assert "This machine can profile models." in terminal.run("edgeprof doctor")
    with (
        terminal.stays("edgeprof hub serve", ports.plain, ready=READY),
        terminal.stays("edgeprof agent run --hub http://HUB:8765", ready=ONLINE, words={"HUB:8765": ports.address}),
    ):
        install_from(terminal, ports)
    assert "0 waiting" in terminal.run("edgeprof agent outbox")
    with terminal.stays("edgeprof hub serve --host 0.0.0.0 --new-token", ports.plain, ready=READY) as printed:
        assert "New token saved in" in printed
    token, agent = (data / "token").read_text(), "edgeprof agent run --hub http://192.168.1.10:8765"
    with terminal.stays("edgeprof hub serve --host 0.0.0.0", ports.plain, ready=READY):
        client_of(terminal, ports)
        assert (data / "token").read_text() == token
        with terminal.stays(agent, ready=ONLINE, words={"192.168.1.10:8765": ports.address}):
            people(terminal)
    assert "is whole." in terminal.run("edgeprof hub check")
    salvaged = {"FOLDER": str(tmp_path / "salvaged")}
    assert "copied" in terminal.run("edgeprof hub check --salvage FOLDER", words=salvaged)
    with terminal.stays("edgeprof hub serve --data FOLDER", ports.plain, ready=READY, words=salvaged):
        assert [device.name for device in client_of(terminal, ports).devices()] == ["board"]
    with terminal.stays(
        "edgeprof hub serve --email FILE", ports.plain, ready=READY, FILE=str(mail_of_the_page(tmp_path))
    ):
        assert client_of(terminal, ports).devices()
    assert "not verified" not in terminal.run("edgeprof prices check FILE", FILE=str(PRICES))


def install_from(terminal: Terminal, ports: Ports) -> None:
    """The line of the page *Add a device*, with the hash that the hub shows, up to what it would change."""
    line = next(each for each in every_command() if each.startswith("curl "))
    with urllib.request.urlopen(f"http://{ports.address}/add-device", timeout=30) as answer:
        shown = html.unescape(answer.read().decode())
    sha256 = re.search(r'echo "([0-9a-f]{64})  edgeprof-install.sh" \| sha256sum -c', shown)
    assert sha256 is not None, "the page shows another line"
    places = {name: str(terminal.folder / name) for name in ("PREFIX", "ETC", "UNITS", "STATE")}
    terminal.environment.update(places)
    words = {"HUB:8765": ports.address, "SHA256": f"{sha256[1]} ", "sudo sh": "sh"}
    terminal.run(line, "--dry-run --extras none", words=words)


def people(terminal: Terminal) -> None:
    """Accounts, tokens and the log of what was done with them."""
    for command in ("edgeprof hub user add ada --role admin", "edgeprof hub user add vera --role viewer"):
        terminal.run(command, typed=f"{PASSWORD}\n")
    terminal.run("edgeprof hub user role NAME ROLE", NAME="vera", ROLE="operator")
    terminal.run("edgeprof hub user password NAME", NAME="vera", typed=f"another {PASSWORD}\n")
    assert re.search(r"vera +operator", terminal.run("edgeprof hub user list"))
    terminal.run("edgeprof hub token add ci --scope read --days 30")
    assert "ci" in terminal.run("edgeprof hub token list")
    terminal.run("edgeprof hub token revoke NAME", NAME="ci")
    terminal.run("edgeprof hub user remove NAME", NAME="vera")
    assert "vera" not in terminal.run("edgeprof hub user list")
    terminal.run("edgeprof hub audit --who vera")
    assert terminal.run("edgeprof hub audit --failed --csv").startswith("id,time_utc,")


def mail_of_the_page(folder: Path) -> Path:
    """The example of the page, with a password file that is there."""
    blocks = re.findall(r"^```toml\n(.*?)^```$", PAGES[2].read_text(), re.MULTILINE | re.DOTALL)
    (example,) = [each for each in blocks if "password_file" in each]
    (folder / "mail-password").write_text("for tests only\n")
    file = folder / "mail.toml"
    file.write_text(example.replace("/etc/edgeprof/mail-password", str(folder / "mail-password")))
    return file


@pytest.mark.mosquitto
@pytest.mark.full
@pytest.mark.timeout(120)
def test_a_device_joins_again_and_the_ca_is_replaced(terminal: Terminal, ports: Ports) -> None:
    here = {"HUB:8766": f"127.0.0.1:{ports.tls}"}
    join, serve = "edgeprof agent join --hub https://HUB:8766", "edgeprof hub serve --host 0.0.0.0 --tls"
    with terminal.stays(serve, f"{ports.all} --new-token", ready=READY):
        client = client_of(terminal, ports)
        terminal.run(join, typed=terminal.run("edgeprof hub join-secret").split()[0], words=here)
        with terminal.stays("edgeprof agent run", ready=ONLINE):
            eventually("the device is online", lambda: is_online(client))
        secret = terminal.run("edgeprof hub join-secret --device NAME", NAME="board").split()[0]
        assert "with a certificate until" in terminal.run(join, typed=secret, words=here)
    for step in ("prepare", "switch", "drop"):  # the page names all three
        terminal.run("edgeprof hub new-ca prepare", prepare=step)
    with terminal.stays(serve, ports.all, ready=READY):
        assert len(client.devices()) == 1


def test_every_command_of_the_pages_is_typed_above_or_says_why_not() -> None:
    """A new command needs a line above, or one in `NOT_RUN`."""
    here = {node.value for node in ast.walk(ast.parse(Path(__file__).read_text())) if isinstance(node, ast.Constant)}
    typed = {command for command in every_command() if command in here or command.startswith("curl ")}
    assert every_command() - typed - set(NOT_RUN) == set()
    assert set(NOT_RUN) - every_command() == set(), "on no page"
    assert all(NOT_RUN.values())


def test_what_is_not_run_has_arguments_that_exist() -> None:
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    installer = (PROJECT / "agent/packaging/install.sh").read_text()
    for command in NOT_RUN:
        words = shlex.split(command)
        for place, word in enumerate(words):
            if word == "edgeprof" or word.endswith("/bin/edgeprof"):
                assert unknown_part(words[place + 1 :]) is None, command
        assert {extra for word in words for extra in re.findall(r"^\.\[(\w+)\]$", word)} <= set(extras), command
        if any(word.endswith("/install.sh") for word in words):
            assert all(f"{word})" in installer for word in words if word.startswith("--")), command
            assert all(f"${word.partition('=')[0]}" in installer for word in words if "=" in word), command
        if words[0] == "systemctl":
            assert (PROJECT / "agent/packaging" / f"{words[-1]}.service").exists(), command
        if "apt" in command:
            assert mosquitto.INSTALL_LINE.endswith(f" {words[-1]}"), command
