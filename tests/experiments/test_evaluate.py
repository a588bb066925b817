from functools import partial

import numpy as np
import pytest

from naslib_ext.benchmarks import Benchmark, load_benchmark
from naslib_ext.errors import MissingMetric
from naslib_ext.experiments.evaluate import evaluate

LOAD = partial(load_benchmark, "nasbench201", "digits")


def codes(n: int) -> np.ndarray:
    return LOAD().space.sample(n, np.random.default_rng(0))


@pytest.mark.parametrize("executor", ["serial", "process"])
def test_values_are_the_benchmarks(executor: str) -> None:
    batch = codes(6)
    values = evaluate(LOAD, batch, "test_accuracy", executor=executor, workers=2)
    np.testing.assert_array_equal(values, LOAD().query(batch, "test_accuracy"))


def test_a_poisoned_evaluation_is_a_failed_one() -> None:
    batch = codes(4)
    batch[2] = 0

    def load() -> Benchmark:
        benchmark = load_benchmark("nasbench201", "digits")
        whole = benchmark.query

        class Poisoned(type(benchmark)):  # type: ignore[misc]
            def query(self, codes: np.ndarray, metric: str = "val_accuracy", epoch: int | None = None) -> np.ndarray:
                if not codes.any():
                    raise ZeroDivisionError
                return whole(codes, metric, epoch)

        poisoned = object.__new__(Poisoned)
        poisoned.__dict__.update(benchmark.__dict__)
        return poisoned

    values = evaluate(load, batch, executor="serial")
    assert np.isnan(values).tolist() == [False, False, True, False]


def test_what_is_wrong_with_the_question_is_raised() -> None:
    with pytest.raises(MissingMetric):
        evaluate(LOAD, codes(2), "no_such_metric", executor="serial")
