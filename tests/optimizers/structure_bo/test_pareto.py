import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from naslib_ext.optimizers.structure_bo.pareto import expected_hypervolume_improvement, front, hypervolume


def test_front_and_area_by_hand() -> None:
    scores, costs = np.array([1.0, 3.0, 2.0, 3.0, 0.5]), np.array([1.0, 4.0, 2.0, 5.0, 1.0])
    assert front(scores, costs).tolist() == [0, 2, 1]
    # steps of height 1 from 1 to 2, 2 from 2 to 4, 3 from 4 to 6
    assert hypervolume(scores, costs, 0.0, 6.0) == 1 + 4 + 6
    assert hypervolume(scores, costs, 2.0, 6.0) == 2
    assert hypervolume(scores, costs, 3.0, 6.0) == 0


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 12))
def test_no_row_dominates_one_of_the_front(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    scores, costs = rng.integers(0, 5, n).astype(float), rng.integers(0, 5, n).astype(float)
    rows = front(scores, costs)
    for row in range(n):
        better = (scores >= scores[row]) & (costs <= costs[row]) & ((scores > scores[row]) | (costs < costs[row]))
        equal = (scores[rows] == scores[row]) & (costs[rows] == costs[row])
        assert better.any() != equal.any()


def test_the_expectation_is_that_of_draws() -> None:
    rng = np.random.default_rng(0)
    scores, known = rng.normal(size=8), rng.uniform(0, 1, 8)
    mean, std, costs = rng.normal(size=4), np.array([0.5, 1.0, 2.0, 0.1]), np.array([0.05, 0.4, 0.7, 0.95])
    exact = expected_hypervolume_improvement(mean, std, costs, scores, known, -2.0, 1.0)
    before = hypervolume(scores, known, -2.0, 1.0)
    for i in range(4):
        draws = mean[i] + std[i] * rng.standard_normal(4000)
        gains = [hypervolume(np.append(scores, y), np.append(known, costs[i]), -2.0, 1.0) - before for y in draws]
        assert abs(np.mean(gains) - exact[i]) < 4 * np.std(gains) / len(draws) ** 0.5 + 1e-9
