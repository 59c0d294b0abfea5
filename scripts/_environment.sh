# Sourced by scripts/demo and scripts/test: a virtual environment with the project in it, made once.

fail() {
    printf '%s\n' "$1" >&2
    exit 3
}

# The first Python of 3.11 to 3.14 here that can make environments; EDGEPROF_PYTHON names the only one to be used.
find_python() {
    old= bare=
    for candidate in ${EDGEPROF_PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
        version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        case $version in
        3.11 | 3.12 | 3.13 | 3.14)
            if "$candidate" -c 'import venv, ensurepip' 2>/dev/null; then
                printf '%s' "$candidate"
                return
            fi
            bare=${bare:-$version} ;;
        *) old=$version ;;
        esac
    done
    [ -z "$bare" ] || fail "Python $bare is here without its venv module. Install it: sudo apt-get install python$bare-venv"
    here=${old:+Python $old}
    fail "The hub needs Python 3.11 to 3.14, and ${EDGEPROF_PYTHON:-here} is ${here:-no Python}. Install one (Debian 12 and newer: sudo apt-get install python3 python3-venv) or name one in EDGEPROF_PYTHON."
}

# $1: folder of the environment, $2: extras of the project.
# A stamp with the checksum of what decides the installation makes the second run quick.
make_environment() {
    python=$(find_python) || exit 3
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    stamp=$(cat pyproject.toml constraints/*.txt scripts/_environment.sh | cksum)-$version-$2-$(pwd)
    if [ -f "$1/.installed" ] && [ "$(cat "$1/.installed")" = "$stamp" ]; then
        return
    fi
    printf 'Making %s and installing prebuilt packages (once, about a minute) ...\n' "$1" >&2
    rm -rf "$1"
    "$python" -m venv "$1" || fail "No virtual environment could be made in $(pwd)/$1; the line above says why."
    pins=constraints/python$version-$2.txt # extras that cannot share the common pins have their own
    [ -f "$pins" ] || pins=constraints/python$version.txt
    [ -f "$pins" ] || pins=/dev/null # a Python newer than our pins: the newest wheels that fit
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
        -c "$pins" --editable ".[$2]" ||
        fail "Installing the packages failed; the lines above say which. A network is needed for this first run."
    printf '%s' "$stamp" >"$1/.installed"
}
