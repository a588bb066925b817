import numpy as np
import pytest

from naslib_ext.predictors import Predictor, get_predictor
from naslib_ext.testing.predictor import PredictorContract


class TestAdjacency(PredictorContract):
    @pytest.fixture
    def predictor(self) -> Predictor:
        return get_predictor("nep")(encoding="adjacency", epochs=60)


class TestNASBench101(PredictorContract):
    space_name = "nasbench101"

    @pytest.fixture
    def predictor(self) -> Predictor:
        return get_predictor("nep")(epochs=40)

    def test_it_learns_a_simple_score(self, predictor: Predictor) -> None:
        """Isomorphic cells are one architecture to it."""
        codes, scores = self.data(100)
        predictor.bind(self.space).fit(codes, scores)
        np.testing.assert_array_equal(predictor.query(codes), predictor.query(self.space.canonical(codes)))


def test_the_published_settings_are_the_defaults() -> None:
    assert get_predictor("nep")().settings == {
        "encoding": "path", "num_ensemble": 5, "num_layers": 10, "layer_width": 20, "epochs": 150, "batch_size": 32,
        "learning_rate": 0.01,
    }  # fmt: skip


def test_the_members_agree_where_they_have_seen_data() -> None:
    contract = TestAdjacency()
    predictor = get_predictor("nep")(encoding="adjacency").bind(contract.space)
    codes, scores = contract.data(60)
    predictor.fit(codes, scores)
    new, _ = contract.data(600, seed=2)
    mean, std = predictor.predict(new)
    assert mean.shape == std.shape == (600,) and (std > 0).all()
    np.testing.assert_array_equal(mean, predictor.query(new))
    assert np.median(predictor.predict(codes)[1]) < 0.8 * np.median(std)
