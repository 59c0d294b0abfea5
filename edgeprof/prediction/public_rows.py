"""Reads the frozen public rows: what was measured where, by whom, and what is known of the board."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import msgspec

from edgeprof.prediction.board import Board, Vector
from edgeprof.prediction.roofline import METRIC, Kind, Processor, Work

FOLDER = Path(__file__).parent / "rows"
_KIND: dict[str, Kind] = {metric: kind for kind, metric in METRIC.items()}


class PublicRow(msgspec.Struct, frozen=True, kw_only=True):
    """One figure from a public page."""

    id: str
    kept_back: bool
    source: str
    board: Board
    family: str
    quantization: str
    work: Work
    value: float
    url: str

    @property
    def group(self) -> tuple[str, ...]:
        """Rows that one person measured in one way on one board: two of them can be probes of the others."""
        return self.source, self.board.id, self.work.processor, self.work.runtime, self.work.kind


def public_rows() -> Sequence[PublicRow]:
    """All of them, in the file's order."""
    boards = {each.id: each for each in _boards()}
    return [_row(line, boards) for line in _lines("public.csv")]


def board_lines() -> dict[str, dict[str, str]]:
    """The boards' file by id, with the fields that only a peer needs."""
    return {line["id"]: line for line in _lines("boards.csv")}


def _lines(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(newline="") as file:
        yield from csv.DictReader(file)


def _boards() -> Iterator[Board]:
    for line in _lines("boards.csv"):
        yield Board(
            id=line["id"],
            cores=int(line["cores"]),
            max_ghz=float(line["max_ghz"]),
            vector=cast("Vector", line["isa"]),
            memcpy_gb_s=float(line["memcpy_gb_s"]),
            bandwidth_theory_gb_s=float(line["bandwidth_theory_gb_s"]),
            gpu_tflops=float(line["gpu_tflops_fp32"]) if line["gpu_tflops_fp32"] else None,
        )


def _row(line: dict[str, str], boards: dict[str, Board]) -> PublicRow:
    kind = _KIND[line["metric"]]
    work = Work(
        kind=kind,
        processor=cast("Processor", line["processor"]),
        runtime=line["runtime"],
        bytes_read=float(line["bytes"]),
        params=float(line["params"]),
        flop=1e9 * float(line["gflop"]) if line["gflop"] else 0.0,
    )
    return PublicRow(
        id=line["id"],
        kept_back=line["kept_back"] == "yes",
        source=line["source"],
        board=boards[line["board"]],
        family=line["family"],
        quantization=line["quantization"],
        work=work,
        value=float(line["value"]),
        url=line["url"],
    )
