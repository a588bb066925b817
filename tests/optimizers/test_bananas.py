import numpy as np
import pytest

from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.search_spaces import get_search_space
from naslib_ext.testing.made_up import WIDE, smooth
from naslib_ext.testing.optimizer import OptimizerContract

SMALL = {"num_init": 4, "k": 4, "num_candidates": 20, "num_layers": 2, "nep_epochs": 5}


class TestContract(OptimizerContract):
    config = {"search": SMALL}
    budget = 18

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("bananas")


class TestManyParents(OptimizerContract):
    config = {"search": {**SMALL, "k": 1, "num_arches_to_mutate": 3, "encoding": "adjacency"}}
    budget = 12

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("bananas")


def test_the_published_settings_are_the_defaults() -> None:
    assert get_optimizer("bananas")().settings == {
        "num_init": 10, "k": 10, "num_candidates": 100, "num_arches_to_mutate": 1, "encoding": "truncated_path",
        "num_ensemble": 5, "num_layers": 10, "layer_width": 20, "nep_epochs": 150, "nep_steps": 200,
    }  # fmt: skip


def test_a_round_are_mutants_of_the_best() -> None:
    optimizer = get_optimizer("bananas")({"search": SMALL}).bind(WIDE)
    first = optimizer.ask(4)
    optimizer.tell(first, smooth(WIDE, first))
    for _ in range(5):
        codes, scores = optimizer.history
        best = codes[np.argsort(-scores)[:5]]
        asked = optimizer.ask(4)
        edits = (asked[:, None] != best).sum(axis=2)
        assert (edits.min(axis=1) == 1).all()
        optimizer.tell(asked, smooth(WIDE, asked))


def test_a_round_is_the_same_asked_for_at_once_or_in_parts() -> None:
    at_once, in_parts = (get_optimizer("bananas")({"search": SMALL}).bind(WIDE) for _ in range(2))
    for optimizer in (at_once, in_parts):
        codes = optimizer.ask(4)
        optimizer.tell(codes, smooth(WIDE, codes))
    together = at_once.ask(4)
    apart = []
    for _ in range(4):
        codes = in_parts.ask(1)
        in_parts.tell(codes, smooth(WIDE, codes))
        apart.append(codes)
    np.testing.assert_array_equal(together, np.concatenate(apart))


def test_it_beats_random_search() -> None:
    space = get_search_space("nasbench201")
    best = {}
    for name in ("bananas", "rs"):
        optimizer = get_optimizer(name)().bind(space, seed=1, budget=60)
        while len(codes := optimizer.ask(10)):
            optimizer.tell(codes, smooth(space, codes))
        assert optimizer.incumbent is not None
        best[name] = optimizer.incumbent[1]
    assert best["bananas"] > best["rs"]
