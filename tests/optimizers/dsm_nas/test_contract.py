import pytest

from naslib_ext.optimizers import Optimizer, get_optimizer
from naslib_ext.testing.optimizer import OptimizerContract


class TestPaper(OptimizerContract):
    config = {"search": {"width": 4}}
    budget = 14

    @pytest.fixture
    def optimizer_class(self) -> type[Optimizer]:
        return get_optimizer("dsm_nas")


class TestTuned(TestPaper):
    config = {"search": {"width": 4, "preset": "tuned"}}
