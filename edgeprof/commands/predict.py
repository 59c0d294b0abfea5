"""`edgeprof predict`: how fast a model would be on boards that nobody has measured it on."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from edgeprof.errors import UsageError
from edgeprof.modelfiles import gguf_names, proposals
from edgeprof.modelfiles.inspection import ModelFile, inspect
from edgeprof.prediction.cold import MEASURE_TWO, predict_cold
from edgeprof.prediction.constants import COLD
from edgeprof.prediction.predicted import CannotTell, Predicted
from edgeprof.prediction.roofline import Work
from edgeprof.tables import columns
from edgeprof.wire.formats import is_language
from edgeprof.wire.metrics import METRICS

if TYPE_CHECKING:
    from edgeprof_devices.schema import Profile

HEADERS = ("board", "basis", "predicted, CPU", "range of 90 %")
_NOTE = "Origin: predicted. Never ranked among measured figures. How far off: docs/prediction.md."


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--device", "kinds", multiple=True, metavar="KIND", help="A board kind, such as rpi-5; repeatable.")
@click.option("--gflop", type=click.FloatRange(min=0, min_open=True), help="Operations of one inference, in 10⁹.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def predict(model: Path, kinds: tuple[str, ...], gflop: float | None, as_json: bool) -> None:
    """Predict how fast MODEL runs on the CPU of board kinds.

    Without --device: every board kind. Each figure has a range. On sources that took no part, it held 83 % of
    decode rows. Where there is no basis, it prints "cannot tell" and what to measure.
    """
    from edgeprof_devices.loader import load_profiles  # they read YAML

    work = work_of(inspect(model), gflop)
    chosen = chosen_profiles(load_profiles().values(), kinds)
    answers = {profile.id: _answer(work, profile) for profile in chosen}
    click.echo(_json(answers) if as_json else _text(answers))


def work_of(model: ModelFile, gflop: float | None = None) -> Work:
    """A generated token of a language model, an inference of any other. Reads the tables of its files."""
    size_bytes = sum(each.size for each in model.manifest.files)
    parameters = proposals.facts_of(model).parameters or 0
    if is_language(model.format):
        is_sparse = model.gguf is not None and gguf_names.experts_of(model.gguf) > 1
        return Work(kind="decode", bytes_read=size_bytes, params=parameters, is_sparse=is_sparse)
    return Work(kind="tensor", bytes_read=size_bytes, params=parameters, flop=1e9 * (gflop or 0))


def chosen_profiles(profiles: "Iterable[Profile]", kinds: Sequence[str]) -> "list[Profile]":
    """Those named, a board's memory sizes by the board's name; all boards without names."""
    boards = [profile for profile in profiles if profile.device_class != "generic"]
    if not kinds:
        return boards
    chosen = [profile for profile in boards if any(profile.is_named(kind) for kind in kinds)]
    unknown = [kind for kind in kinds if not any(profile.is_named(kind) for profile in boards)]
    if unknown:
        known = ", ".join(profile.id for profile in boards)
        raise UsageError("unknown_board_kind", f"No board kind {unknown[0]!r}. Board kinds: {known}.")
    return chosen


def _answer(work: Work, profile: "Profile") -> Predicted | CannotTell:
    from edgeprof_devices.board import board_of

    if work.kind == "tensor" and not work.flop:
        return CannotTell(reason="The operations of one inference are unknown.", measure=f"Give --gflop. {MEASURE_TWO}")
    memory = profile.memory_gib
    if memory is not None and work.bytes_read >= memory.high * 1024**3:
        reason = f"The file is larger than the board's {memory.text()} GB."
        return CannotTell(reason=reason, measure="Choose a smaller model or board.")
    return predict_cold(work, board_of(profile), COLD)


def _json(answers: dict[str, Predicted | CannotTell]) -> str:
    rows = [{"board": board, "origin": "predicted", **msgspec.to_builtins(each)} for board, each in answers.items()]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _text(answers: dict[str, Predicted | CannotTell]) -> str:
    together: dict[Predicted | CannotTell, list[str]] = {}
    for board, each in answers.items():
        together.setdefault(each, []).append(board)
    told = [each for each in together if isinstance(each, Predicted)]
    told.sort(key=lambda each: each.value * (1 if METRICS[each.metric].better == "higher" else -1), reverse=True)
    rows = [(_sizes(together[each]), *_cells(each)) for each in told]
    lines = list(columns.table([HEADERS, *rows], left=2)) if rows else []
    for each, boards in together.items():
        if isinstance(each, CannotTell):
            lines += ["", f"Cannot tell: {', '.join(boards)}.", f"  {each.reason} {each.measure}"]
    return "\n".join([*lines, "", _NOTE]).lstrip("\n")


def _sizes(boards: Sequence[str]) -> str:
    """Memory sizes of one board in one word; boards of equal figures with a comma between.

    >>> _sizes(["rpi-5-2", "rpi-5-16", "rpi-400"])
    'rpi-5-2/16, rpi-400'
    """
    found: dict[str, list[str]] = {}
    for board in boards:
        stem, _, size = board.rpartition("-")
        whole = stem and size.isdigit() and (len(boards) > 1)
        found.setdefault(stem if whole else board, []).extend([size] if whole else [])
    return ", ".join(f"{stem}-{'/'.join(sizes)}" if sizes else stem for stem, sizes in found.items())


def _cells(each: Predicted) -> tuple[str, str, str]:
    unit = METRICS[each.metric].unit
    return each.basis, f"{each.value:.3g} {unit}", f"{each.low:.3g} to {each.high:.3g}"
