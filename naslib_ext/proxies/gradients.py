"""Proxies from one backward pass: snip, grad_norm, synflow, fisher. All sum over convolutions and linear layers.

L is the mean cross-entropy of the batch, w a layer's weights; biases and batch normalisations do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from naslib_ext.parameters import Parameter
from naslib_ext.proxies.base import Proxy, weighted_layers


class Snip(Proxy):
    """SNIP (Lee et al., "SNIP: Single-shot network pruning based on connection sensitivity", ICLR 2019).

    ``score = sum |w * dL/dw|``, the sensitivity of the loss to a mask on every weight.
    """

    name = column = "snip"

    def _score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        loss = cross_entropy(network(inputs), labels)
        return _sum_over_layers(network, loss, lambda weight, gradient: (weight * gradient).abs().sum())


class GradNorm(Proxy):
    """Gradient norm (Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021, section 3.2).

    ``score = sum over layers of ||dL/dw||_2``.
    """

    name = column = "grad_norm"

    def _score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        loss = cross_entropy(network(inputs), labels)
        return _sum_over_layers(network, loss, lambda weight, gradient: gradient.norm())


class SynFlow(Proxy):
    """SynFlow (Tanaka et al., "Pruning neural networks without any data by ... synaptic flow", NeurIPS 2020).

    ``R = sum |w * dS/dw|`` with S the sum of the logits of one all-ones image, every parameter replaced by its
    absolute value and batch normalisations left out. ``score = log R``; in float64.

    Differences from the paper: the logarithm, as in NASLib's predictor; ``log=False`` gives R.
    Differences from NASLib: a network without flow gets ``FLOOR``, not 0.
    """

    name = column = "synflow"
    parameters = {"log": Parameter(True, "the logarithm of the flow instead of the flow")}

    def _score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        positive = without_norms(network).double()
        with torch.no_grad():
            for parameter in positive.parameters():
                parameter.abs_()
        logits = positive(torch.ones_like(inputs[:1], dtype=torch.float64))
        flow = _sum_over_layers(positive, logits.sum(), lambda weight, gradient: (weight * gradient).abs().sum())
        return float(torch.tensor(flow, dtype=torch.float64).log()) if self.settings["log"] else flow


class Fisher(Proxy):
    """Fisher pruning (Turner et al., "BlockSwap: Fisher-guided block substitution ...", ICLR 2020, equation 2).

    ``d_c = mean over images of (sum over pixels of a_c * dL/da_c)^2 / 2`` for output channel c of a layer with
    activation a; ``score = sum d_c``, each channel counted once for every weight that leads to it.

    Differences from the paper: activations are taken before batch normalisation, and channels weighted, both as in
    NASLib; ``per_weight=False`` counts a channel once.
    """

    name = column = "fisher"
    parameters = {"per_weight": Parameter(True, "count a channel once for each of its weights, as NASLib does")}

    def _score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        layers, activations = list[nn.Module](), list[Tensor]()

        def keep(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
            layers.append(layer)
            activations.append(output)

        handles = [layer.register_forward_hook(keep) for layer in weighted_layers(network)]
        try:
            loss = cross_entropy(network(inputs), labels)
        finally:
            for handle in handles:
                handle.remove()
        gradients = torch.autograd.grad(loss, activations, allow_unused=True, materialize_grads=True)
        per_channel = map(_channel_fisher, activations, gradients)
        return sum(value * self._multiplicity(layer) for layer, value in zip(layers, per_channel, strict=True))

    def _multiplicity(self, layer: nn.Module) -> int:
        """How often a channel of the layer counts."""
        weight = layer.weight
        return weight[0].numel() if self.settings["per_weight"] and isinstance(weight, Tensor) else 1


def _channel_fisher(activation: Tensor, gradient: Tensor) -> float:
    """Sum over channels of the Fisher information of (batch, channels, ...) activations."""
    channels = (activation.detach() * gradient).flatten(1).unflatten(1, (activation.shape[1], -1)).sum(dim=2)
    return channels.square().mean(dim=0).sum().item() / 2


def without_norms(network: nn.Module) -> nn.Module:
    """A copy of ``network`` whose batch normalisations pass everything through."""
    copy = deepcopy(network)
    for module in list(copy.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.modules.batchnorm._BatchNorm):
                setattr(module, name, nn.Identity())
    return copy


def _sum_over_layers(network: nn.Module, target: Tensor, value: Callable[[Tensor, Tensor], Tensor]) -> float:
    """Sum of ``value(weight, gradient of target)`` over the layers; zero gradients where there is no path."""
    weights: Sequence[Tensor] = [layer.weight for layer in weighted_layers(network)]
    gradients = torch.autograd.grad(target, weights, allow_unused=True, materialize_grads=True)
    with torch.no_grad():
        return sum(value(weight, gradient).item() for weight, gradient in zip(weights, gradients, strict=True))
