# Sourced by scripts/test: programs that some tests need and that the system's package manager installs.

# $1: "whole" or "chosen", what this run is; $2: "yes" where the question is answered already; then the programs, each
# of which is the name of its Debian package, too, or PROGRAM:PACKAGE. Nothing is installed unless the user agrees.
offer_programs() {
    run=$1 yes=$2
    shift 2
    missing=
    for program in "$@"; do
        PATH=$PATH:/usr/sbin command -v "${program%%:*}" >/dev/null || missing="$missing ${program##*:}"
    done
    [ "$missing" ] || return 0
    printf 'Not installed:%s. Some tests need them.\n' "$missing"
    if [ "$run" = chosen ]; then
        skipped "sudo apt-get install$missing"
    elif ! right_to_install; then
        skipped "sudo apt-get install$missing (needs root)"
    elif [ "$yes" ] || agreed "$missing"; then
        printf 'Installing%s with apt-get ...\n' "$missing"
        $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq $missing >/dev/null ||
            skipped "sudo apt-get install$missing (it failed; the lines above say why)"
    else
        skipped "./scripts/test --yes, or sudo apt-get install$missing"
    fi
}

# $1: the command that installs what is missing.
skipped() {
    printf 'They are skipped and named at the end. To install: %s\n' "$1"
}

# Sets $as_root. Without a terminal sudo must not ask for a password.
right_to_install() {
    as_root=
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" != 0 ] || return 0
    as_root=sudo
    sudo -n true 2>/dev/null || { at_terminal && command -v sudo >/dev/null; }
}

# $1: what would be installed.
agreed() {
    at_terminal || return 1
    printf 'Install%s with apt-get now, as root? [y/N] ' "$1"
    read -r answer || return 1
    case $answer in [yY] | [yY][eE][sS]) ;; *) return 1 ;; esac
}

at_terminal() {
    [ -t 0 ] && [ -t 1 ]
}
