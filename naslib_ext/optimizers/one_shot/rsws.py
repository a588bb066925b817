"""Random search with weight sharing (Li and Talwalkar, UAI 2019): random paths are trained, random ones scored."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from naslib_ext.optimizers.one_shot.base import SHARED, Floats, OneShotOptimizer
from naslib_ext.parameters import Parameter
from naslib_ext.search_spaces import Codes


class RandomSearchWithWeightSharing(OneShotOptimizer):
    """Every step trains a random architecture's path; the best of ``search.num_samples`` random ones is taken.

    ``distribution`` is uniform; ``sample`` draws from the space's own distribution.

    Differences from the published code: it scores a thousand architectures on ten batches, trains the best ten from
    scratch and repeats all with four seeds. Here, as in NAS-Bench-201's, the supernet alone decides, on all validation
    images.
    """

    parameters = SHARED | {"num_samples": Parameter(100, "architectures scored at the end", minimum=1)}

    def _start(self, rng: np.random.Generator) -> tuple[nn.Module, torch.optim.Optimizer | None]:
        return nn.ParameterList(), None

    def _training_choice(self, rng: np.random.Generator) -> Tensor | Codes:
        return self.space.sample(1, rng)[0]

    def _search_step(self, images: Tensor, labels: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        return self._watch(images, labels, rng)

    @property
    def distribution(self) -> Floats:
        operations = len(self.supernet.operations)
        return np.full((self.supernet.num_edges, operations), 1 / operations)

    def sample(self, n: int, rng: np.random.Generator) -> Codes:
        return self.space.sample(n, rng)

    def _candidates(self, rng: np.random.Generator) -> Codes:
        return self.sample(self.settings["num_samples"], rng)
