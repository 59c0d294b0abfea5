"""Fills an empty data folder with a made-up fleet, so that a hub can be tried and timed at the size of a large one."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import identity
from edgeprof.wire.messages import Result
from edgeprof_devices import load_profiles
from edgeprof_hub.context import DATABASE
from edgeprof_hub.locking import locked
from edgeprof_hub.seed import plan, results
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.store.rows import to_json
from edgeprof_hub.store.writer import SqliteWriter

BATCH = 1000
EVALUATES_EVERY = 5
"""Of the rounds over all cells: each fifth answers a set, after the cells have their speed."""
SPAN_S = 90 * 86_400.0
"""The results pretend to have come in the last 90 days."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is made up. Results go round and round over all cells."""

    devices: int
    models: int
    results: int
    seed: int = 1


def fill(folder: Path, size: Size, say: Callable[[int], None]) -> None:
    """Write the fleet; `say` receives the number of results after each batch. Raises EdgeprofError on a used folder."""
    if size.results and not (size.devices and size.models):
        raise UsageError("nothing_to_seed", "Results need at least one device and one model.")
    with locked(folder):
        writer = SqliteWriter(folder / DATABASE)
        reader = SqliteReader(folder / DATABASE)
        try:
            _refuse_used(reader, folder)
            _write(writer, size, say)
        finally:
            reader.close()
            writer.close()


def _refuse_used(reader: SqliteReader, folder: Path) -> None:
    """Synthetic results never mix with measured ones, and a folder is seeded once."""
    if reader.is_synthetic():
        raise EdgeprofError(
            "already_seeded", f"{folder} already has a synthetic fleet. Serve it, or choose another folder."
        )
    if reader.devices(retired=True) or reader.models():
        raise EdgeprofError(
            "data_in_hub",
            f"{folder} belongs to a hub with real devices or models. Synthetic results must never mix with them. "
            "Choose an empty folder with --data.",
        )


def _write(writer: SqliteWriter, size: Size, say: Callable[[int], None]) -> None:
    now_s = time.time()
    profiles = sorted(load_profiles().values(), key=lambda profile: profile.id)
    boards = plan.boards(size.devices, profiles, size.seed)
    networks = plan.networks(size.models, now_s, size.seed)
    with writer.transaction():
        writer.mark_synthetic()
        for board in boards:
            title, profile_id = board.profile.title, board.profile.id
            writer.save_state(board.state, now_s)
            writer.save_facts(board.facts, profile_id, plan.NO_SENSOR, title)
        writer.mark_all_offline()
        for network in networks:
            writer.save_model(network.record)
    made = _results(boards, networks, size, now_s)
    for done in range(0, size.results, BATCH):
        with writer.transaction():
            for received_s, result in (next(made) for _ in range(min(BATCH, size.results - done))):
                writer.save_result(result, identity.sha256_hex(to_json(result).encode()), received_s)
        say(min(done + BATCH, size.results))


def _results(
    boards: list[plan.SeedDevice], networks: list[plan.SeedModel], size: Size, now_s: float
) -> Iterator[tuple[float, Result]]:
    chance = random.Random(f"results {size.seed}")
    cells = [(board, network) for board in boards for network in networks]
    for number in range(size.results):
        board, network = cells[number % len(cells)]
        at_s = now_s - SPAN_S * (1 - (number + 1) / size.results)
        makes = results.evaluation if number // len(cells) % EVALUATES_EVERY == EVALUATES_EVERY - 1 else results.result
        yield at_s, makes(identity.new_id(), board, network, at_s, chance)
