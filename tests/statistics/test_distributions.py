"""Quantiles against published tables."""

import pytest

from edgeprof.statistics.distributions import chi2_quantile, normal_quantile, t_quantile


@pytest.mark.parametrize(
    ("p", "degrees", "value"),
    [(0.975, 1, 12.7062), (0.975, 2, 4.30265), (0.975, 4, 2.77645), (0.95, 10, 1.81246), (0.975, 120, 1.97993)],
)
def test_students_t_agrees_with_the_tables(p: float, degrees: float, value: float) -> None:
    assert t_quantile(p, degrees) == pytest.approx(value, rel=1e-5)


def test_students_t_with_many_degrees_is_normal() -> None:
    assert t_quantile(0.975, 1e9) == normal_quantile(0.975)
    assert t_quantile(0.975, 9e5) == pytest.approx(normal_quantile(0.975), rel=1e-5)


def test_students_t_takes_degrees_between_whole_ones() -> None:
    assert t_quantile(0.975, 3) < t_quantile(0.975, 2.5) < t_quantile(0.975, 2)


@pytest.mark.parametrize(
    ("p", "degrees", "value"),
    [(0.025, 1, 0.000982069), (0.1, 9, 4.16816), (0.975, 19, 32.8523), (0.95, 100, 124.342), (0.1, 4, 1.06362)],
)
def test_chi_squared_agrees_with_the_tables(p: float, degrees: float, value: float) -> None:
    assert chi2_quantile(p, degrees) == pytest.approx(value, rel=1e-5)
