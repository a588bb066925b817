"""Size and cost of a network.

Conventions of the FLOP columns in published tables, checked against this package's networks:

- NAS-Bench-Macro: ``count_flops``, multiply-adds of convolutions and linear layers; biases, normalisations,
  activations and poolings cost nothing.
- NAS-Bench-201 and TransNAS-Bench-101 as NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022) gives them, in
  millions: ``count_suite_zero_flops``, which adds those layers. Jigsaw counts the nine tiles' network once.

torch's ``FlopCounterMode`` counts two per multiply-add.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def count_params(module: nn.Module) -> int:
    """Number of trained values: all weights and biases, and the scales and shifts of normalisations."""
    return sum(parameter.numel() for parameter in module.parameters())


def count_flops(module: nn.Module, input_shape: Sequence[int]) -> int:
    """Multiply-adds of the convolutions and linear layers in one forward pass.

    Args:
        module: a network on any device; it is neither changed nor run, only its shapes are followed.
        input_shape: shape of the whole input, the batch included: (1, 3, 32, 32) gives the cost of one image.
    """
    counter = FlopCounterMode(display=False)
    with counter:
        _follow(_shapes_only(module), input_shape)
    return counter.get_total_flops() // 2


def count_suite_zero_flops(module: nn.Module, input_shape: Sequence[int]) -> int:
    """Operations as the ``flops`` of NAS-Bench-Suite-Zero count them; arguments as for ``count_flops``.

    On top of the multiply-adds: two for each element that a batch normalisation takes, one for each that a ReLU
    takes, the window's size for each that a pooling gives, where a global pooling counts (h + 1)(w + 1) for a channel.
    Only modules are seen, so biases, sums and concatenations cost nothing.
    """
    copy = _shapes_only(module)
    total = 0

    def add(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += _layer_operations(layer, inputs[0], output)

    for layer in copy.modules():
        if not any(True for _ in layer.children()):
            layer.register_forward_hook(add)
    _follow(copy, input_shape)
    return total


def _layer_operations(layer: nn.Module, x: Tensor, output: Tensor) -> int:
    match layer:
        case nn.Conv2d():
            return output.numel() * layer.weight[0].numel()
        case nn.Linear():
            return output.numel() * layer.in_features
        case nn.BatchNorm2d():
            return 2 * x.numel()
        case nn.ReLU():
            return x.numel()
        case nn.AvgPool2d() | nn.MaxPool2d():
            window: Any = layer.kernel_size
            return output.numel() * int(window) ** 2
        case nn.AdaptiveAvgPool2d():
            return output.numel() * (x.shape[-2] + 1) * (x.shape[-1] + 1)
        case _:
            return 0


def _shapes_only(module: nn.Module) -> nn.Module:
    """A copy of ``module`` in evaluation mode on torch's meta device, which computes shapes and no values."""
    return deepcopy(module).to("meta").eval()


def _follow(module: nn.Module, input_shape: Sequence[int]) -> None:
    with torch.no_grad():
        module(torch.zeros(tuple(input_shape), device="meta"))
