"""NASLib's own ``PredictorEvaluator``, unmodified, fits and queries our predictors, on graphs and light objects."""

import numpy as np
import pytest

from naslib_ext.defaults.predictor_evaluator import compare
from naslib_ext.predictors import get_predictor

pytestmark = pytest.mark.naslib

NAMES = ("doa", "xgb", "anasod_gp", "nep", "brp_nas")
SETTINGS = {"nep": {"epochs": 40}, "brp_nas": {"steps": 150, "epochs": 1}}


def evaluate(naslib, make_config, predictor, space, folder, dataset_api=None, **settings):
    config = make_config(folder, epochs=1)
    sizes = {"test_size": 60, "train_size_single": 80, "train_size_list": [20, 80], "max_hpo_time": 0}
    fidelities = {"fidelity_single": -1, "fidelity_list": [-1], "experiment_type": "single", "uniform_random": True}
    config.update({**sizes, **fidelities, **settings})
    evaluator = naslib.defaults.predictor_evaluator.PredictorEvaluator(predictor, config=config)
    naslib.utils.set_seed(2)
    evaluator.adapt_search_space(space, load_labeled=False, dataset_api=dataset_api)
    evaluator.evaluate()
    return evaluator.results[1:]


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_our_predictors(naslib, make_config, blank_light, tmp_path, name):
    predictor = get_predictor(name)(**SETTINGS.get(name, {}))
    (result,) = evaluate(naslib, make_config, predictor, blank_light, tmp_path)
    assert isinstance(predictor, naslib.predictors.predictor.Predictor)
    assert predictor.space.name == "nasbench201"
    assert result["kendalltau"] > 0.25 and np.isfinite([result["rmse"], result["mae"]]).all()
    assert (tmp_path / "errors.json").is_file()
    ours = compare(result["full_ytest"], result["full_testpred"])
    for measured in ("mae", "rmse", "spearman", "kendalltau", "kt_2dec", "kt_1dec", "precision_10", "precision_20"):
        assert ours[measured] == pytest.approx(result[measured]), measured
    assert abs(ours["pearson"]) == pytest.approx(result["pearson"])


@pytest.mark.parametrize("name", ["xgb", "gcn"])
def test_naslibs_own_predictors_beside_them(naslib, make_config, blank_light, tmp_path, name):
    """Their metrics are NaN in NASLib as it is, on today's scikit-learn."""
    encodings = naslib.utils.encodings.EncodingType
    if name == "xgb":
        predictor = naslib.predictors.XGBoost(encoding_type=encodings.ADJACENCY_ONE_HOT, hpo_wrapper=False)
    else:
        predictor = naslib.predictors.GCNPredictor(encoding_type=encodings.GCN)
    (result,) = evaluate(naslib, make_config, predictor, blank_light, tmp_path)
    measured = [result[key] for key in ("mae", "rmse", "pearson", "spearman", "kendalltau", "precision_10")]
    assert np.isfinite(measured).all() and result["kendalltau"] > 0.1


def test_it_varies_the_training_size(naslib, make_config, blank_light, tmp_path):
    results = evaluate(
        naslib, make_config, get_predictor("doa")(), blank_light, tmp_path, experiment_type="vary_train_size"
    )
    assert [result["train_size"] for result in results] == [20, 80]
    assert results[1]["kendalltau"] > 0.4


@pytest.mark.slow
def test_graphs_and_light_objects_give_the_same(naslib, make_config, blank_light, blank_graph, dataset_api, tmp_path):
    sizes = {"test_size": 8, "train_size_single": 15}
    on_light, on_graphs = (
        evaluate(naslib, make_config, get_predictor("doa")(), space, tmp_path / kind, api, **sizes)[0]
        for kind, space, api in (("light", blank_light, None), ("graphs", blank_graph, dataset_api))
    )
    for key in ("full_ytest", "full_testpred", "kendalltau"):
        assert on_light[key] == pytest.approx(on_graphs[key]), key
