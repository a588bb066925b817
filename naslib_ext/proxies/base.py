"""What every zero-cost proxy shares: settings, reproducible weights, and a floor under scores that are no numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn

from naslib_ext.errors import ConfigError, NaslibExtError
from naslib_ext.parameters import Parameter, settings
from naslib_ext.random_streams import stream
from naslib_ext.registry import unknown_name

FLOOR = -1e8
"""The score of a network whose formula gives NaN or an infinity, such as one without a path; NASLib's value."""


class Proxy:
    """Scores an untrained network. A subclass declares its ``parameters`` and writes ``_score``.

    Args:
        **values: values for ``parameters``. Raises ``ConfigError`` for an unknown or impossible one.

    Attributes:
        name: the registry's name.
        column: the name of the same score in tables.
    """

    name: ClassVar[str]
    column: ClassVar[str]
    parameters: ClassVar[dict[str, Parameter]] = {}

    def __init__(self, **values: Any) -> None:
        for key in values:
            if key not in self.parameters:
                raise ConfigError(str(unknown_name(f"{self.name} setting", key, self.parameters)))
        self.settings = settings(self.parameters, values, f"{self.name}.")

    def score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        """The score, ``FLOOR`` where it is not finite.

        Args:
            network: in training mode from here on; its weights and running statistics may change.
            inputs: (batch, channels, h, w) images.
            labels: (batch,) integers below the number of classes.
            generator: source of everything that the proxy draws.
        """
        value = self._score(network.train(), inputs, labels, generator)
        return value if math.isfinite(value) else FLOOR

    def _score(self, network: nn.Module, inputs: Tensor, labels: Tensor, generator: torch.Generator) -> float:
        raise NotImplementedError


def torch_stream(seed: int, role: str) -> torch.Generator:
    """The torch generator of (seed, role); see ``naslib_ext.random_streams``."""
    return torch.Generator().manual_seed(int(stream(seed, role).integers(2**63)))


def weighted_layers(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    """The convolutions and linear layers, in the order of registration."""
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


@torch.no_grad()
def draw_weights(network: nn.Module, generator: torch.Generator, gaussian: bool = False) -> None:
    """New weights for every layer; batch normalisations get scale 1 and shift 0 and keep their statistics.

    A layer's numbers depend on the generator, the layer's name and its shape, not on what else the network holds. So
    two networks that differ in one operation share the weights of all others: common random numbers for pairs.

    Args:
        network: of convolutions, linear layers and batch normalisations. Raises ``NaslibExtError`` where another
            module holds parameters.
        generator: gives one number, from which all layers' streams follow.
        gaussian: N(0, 1) weights and zero biases, as Zen-Score has it, instead of torch's own uniform ones in
            +-1/sqrt(fan in).
    """
    key = int(torch.randint(2**62, (), generator=generator))
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            state = np.random.SeedSequence((key, crc32(name.encode()))).generate_state(1, np.uint64)
            _draw_layer(module, torch.Generator().manual_seed(int(state[0] >> 1)), gaussian)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            if module.affine:
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
        elif next(_own_parameters(module), None) is not None:
            raise NaslibExtError(f"{name} ({type(module).__name__}): no rule to draw its parameters")


def _own_parameters(module: nn.Module) -> Iterator[nn.Parameter]:
    return module.parameters(recurse=False)


def _draw_layer(layer: nn.Conv2d | nn.Linear, generator: torch.Generator, gaussian: bool) -> None:
    """Draws contiguous tensors and copies them, so that the memory format does not matter."""
    if gaussian:
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
    else:
        layer.weight.copy_(_uniform(layer.weight, layer.weight[0].numel(), generator))
    if layer.bias is not None:
        layer.bias.copy_(
            torch.zeros(layer.bias.shape) if gaussian else _uniform(layer.bias, layer.weight[0].numel(), generator)
        )


def _uniform(like: Tensor, fan_in: int, generator: torch.Generator) -> Tensor:
    return (2 * torch.rand(like.shape, generator=generator) - 1) / math.sqrt(fan_in)
