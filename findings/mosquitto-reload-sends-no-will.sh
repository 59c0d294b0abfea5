#!/usr/bin/env bash
# Guess:   a client that the broker itself throws out has its last will published: it sent no DISCONNECT
#          (MQTT 3.1.1, 3.1.2.5).
# Reality: a reload (SIGHUP) of a password file without the client's user ends its connection at once, and its will is
#          never published. When another connection takes its client id over, or its socket just ends, it is.
# Version: mosquitto 2.0.11 (Debian 12), paho-mqtt 2.2.0. Source: seen by running.
# Hurts:   who counts on the will to learn that a device is away: it shows as online for ever.
set -euo pipefail
t=$(mktemp -d)
PATH=$PATH:/usr/sbin
trap '[ -z "$broker" ] || kill "$broker" 2>/dev/null || true; rm -rf "$t"' EXIT
broker=
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check paho-mqtt==2.2.0 2>/dev/null
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf 'watcher:one\ndevice:two\n' >"$t/passwords"
mosquitto_passwd -U "$t/passwords"
printf 'listener %s 127.0.0.1\nallow_anonymous false\npassword_file %s/passwords\n' "$port" "$t" >"$t/conf"
[ "$(id -u)" != 0 ] || echo "user root" >>"$t/conf"
mosquitto -c "$t/conf" 2>"$t/log" &
broker=$!
cat >"$t/one.py" <<'P'
import os
import signal
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt

port, broker, passwords = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
wills: list[str] = []


def client(name: str, client_id: str, password: str) -> mqtt.Client:
    made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False)
    made.username_pw_set(name, password)
    return made


def connected(made: mqtt.Client, will: str = "") -> mqtt.Client:
    if will:
        made.will_set("will", will, 1)
    made.connect("127.0.0.1", port)
    made.loop_start()
    until(made.is_connected)
    return made


def until(holds) -> bool:
    end = time.monotonic() + 3
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


time.sleep(0.5)
watcher = connected(client("watcher", "watcher", "one"))
watcher.on_message = lambda c, u, message: wills.append(message.payload.decode())
watcher.subscribe("will", 1)
time.sleep(0.3)
connected(client("device", "device", "two"), "taken over")
second = connected(client("device", "device", "two"), "reloaded")
print("taken over:", until(lambda: "taken over" in wills))
passwords.write_text("".join(line for line in passwords.read_text().splitlines(True) if "device" not in line))
os.kill(broker, signal.SIGHUP)
print("thrown out by the reload:", until(lambda: not second.is_connected()))
print("its will:", until(lambda: "reloaded" in wills), "the watcher stays:", watcher.is_connected())
os._exit(0)
P
seen=$(timeout 60 "$t/v/bin/python" -u "$t/one.py" "$port" "$broker" "$t/passwords")
{ mosquitto -h || true; } | head -1
echo "$seen"
[ "$seen" = "taken over: True
thrown out by the reload: True
its will: False the watcher stays: True" ] || { echo CHANGED; exit 1; }
echo "as described: a client that a reload throws out has no will"
