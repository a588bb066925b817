"""What every predictor must do. Subclass ``PredictorContract`` and give it a ``predictor`` fixture."""

from __future__ import annotations

import numpy as np
import pytest

from naslib_ext.errors import InvalidArchitecture, NaslibExtError
from naslib_ext.predictors import Predictor
from naslib_ext.search_spaces import SearchSpace, get_search_space


class PredictorContract:
    """Inherited tests on a made-up, easily learnt score; ``predictor`` is a fresh, unbound predictor.

    Attributes:
        space_name: the search space that the tests run in.
        train_size: labels that are enough for a useful fit.
    """

    space_name = "nasbench201"
    train_size = 300

    @pytest.fixture
    def predictor(self) -> Predictor:
        """A fresh, unbound predictor."""
        raise NotImplementedError("give the contract a predictor fixture")

    @property
    def space(self) -> SearchSpace:
        """The search space of the tests."""
        return get_search_space(self.space_name)

    def data(self, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """(n, L) architectures and their made-up scores (n,)."""
        codes = self.space.sample(n, np.random.default_rng(seed))
        weights = np.random.default_rng(99).normal(size=(self.space.num_positions, 127))
        return codes, 70 + weights[np.arange(self.space.num_positions), codes].sum(axis=1)

    def test_it_learns_a_simple_score(self, predictor: Predictor) -> None:
        predictor.bind(self.space, seed=0)
        predictor.fit(*self.data(self.train_size))
        codes, scores = self.data(500, seed=1)
        predicted = predictor.query(codes)
        assert predicted.shape == (500,)
        assert np.isfinite(predicted).all()
        assert np.corrcoef(predicted, scores)[0, 1] > 0.7

    def test_the_seed_decides(self, predictor: Predictor) -> None:
        codes, scores = self.data(self.train_size)
        first = predictor.bind(self.space, seed=5)
        first.fit(codes, scores)
        before = first.query(codes)
        predictor.bind(self.space, seed=5).fit(codes, scores)
        assert np.array_equal(predictor.query(codes), before)

    def test_graphs_are_taken_where_codes_are(self, predictor: Predictor) -> None:
        class Graph:
            def __init__(self, space: SearchSpace, code: np.ndarray) -> None:
                self.get_type = lambda: space.name
                self.get_hash = lambda: space.to_spec(code)

        codes, scores = self.data(self.train_size)
        predictor.fit([Graph(self.space, code) for code in codes], scores)
        assert np.array_equal(
            predictor.query([Graph(self.space, code) for code in codes[:5]]), predictor.query(codes[:5])
        )

    def test_bad_data_is_refused(self, predictor: Predictor) -> None:
        codes, scores = self.data(20)
        predictor.bind(self.space)
        with pytest.raises(NaslibExtError, match="not fitted"):
            predictor.query(codes)
        with pytest.raises(NaslibExtError, match="20 architectures and 19 scores"):
            predictor.fit(codes, scores[:-1])
        with pytest.raises(NaslibExtError, match="row 3 is nan"):
            predictor.fit(codes, np.where(np.arange(20) == 3, np.nan, scores))
        with pytest.raises(InvalidArchitecture):
            predictor.fit(codes + 100, scores)

    def test_an_unbound_predictor_says_so(self, predictor: Predictor) -> None:
        with pytest.raises(NaslibExtError, match="bind"):
            predictor.fit(*self.data(20))

    def test_equal_scores_and_no_queries(self, predictor: Predictor) -> None:
        codes, _ = self.data(20)
        predictor.bind(self.space).fit(codes, np.full(20, 3.0))
        assert np.allclose(predictor.query(codes), 3, atol=0.5)
        assert predictor.query(codes[:0]).shape == (0,)
