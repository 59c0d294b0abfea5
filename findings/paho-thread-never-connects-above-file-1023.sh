#!/usr/bin/env bash
# Guess:   paho's network thread works at any file descriptor, or fails with an error that names the descriptor.
# Reality: it opens a connection, sends nothing on it, calls no callback, closes it, and begins again after a second,
#          without end. loop_start() waits with select(), which takes 0 to 1023 only, and the ValueError is
#          taken for a lost connection. With the interface for external loops the same client connects.
# Version: paho-mqtt 2.2.0 (Linux). Source: seen by running; Client._loop.
# Hurts:   a server with a thousand open connections whose MQTT client reconnects once: it never comes back.
set -euo pipefail
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check paho-mqtt==2.2.0 2>/dev/null
cat >"$t/one.py" <<'P'
import os
import resource
import socket
import threading
import time

import paho.mqtt.client as mqtt

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def greet(connection: socket.socket, seen: list[bool]) -> None:
    """Answers a CONNECT, and keeps whether there was one."""
    seen.append(bool(connection.recv(1024)))
    if seen[-1]:
        connection.sendall(b"\x20\x02\x00\x00")
        connection.recv(1024)


def broker(listener: socket.socket, seen: list[bool]) -> None:
    while True:
        threading.Thread(target=greet, args=(listener.accept()[0], seen), daemon=True).start()


def client(port: int, calls: list[str]) -> mqtt.Client:
    made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    made.on_connect = lambda *_: calls.append("on_connect")
    made.on_disconnect = lambda c, u, f, reason, p: calls.append(f"on_disconnect: {reason}")
    made.connect_async("127.0.0.1", port)
    return made


listener, seen = socket.create_server(("127.0.0.1", 0)), []
threading.Thread(target=broker, args=(listener, seen), daemon=True).start()
port = listener.getsockname()[1]

low: list[str] = []
first = client(port, low)
first.loop_start()
time.sleep(1)
first.disconnect()
print("below 1024, loop_start:", low[0])

while os.open(os.devnull, os.O_RDONLY) < 1024:
    pass
high: list[str] = []
seen.clear()
second = client(port, high)
second.loop_start()
time.sleep(3.5)
print("from 1024 on, loop_start:", sorted(set(high)), "connections without a CONNECT:", len(seen) > 1 and not any(seen))
second.disconnect()

own: list[str] = []
third = client(port, own)
third.reconnect()
third.loop_write()
time.sleep(0.5)
third.loop_read()
print("from 1024 on, loop_read:", own[0])
os._exit(0)
P
seen=$(timeout 60 "$t/v/bin/python" -u "$t/one.py")
echo "paho-mqtt 2.2.0: what was called"
echo "$seen"
[ "$seen" = "below 1024, loop_start: on_connect
from 1024 on, loop_start: [] connections without a CONNECT: True
from 1024 on, loop_read: on_connect" ] || { echo CHANGED; exit 1; }
echo "as described: above descriptor 1023 the thread never connects, and calls nothing"
