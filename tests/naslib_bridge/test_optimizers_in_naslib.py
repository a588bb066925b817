"""Our optimizers and predictors in NASLib's own Trainer and PredictorEvaluator."""

from pathlib import Path

import numpy as np
import pytest

from naslib_ext.configuration import complete, load_config
from naslib_ext.defaults.trainer import Trainer
from naslib_ext.optimizers import get_optimizer, list_optimizers
from naslib_ext.predictors import get_predictor

pytestmark = pytest.mark.naslib

QUERY = list_optimizers("query")


class Recorded:
    """Notes what an optimizer is told, in order."""

    def __init__(self, optimizer):
        self.codes, tell = [], optimizer.tell

        def told(codes, scores):
            self.codes += codes.tolist()
            tell(codes, scores)

        optimizer.tell = told


def in_naslib(naslib, name, blank, config, dataset_api=None, resume_from=""):
    """The codes asked for and NASLib's Trainer, after a search on graphs or light objects."""
    optimizer = get_optimizer(name)(config)
    recorded = Recorded(optimizer)
    optimizer.adapt_search_space(blank, dataset_api=dataset_api)
    trainer = naslib.defaults.trainer.Trainer(optimizer, config, lightweight_output=True)
    trainer.search(resume_from=resume_from)
    return recorded.codes, trainer


@pytest.mark.parametrize("name", QUERY)
def test_same_seed_same_architectures_everywhere(
    naslib, make_config, blank_light, blank_graph, dataset_api, tables, tmp_path, name
):
    epochs, seed = 45, 11
    naslibs = make_config(tmp_path / "light", epochs, seed)
    on_light, trainer = in_naslib(naslib, name, blank_light, naslibs)
    on_graphs, _ = in_naslib(
        naslib, name, blank_graph, make_config(tmp_path / "graph", 12, seed, population_size=5), dataset_api
    )
    short, _ = in_naslib(naslib, name, blank_light, make_config(tmp_path / "short", 12, seed, population_size=5))
    assert on_graphs == short

    values = {"optimizer": name, "seed": seed, "out_dir": str(tmp_path / "ours"), "data_dir": str(tables)}
    common = {key: naslibs.search[key] for key in get_optimizer(name).parameters if key in naslibs.search}
    config = complete({**values, "search": {**common, "epochs": epochs}})
    ours = Trainer(get_optimizer(name)(config), config)
    ours.search()
    assert [record.code for record in ours.records] == on_light
    assert trainer.search_trajectory.valid_acc == ours.search_trajectory["valid_acc"]

    plain, asked = get_optimizer(name)(config).bind(blank_light.space, seed=seed, budget=epochs), []
    while len(codes := plain.ask(1)):
        asked += codes.tolist()
        plain.tell(codes, blank_light.benchmark.score(codes))
    assert asked == on_light
    assert trainer.evaluate() == ours.evaluate()


@pytest.mark.parametrize("name", QUERY)
def test_naslibs_checkpoints_resume_our_optimizers(naslib, make_config, blank_light, tmp_path, name):
    straight, _ = in_naslib(naslib, name, blank_light, make_config(tmp_path / "straight", 60))
    config = make_config(tmp_path / "resumed", 60)
    config.search.checkpoint_freq = 25
    optimizer = get_optimizer(name)(config)
    optimizer.adapt_search_space(blank_light)
    trainer = naslib.defaults.trainer.Trainer(optimizer, config, lightweight_output=True)

    class Stopped(Exception):
        pass

    def stop(epoch):
        if epoch == 32:
            raise Stopped

    with pytest.raises(Stopped):
        trainer.search(after_epoch=stop)
    checkpoint = next((tmp_path / "resumed/search").glob("model_*24.pth"))
    resumed, _ = in_naslib(naslib, name, blank_light, config, resume_from=str(checkpoint))
    assert resumed == straight[25:]


def test_our_xgb_is_naslibs(naslib, blank_light):
    from naslib.predictors.trees import XGBoost
    from naslib.utils.encodings import EncodingType

    benchmark = blank_light.benchmark
    rows = np.random.default_rng(0).permutation(len(benchmark.codes))
    codes, values = benchmark.codes[rows[:400]], benchmark.query(benchmark.codes[rows[:400]])
    graphs = []
    for code in codes:
        graphs.append(blank_light.clone())
        graphs[-1].set_spec(code.tolist())
    theirs = XGBoost(ss_type="nasbench201", encoding_type=EncodingType.ADJACENCY_ONE_HOT)
    theirs.fit(graphs[:300], values[:300])
    ours = get_predictor("xgb")(ss_type="nasbench201")
    ours.fit(graphs[:300], values[:300])
    # the same trees but for ties between columns, which stand in another order
    assert np.corrcoef(theirs.query(graphs[300:]), ours.query(graphs[300:]))[0, 1] > 0.97


def test_our_xgb_in_naslibs_predictor_evaluator(naslib, make_config, blank_light, tmp_path):
    config = make_config(tmp_path, epochs=1)
    sizes = {"test_size": 100, "train_size_single": 200, "train_size_list": [200], "max_hpo_time": 0}
    fidelities = {"fidelity_single": 5, "fidelity_list": [5], "experiment_type": "single", "uniform_random": True}
    config.update({**sizes, **fidelities})
    evaluator = naslib.defaults.predictor_evaluator.PredictorEvaluator(get_predictor("xgb")(), config=config)
    naslib.utils.set_seed(0)
    evaluator.adapt_search_space(blank_light, load_labeled=False)
    evaluator.evaluate()
    assert evaluator.results[1]["kendalltau"] > 0.4
    assert np.isfinite(evaluator.results[1]["rmse"])


def test_naslibs_own_yaml_files_are_accepted(naslib):
    package = Path(naslib.__file__).parent
    files = [path for path in package.rglob("*.yaml") if path.parent.name != "gsparsity"]
    assert len(files) >= 9
    for path in files:
        config = load_config(path, ["optimizer", "re", "search_space", "nasbench201"])
        assert config.search.population_size in (30, 50, 100)


def test_naslibs_configuration_drives_our_trainer(make_config, tables, tmp_path):
    config = make_config(tmp_path / "run", epochs=20, seed=0)
    config.data_dir = str(tables)
    Trainer(get_optimizer("re")(config), config, lightweight_output=True).search()
    assert (tmp_path / "run" / "journal.jsonl").is_file()
