"""What every query-based search method must do, as tests to inherit.

    class TestMine(OptimizerContract):
        config = {"search": {"population_size": 8}}

        @pytest.fixture
        def optimizer_class(self) -> type[Optimizer]:
            return MyOptimizer

The spaces are small, the scores made up and smooth. A slow method lowers ``budget``; one that needs scores which cost
no query overrides ``free``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naslib_ext.errors import InvalidArchitecture, NaslibExtError
from naslib_ext.optimizers import Optimizer
from naslib_ext.optimizers.base import FreeScores
from naslib_ext.search_spaces import Codes, SearchSpace, get_search_space
from naslib_ext.testing.made_up import FEW, RARE, TINY, WIDE, smooth
from naslib_ext.testing.resuming import ResumingContract
from naslib_ext.testing.searches import Bound, all_fail, count_distinct, search


class OptimizerContract(ResumingContract):
    """Subclass it and override the fixture ``optimizer_class``."""

    config: ClassVar[Mapping[str, Any] | None] = None
    """What the optimizer is built with."""

    budget: ClassVar[int] = 40
    """Queries of the searches here, at least 12."""

    def free(self, space: SearchSpace) -> FreeScores | None:
        """Scores of ``space`` that cost no query, for methods that need some."""
        return None

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        raise NotImplementedError("a subclass of OptimizerContract overrides the fixture 'optimizer_class'")

    @pytest.fixture
    def bound(self, optimizer_class: type[Optimizer]) -> Bound:
        """Builds a fresh optimizer and binds it."""

        def build(space: SearchSpace = WIDE, seed: int = 0, budget: int | None = None, **kwargs: Any) -> Optimizer:
            return optimizer_class(self.config).bind(space, seed, budget, free=self.free(space), **kwargs)

        return build

    @pytest.fixture(params=["wide", "nasbench101"])
    def space(self, request: pytest.FixtureRequest) -> SearchSpace:
        """NAS-Bench-101 tells architectures apart by their canonical form, and has invalid codes."""
        return WIDE if request.param == "wide" else get_search_space("nasbench101")

    # asking

    def test_valid_new_architectures_up_to_the_budget(self, bound: Bound, space: SearchSpace) -> None:
        optimizer = bound(space, budget=self.budget)
        asked = search(optimizer)
        assert asked.dtype == np.int8 and asked.shape == (self.budget, space.num_positions)
        assert space.is_valid(asked).all()
        assert count_distinct(space, asked) == self.budget
        assert optimizer.ask(1).shape == (0, space.num_positions), "the budget is used up"

    @pytest.mark.parametrize("key", ["code", "canonical"])
    def test_the_key_says_what_is_the_same(self, bound: Bound, key: str) -> None:
        space = get_search_space("nasbench101")
        asked = search(bound(space, budget=self.budget, key=key))
        assert len(set(space.keys(asked, key))) == len(asked) == self.budget

    def test_the_seed_decides(self, bound: Bound, space: SearchSpace) -> None:
        first, again, other = (search(bound(space, seed, budget=self.budget)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()

    def test_nothing_else_decides(self, bound: Bound) -> None:
        first = search(bound(budget=self.budget))
        np.random.seed(5)
        before = np.random.get_state()[1].tolist()  # type: ignore[index, union-attr]
        np.testing.assert_array_equal(search(bound(budget=self.budget)), first)
        assert np.random.get_state()[1].tolist() == before, "global random numbers"  # type: ignore[index, union-attr]

    def test_bind_starts_from_nothing(self, bound: Bound) -> None:
        optimizer = bound(budget=self.budget)
        first = search(optimizer)
        again = search(optimizer.bind(WIDE, 0, self.budget, free=self.free(WIDE)))
        np.testing.assert_array_equal(first, again)

    def test_there_is_no_space_before_binding(self, optimizer_class: type[Optimizer]) -> None:
        with pytest.raises(NaslibExtError):
            _ = optimizer_class(self.config).space

    @pytest.mark.parametrize("n", [2, 5, 11])
    def test_batches(self, bound: Bound, space: SearchSpace, n: int) -> None:
        optimizer = bound(space, budget=self.budget)
        sizes = []
        asked = []
        while len(codes := optimizer.ask(n)):
            sizes.append(len(codes))
            asked.append(codes)
            optimizer.tell(codes, smooth(space, codes))
        whole, rest = divmod(self.budget, n)
        assert sizes == [n] * whole + [rest] * (rest > 0)
        assert count_distinct(space, np.concatenate(asked)) == self.budget

    def test_asking_for_none(self, bound: Bound) -> None:
        optimizer = bound(budget=self.budget)
        assert optimizer.ask(0).shape == (0, WIDE.num_positions)
        assert len(search(optimizer)) == self.budget

    def test_asking_again_before_telling(self, bound: Bound) -> None:
        optimizer = bound(budget=self.budget)
        asked = np.concatenate([optimizer.ask(1) for _ in range(self.budget)])
        assert count_distinct(WIDE, asked) == self.budget
        assert not len(optimizer.ask(1)) and optimizer.incumbent is None

    def test_what_is_asked_belongs_to_the_caller(self, bound: Bound) -> None:
        untouched = search(bound(budget=self.budget))
        optimizer, asked = bound(budget=self.budget), []
        while len(codes := optimizer.ask(1)):
            asked.append(codes.copy())
            scores = smooth(WIDE, codes)
            optimizer.tell(codes, scores)
            codes[:], scores[:] = 0, 0
        np.testing.assert_array_equal(np.concatenate(asked), untouched)

    def test_a_used_up_space_ends_the_search(self, bound: Bound) -> None:
        for budget, batch in ((None, 1), (100, 1), (None, 7)):
            optimizer = bound(TINY, budget=budget)
            asked = search(optimizer, batch=batch)
            assert len(asked) == count_distinct(TINY, asked) == TINY.size
            for n in (1, 5):
                assert optimizer.ask(n).shape == (0, 3)
            assert optimizer.incumbent is not None
            assert optimizer.incumbent[1] == smooth(TINY, TINY.enumerate()).max()

    def test_what_is_never_drawn_is_found_in_the_end(self, bound: Bound) -> None:
        asked = search(bound(RARE))
        assert len(asked) == count_distinct(RARE, asked) == RARE.size

    # telling

    def test_the_incumbent_is_the_best_told(self, bound: Bound, space: SearchSpace) -> None:
        optimizer = bound(space, budget=self.budget)
        assert optimizer.incumbent is None
        best = -np.inf
        while len(codes := optimizer.ask(1)):
            score = smooth(space, codes)
            optimizer.tell(codes, score)
            best = max(best, float(score[0]))
            assert optimizer.incumbent is not None and optimizer.incumbent[1] == best
            assert smooth(space, optimizer.incumbent[0][None])[0] == best

    @given(seed=st.integers(0, 2**32 - 1))
    @FEW
    def test_telling_in_any_order_and_in_parts(self, bound: Bound, seed: int) -> None:
        rng = np.random.default_rng(seed)
        optimizer = bound(seed=seed, budget=self.budget)
        waiting = np.empty((0, WIDE.num_positions), dtype=np.int8)
        asked = waiting
        while len(codes := optimizer.ask(int(rng.integers(1, 5)))) or len(waiting):
            asked = np.concatenate([asked, codes])
            waiting = rng.permutation(np.concatenate([waiting, codes]))
            now, waiting = np.split(waiting, [int(rng.integers(1, len(waiting) + 1))])
            optimizer.tell(now, smooth(WIDE, now))
        assert len(asked) == count_distinct(WIDE, asked) == self.budget
        codes, scores = optimizer.history
        np.testing.assert_array_equal(np.unique(codes, axis=0), np.unique(asked, axis=0))
        np.testing.assert_array_equal(scores, smooth(WIDE, codes))

    def test_telling_again_changes_nothing(self, bound: Bound) -> None:
        once, twice = bound(budget=self.budget), bound(budget=self.budget)
        while len(codes := once.ask(1)):
            np.testing.assert_array_equal(twice.ask(1), codes)
            once.tell(codes, smooth(WIDE, codes))
            twice.tell(codes, smooth(WIDE, codes))
            twice.tell(codes, [1e6])
        np.testing.assert_array_equal(once.history[1], twice.history[1])

    def test_wrong_arguments_are_refused_and_change_nothing(self, bound: Bound, space: SearchSpace) -> None:
        optimizer = bound(space, budget=self.budget)
        codes = optimizer.ask(3)
        invalid = codes.copy()
        invalid[2, 0] = space.cardinalities[0]
        for wrong, scores in (
            (codes, [1.0]),
            (codes, [1.0] * 4),
            (codes, 1.0),
            (codes, []),
            (codes[:0], [1.0]),
        ):
            with pytest.raises(NaslibExtError):
                optimizer.tell(wrong, scores)
        for wrong in (codes[0], codes[:, 1:], codes[None], codes.astype(float), invalid):
            with pytest.raises(InvalidArchitecture):
                optimizer.tell(wrong, [1.0] * len(wrong))
        assert len(optimizer.history[0]) == 0 and optimizer.incumbent is None
        optimizer.tell(codes, smooth(space, codes))
        assert len(search(optimizer)) == self.budget - 3

    # failed evaluations

    @pytest.mark.parametrize("failing", [lambda i: i % 3 == 1, lambda i: i < 10, lambda i: i >= 5])
    def test_failed_evaluations(self, bound: Bound, space: SearchSpace, failing: Callable[[int], bool]) -> None:
        optimizer = bound(space, budget=self.budget)
        asked: list[Codes] = []
        good: list[float] = []
        while len(codes := optimizer.ask(1)):
            score = np.nan if failing(len(asked)) else float(smooth(space, codes)[0])
            optimizer.tell(codes, [score])
            good += [] if np.isnan(score) else [score]
            asked.append(codes)
            assert (None if optimizer.incumbent is None else optimizer.incumbent[1]) == (max(good) if good else None)
        # a failed evaluation costs budget as others do
        assert count_distinct(space, np.concatenate(asked)) == self.budget

    def test_failed_evaluations_alone(self, bound: Bound, space: SearchSpace) -> None:
        optimizer = bound(space, budget=self.budget)
        asked = search(optimizer, score=all_fail)
        assert count_distinct(space, asked) == self.budget and optimizer.incumbent is None
        assert len(search(bound(TINY), score=all_fail)) == TINY.size

    # warm start

    def test_a_warm_start_is_free_and_known(self, bound: Bound, space: SearchSpace) -> None:
        pool = space.sample(2_000, np.random.default_rng(3))
        pool = pool[np.unique(space.keys(pool), return_index=True)[1]]
        order = np.argsort(-smooth(space, pool))
        told = pool[np.concatenate([order[:6], order[-6:]])]
        optimizer = bound(space, budget=self.budget)
        optimizer.tell(told, smooth(space, told))
        assert optimizer.incumbent is not None and optimizer.incumbent[1] == smooth(space, told).max()
        asked = search(optimizer)
        assert len(asked) == self.budget
        assert count_distinct(space, np.concatenate([told, asked])) == self.budget + len(told)
        assert optimizer.incumbent[1] >= smooth(space, told).max()

    def test_a_warm_start_with_everything_leaves_nothing_to_ask(self, bound: Bound) -> None:
        everything = TINY.enumerate()
        optimizer = bound(TINY, budget=5)
        optimizer.tell(everything[:-2], smooth(TINY, everything[:-2]))
        assert len(search(optimizer)) == 2
        optimizer = bound(TINY)
        optimizer.tell(everything, [np.nan] * len(everything))
        assert not len(optimizer.ask(1)) and optimizer.incumbent is None

    def test_a_warm_start_in_the_middle(self, bound: Bound) -> None:
        optimizer = bound(budget=self.budget)
        asked = search(optimizer, queries=self.budget // 2)
        new = WIDE.enumerate()[:: WIDE.size // 20]
        new = new[optimizer.is_new(new)]
        optimizer.tell(new, smooth(WIDE, new))
        rest = search(optimizer)
        assert count_distinct(WIDE, np.concatenate([asked, new, rest])) == self.budget + len(new)
