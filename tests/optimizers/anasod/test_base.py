"""What every ANASOD method returns beside the best architecture."""

import numpy as np
import pytest

from naslib_ext.encodings.operation_distribution import decode_counts, encode
from naslib_ext.errors import NaslibExtError
from naslib_ext.optimizers import get_optimizer
from naslib_ext.optimizers.anasod import ANASODOptimizer
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.made_up import TINY, smooth

NB201 = get_search_space("nasbench201")


def searched(space_name: str = "nasbench201", per_cell: bool = False, budget: int = 15) -> ANASODOptimizer:
    space = get_search_space(space_name)
    optimizer = get_optimizer("anasod_rs")({"search": {"per_cell": per_cell}}).bind(space, budget=budget)
    assert isinstance(optimizer, ANASODOptimizer)
    while len(codes := optimizer.ask(1)):
        optimizer.tell(codes, smooth(space, codes))
    return optimizer


def mean_distance(codes: np.ndarray) -> float:
    first, second = np.triu_indices(len(codes), 1)
    return float(NB201.edit_distance(codes[first], codes[second]).mean())


def test_nothing_before_data() -> None:
    optimizer = get_optimizer("anasod_rs")().bind(NB201)
    optimizer.tell([[0] * 6], [np.nan])
    assert optimizer.best_encoding is None
    with pytest.raises(NaslibExtError, match="no encoding"):
        optimizer.sample_architectures(3)


@pytest.mark.parametrize("name", ["nasbench101", "nasbench201", "nasbench301", "transbench101_macro", "mobilenet"])
@pytest.mark.parametrize("per_cell", [False, True])
def test_the_best_encoding_and_its_architectures(name: str, per_cell: bool) -> None:
    optimizer = searched(name, per_cell)
    best = optimizer.best_encoding
    assert best is not None and optimizer.incumbent is not None
    space = optimizer.space
    assert best.tolist() == encode(space, optimizer.incumbent[0][None], per_cell)[0].tolist()
    codes = optimizer.sample_architectures(4)
    assert (encode(space, codes, per_cell) == best).all()
    assert len(set(space.keys(codes))) == len(codes) <= 4


def test_an_ensemble_is_distinct_diverse_and_repeatable() -> None:
    optimizer = searched()
    optimizer.tell([[2, 2, 0, 3, 4, 2]], [1e6])
    ensemble = optimizer.sample_architectures(6)
    assert ensemble.shape == (6, 6) and len(np.unique(ensemble, axis=0)) == 6
    assert (np.sort(ensemble, axis=1) == [0, 2, 2, 2, 3, 4]).all()
    np.testing.assert_array_equal(ensemble, optimizer.sample_architectures(6))
    np.testing.assert_array_equal(optimizer.sample_architectures(6, 1), optimizer.sample_architectures(6, 1))
    rng = np.random.default_rng(0)
    at_random = [np.stack([decode_counts(NB201, optimizer.best_encoding, rng) for _ in range(6)]) for _ in range(20)]
    assert mean_distance(ensemble) > max(map(mean_distance, at_random))
    assert (optimizer.sample_architectures(6, rng) != optimizer.sample_architectures(6, rng)).any()


def test_an_encoding_may_have_fewer_architectures() -> None:
    optimizer = get_optimizer("anasod_rs")().bind(NB201)
    optimizer.tell([[2] * 6], [1.0])
    assert optimizer.sample_architectures(5).tolist() == [[2] * 6]
    optimizer.tell([[2, 2, 2, 2, 2, 0]], [2.0])
    assert len(optimizer.sample_architectures(10)) == 6
    assert optimizer.sample_architectures(0).shape == (0, 6)


def test_drawing_an_ensemble_leaves_the_search_alone() -> None:
    one, other = (get_optimizer("anasod_ls")().bind(TINY) for _ in range(2))
    while len(codes := one.ask(1)):
        np.testing.assert_array_equal(codes, other.ask(1))
        one.tell(codes, smooth(TINY, codes))
        other.tell(codes, smooth(TINY, codes))
        other.sample_architectures(3)
