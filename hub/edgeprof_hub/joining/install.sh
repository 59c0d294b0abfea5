#!/bin/sh
# Installs the edgeprof agent from this hub and joins the device to it. Run again, it changes only what differs.
#
#   sudo sh edgeprof-install.sh --hub URL [--join -|FILE] [--name NAME] [--extras LIST] [--start|--no-start] [--dry-run]
#   sudo sh edgeprof-install.sh --hub URL --uninstall [--purge]
#
# The token comes from the file that --join names, from the standard input (--join -), or from EDGEPROF_JOIN.
# PREFIX (/opt/edgeprof), ETC (/etc/edgeprof), UNITS (/etc/systemd/system), STATE (/var/lib/edgeprof-agent) and PYTHON
# may be set. This script only finds a Python and fetches edgeprof's wheel, which it checks; the wheel does the rest.
set -eu

WHEEL=@WHEEL@
SHA256=@SHA256@

fail() { printf 'edgeprof-install.sh: %s\n' "$*" >&2; exit 1; }

find_python() { # the first that is new enough
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python3.10}; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys, ssl, venv; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    fail "Python 3.10 or newer is not installed, or lacks its modules ssl and venv. On Debian: apt install python3"
}

find_hub() { # the value of --hub
    while [ $# -gt 0 ]; do
        case "$1" in
            --hub) if [ $# -ge 2 ]; then printf '%s' "$2"; fi; return ;;
            --hub=*) printf '%s' "${1#--hub=}"; return ;;
        esac
        shift
    done
}

fetch() { # PYTHON HUB FILE: edgeprof's wheel. Its hash stands in this script, so whoever sends it cannot change it.
    "$1" -I - "$2" "$3" "$WHEEL" "$SHA256" <<'PYTHON_END'
import hashlib, ssl, sys, urllib.request

hub, file, wheel, sha256 = sys.argv[1:]
hub = hub if "://" in hub else "http://" + hub
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl._create_unverified_context())
)
try:
    with opener.open(f"{hub.rstrip('/')}/simple/files/{wheel}", timeout=60) as answer:
        data = answer.read(200 << 20)
except (OSError, ValueError) as error:
    sys.exit(f"edgeprof-install.sh: {hub} does not answer ({error}).")
if hashlib.sha256(data).hexdigest() != sha256:
    sys.exit(f"edgeprof-install.sh: {wheel} is not what this script expects. Copy the line of the hub's page again.")
with open(file, "wb") as stream:
    stream.write(data)
PYTHON_END
}

main() {
    python=$(find_python)
    hub=$(find_hub "$@")
    [ -n "$hub" ] || fail "Name the hub: sudo sh $0 --hub http://HOST:8765"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    fetch "$python" "$hub" "$work/$WHEEL"
    "$python" -I -c 'import runpy, sys
sys.path.insert(0, sys.argv.pop(1))
runpy.run_module("edgeprof_agent.installing", run_name="__main__", alter_sys=True)' "$work/$WHEEL" "$@"
}

main "$@"
