"""NASLib itself, unmodified: it imports, our classes are its subclasses, light objects equal its graphs."""

import inspect

import numpy as np
import pytest

from naslib_ext.naslib_bridge import base
from naslib_ext.naslib_bridge.adapters import code_to_graph, graph_to_code
from naslib_ext.naslib_bridge.adapters.moves import MOVES

pytestmark = pytest.mark.naslib

DATASET = "cifar10"


def search(naslib, name, space, config, dataset_api=None):
    """The hashes queried in order, and NASLib's trainer after the search."""
    asked = []

    class Recorded(getattr(naslib.optimizers, name)):
        def _update_history(self, child):
            asked.append(tuple(int(value) for value in child.arch.get_hash()))
            super()._update_history(child)

    optimizer = Recorded(config)
    naslib.utils.set_seed(config.search.seed)
    optimizer.adapt_search_space(space, dataset_api=dataset_api)
    trainer = naslib.defaults.trainer.Trainer(optimizer, config, lightweight_output=True)
    trainer.search()
    return asked, trainer


def test_ours_are_naslibs(naslib):
    from naslib.optimizers.core.metaclasses import MetaOptimizer
    from naslib.predictors.predictor import Predictor

    assert issubclass(base.MetaOptimizer, MetaOptimizer)
    assert issubclass(base.Predictor, Predictor)


def test_our_methods_are_named_as_naslibs(naslib):
    from naslib.optimizers.core.metaclasses import MetaOptimizer
    from naslib.predictors.predictor import Predictor

    called_otherwise = {"adapt_search_space", "train_statistics"}  # than NASLib's base class declares them
    for ours, theirs in ((base.MetaOptimizer, MetaOptimizer), (base.Predictor, Predictor)):
        for name, method in inspect.getmembers(theirs, inspect.isfunction):
            assert name in vars(ours)
            if name not in called_otherwise:
                assert list(inspect.signature(getattr(ours, name)).parameters) == list(
                    inspect.signature(method).parameters
                )


def test_metric_is_naslibs(naslib):
    from naslib.search_spaces.core.query_metrics import Metric

    assert base.metric("VAL_ACCURACY") is Metric.VAL_ACCURACY
    assert {member.name: member.value for member in Metric} == {member.name: member.value for member in base.Metric}


def test_mends_reached_every_module(naslib):
    import torch
    from naslib.optimizers.discrete.re import optimizer as evolution

    model = torch.nn.Linear(999, 1000)
    assert evolution.count_parameters_in_MB(model) == naslib.utils.count_parameters_in_MB(model) == 1.0
    for module in (naslib.utils, naslib.utils.zerocost, naslib.defaults.predictor_evaluator):
        assert module.metrics.mean_squared_error([0.0, 0.0], [3.0, 3.0], squared=False) == 3.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "search_settings"),
    [
        ("RandomSearch", {"epochs": 25}),
        ("RegularizedEvolution", {"epochs": 30, "population_size": 8, "sample_size": 4}),
        ("LocalSearch", {"epochs": 25, "num_init": 2}),
    ],
)
def test_light_objects_equal_graphs(
    naslib, make_config, blank_light, blank_graph, dataset_api, tmp_path, optimizer, search_settings
):
    on_graphs = search(naslib, optimizer, blank_graph, make_config(tmp_path / "graph", **search_settings), dataset_api)
    on_light = search(naslib, optimizer, blank_light, make_config(tmp_path / "light", **search_settings))
    assert on_light[0] == on_graphs[0]
    assert len(on_light[0]) >= search_settings["epochs"] - 1
    for name in ("train_acc", "valid_acc", "train_time"):
        assert on_light[1].search_trajectory[name] == on_graphs[1].search_trajectory[name]


def test_long_searches_finish_and_are_evaluated(naslib, make_config, blank_light, tmp_path):
    config = make_config(tmp_path, epochs=300, seed=4)
    _, trainer = search(naslib, "LocalSearch", blank_light, config)
    best = trainer.optimizer.get_final_architecture()
    assert (tmp_path / "search/model_final.pth").is_file() and (tmp_path / "errors.json").is_file()
    assert trainer.evaluate() == best.query(base.metric("TEST_ACCURACY"), DATASET)
    assert trainer.evaluate(metric=base.metric("VAL_ACCURACY")) == max(trainer.search_trajectory.valid_acc)


