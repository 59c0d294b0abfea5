#!/bin/sh
# Installs the edgeprof agent as a systemd service, upgrades it when run again, and removes it with --uninstall.
#
#   sudo EDGEPROF_HUB=http://HOST:8765 [EDGEPROF_TOKEN=...] agent/packaging/install.sh [--no-start] [--extras LIST]
#   sudo agent/packaging/install.sh --uninstall [--purge]
#
# PREFIX (/opt/edgeprof), ETC (/etc/edgeprof), UNITS (/etc/systemd/system) and PYTHON (python3) may be set.
# The whole body is in functions, called on the last line: a copy that was cut off does nothing.
set -eu

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

have_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; }

# The runtimes with a prebuilt wheel for this machine and Python; nothing is compiled.
default_extras() {
    PYTHONPATH="$REPOSITORY:$REPOSITORY/agent" "$PYTHON" -B -c 'from edgeprof.fit.wheels import extras_for
from edgeprof_agent.installing.board import detect
board = detect()
print(",".join(extras_for(board.machine, board.python, board.flags).extras))'
}

check_python() {
    command -v "$PYTHON" >/dev/null 2>&1 || fail "$PYTHON is not installed. On Debian: apt install python3 python3-venv"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        fail "$PYTHON is older than 3.10. Name another: PYTHON=python3.11 $0"
    "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$PYTHON cannot make virtual environments. On Debian: apt install python3-venv"
}

put() { # SOURCE TARGET MODE: says whether anything changed
    if [ -e "$2" ] && cmp -s "$1" "$2"; then say "unchanged  $2"; return; fi
    if [ -e "$2" ]; then word=updated; else word=created; fi
    install -D -m "$3" "$1" "$2"
    say "$word    $2"
}

check_rights() { # FOLDER...: each can be made or written to
    for folder in "$@"; do
        while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
        [ -w "$folder" ] || fail "$folder cannot be written to. Run it with sudo, or set PREFIX, ETC and UNITS to folders of yours."
    done
}

put_unit() { # FILE TARGET: with the folders that were chosen
    chosen=$(mktemp)
    sed "s|/opt/edgeprof|$PREFIX|g; s|/etc/edgeprof|$ETC|g" "$HERE/$1" >"$chosen"
    put "$chosen" "$UNITS/$2" 0644
    rm -f "$chosen"
}

# The sandbox of a model is a unit of its own, which the agent reaches by a socket: nobody else is in its group.
put_runner() {
    if ! getent group edgeprof-runner >/dev/null 2>&1; then
        if have_systemd && groupadd --system edgeprof-runner; then
            say "created    the group edgeprof-runner"
        else
            say "skipped    edgeprof-runner.socket: it needs systemd and the group edgeprof-runner"
            return
        fi
    fi
    put_unit edgeprof-runner.socket edgeprof-runner.socket
    put_unit edgeprof-runner@.service edgeprof-runner@.service
    put_unit runner.conf edgeprof-agent.service.d/runner.conf
}

write_settings() {
    if [ -e "$ETC/agent.toml" ]; then
        say "kept       $ETC/agent.toml"
    else
        [ -n "${EDGEPROF_HUB:-}" ] || fail "No hub is configured. Run it as: sudo EDGEPROF_HUB=http://HOST:8765 $0"
        case "$EDGEPROF_HUB" in
            *[!A-Za-z0-9.:/_\[\]-]*) fail "EDGEPROF_HUB=$EDGEPROF_HUB is no URL of a hub." ;;
        esac
        install -d -m 0755 "$ETC"
        sed "s|^hub = .*|hub = \"$EDGEPROF_HUB\"|" "$HERE/agent.toml" >"$ETC/agent.toml"
        chmod 0644 "$ETC/agent.toml"
        say "created    $ETC/agent.toml"
    fi
    if [ -n "${EDGEPROF_TOKEN:-}" ]; then
        (umask 077 && printf 'EDGEPROF_TOKEN=%s\n' "$EDGEPROF_TOKEN" >"$ETC/agent.env")
        say "written    $ETC/agent.env (readable by root only)"
        if ! have_systemd; then # nothing reads agent.env there
            (umask 077 && printf '%s\n' "$EDGEPROF_TOKEN" >"$ETC/token")
            say "written    $ETC/token (readable by root only)"
        fi
    fi
}

