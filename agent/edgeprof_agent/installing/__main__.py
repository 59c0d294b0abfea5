"""The installer out of edgeprof's wheel file, before anything is installed: what the hub's `install.sh` calls.

`edgeprof agent install` offers the same once edgeprof is there.
"""

import argparse
import sys
from collections.abc import Sequence

from edgeprof.errors import EdgeprofError
from edgeprof_agent.installing import join_token
from edgeprof_agent.installing.install import Wish, install, uninstall
from edgeprof_agent.installing.places import places


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        if given.uninstall:
            uninstall(places(), _say, purge=given.purge, is_dry=given.dry_run)
            return 0
        wish = Wish(
            hub=given.hub,
            credential=join_token.read(given.join),
            extras=given.extras,
            name=given.name,
            is_dry=given.dry_run,
            starts=given.start,
        )
        install(wish, places(), _say)
    except EdgeprofError as error:
        print(f"edgeprof: {error.message} [{error.code}]", file=sys.stderr)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edgeprof-install.sh", description="Install the edgeprof agent from a hub.")
    parser.add_argument("--hub", required=True, metavar="URL", help="the hub, such as http://192.168.1.10:8765")
    parser.add_argument("--join", metavar="-|FILE", help="where the token comes from: standard input or a file")
    parser.add_argument("--extras", metavar="LIST", help="runtimes: onnx,litert or none (default: all that fit)")
    parser.add_argument("--name", help="name of this device (default: the host's name)")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--start", action="store_true", default=None, help="start it now, also without systemd")
    start.add_argument("--no-start", action="store_false", dest="start", help="leave it stopped")
    parser.add_argument("--dry-run", action="store_true", help="print each change and make none")
    parser.add_argument("--uninstall", action="store_true", help="take the agent away, keep settings and results")
    parser.add_argument("--purge", action="store_true", help="with --uninstall: settings and results, too")
    return parser


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
