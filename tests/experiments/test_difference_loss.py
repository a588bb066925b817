import json
from pathlib import Path

import numpy as np
import pytest

from naslib_ext.errors import RunFolderError
from naslib_ext.experiments.difference_loss import ALONE, NOTHING, WITH_PAIR, LossStudy, format_losses, loss_figure
from naslib_ext.experiments.target import Target


@pytest.fixture
def zen(tables: Path) -> Target:
    return Target("nasbench201", "cifar10", "zen", data_dir=str(tables))


def test_failed_proxies_count_as_the_least(zen: Target) -> None:
    codes = zen.benchmark.space.enumerate()
    raw, values = zen.benchmark.query(codes, "zen"), zen(codes)
    assert raw.min() == -1e8 and values.min() > -1e3
    np.testing.assert_array_equal(values[raw > -1e7], np.maximum(raw[raw > -1e7], values.min()))
    assert zen.variance == pytest.approx(float(values.var()), rel=0.15)


def test_losses(zen: Target, tmp_path: Path) -> None:
    study = LossStudy(zen, (1, 3), pairs=300, labels=60, predictors=("xgb:encoding=structure:num_rounds=50",), trials=2)
    summary = loss_figure(study, tmp_path)
    loss = {name: of["mean"] for name, of in summary["loss"].items()}
    assert set(loss) == {NOTHING, ALONE, WITH_PAIR, *study.predictors}
    # three edits change twice the variance of three positions of six at most, and one edit less
    assert 0.3 < loss[NOTHING][0] < loss[NOTHING][1] < 2
    assert loss[ALONE][0] < loss[NOTHING][0] and loss[study.predictors[0]][1] < loss[NOTHING][1]
    assert (tmp_path / "loss.png").is_file() and len(list((tmp_path / "pairs").glob("*.npz"))) == 8
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert loss_figure(study, tmp_path) == summary  # from the pairs that are kept
    assert ALONE in format_losses(summary)
    with pytest.raises(RunFolderError, match="another study"):
        loss_figure(LossStudy(zen, (1,), pairs=200, trials=1), tmp_path)
