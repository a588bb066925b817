"""Zen-Score (Lin et al., "Zen-NAS: A Zero-Shot NAS for High-Performance Deep Image Recognition", ICCV 2021).

    score = mean over repeats of  log mean_b ||f(x) - f(x + mixup x2)||_1 + sum over BN layers of log(mean variance) / 2

f is the feature map before global pooling; the weights, x and x2 are N(0, 1), drawn again for each repeat.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from naslib_ext.parameters import Parameter
from naslib_ext.proxies.base import Proxy, draw_weights

VARIANTS: dict[str, dict[str, int | bool]] = {
    "zennas": {"repeats": 32, "batch_size": 16, "shortcuts": False},
    "naslib": {"repeats": 1, "batch_size": 32, "shortcuts": True},
}
"""Settings of the released ZenNAS and of NASLib's ``zen``, for ``score(..., **VARIANTS[name])``."""


class ZenScore(Proxy):
    """Zen-Score; the shape of ``inputs`` is used, their values are not.

    The variance of a BN layer is its running one: an average with momentum 0.1 over the two forward passes of every
    repeat so far, from 1. The same generator gives every architecture the same x, x2 and, layer by layer, weights.

    Differences from ZenNAS: four repeats instead of 32, and shortcuts stay. Differences from NASLib: four repeats
    instead of one. See ``VARIANTS``.
    """

    name = column = "zen"
    parameters = {
        "repeats": Parameter(4, "draws of weights and inputs that are averaged", minimum=1),
        "mixup": Parameter(0.01, "size of the disturbance of the input", minimum=0),
        "shortcuts": Parameter(True, "keep the residual links of blocks; skip operations of a cell always stay"),
    }

    @torch.no_grad()
    def _score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        if not self.settings["shortcuts"]:
            remove_shortcuts(network)
        norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
        repeats = self.settings["repeats"]
        return sum(self._repeat(network, norms, inputs, generator) for _ in range(repeats)) / repeats

    def _repeat(
        self, network: nn.Module, norms: list[nn.BatchNorm2d], inputs: Tensor, generator: torch.Generator
    ) -> float:
        draw_weights(network, generator, gaussian=True)
        first = torch.randn(inputs.shape, generator=generator)
        second = first + self.settings["mixup"] * torch.randn(inputs.shape, generator=generator)
        features = [_features(network, _laid_out_like(x, inputs)) for x in (first, second)]
        change = (features[0] - features[1]).abs().sum(dim=(1, 2, 3)).mean().log()
        scale = sum(float(norm.running_var.mean().sqrt().log()) for norm in norms if norm.running_var is not None)
        return change.item() + scale


def remove_shortcuts(network: nn.Module) -> None:
    """Cuts the residual link of every block that has one (an attribute ``shortcut``), in place."""
    for module in network.modules():
        shortcut = getattr(module, "shortcut", None)
        if isinstance(shortcut, nn.Module):
            module.shortcut = _Nothing()
        elif isinstance(shortcut, bool):
            setattr(module, "shortcut", False)  # noqa: B010


class _Nothing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(())


def _features(network: nn.Module, x: Tensor) -> Tensor:
    out: Tensor = network.features(x)  # type: ignore[operator]
    return out


def _laid_out_like(x: Tensor, like: Tensor) -> Tensor:
    return torch.empty_like(like).copy_(x)
