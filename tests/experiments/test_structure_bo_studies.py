from pathlib import Path

import numpy as np
import pytest

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import NaslibExtError
from naslib_ext.experiments.pareto_study import METHODS, pareto_study
from naslib_ext.experiments.transfer_study import Problem, transfer_study


def test_shares_of_the_hypervolume() -> None:
    results = pareto_study(load_benchmark("nasbench201", "digits"), "val_accuracy", None, "flops", (12, 25), 2)
    assert set(results) == set(METHODS)
    for means, _ in results.values():
        assert means[0] is not None and means[1] is not None
        assert 0 < means[0] <= means[1] <= 1
    with pytest.raises(NaslibExtError, match="the study needs a table with the score 'latency'"):
        pareto_study(load_benchmark("nasbench201", "digits"), "val_accuracy", None, "latency", (12,), 1)


def test_a_search_on_another_data_set_helps(tmp_path: Path) -> None:
    source, target = Problem("nasbench201", "digits", 1), Problem("nasbench201", "digits")
    curves = transfer_study(source, target, 40, 12, 3, str(tmp_path), "serial")
    assert curves["warm start"].shape == (3, 12)
    assert curves["warm start"][:, -1].mean() > curves["from scratch"][:, -1].mean()
    assert (np.diff(curves["from scratch"]) >= 0).all()
