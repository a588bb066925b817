"""Size and cost as proxies, in the units of the tables: millions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from naslib_ext.networks.measure import count_flops, count_params, count_suite_zero_flops
from naslib_ext.parameters import Parameter
from naslib_ext.proxies.base import Proxy


class Params(Proxy):
    """Number of trainable numbers, in millions. Nothing is drawn."""

    name = column = "params"

    def _score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        return count_params(network) / 1e6


class Flops(Proxy):
    """Multiply-adds for one image of the size of ``inputs``, in millions. Nothing is drawn.

    ``count="suite_zero"`` counts as the tables of NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022) do,
    normalisations, activations and poolings included; ``"convolutions"`` counts convolutions and linear layers.
    """

    name = column = "flops"
    parameters = {
        "count": Parameter("suite_zero", "which layers count", choices=("suite_zero", "convolutions")),
    }

    def _score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        count = count_suite_zero_flops if self.settings["count"] == "suite_zero" else count_flops
        return count(network, (1, *inputs.shape[1:])) / 1e6
