"""A run that a CPU quota held back: its cell and its terminal view lead with the mean, which counts the pauses."""

from edgeprof.tables.trust import QUOTA, is_held_back_by_quota
from edgeprof.tables.view import Notes
from edgeprof.wire import rest
from edgeprof.wire.evidence import Trust, TrustMark
from edgeprof.wire.figures import MetricRow
from edgeprof_agent.commands.view.figures import figure_lines
from edgeprof_agent.measuring.trust import trust_of
from edgeprof_hub.views.matrix_cell import cell_view
from tests.agent.test_trust import seen

HELD = trust_of(
    seen(cpu_quota=0.4, quota_periods=98, quota_throttled_periods=96, quota_throttled_share=0.6, waited_cpu_share=0.6)
)
ROWS = {
    name: MetricRow(metric=name, value=value, n=100)
    for name, value in (("latency_p50_ms", 7.8), ("latency_mean_ms", 19.4), ("throughput_per_s", 51.4))
}


def cell(trust: Trust) -> rest.Cell:
    return rest.Cell(
        device_id="d",
        model_id="m",
        config_key="c",
        state="measured",
        result_id="r",
        metrics=ROWS,
        absent={},
        failure_code=None,
        failure_message=None,
        stage=None,
        fraction=None,
        ranked=True,
        unranked_reason=None,
        effective_runtime="onnxruntime",
        received_s=0.0,
        cost=None,
        cost_absent=None,
        trust=trust,
    )


def test_the_cell_shows_mean_and_rate_right_beside_the_median() -> None:
    view = cell_view(cell(HELD), "inference", "latency_p50_ms", Notes())
    assert [(figure.label, figure.text) for figure in view.details[:2]] == [("mean", "19.4"), ("rate", "51.4")]
    assert view.badge is not None
    assert QUOTA in view.badge.title


def test_a_cell_of_any_other_run_has_no_second_headline() -> None:
    for trust in (Trust(), Trust(marks=(TrustMark(cause="busy", reason="other programs used 14 %"),))):
        view = cell_view(cell(trust), "inference", "latency_p50_ms", Notes())
        assert "mean" not in [figure.label for figure in view.details]
    assert not is_held_back_by_quota(None)


def test_the_terminal_shows_the_mean_first() -> None:
    rows = list(ROWS.values())
    assert is_held_back_by_quota(HELD)
    held = [line.split()[0] for line in figure_lines(rows, (), mean_first=True) if line.startswith("  ")]
    usual = [line.split()[0] for line in figure_lines(rows, ()) if line.startswith("  ")]
    assert held == ["Mean", "Throughput", usual[0]]
