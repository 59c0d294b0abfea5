"""Predictions: the frozen rows, folds that never see what they are scored on, and what cannot be told."""

import hashlib
import math

import msgspec
import pytest

from edgeprof.prediction import scoring
from edgeprof.prediction.board import Board
from edgeprof.prediction.cold import predict_cold
from edgeprof.prediction.constants import COLD, PROBED_SPREAD
from edgeprof.prediction.predicted import CannotTell, Predicted
from edgeprof.prediction.probed import Probe, probed_step_s
from edgeprof.prediction.public_rows import FOLDER, PublicRow, public_rows
from edgeprof.prediction.roofline import METRIC, Work
from edgeprof.wire.metrics import METRICS

PI = Board(id="rpi-5-8", cores=4, max_ghz=2.4, vector="dotprod", memcpy_gb_s=5.4, bandwidth_theory_gb_s=17)
DECODE = Work(kind="decode", bytes_read=2e9, params=3.2e9)


@pytest.fixture(scope="module")
def rows() -> list[PublicRow]:
    return list(public_rows())


def test_the_rows_are_those_that_were_frozen(rows: list[PublicRow]) -> None:
    text = (FOLDER / "public.csv").read_bytes()
    assert hashlib.sha256(text).hexdigest() == "c2d5dbd301e09589e73afbf74d578d6181b55a0a60d88b32a119f8bc2886c79f"
    assert len({row.id for row in rows}) == len(rows) == 128
    assert len({row.source for row in rows}) == 13
    assert {METRIC[row.work.kind] for row in rows} <= METRICS.keys()
    for row in rows:
        assert row.kept_back == (int(hashlib.sha256(row.id.encode()).hexdigest(), 16) % 5 == 0)


def test_a_fold_sees_neither_source_nor_family_nor_kept_back_rows(rows: list[PublicRow]) -> None:
    row = next(row for row in rows if row.source == "dambergn" and row.family == "llama-3.2-3b")
    allowed = [
        one
        for one in rows
        if one.source != row.source and one.family != row.family and not one.kept_back
        if (one.work.kind, one.work.processor) == ("decode", "cpu")
    ]
    seen = scoring.examples_without(rows, row, "decode", "cpu")
    assert len(seen) == len(allowed) < 60
    spoilt = [one if one in allowed else _tenfold(one) for one in rows]
    assert scoring.examples_without(spoilt, row, "decode", "cpu") == seen


def _tenfold(row: PublicRow) -> PublicRow:
    return msgspec.structs.replace(row, value=10 * row.value)


def test_the_shipped_constants_are_the_fit_of_the_frozen_rows(rows: list[PublicRow]) -> None:
    assert scoring.ship(rows) == COLD
    probed = scoring.score_probed(rows)
    for kind, spread in PROBED_SPREAD.items():
        like = next(row for row in rows if (row.work.kind, row.work.processor) == (kind, "cpu"))
        found = scoring.spread_of(probed, without_source=None, like=like)
        assert found == pytest.approx(spread, abs=1e-4)


def test_probes_are_not_scored_on_themselves(rows: list[PublicRow]) -> None:
    scored = {score.row.id for score in scoring.score_probed(rows)}
    group = [row for row in rows if row.source == "sensura-san" and row.work.kind == "decode" and not row.kept_back]
    ends = {min(group, key=lambda row: row.work.size).id, max(group, key=lambda row: row.work.size).id}
    assert {row.id for row in group} - scored == ends


def test_a_pi_5_writes_the_tokens_that_others_measured() -> None:
    found = predict_cold(DECODE, PI, COLD)
    assert isinstance(found, Predicted)
    assert found.low < 4.6 < found.high
    assert found.metric == "decode_tokens_per_s"
    assert found.tier == "cold"
    assert "memcpy 5.4 GB/s" in found.basis


@pytest.mark.parametrize(
    ("work", "board", "reason"),
    [
        (DECODE, Board(id="x"), "memcpy rate"),
        (Work(kind="decode", bytes_read=2e9), PI, "number of parameters"),
        (msgspec.structs.replace(DECODE, is_sparse=True), PI, "mixture of experts"),
        (DECODE, Board(id="x", memcpy_gb_s=5.0), "instruction set"),
        (Work(kind="decode"), PI, "size or operations are unknown"),
        (Work(kind="tensor"), PI, "size or operations are unknown"),
        (Work(kind="prefill", params=1e9), PI, "Too few public figures of prefill"),
        (Work(kind="decode", processor="gpu", bytes_read=1e9), PI, "Too few public figures of decode on a GPU"),
    ],
)
def test_what_has_no_ground_is_not_predicted(work: Work, board: Board, reason: str) -> None:
    found = predict_cold(work, board, COLD)
    assert isinstance(found, CannotTell)
    assert reason in found.reason
    assert found.measure


def probe(size: float, step_s: float) -> Probe:
    return Probe(work=Work(kind="decode", bytes_read=size), step_s=step_s)


def test_two_probes_give_a_line_or_a_power_law() -> None:
    target = Work(kind="decode", bytes_read=4e8)
    line = probed_step_s(target, probe(1e8, 0.02), probe(8e8, 0.09))
    assert line == pytest.approx(0.05)
    law = probed_step_s(target, probe(1e8, 0.01), probe(1e9, 0.2))
    assert law == pytest.approx(0.01 * 4 ** math.log10(20))


@pytest.mark.parametrize(
    "other",
    [
        probe(1.1e8, 0.021),
        Probe(work=Work(kind="decode", bytes_read=8e8, is_sparse=True), step_s=0.09),
        Probe(work=Work(kind="tensor", flop=1e9), step_s=0.1),
        probe(0.0, 0.1),
    ],
)
def test_probes_that_fix_no_curve_predict_nothing(other: Probe) -> None:
    assert probed_step_s(Work(kind="decode", bytes_read=4e8), probe(1e8, 0.02), other) is None
