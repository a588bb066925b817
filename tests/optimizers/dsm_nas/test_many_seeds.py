from pathlib import Path

import numpy as np
import pytest
import torch

from naslib_ext.benchmarks import load_benchmark
from naslib_ext.errors import NaslibExtError
from naslib_ext.optimizers.dsm_nas import DSMNAS
from naslib_ext.optimizers.dsm_nas.many_seeds import search_many
from naslib_ext.optimizers.dsm_nas.policy import log_probabilities
from naslib_ext.search_spaces import Codes, get_search_space
from naslib_ext.testing.made_up import TINY, smooth

SPACE = get_search_space("nasbench201")


def score(codes: Codes) -> np.ndarray:
    return smooth(SPACE, codes)


def alone(seed: int, budget: int, **settings: object) -> DSMNAS:
    optimizer = DSMNAS({"search": settings})
    optimizer.bind(SPACE, seed, budget)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, score(codes))
    return optimizer


@pytest.mark.parametrize("preset", ["paper", "tuned"])
def test_seeds_side_by_side_search_as_alone(preset: str) -> None:
    """In float32 and in float64 the same architectures, until a draw falls between two roundings."""
    seeds, budget = range(5), 40
    settings = {"preset": preset, "width": 16}
    together = search_many(SPACE, score, [{"search": settings}] * len(seeds), seeds, budget, block=3)
    same = 0
    for seed, search in zip(seeds, together, strict=True):
        codes, scores = search.history
        np.testing.assert_array_equal(scores, score(codes))
        assert len(np.unique(codes, axis=0)) == budget
        expected = alone(seed, budget, **settings)
        np.testing.assert_array_equal(codes[:21], expected.history[0][:21])
        same += bool((codes == expected.history[0]).all())
    assert same >= 3


def test_first_log_probabilities_are_those_of_a_search_alone() -> None:
    """Within 1e-5, at the paper's sizes."""
    searches = []
    for seed in range(6):
        searches.append(DSMNAS())
        searches[-1].bind(SPACE, seed)
        searches[-1].tell(codes := searches[-1].ask(4), score(codes))
    together = searches[0].controller_of(list(range(6)), torch.float32)
    rng = np.random.default_rng(0)
    observed = [search.observation(rng) for search in searches]
    for row, search in enumerate(searches):
        decisions, _ = search.controller.sample(observed[row], rng.random((1, 9)))
        expected, entropy = log_probabilities(search.controller.shape, search.controller.weights, decisions)
        weights = {name: value[row : row + 1] for name, value in together.weights.items()}
        half = decisions._replace(nodes=decisions.nodes.astype(np.float32))
        logs, entropies = log_probabilities(together.shape, weights, half)
        assert float(logs.detach()) == pytest.approx(float(expected.detach()), abs=1e-5)
        assert float(entropies.detach()) == pytest.approx(float(entropy.detach()), abs=1e-5)


def test_means_agree_within_a_standard_error(tables: Path) -> None:
    """Other rounding, other searches in the end: the mean of 24 seeds is the same."""
    benchmark = load_benchmark("nasbench201", "cifar10", data_dir=tables)

    def accuracy(codes: Codes) -> np.ndarray:
        return benchmark.score(codes, "val_accuracy", 12)

    settings, seeds = {"width": 8}, range(24)
    together = search_many(SPACE, accuracy, [{"search": settings}] * 24, seeds, 60)
    best = np.array([search.history[1].max() for search in together])
    separate = []
    for seed in seeds:
        optimizer = DSMNAS({"search": settings})
        optimizer.bind(SPACE, seed, 60)
        while len(codes := optimizer.ask(1)):
            optimizer.tell(codes, accuracy(codes))
        separate.append(optimizer.history[1].max())
    assert abs(best.mean() - np.mean(separate)) < best.std(ddof=1) / np.sqrt(24)


def test_searches_that_use_up_their_space_end() -> None:
    def tiny(codes: Codes) -> np.ndarray:
        return smooth(TINY, codes)

    for preset in ("paper", "tuned"):
        settings = {"preset": preset, "width": 2, "num_subspaces": 2}
        for search in search_many(TINY, tiny, [{"search": settings}] * 2, range(2), 100):
            assert len(search.history[0]) == TINY.size


def test_searches_can_start_in_different_places() -> None:
    starts = SPACE.sample(8, np.random.default_rng(0)).reshape(2, 4, 6)
    configs = [{"search": {"initial": start.tolist(), "width": 2}} for start in starts]
    searches = search_many(SPACE, score, configs, range(2), 10)
    for start, search in zip(starts, searches, strict=True):
        np.testing.assert_array_equal(search.history[0][:4], start)


def test_a_failed_evaluation_is_refused() -> None:
    def failing(codes: Codes) -> np.ndarray:
        return np.where(codes.sum(axis=1) % 3 == 0, np.nan, score(codes))

    with pytest.raises(NaslibExtError, match="one by one"):
        search_many(SPACE, failing, [{"search": {"width": 2}}] * 2, range(2), 40)