install_package() {
    if [ ! -x "$PREFIX/venv/bin/python" ]; then
        install -d -m 0755 "$PREFIX"
        "$PYTHON" -m venv "$PREFIX/venv"
        say "created    $PREFIX/venv"
    fi
    wanted=$REPOSITORY
    [ -z "$EXTRAS" ] || wanted="$REPOSITORY[$EXTRAS]"
    pins=$REPOSITORY/constraints/$("$PREFIX/venv/bin/python" -c 'import sys; print("python%d.%d.txt" % sys.version_info[:2])')
    if [ -e "$pins" ]; then set -- -c "$pins"; else set --; fi
    "$PREFIX/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-binary edgeprof \
        "$@" "$wanted"
    say "installed  edgeprof ${EXTRAS:+with $EXTRAS }in $PREFIX/venv"
}

start_service() {
    if ! have_systemd; then
        token=
        [ ! -e "$ETC/token" ] || token=" --token-file $ETC/token"
        say "No systemd runs here: start it with $PREFIX/venv/bin/edgeprof agent run --config $ETC/agent.toml$token"
    elif [ "$START" = no ]; then
        say "Not started. Start it with: systemctl enable --now edgeprof-agent"
    else
        systemctl daemon-reload
        systemctl enable --quiet edgeprof-agent
        if [ -e "$UNITS/edgeprof-runner.socket" ]; then systemctl enable --now --quiet edgeprof-runner.socket; fi
        systemctl restart edgeprof-agent
        say "started    edgeprof-agent (its log: journalctl -u edgeprof-agent)"
    fi
}

remove() { # PATH
    [ -e "$1" ] || return 0
    rm -rf "$1"
    say "removed    $1"
}

remove_environment() { # PATH: only one that holds edgeprof
    if [ -L "$1" ] || [ -e "$1/edgeprof-installed.json" ] || [ -e "$1/bin/edgeprof" ]; then rm -rf "$1"; say "removed    $1"; fi
}

uninstall() {
    if have_systemd && [ -e "$UNITS/edgeprof-agent.service" ]; then
        systemctl disable --now --quiet edgeprof-agent || true
        if [ -e "$UNITS/edgeprof-runner.socket" ]; then systemctl disable --now --quiet edgeprof-runner.socket || true; fi
    fi
    if [ -e "$UNITS/edgeprof-runner.socket" ] && groupdel edgeprof-runner 2>/dev/null; then
        say "removed    the group edgeprof-runner"
    fi
    remove "$UNITS/edgeprof-runner.socket"
    remove "$UNITS/edgeprof-runner@.service"
    remove "$UNITS/edgeprof-agent.service.d/runner.conf"
    rmdir "$UNITS/edgeprof-agent.service.d" 2>/dev/null || true
    remove "$UNITS/edgeprof-agent.service"
    remove_environment "$PREFIX/venv"
    for each in "$PREFIX"/versions/*; do remove_environment "$each"; done
    rmdir "$PREFIX/versions" 2>/dev/null || true
    remove "$PREFIX/share/operating-agent.md"
    rmdir "$PREFIX/share" 2>/dev/null || true
    rmdir "$PREFIX" 2>/dev/null || true
    if have_systemd; then systemctl daemon-reload; fi
    if [ "$PURGE" = yes ]; then
        for name in agent.toml agent.env token; do remove "$ETC/$name"; done
        rmdir "$ETC" 2>/dev/null || true
        remove /var/lib/private/edgeprof-agent
        remove /var/lib/edgeprof-agent
    else
        say "kept       $ETC and the agent's state; --uninstall --purge removes them, with results not yet sent"
    fi
}

main() {
    PREFIX=${PREFIX:-/opt/edgeprof} ETC=${ETC:-/etc/edgeprof} UNITS=${UNITS:-/etc/systemd/system}
    PYTHON=${PYTHON:-python3} START=yes PURGE=no ACTION=install EXTRAS=default
    HERE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
    REPOSITORY=$(CDPATH='' cd -- "$HERE/../.." && pwd)
    while [ $# -gt 0 ]; do
        case "$1" in
            --no-start) START=no ;;
            --extras) [ $# -ge 2 ] || fail "--extras needs a list, such as onnx,litert"; EXTRAS=$2; shift ;;
            -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; return ;;
            --uninstall) ACTION=uninstall ;;
            --purge) PURGE=yes ;;
            *) fail "unknown option $1; the head of $0 shows how to call it" ;;
        esac
        shift
    done
    if [ "$ACTION" = uninstall ]; then uninstall; return; fi
    check_rights "$PREFIX" "$ETC" "$UNITS"
    check_python
    [ "$EXTRAS" != default ] || EXTRAS=$(default_extras)
    write_settings
    install_package
    put_unit edgeprof-agent.service edgeprof-agent.service
    put_runner
    put "$REPOSITORY/docs/operating-agent.md" "$PREFIX/share/operating-agent.md" 0644
    start_service
}

main "$@"
