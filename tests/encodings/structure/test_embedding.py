import numpy as np
import pytest

from naslib_ext.encodings.structure import structure_features
from naslib_ext.encodings.structure.embedding import structure_embedding
from naslib_ext.search_spaces import get_search_space, list_search_spaces


@pytest.mark.parametrize("name", list_search_spaces())
def test_random_architectures_are_one_apart_in_each_group(name: str) -> None:
    space = get_search_space(name)
    embedding = structure_embedding(space)
    points = embedding(space.sample(1_000, np.random.default_rng(1)))
    assert points.shape == (1_000, sum(embedding.widths)) and points.dtype == np.float32
    for group in np.split(points, np.cumsum(embedding.widths)[:-1], axis=1):
        distance = ((group[:500] - group[500:]) ** 2).sum(axis=1).mean()
        assert 0.85 < distance < 1.15


@pytest.mark.parametrize("name", ["nasbench201", "nasbench101", "nasbench_macro"])
def test_distances_are_those_of_counts(name: str) -> None:
    """Squared distances in all groups but the summary are proportional to L1 distances of the features."""
    space = get_search_space(name)
    embedding = structure_embedding(space)
    codes = space.sample(60, np.random.default_rng(2))
    groups = np.split(embedding(codes), np.cumsum(embedding.widths)[:-1], axis=1)
    for (label, features), group in zip(structure_features(space, codes).items(), groups, strict=True):
        if label != "summary" and name != "nasbench101":
            squared = ((group[:30] - group[30:]) ** 2).sum(axis=1)
            counted = np.abs(features[:30] - features[30:]).sum(axis=1)
            there = counted > 0
            ratios = squared[there] / counted[there]
            assert np.allclose(ratios, ratios[0], rtol=1e-3) and not squared[~there].any()


def test_no_codes() -> None:
    space = get_search_space("nasbench101")
    embedding = structure_embedding(space)
    assert embedding(np.empty((0, 26), dtype=np.int8)).shape == (0, sum(embedding.widths))
