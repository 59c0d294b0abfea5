"""The promises of paired comparisons on simulated models of which the truth is known; seeds are fixed."""

import math

import pytest

from benchmarks.paired_truth import ACCURACIES, DISCORDANCES, SHAPES, simulate_scores, simulate_shares
from edgeprof.statistics.paired_power import smallest_difference

pytestmark = pytest.mark.slow

SEED = 11
TRIALS = 1_000


def slack(share: float, trials: int) -> float:
    """What chance may do: four standard errors, as the worst of a hundred cells is looked at."""
    return 4 * math.sqrt(share * (1 - share) / trials)


@pytest.mark.parametrize("n", [50, 100, 500, 2_000])
def test_equal_models_are_told_apart_in_at_most_5_percent(n: int) -> None:
    cells = [simulate_shares(n, a, d, 0.0, TRIALS, SEED) for a in ACCURACIES for d in DISCORDANCES]
    known = [cell for cell in cells if cell is not None]
    assert len(known) == 17, "an accuracy of 0.99 leaves room for few flips"
    for cell in known:
        assert cell.claimed <= 0.05 + slack(0.05, TRIALS), cell
        assert cell.covered >= 0.95 - slack(0.05, TRIALS), cell
    assert sum(cell.claimed for cell in known) / len(known) <= 0.05


@pytest.mark.parametrize("n", [50, 100, 500, 2_000])
@pytest.mark.parametrize("discordance", DISCORDANCES)
def test_the_printed_effect_is_shown_in_80_percent(n: int, discordance: float) -> None:
    effect = smallest_difference(n, discordance)
    assert effect is not None
    cell = simulate_shares(n, 0.5, max(discordance, effect), -effect, TRIALS, SEED)
    assert cell is not None
    assert cell.claimed >= 0.80 - slack(0.80, TRIALS), cell


@pytest.mark.parametrize("n", [50, 100, 500, 2_000])
@pytest.mark.parametrize(("margin", "discordance"), [(0.01, 0.01), (0.01, 0.1), (0.05, 0.05), (0.05, 0.2)])
def test_a_variant_exactly_at_the_margin_passes_in_at_most_2_5_percent(
    n: int, margin: float, discordance: float
) -> None:
    cell = simulate_shares(n, 0.9, discordance, -margin, TRIALS, SEED)
    if cell is not None:
        assert cell.above <= 0.025 + slack(0.025, TRIALS), cell


@pytest.mark.parametrize(
    ("shape", "n"), [*((shape, 20) for shape in SHAPES), ("skewed", 50), ("1 item in 10 differs", 50)]
)
def test_equal_scores_are_told_apart_in_at_most_5_percent(shape: str, n: int) -> None:
    """Skewed differences of 20 items are the weakest, as docs/statistics.md says."""
    trials = 100
    cell = simulate_scores(n, shape, trials, SEED)
    assert cell.claimed <= (0.08 if shape == "skewed" else 0.05) + slack(0.05, trials), cell
    assert cell.covered >= (0.92 if shape == "skewed" else 0.95) - slack(0.05, trials), cell
