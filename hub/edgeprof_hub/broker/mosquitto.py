"""Eclipse Mosquitto as a child process, with a configuration that the hub writes. For agents on other machines."""

import logging
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.wire import topics
from edgeprof_hub import private_file
from edgeprof_hub.broker import device_listeners, ports, probe, supervised
from edgeprof_hub.broker.base import AGENT_USER, BrokerEndpoint
from edgeprof_hub.broker.device_listeners import DeviceDoors, DevicePorts
from edgeprof_hub.broker.supervised import Supervisor

log = logging.getLogger(__name__)

HUB_USER = "edgeprof-hub"
MAX_START_S = 5.0
STOP_TIMEOUT_S = 5.0
RELOADED_WITHIN_S = 0.3
CUT_AGAIN_AFTER_S = 0.7
TAKEN_OVER_WITHIN_S = 2.0
MORE_PLACES = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian puts it, which is not on the PATH of a plain user."""

INSTALL_LINE = "sudo apt install mosquitto"
_CONFIG = """\
listener {port} {host}
allow_anonymous {anonymous}
password_file {folder}/passwords
acl_file {folder}/acl
persistence true
persistence_location {folder}/
autosave_interval 15
persistent_client_expiration 7d
max_inflight_messages 1000
max_queued_messages 100000
max_queued_bytes 268435456
max_packet_size 262144
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
pid_file {folder}/mosquitto.pid
"""


MENDED_VERSION = (2, 0, 18)


class MosquittoBroker:
    """mosquitto 2.0 or newer."""

    def __init__(
        self, folder: Path, host: str, port: int | None, token: str | None, doors: DeviceDoors | None = None
    ) -> None:
        """`host`, `port`: of the listener without TLS. `doors`: where devices that have joined connect."""
        self._folder = folder.absolute()
        self._host = host
        self._wanted_port = port
        self._token = token
        self._doors = doors
        self._version: tuple[int, ...] = ()
        self._supervisor: Supervisor | None = None
        self._child: _Child | None = None
        self._endpoint: BrokerEndpoint | None = None

    @property
    def title(self) -> str:
        older = "; 2.0.18 fixes its count of messages in flight" if self._version < MENDED_VERSION else ""
        return (
            f"mosquitto {'.'.join(map(str, self._version))} "
            f"(queues survive a clean stop; each device may write only under its own id{older})"
        )

    def start(self) -> BrokerEndpoint:
        program, passwd = find_program("mosquitto"), find_program("mosquitto_passwd")
        self._version = _version_of(program)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _end_orphan(self._folder)
        port = ports.choose(self._host, self._wanted_port, self._folder)
        device_ports = device_listeners.choose_ports(self._doors, self._folder) if self._doors else None
        hub_password = secrets.token_urlsafe(32)
        self._write_config(port, device_ports)
        self._write_passwords(passwd, hub_password)
        own_host = _reachable(self._host)
        log_file = self._folder / "mosquitto.log"
        command = [program, "-c", str(self._folder / "mosquitto.conf")]
        self._supervisor = Supervisor(
            "mosquitto",
            lambda: self._started(command, own_host, port, log_file),
            lambda: probe.answers(own_host, port, HUB_USER, hub_password, supervised.ANSWER_WITHIN_S),
        )
        self._supervisor.start()
        self._endpoint = BrokerEndpoint(
            host=own_host,
            port=port,
            username=HUB_USER,
            password=hub_password,
            agent_username=AGENT_USER if self._token else None,
            device_ports=device_ports,
        )
        return self._endpoint

    def stop(self) -> None:
        if self._supervisor:
            self._supervisor.stop()

    def refresh(self) -> None:
        """Make it read the revocation list, the passwords and the server's certificate again."""
        if self._doors is None:
            return
        device_listeners.write_files(self._folder, self._doors.token_lines())
        if self._child is not None:
            self._child.reload()

    def cut(self, device_id: str) -> bool:
        """End a device's connection by taking its client id over from the hub's own listener.

        A new revocation list alone leaves a live client where it is (mosquitto 2.0.11). The second time is for one
        that came back before the list was read.
        """
        at = self._endpoint
        if at is None:
            return False
        is_cut = False
        for pause_s in (RELOADED_WITHIN_S, CUT_AGAIN_AFTER_S):
            time.sleep(pause_s)
            is_cut = probe.take_over(
                at.host, at.port, device_id, at.username or "", at.password or "", TAKEN_OVER_WITHIN_S
            )
        return is_cut

    def _started(self, command: list[str], host: str, port: int, log_file: Path) -> "_Child":
        self._child = _Child(command, host, port, log_file)
        return self._child

    def _write_config(self, port: int, device_ports: DevicePorts | None) -> None:
        anonymous = "false" if self._token else "true"
        text = _CONFIG.format(port=port, host=self._host, folder=self._folder, anonymous=anonymous)
        if os.geteuid() == 0:
            text += "user root\n"  # else it becomes the user `mosquitto`, who cannot read this folder
        if self._doors and device_ports:
            device_listeners.write_files(self._folder, self._doors.token_lines())
            doors = device_listeners.config(self._folder, self._doors, device_ports)
            text = f"per_listener_settings true\n{text}{doors}"
        private_file.write(self._folder / "mosquitto.conf", text)
        private_file.write(self._folder / "acl", access_rules())

    def _write_passwords(self, passwd: str, hub_password: str) -> None:
        """Hashed in place by mosquitto's own tool: on a command line every user of the machine could read them."""
        users = {HUB_USER: hub_password} | ({AGENT_USER: self._token} if self._token else {})
        file = self._folder / "passwords"
        private_file.write(file, "".join(f"{user}:{password}\n" for user, password in users.items()))
        done = subprocess.run([passwd, "-U", str(file)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            file.unlink()
            raise EdgeprofError(
                "broker_failed", f"mosquitto_passwd failed: {done.stderr.strip() or done.stdout.strip()}"
            )


def access_rules() -> str:
    """The hub may do all; a client may write upward and read downward below its own client id, and nothing else."""
    up = [f"pattern write {topics.PREFIX}/+/%c/{name}" for name in topics.UPWARD]
    down = [f"pattern read {topics.PREFIX}/+/%c/{name}" for name in topics.DOWNWARD]
    notices = f"pattern read {topics.PREFIX}/+/hub/notice"
    return "\n".join([f"user {HUB_USER}", f"topic readwrite {topics.PREFIX}/#", "", *up, *down, notices, ""])


class _Child:
    """One life of the broker."""

    def __init__(self, command: list[str], host: str, port: int, log_file: Path) -> None:
        self._log = log_file
        with log_file.open("wb") as stream:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
            )
        try:
            self._wait_until_it_answers(host, port)
        except EdgeprofError:
            self.stop()
            raise

    def is_running(self) -> bool:
        return self._process.poll() is None

    def reload(self) -> None:
        """Read the files again; a process that has ended reads them at its next start."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_it_answers(self, host: str, port: int) -> None:
        deadline = time.monotonic() + MAX_START_S
        while self.is_running() and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection((host, port), timeout=0.2):
                return
            time.sleep(0.01)
        lines = self._log.read_text(errors="replace").strip().splitlines()
        raise EdgeprofError("broker_failed", f"mosquitto failed to start: {lines[-1] if lines else 'it wrote no log'}")


def find_program(name: str) -> str:
    """A program's path. Raises MissingPartError with the line that installs it."""
    found = shutil.which(name) or shutil.which(name, path=MORE_PLACES)
    if found is None:
        raise MissingPartError(
            "mosquitto_missing",
            f"Agents on other machines need the mosquitto broker, and {name} is not installed here. "
            f"Install it: {INSTALL_LINE}",
        )
    return found


def _version_of(program: str) -> tuple[int, ...]:
    """Raises EdgeprofError for one from before 2.0, whose configuration is another."""
    output = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", output)
    version = tuple(map(int, found.groups())) if found else ()
    if version < (2, 0):
        raise EdgeprofError(
            "broker_too_old", f"{program} is older than mosquitto 2.0. Install a newer one: {INSTALL_LINE}"
        )
    return version


def _end_orphan(folder: Path) -> None:
    """A hub that was killed leaves its broker running: end that one, and no other process."""
    try:
        pid = int((folder / "mosquitto.pid").read_text())
    except (OSError, ValueError):
        return
    if not _is_ours(pid, folder):
        return
    log.warning("broker.orphan pid=%d", pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _is_ours(pid, folder) and time.monotonic() < deadline:
        time.sleep(0.02)


def _is_ours(pid: int, folder: Path) -> bool:
    """Whether this process runs with this folder's configuration. One that has ended has no command line."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return str(folder / "mosquitto.conf").encode() in command.split(b"\0")


def _reachable(host: str) -> str:
    """Where this machine reaches a listener on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}.get(host, host)
