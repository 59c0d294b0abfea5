#!/usr/bin/env bash
# Guess:   adbutils hands on what adb says: why a phone refuses a file, and the state in which adb lists a phone.
# Reality: of a refused push only the word FAIL arrives; the reason that adb sends after it ("No space left on device") is
#          never read. And a state of two words is cut: a phone that this user may not open is listed as "no".
# Version: adbutils 2.12.0. Source: seen by running; adb's docs/dev/sync.md and docs/dev/services.md (AOSP).
# Hurt:    a full phone looks like a lost one, and "no permissions (udev rules)" like a state that nobody knows.
set -euo pipefail
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check adbutils==2.12.0 2>/dev/null
cat > "$t/p.py" <<'P'
import io, socket, struct, threading
import adbutils
REASON = b"No space left on device"
def serve(listener):
    """An adb server as its documents describe it: one phone that refuses every file, one that this user may not open."""
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
def read(connection, size):
    data = b""
    while len(data) < size:
        data += connection.recv(size - len(data)) or exit()
    return data
def text(connection, words):
    connection.sendall(f"{len(words):04x}{words}".encode())
def answer(connection):
    while True:
        asked = read(connection, int(read(connection, 4), 16)).decode()
        connection.sendall(b"OKAY")
        if asked == "host:devices":
            return text(connection, "A1\tdevice\nA2\tno permissions (missing udev rules?); see [http://developer.android.com]\n")
        if asked == "host:version":
            text(connection, "0029")
        elif asked.startswith("host:tport:"):
            connection.sendall(bytes(8))
        elif asked == "sync:":
            return sync(connection)
def sync(connection):
    while True:
        kind, size = struct.unpack("<4sI", read(connection, 8))
        if kind == b"DONE":
            return connection.sendall(b"FAIL" + struct.pack("<I", len(REASON)) + REASON)
        read(connection, size)
        if kind == b"STAT":
            connection.sendall(b"STAT" + bytes(12))
listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
client = adbutils.AdbClient("127.0.0.1", listener.getsockname()[1])
states = {each.serial: each.state for each in client.list()}
try:
    client.device("A1").sync.push(io.BytesIO(b"model"), "/data/local/tmp/model")
    said = "nothing"
except adbutils.AdbError as error:
    said = str(error)
print(f"states: {states}; a refused push says: {said!r}")
assert states == {"A1": "device", "A2": "no"}, states
assert said == "FAIL", said
P
"$t/v/bin/python" "$t/p.py"
# Seen: states: {'A1': 'device', 'A2': 'no'}; a refused push says: 'FAIL'
