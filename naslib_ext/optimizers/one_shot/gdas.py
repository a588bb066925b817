"""GDAS (Dong and Yang, CVPR 2019): one operation an edge, drawn with Gumbel noise, differentiated through a softmax."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from naslib_ext.optimizers.one_shot.darts import DARTS
from naslib_ext.parameters import Parameter


class GDAS(DARTS):
    """DARTS's logits; every step runs, on each edge, the operation with the largest logit plus Gumbel noise.

    The gradient is that of the softmax of the noisy logits at a temperature, which falls along a line over the epochs.

    Differences from the published code: gradients reach the logits through all operations of a validation step, not
    through the one that was drawn alone, so that such a step costs as much as a mixture; the training steps run single
    paths. A draw holds for all cells in both.
    """

    parameters = DARTS.parameters | {
        "epochs": Parameter(250, "passes over the training images", minimum=1),
        "tau_max": Parameter(10.0, "temperature in the first epoch", minimum=1e-3),
        "tau_min": Parameter(0.1, "temperature in the last epoch", minimum=1e-3),
    }

    @property
    def temperature(self) -> float:
        """Of the current epoch."""
        first, last = self.settings["tau_max"], self.settings["tau_min"]
        return float(first - (first - last) * min(1, self.epoch / max(1, self.settings["epochs"] - 1)))

    def mixture(self, rng: np.random.Generator) -> Tensor:
        learnt = self._learnt
        noise = torch.tensor(rng.gumbel(size=tuple(learnt.shape)), dtype=learnt.dtype, device=learnt.device)
        soft = torch.softmax((torch.log_softmax(learnt, dim=-1) + noise) / self.temperature, dim=-1)
        hard = torch.zeros_like(soft).scatter_(-1, soft.argmax(dim=-1, keepdim=True), 1.0)
        return self._embedded(hard + (soft - soft.detach()))
