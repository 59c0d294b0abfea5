"""Three journeys with real parts in two network namespaces: forty boards join, their pages are opened, one is flashed.

Linux, as root, with mosquitto and Chromium. Everything is real but the boards, which share this machine: forty
installations, forty agents, mutual TLS. The link between hub and boards is weak, and hub and broker are killed.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.aa_models import matmuls
from benchmarks.fault_fleet import online
from benchmarks.journey_boards import AT_ONCE, Boards, Joined, Site
from benchmarks.journey_flash import BROKER_DIES_AT_S, CUT_AT_S, CUT_S, HUB_DIES_AT_S, WEAK, Flashed, at, flash
from benchmarks.journey_pages import PAGES, Look, Reader, reader
from benchmarks.weak_link import WeakLink, Weather, enter
from edgeprof.tables.columns import table

GOOD = Weather(delay_ms=2, mbps=100)
ALONE = 3
"""Boards that are installed one after the other, on a good link; the next one on the weak one, the rest at once."""


def journey(folder: Path, number: int, pictures: Path | None) -> dict[str, object]:
    """All three; the result as a document. Raises SystemExit where a step does not come to its end."""
    site = Site(folder)
    print(site.fill_wheels().strip(), file=sys.stderr, flush=True)
    model = matmuls(folder / "matmuls.onnx")
    link = WeakLink()
    boards = Boards(folder, number, link.boards_side)
    enter(link.hub_side)
    try:
        site.start()
        with reader(site.page, site.token) as person:
            joined, all_s = install(boards, person, link)
            heard = len(online(site.client))
            link.set(GOOD)
            before = [person.look(name, boards.names) for name in PAGES]
            flashed = flash(site, boards, link, model)
            link.set(GOOD)
            after = [person.look(name, boards.names) for name in PAGES]
            if pictures:
                for name in PAGES:
                    person.pictures(name, pictures)
    finally:
        boards.stop()
        site.stop()
        link.close()
    print("\n".join(table(lines(joined, all_s, heard, before, after, flashed))))
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "load": os.getloadavg()[1],
        "boards": number,
        "joined": [{"name": each.name, "took_s": each.took_s, "fetched_mb": each.fetched_mb} for each in joined],
        "joined_all_s": all_s,
        "online_after_join": heard,
        "pages_before": [asdict(look) for look in before],
        "pages_after": [asdict(look) for look in after],
        "flash": asdict(flashed),
        "is_clean": flashed.counted.is_clean and heard == number,
    }


def install(boards: Boards, person: Reader, link: WeakLink) -> tuple[list[Joined], float]:
    """Every board, and the seconds for all of them."""
    alone, weak, rest = boards.names[:ALONE], boards.names[ALONE : ALONE + 1], boards.names[ALONE + 1 :]
    began_s = time.monotonic()
    joined: list[Joined] = []
    for weather, names in ((GOOD, alone), (WEAK, weak), (GOOD, rest)):
        link.set(weather)
        step = 1 if names is alone else AT_ONCE
        for first in range(0, len(names), step):
            some = names[first : first + step]
            joined += boards.join_all(some, list(person.lines(len(some))))
    return joined, time.monotonic() - began_s


def lines(
    joined: Sequence[Joined],
    all_s: float,
    heard: int,
    before: Sequence[Look],
    after: Sequence[Look],
    flashed: Flashed,
) -> list[list[str]]:
    """The table."""
    alone = ", ".join(f"{each.took_s:.1f}" for each in joined[:ALONE])
    weak = joined[ALONE : ALONE + 1]
    counted = flashed.counted
    return [
        ["journey", "step", "figure"],
        ["install", f"one board, {GOOD.words}", f"{alone} s; {joined[0].fetched_mb:.1f} MB"],
        *(["install", f"one board, {WEAK.words}", f"{each.took_s:.1f} s"] for each in weak),
        ["install", f"all {len(joined)} boards; the hub hears", f"{all_s:.0f} s; {heard}"],
        *(_look(look, "before the flash") for look in before),
        *(_look(look, "after the flash") for look in after),
        ["flash", flashed.command, f"exit code {flashed.exit_code}"],
        ["flash", f"link cut at {CUT_AT_S:.0f} s for {CUT_S:.0f} s", f"{flashed.partial_at_cut} boards in a download"],
        ["flash", "from the mended link until all boards are back", f"{flashed.back_s:.0f} s"],
        ["flash", "hub and broker killed", f"at {HUB_DIES_AT_S:.0f} s and {BROKER_DIES_AT_S:.0f} s"],
        ["flash", "first, half, last job ended", _ends(flashed.ended_s)],
        ["flash", "sent to the boards", f"{flashed.sent_mb:.0f} MB for {len(joined)} x {flashed.model_mb:.1f} MB"],
        ["flash", "results created, stored", f"{counted.created}, {counted.stored}"],
        ["flash", "of these", ", ".join(f"{number} {name}" for name, number in counted.outcomes.items())],
        *(["flash", "failed", failure] for failure in flashed.failures),
        ["flash", "lost, duplicated, stuck", _bad(flashed)],
    ]


def _look(look: Look, when: str) -> list[str]:
    return [
        "look",
        f"{look.page} in Chromium, {when}",
        f"{look.first_s:.2f} s, again {look.later_s:.2f} s; {look.html_kb:.0f} kB; {look.named} boards named",
    ]


def _ends(ended_s: Sequence[float]) -> str:
    return ", ".join(f"{at(ended_s, share):.0f}" for share in (0.0, 0.5, 1.0)) + " s"


def _bad(flashed: Flashed) -> str:
    counted = flashed.counted
    return f"{len(counted.lost)}, {len(counted.duplicated)}, {len(counted.stuck)}"


def main() -> None:
    """Exit code 1 unless every board was heard, and nothing is lost, duplicated or stuck."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=40)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--pictures", type=Path, help="take pictures of the pages in this folder")
    parser.add_argument("--keep", type=Path, help="an empty folder for logs and databases, which stay there")
    asked = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("network namespaces need root")
    folder = Path(tempfile.mkdtemp(prefix="edgeprof-journeys-")) if asked.keep is None else asked.keep
    folder.mkdir(parents=True, exist_ok=True)
    document = journey(folder, asked.boards, asked.pictures)
    if asked.json:
        asked.json.write_text(json.dumps(document, indent=1) + "\n")
    if document["is_clean"] and asked.keep is None:
        shutil.rmtree(folder)
    else:
        print(f"Logs and databases: {folder}")
    sys.exit(0 if document["is_clean"] else 1)


if __name__ == "__main__":
    main()