@pytest.mark.parametrize("predictor", ["xgb", "bayes_lin_reg"])
def test_base_predictor_runs(naslib, make_config, blank_light, tmp_path, predictor):
    """Needs ``train_statistics`` mended, and an encoding of the light objects."""
    config = make_config(tmp_path, epochs=12, num_init=10, k=2, predictor_type=predictor, num_ensemble=1)
    config.search.debug_predictor = False
    asked, trainer = search(naslib, "BasePredictor", blank_light, config)
    assert len(asked) >= 10 and len(trainer.search_trajectory.train_time) == 12


@pytest.mark.parametrize("name", list(MOVES))
def test_predictor_evaluator_has_metrics(naslib, make_config, light_of, tmp_path, name):
    """On the made-up scores of NAS-Bench-101 and NAS-Bench-301, 60 labels teach nothing."""
    from naslib.predictors.trees import RandomForestPredictor
    from naslib.utils.encodings import EncodingType

    config = make_config(tmp_path, epochs=1, space=name)
    sizes = {"test_size": 40, "train_size_single": 60, "train_size_list": [60], "max_hpo_time": 0}
    fidelities = {"fidelity_single": 5, "fidelity_list": [5], "experiment_type": "single", "uniform_random": True}
    config.update({**sizes, **fidelities})
    predictor = RandomForestPredictor(encoding_type=EncodingType.ADJACENCY_ONE_HOT)
    evaluator = naslib.defaults.predictor_evaluator.PredictorEvaluator(predictor, config=config)
    naslib.utils.set_seed(0)
    evaluator.adapt_search_space(light_of(name), load_labeled=False)
    evaluator.evaluate()
    results = evaluator.results[1]
    assert results["kendalltau"] > (-1 if name in ("nasbench101", "nasbench301") else 0.1)
    assert np.isfinite([results["rmse"], results["mae"]]).all() and results["rmse"] >= results["mae"]


def test_graphs_and_codes(naslib, blank_graph, blank_light, dataset_api):
    benchmark = blank_light.benchmark
    codes = benchmark.codes[:: len(benchmark.codes) // 29]
    assert len(codes) >= 29
    for code, value in zip(codes, benchmark.query(codes).tolist(), strict=True):
        graph = code_to_graph(code, blank_graph)
        assert graph.query(base.metric("VAL_ACCURACY"), DATASET, dataset_api=dataset_api) == value
        space, back = graph_to_code(graph)
        assert space.name == "nasbench201" and back.tolist() == code.tolist()


def test_encodings_are_naslibs(naslib, blank_graph, blank_light):
    from naslib.utils.encodings import EncodingType

    code = blank_light.benchmark.codes[4711]
    graph, light = code_to_graph(code, blank_graph), code_to_graph(code, blank_light)
    for name in ("ADJACENCY_ONE_HOT", "PATH"):
        assert np.array_equal(light.encode(EncodingType[name]), graph.encode(EncodingType[name]))
    gcn = graph.encode(EncodingType.GCN)
    assert all(np.array_equal(value, gcn[key]) for key, value in light.encode(EncodingType.GCN).items())
    assert np.array_equal(light.encode(), graph.encode())


def test_neighbourhood_and_mutation_equal_the_graphs(naslib, blank_graph, blank_light):
    code = blank_light.benchmark.codes[1234]
    hashes = []
    for blank in (blank_graph, blank_light):
        naslib.utils.set_seed(6)
        parent = code_to_graph(code, blank)
        child, mixed = blank.clone(), blank_light.clone()
        child.mutate(parent)
        mixed.mutate(parent)  # a light child of a graph
        seen = [model.arch.get_hash() for model in parent.get_nbhd()]
        hashes.append([tuple(map(int, row)) for row in (child.get_hash(), mixed.get_hash(), *seen)])
    assert hashes[0] == hashes[1]
